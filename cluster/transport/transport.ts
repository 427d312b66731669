/**
 * Messages between processes over NATS. Every letter that leaves for the same process in one turn of the event loop
 * travels in one NATS message; actors never see it. One subject a process: `dovetail.node.<node>`.
 */

import { EnvelopeWriter, readEnvelope } from '../../proto/envelope.ts';
import type { Message } from '../../proto/letters.ts';
import { nodeSubject } from '../../proto/subjects.ts';
import { TextCache } from '../../proto/wire.ts';
import type { Handed, RemoteLink } from '../actors/actor-system.ts';
import type { Address } from '../actors/address.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { FRAME_HEADER_BYTES } from './local-links.ts';

/** The part of NATS that the transport needs. */
export interface Wire {
  /** False while disconnected: nothing is buffered for later. */
  publish(subject: string, bytes: Uint8Array): boolean;
  /** Calls back for each message, until `stop`. */
  subscribe(subject: string, onBytes: (bytes: Uint8Array) => void, queueGroup?: string): { stop(): void };
  /** Largest payload that the server accepts, bytes. */
  readonly payloadBytesMax: number;
}

/** A faster way to processes of the same machine, where there is one. */
export interface DirectLinks {
  /** False where there is no open link to the node. `frame`: a length, little-endian, and the envelope. */
  send(node: string, frame: Uint8Array): boolean;
}

export type TransportOptions = {
  readonly node: string;
  readonly wire: Wire;
  readonly links?: DirectLinks | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** An envelope that has grown past this is sent without waiting for the end of the turn. */
  readonly envelopeBytesMax: number;
  /** Called with each received letter, then `onTurnEnd` once an envelope is unpacked. */
  readonly deliver: (toActor: string, message: Message) => void;
  readonly onTurnEnd: () => void;
  readonly metrics?: TransportMetrics;
};

export interface TransportMetrics {
  sent(letters: number, bytes: number): void;
  received(letters: number, bytes: number): void;
  dropped(reason: 'too_large' | 'disconnected' | 'malformed'): void;
}

const silentMetrics: TransportMetrics = { sent() {}, received() {}, dropped() {} };

/** `node`: null for a queue group, which only NATS can reach. */
type Outbox = { readonly node: string | null; readonly subject: string; readonly writer: EnvelopeWriter };

/** From this many letters a turn on, waiting a little longer costs nobody a hop's time and saves everybody work. */
const CROWD_LETTERS = 16;
/** Processes come and go: with this many outboxes, those of processes that are long gone among them, all are made anew. */
const OUTBOXES_MAX = 4096;
/** Bytes that are no envelope are counted each time and logged once in so long. */
const MALFORMED_LOG_MS = 10_000;

