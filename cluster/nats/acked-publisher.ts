/**
 * Publishes to JetStream and waits for the acknowledgements, on one reply subject for all: the client's own way makes an
 * error, with its stack, ahead of each message in case it fails, which costs more than a small message itself.
 */
import { createInbox, Empty, type Msg, type NatsConnection, type Subscription } from 'nats';
import type { Clock, TimerHandle } from '../clock.ts';

type Waiting = {
  readonly resolve: (seq: number) => void;
  readonly reject: (error: Error) => void;
  readonly timer: TimerHandle;
};

/** Said by the server where nobody, so no stream, listens to the subject. */
const NO_RESPONDERS = 503;
const utf8 = new TextDecoder();

export class AckedPublisher {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #subscription: Subscription | null = null;
  #next = 0;

  constructor(connection: NatsConnection, clock: Clock, timeoutMs: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#inbox = `${createInbox()}.`;
  }

  /** The sequence once the stream has the bytes. Rejects with an Error that says why it did not take them. */
  publish(subject: string, bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#subscription ??= this.#subscribe();
      const id = String(this.#next++);
      const timer = this.#clock.after(this.#timeoutMs, () => {
        this.#waiting.delete(id);
        reject(new Error('TIMEOUT'));
      });
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        this.#connection.publish(subject, bytes, { reply: this.#inbox + id });
      } catch (thrown) {
        this.#take(id);
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
  }

  #subscribe(): Subscription {
    return this.#connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#onReply(message);
      },
    });
  }

  #onReply(message: Msg): void {
    const waiting = this.#take(message.subject.slice(this.#inbox.length));
    if (waiting === null) return;
    const seq = sequenceOf(message);
    if (typeof seq === 'number') waiting.resolve(seq);
    else waiting.reject(new Error(seq));
  }

  #take(id: string): Waiting | null {
    const waiting = this.#waiting.get(id) ?? null;
    this.#waiting.delete(id);
    waiting?.timer.cancel();
    return waiting;
  }
}

/** The sequence, or what the server says instead. */
function sequenceOf(message: Msg): number | string {
  if (message.data.byteLength === Empty.byteLength) {
    return message.headers?.code === NO_RESPONDERS ? 'no stream takes the subject' : 'the acknowledgement is empty';
  }
  try {
    const ack = JSON.parse(utf8.decode(message.data)) as { seq?: unknown; error?: { description?: unknown } };
    if (ack.error !== undefined) return String(ack.error.description ?? 'the stream refuses it');
    if (typeof ack.seq === 'number' && Number.isSafeInteger(ack.seq) && ack.seq > 0) return ack.seq;
  } catch {
    // Said below.
  }
  return 'the acknowledgement cannot be read';
}
