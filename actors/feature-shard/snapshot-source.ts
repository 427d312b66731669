/**
 * Gives copies of this replica's partitions to other shards, over request and reply. The snapshot is written to a local
 * file first and handed out from there in the pieces that are asked for: who asks sets the pace, may ask for a piece
 * again, and holds no read transaction of ours. Bounded in copies at once; one that nobody asks about any more is
 * removed.
 *
 * A request is JSON; a reply begins with a byte: 0, then the piece (JSON for `open`); or 1, then an error as JSON.
 */
import { type FileHandle, mkdir, open, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, TimerHandle } from '../../cluster/clock.ts';
import { randomHex } from '../../cluster/random.ts';
import { asServingError, type ErrorCode, invalid, notFound, ServingError } from '../../proto/errors.ts';
import type { Replica } from './replica.ts';
import type { SnapshotView } from './snapshot-format.ts';
import { spoolSnapshot } from './spool-snapshot.ts';

export type CopyRequest =
  | { readonly op: 'open'; readonly partition: number; readonly stream: string; readonly minSeq: number }
  | { readonly op: 'read'; readonly id: string; readonly offset: number; readonly bytes: number }
  | { readonly op: 'close'; readonly id: string };

export type OpenedCopy = { readonly id: string; readonly bytes: number; readonly seq: number };

export const PIECE_BYTES_MAX = 512 * 1024;
const COPIES_MAX = 4;
const IDLE_MS = 30_000;

export type SourceOptions = {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly views: readonly SnapshotView[];
  /** Where copies wait until they are fetched. Emptied at the start: it is this process's alone. */
  readonly directory: string;
  /** Whether this replica may answer for the partition. */
  readonly mayServe: (partition: number) => boolean;
  readonly onBytes?: (bytes: number) => void;
};

type Copy = { readonly path: string; readonly file: FileHandle; readonly bytes: number; idle: TimerHandle };

export class SnapshotSource {
  readonly #options: SourceOptions;
  readonly #copies = new Map<string, Copy>();
  #opening = 0;
  #emptied: Promise<void> | null = null;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** Never rejects: what is wrong is in the reply. */
  async answer(request: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#answer(parseRequest(request));
    } catch (thrown) {
      return errorReply(asServingError(thrown, 'log'));
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#copies.keys()].map((id) => this.#close(id)));
  }

  async #answer(request: CopyRequest): Promise<Uint8Array> {
    if (request.op === 'open') {
      return okReply(Buffer.from(JSON.stringify(await this.#open(request.partition, request.stream, request.minSeq))));
    }
    if (request.op === 'read') return this.#read(request.id, request.offset, request.bytes);
    await this.#close(request.id);
    return okReply(new Uint8Array(0));
  }

  async #open(partition: number, stream: string, minSeq: number): Promise<OpenedCopy> {
    const { replica, clock, views, directory, mayServe } = this.#options;
    const refuse = (why: string) => new ServingError('FAILED_PRECONDITION', 'log', `partition ${partition}: ${why}`);
    if (!mayServe(partition)) throw refuse('this replica has not caught up');
    if (replica.streamIdentity !== stream) throw refuse('this replica follows another stream');
    if (replica.appliedSeq(partition) < minSeq) throw refuse(`this replica is behind ${minSeq} itself`);
    if (this.#copies.size + this.#opening >= COPIES_MAX)
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        'log',
        `${COPIES_MAX} copies are being made already; try again later`,
      );
    this.#opening++;
    try {
      this.#emptied ??= rm(directory, { recursive: true, force: true })
        .then(() => mkdir(directory, { recursive: true }))
        .then(() => {});
      await this.#emptied;
      const id = randomHex(8);
      const { path, bytes, header } = await spoolSnapshot({
        replica,
        partition,
        path: join(directory, `${id}.copy`),
        views,
        clock,
        // Between shards the network is faster than compressing would be.
        compress: false,
      });
      this.#copies.set(id, { path, bytes, file: await open(path, 'r'), idle: this.#whenIdle(id) });
      return { id, bytes, seq: header.seq };
    } finally {
      this.#opening--;
    }
  }

  async #read(id: string, offset: number, bytes: number): Promise<Uint8Array> {
    const copy = this.#copies.get(id);
    if (copy === undefined) throw notFound('this copy is gone; open another', 'log');
    if (!(bytes > 0 && bytes <= PIECE_BYTES_MAX && offset >= 0 && offset <= copy.bytes))
      throw invalid(`a piece of ${bytes} bytes at ${offset} cannot be read from ${copy.bytes}`, 'log');
    copy.idle.cancel();
    copy.idle = this.#whenIdle(id);
    const answer = Buffer.allocUnsafe(1 + Math.min(bytes, copy.bytes - offset));
    answer[0] = 0;
    const { bytesRead } = await copy.file.read(answer, 1, answer.length - 1, offset);
    this.#options.onBytes?.(bytesRead);
    return answer.subarray(0, 1 + bytesRead);
  }

  #whenIdle(id: string): TimerHandle {
    return this.#options.clock.after(IDLE_MS, () => void this.#close(id));
  }

  async #close(id: string): Promise<void> {
    const copy = this.#copies.get(id);
    if (copy === undefined) return;
    this.#copies.delete(id);
    copy.idle.cancel();
    await copy.file.close().catch(() => {});
    await unlink(copy.path).catch(() => {});
  }
}

export function okReply(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(0), bytes]);
}

export function errorReply(error: ServingError): Uint8Array {
  return Buffer.concat([Buffer.of(1), Buffer.from(JSON.stringify({ code: error.code, message: error.message }))]);
}

/** The bytes of a reply without its first. Throws what the other side says went wrong. */
export function readReply(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0) return bytes.subarray(1);
  let said: { code?: ErrorCode; message?: string } = {};
  try {
    said = JSON.parse(Buffer.from(bytes.subarray(1)).toString('utf8')) as typeof said;
  } catch {
    // Said below.
  }
  throw new ServingError(said.code ?? 'INTERNAL', 'log', said.message ?? 'an answer that cannot be read');
}

function parseRequest(bytes: Uint8Array): CopyRequest {
  let request: Partial<Record<string, unknown>> = {};
  try {
    request = JSON.parse(Buffer.from(bytes).toString('utf8')) as typeof request;
  } catch {
    // Said below.
  }
  const { op, partition, stream, minSeq, id, offset, bytes: length } = request;
  if (op === 'open' && Number.isInteger(partition) && typeof stream === 'string' && Number.isInteger(minSeq))
    return { op, partition: partition as number, stream, minSeq: minSeq as number };
  if (op === 'read' && typeof id === 'string' && Number.isInteger(offset) && Number.isInteger(length))
    return { op, id, offset: offset as number, bytes: length as number };
  if (op === 'close' && typeof id === 'string') return { op, id };
  throw invalid('a request for a copy that cannot be read', 'log');
}
