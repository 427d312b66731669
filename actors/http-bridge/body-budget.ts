/**
 * How many bytes of bodies the HTTP edge holds at a time, over all requests. A request counts from its first byte until
 * its response closes: small bodies by what they declare, on entering, and the others as they arrive, so that declaring
 * much and sending nothing takes no room from anybody. What does not fit is refused at once, unread.
 */
import { Transform } from 'node:stream';
import type { FastifyReply, FastifyRequest, preParsingHookHandler } from 'fastify';
import type { Clock } from '../../cluster/clock.ts';
import { ServingError } from '../../proto/errors.ts';
import { BODY_CHUNK_BYTES, BODY_COUNTED_BYTES_MIN, LINGER_MS } from '../edge/limits.ts';

type Payload = Parameters<preParsingHookHandler>[2];

/** What one request holds, until its response closes. */
type Held = { bytes: number; released: boolean };

export class BodyBudget {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #bodyBytesMax: number;
  /** Of packed bodies, which grow when they are unpacked. */
  readonly #packed = new WeakMap<FastifyRequest, Held>();
  #bytes = 0;

  /** `bytesMax`: of all bodies together; `bodyBytesMax`: of one. */
  constructor(clock: Clock, bytesMax: number, bodyBytesMax: number) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The body as it is to be read: as it is, or counted on its way. Throws RESOURCE_EXHAUSTED when there is no room for
   * it; later the stream fails with that.
   */
  admit(request: FastifyRequest, reply: FastifyReply, payload: Payload): Payload {
    if (request.method === 'GET' || request.method === 'HEAD') return payload;
    const { headers } = request;
    const chunked = headers['transfer-encoding'] !== undefined;
    const declared = chunked ? 0 : Number(headers['content-length'] ?? 0);
    // Without a body, or refused without being read.
    if (!chunked && (declared === 0 || declared > this.#bodyBytesMax)) return payload;
    const counted = chunked || declared > BODY_COUNTED_BYTES_MIN;
    if (!this.#fits(Math.max(declared, 1))) throw this.#refuse(request, reply);
    const held: Held = { bytes: 0, released: false };
    if (!counted) this.#hold(held, declared);
    if (headers['content-encoding'] !== undefined) this.#packed.set(request, held);
    reply.raw.once('close', () => {
      this.#bytes -= held.bytes;
      held.released = true;
    });
    return counted ? this.#count(held, request, reply, payload) : payload;
  }

  /** A body that came packed has become `bytes` long. Throws RESOURCE_EXHAUSTED when there is no room for it. */
  unpacked(request: FastifyRequest, bytes: number): void {
    const held = this.#packed.get(request);
    if (held === undefined || held.released) return;
    if (!this.#fits(bytes)) throw exhausted();
    this.#hold(held, bytes);
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#bytesMax;
  }

  #hold(held: Held, bytes: number): void {
    held.bytes += bytes;
    this.#bytes += bytes;
  }

  #count(held: Held, request: FastifyRequest, reply: FastifyReply, payload: Payload): Payload {
    const counted = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const bytes = chunk.byteLength + BODY_CHUNK_BYTES;
        if (!this.#fits(bytes)) {
          done(this.#refuse(request, reply));
        } else if (held.released) {
          done();
        } else {
          this.#hold(held, bytes);
          done(null, chunk);
        }
      },
    });
    payload.once('error', (error: Error) => counted.destroy(error));
    return payload.pipe(counted);
  }

  #refuse(request: FastifyRequest, reply: FastifyReply): ServingError {
    reply.header('connection', 'close');
    closeGently(request, this.#clock);
    return exhausted();
  }
}

function exhausted(): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    'edge',
    'the bodies of other requests take all the room that there is for bodies; try again later',
  );
}

/**
 * Makes the end of a connection whose body is not wanted one that its caller can read the answer before: the system
 * answers what arrives at a closed socket with a reset, which may overtake it (RFC 9112, 9.6). So our half is closed
 * after the answer, what still comes is dropped, and the rest follows when the caller is done, or after `LINGER_MS`.
 */
function closeGently({ raw }: FastifyRequest, clock: Clock): void {
  const { socket } = raw;
  // Called by Node when the last answer of a connection has been written.
  socket.destroySoon = () => {
    socket.end();
    const timer = clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', () => timer.cancel());
    raw.once('end', () => socket.destroy());
    raw.unpipe();
    raw.resume();
  };
}