export class Transport implements RemoteLink {
  readonly #options: TransportOptions;
  readonly #metrics: TransportMetrics;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #texts = new TextCache();
  #dirty: Outbox[] = [];
  #flushScheduled = false;
  /** Letters of the last flush. */
  #lettersLately = 0;
  #malformedLoggedMs = Number.NEGATIVE_INFINITY;
  readonly #flushNow = () => this.flush();
  #own: { stop(): void } | null = null;
  #shared: { stop(): void }[] = [];

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? silentMetrics;
  }

  /** Listens on this process's own subject and on `shared` subjects, as a member of a queue group where one is named. */
  listen(shared: readonly { subject: string; queueGroup?: string | undefined }[] = []): void {
    const { wire, node } = this.#options;
    const receive = (bytes: Uint8Array) => this.receive(bytes);
    this.#own = wire.subscribe(nodeSubject(node), receive);
    for (const { subject, queueGroup } of shared) {
      this.#shared.push(wire.subscribe(subject, receive, queueGroup));
    }
  }

  /** Lets others of its queue groups have what comes from now on; what is addressed to this process still arrives. */
  leaveShared(): void {
    for (const subscription of this.#shared) subscription.stop();
    this.#shared = [];
  }

  stop(): void {
    this.flush();
    this.leaveShared();
    this.#own?.stop();
    this.#own = null;
  }

  tell(to: Address, message: Message): Handed {
    return this.#add(this.#outboxOf(to.node, to.node), to.actor, message);
  }

  /** To whoever listens on a subject, one of a queue group or all: how callers outside the cluster reach routers. */
  tellSubject(subject: string, toActor: string, message: Message): Handed {
    return this.#add(this.#outboxOf(subject, null), toActor, message);
  }

  /** Sends everything now instead of at the end of the turn. */
  flush(): void {
    this.#flushScheduled = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    this.#lettersLately = 0;
    for (const outbox of dirty) this.#lettersLately += outbox.writer.letters;
    for (const outbox of dirty) this.#send(outbox);
  }

  /** A letter longer than this is refused. */
  get letterBytesMax(): number {
    return this.#options.wire.payloadBytesMax - this.#options.envelopeBytesMax - 256;
  }

  #add(outbox: Outbox, toActor: string, message: Message): Handed {
    const { writer } = outbox;
    if (writer.letters === 0) this.#dirty.push(outbox);
    const limit = writer.byteLength + this.letterBytesMax;
    const added = writer.add(toActor, message, limit);
    if (!added) this.#metrics.dropped('too_large');
    if (writer.byteLength >= this.#options.envelopeBytesMax) {
      this.#dirty = this.#dirty.filter((other) => other !== outbox);
      const carried = this.#send(outbox);
      if (!added) return 'too_large';
      return carried ? 'sent' : 'unreachable';
    }
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      // Alone, a letter leaves at once. In a crowd it waits for what else is ready to be handled: fewer, fuller envelopes.
      if (this.#lettersLately < CROWD_LETTERS) this.#options.clock.endOfTurn(this.#flushNow);
      else this.#options.clock.afterInput(this.#flushNow);
    }
    return added ? 'sent' : 'too_large';
  }

  #outboxOf(key: string, node: string | null): Outbox {
    let outbox = this.#outboxes.get(key);
    if (outbox === undefined) {
      if (this.#outboxes.size >= OUTBOXES_MAX) {
        this.flush();
        this.#outboxes.clear();
      }
      outbox = {
        node,
        subject: node === null ? key : nodeSubject(node),
        writer: new EnvelopeWriter(this.#options.node),
      };
      this.#outboxes.set(key, outbox);
    }
    return outbox;
  }

  #send(outbox: Outbox): boolean {
    const letters = outbox.writer.letters;
    if (letters === 0) return true;
    const frame = outbox.writer.finish(FRAME_HEADER_BYTES);
    const bytes = frame.subarray(FRAME_HEADER_BYTES);
    if (!this.#carry(outbox, frame, bytes)) {
      // The router's own timers cover what is lost here, as they cover what is lost on the way.
      for (let i = 0; i < letters; i++) this.#metrics.dropped('disconnected');
      return false;
    }
    this.#metrics.sent(letters, bytes.byteLength);
    return true;
  }

  #carry(outbox: Outbox, frame: Uint8Array, bytes: Uint8Array): boolean {
    const { links, wire } = this.#options;
    if (links !== undefined && outbox.node !== null) {
      new DataView(frame.buffer, frame.byteOffset).setUint32(0, bytes.byteLength, true);
      if (links.send(outbox.node, frame)) return true;
    }
    return wire.publish(outbox.subject, bytes);
  }

  /** An envelope that came in by NATS or a link. */
  receive(bytes: Uint8Array): void {
    let letters = 0;
    try {
      readEnvelope(
        bytes,
        (toActor, message) => {
          letters++;
          this.#options.deliver(toActor, message);
        },
        this.#texts,
      );
    } catch (thrown) {
      this.#metrics.dropped('malformed');
      const nowMs = this.#options.clock.nowMs();
      if (nowMs - this.#malformedLoggedMs >= MALFORMED_LOG_MS) {
        this.#malformedLoggedMs = nowMs;
        this.#options.log.warn({ err: thrown, bytes: bytes.byteLength }, 'malformed envelope dropped');
      }
    }
    this.#metrics.received(letters, bytes.byteLength);
    this.#options.onTurnEnd();
  }
}
