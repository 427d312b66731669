/**
 * Reads the feature log in order, without gaps, from a sequence on: one consumer on the server, asked again and again. The
 * client's own ordered consumer makes a new one for each pull, which with hundreds of followers is most of what the server
 * does. What comes out of order, or does not come, is asked for by a consumer made anew.
 */
import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  nanos,
} from 'nats';
import { FEATURE_LOG_STREAM } from '../../proto/subjects.ts';
import { type Clock, sleep } from '../clock.ts';
import type { Log } from '../log.ts';

/** Messages that one pull asks for, and how long the server keeps it open. */
const PULL_MESSAGES = 256;
const PULL_EXPIRES_MS = 10_000;
/**
 * The server ends an idle pull; the client does so itself, 5 % later, where the server's word has not come. Then messages
 * may have come that nobody took any more: a process that was paused runs its timers before it reads.
 */
const PULL_ENDED_BY_CLIENT_SHARE = 1.04;
const RETRY_MS = 250;
/** An idle consumer that its reader forgot goes by itself after this; pulls keep it. */
const INACTIVE_MS = 60_000;
/** How long stopping waits for the server to delete a consumer, and for the pull that is under way. */
const DELETE_MS_MAX = 1_000;
const CLOSE_MS_MAX = 1_000;

export type LogConsumerOptions = {
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly clock: Clock;
  readonly log: Log;
  /** Null: every subject of the stream. */
  readonly subject: string | null;
  readonly fromSeq: number;
  /** How long the server keeps a pull open; 10,000 where not said. */
  readonly pullExpiresMs?: number;
  /** A promise is waited for before more is taken. `pending`: messages still to come, of this subject. */
  readonly onMessage: (subject: string, seq: number, bytes: Uint8Array, pending: number) => Promise<void> | undefined;
};

export class LogConsumer {
  readonly #options: LogConsumerOptions;
  #nextSeq: number;
  #consumer: Consumer | null = null;
  #delivered = 0;
  #current: ConsumerMessages | null = null;
  #stopped = false;
  #wake: () => void = () => {};
  readonly #woken: Promise<void>;
  #done: Promise<void> = Promise.resolve();

  private constructor(options: LogConsumerOptions) {
    this.#options = options;
    this.#nextSeq = options.fromSeq;
    this.#woken = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Resolves once the server has the consumer: what is written from then on is not missed. Rejects where it cannot be had. */
  static async open(options: LogConsumerOptions): Promise<LogConsumer> {
    const one = new LogConsumer(options);
    await one.#create();
    one.#done = one.#read();
    return one;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    const { clock, log } = this.#options;
    // Without a connection neither need ever settle; what still came would be passed over.
    const ended = Promise.all([this.#current?.close(), this.#done]);
    ended.catch(() => {});
    await Promise.race([ended, sleep(clock, CLOSE_MS_MAX)]);
    const deleted = this.#consumer?.delete().catch((thrown: unknown) => {
      log.debug({ err: thrown }, 'log consumer was gone already');
    });
    await Promise.race([deleted, sleep(clock, DELETE_MS_MAX)]);
  }

  async #create(): Promise<void> {
    const { jetstream, manager, subject } = this.#options;
    const { name } = await manager.consumers.add(FEATURE_LOG_STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, this.#nextSeq),
      // One filter subject, which servers before 2.10 understand too.
      ...(subject === null ? {} : { filter_subject: subject }),
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    this.#consumer = await jetstream.consumers.get(FEATURE_LOG_STREAM, name);
    this.#delivered = 0;
  }

  async #read(): Promise<void> {
    const { clock, log, subject } = this.#options;
    while (!this.#stopped) {
      try {
        if (this.#consumer === null) await this.#create();
        if (!(await this.#pull(this.#consumer!))) this.#forget();
      } catch (thrown) {
        if (this.#stopped) return;
        log.warn({ err: thrown, subject }, 'reading the feature log failed; trying again');
        this.#forget();
        await Promise.race([sleep(clock, RETRY_MS), this.#woken]);
      }
    }
  }

  /** False where something was left out, or may have been: the consumer has to be made anew. */
  async #pull(consumer: Consumer): Promise<boolean> {
    const { clock, pullExpiresMs = PULL_EXPIRES_MS } = this.#options;
    const startMs = clock.nowMs();
    const messages = await consumer.fetch({ max_messages: PULL_MESSAGES, expires: pullExpiresMs });
    this.#current = messages;
    // Stopped meanwhile. Not waited for: it settles once the loop below has run.
    if (this.#stopped) void messages.close();
    let whole = true;
    for await (const message of messages) {
      if (this.#stopped || !whole) continue;
      const { deliverySequence, pending } = message.info;
      whole = deliverySequence === this.#delivered + 1;
      if (!whole) {
        void messages.close();
        continue;
      }
      this.#delivered = deliverySequence;
      this.#nextSeq = message.seq + 1;
      const room = this.#options.onMessage(message.subject, message.seq, message.data, pending);
      if (room !== undefined) await room;
    }
    return whole && clock.nowMs() - startMs < pullExpiresMs * PULL_ENDED_BY_CLIENT_SHARE;
  }

  #forget(): void {
    const gone = this.#consumer;
    this.#consumer = null;
    gone?.delete().catch(() => {});
  }
}
