/**
 * Appends to a JetStream stream, thousands a second from one connection: every acknowledgement comes to one inbox and is
 * told by its number. The client's own `publish` makes two errors, a timer and a cancellation a message in case one of
 * them is needed, which costs more than all the rest of an append.
 */
import { createInbox, type Msg, type NatsConnection } from 'nats';
import type { Clock } from '../clock.ts';
import { Deadlines } from '../deadlines.ts';
import { SlotTable } from '../slot-table.ts';
import type { TimerId } from '../timer-wheel.ts';

type Append = {
  id: number;
  deadline: TimerId;
  readonly resolve: (seq: number) => void;
  readonly reject: (cause: Error) => void;
};

type PublishAck = { readonly seq?: unknown; readonly error?: { readonly description?: unknown } };

const NO_RESPONDERS = 503;

export class LogAppends {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #inbox = `${createInbox()}.`;
  readonly #waiting = new SlotTable<Append>();
  readonly #deadlines: Deadlines<Append>;
  #listening = false;

  constructor(connection: NatsConnection, clock: Clock, timeoutMs: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#deadlines = new Deadlines<Append>(clock, (append) =>
      this.#settle(append, new Error(`no acknowledgement within ${timeoutMs} ms`)),
    );
  }

  /**
   * Resolves with the sequence once the stream has the bytes. Rejects where it says no, where nobody listens on the
   * subject and where no word comes in time: then it may have them all the same.
   */
  append(subject: string, bytes: Uint8Array): Promise<number> {
    this.#listen();
    return new Promise((resolve, reject) => {
      const append: Append = { id: 0, deadline: 0, resolve, reject };
      append.id = this.#waiting.add(append);
      append.deadline = this.#deadlines.schedule(append, this.#clock.nowMs() + this.#timeoutMs);
      try {
        this.#connection.publish(subject, bytes, { reply: this.#inbox + append.id });
      } catch (thrown) {
        this.#settle(append, thrown as Error);
      }
    });
  }

  /** With the first append: readers of the log have no use for an inbox. */
  #listen(): void {
    if (this.#listening) return;
    this.#connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#acknowledged(message);
      },
    });
    this.#listening = true;
  }

  #acknowledged(message: Msg): void {
    const append = this.#waiting.get(Number(message.subject.slice(this.#inbox.length)));
    // Late, or sent by somebody who guessed the inbox.
    if (append === null) return;
    this.#settle(append, outcomeOf(message));
  }

  #settle(append: Append, outcome: number | Error): void {
    if (this.#waiting.remove(append.id) === null) return;
    this.#deadlines.cancel(append.deadline);
    if (typeof outcome === 'number') append.resolve(outcome);
    else append.reject(outcome);
  }
}

function outcomeOf(message: Msg): number | Error {
  if (message.headers?.code === NO_RESPONDERS) return new Error('no stream listens there (503)');
  let ack: PublishAck | null;
  try {
    ack = message.json<PublishAck | null>();
  } catch {
    ack = null;
  }
  if (typeof ack?.error?.description === 'string') return new Error(ack.error.description);
  if (typeof ack?.seq === 'number' && ack.seq > 0) return ack.seq;
  return new Error('the acknowledgement cannot be read');
}
