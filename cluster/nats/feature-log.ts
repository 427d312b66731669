/** The log of feature rows: one JetStream stream, a subject a partition. */
import {
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type MsgRequest,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from 'nats';
import { ServingError } from '../../proto/errors.ts';
import { FEATURE_LOG_STREAM, FEATURE_LOG_SUBJECTS, featureLogSubject } from '../../proto/subjects.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { AckedPublisher } from './acked-publisher.ts';
import { isApiError, reason } from './api-errors.ts';
import { LogConsumer } from './log-consumer.ts';
import { LogTail, type OnLogMessage } from './log-tail.ts';

export type LogState = {
  /** When the stream was created: a stream made anew has another. */
  readonly createdText: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
};

export type LogCounts = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Messages taken out between the first and the last. */
  readonly deleted: number;
  readonly messages: ReadonlyMap<number, number>;
};

export async function openFeatureLog(
  publisher: AckedPublisher,
  jetstream: JetStreamClient,
  manager: JetStreamManager,
  replicas: number,
  clock: Clock,
  log: Log,
): Promise<FeatureLog> {
  try {
    await manager.streams.info(FEATURE_LOG_STREAM);
  } catch (thrown) {
    if (!isApiError(thrown, 404)) throw thrown;
    await manager.streams.add({
      name: FEATURE_LOG_STREAM,
      subjects: [FEATURE_LOG_SUBJECTS],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      duplicate_window: nanos(120_000),
      allow_direct: true,
    });
  }
  return new FeatureLog(publisher, jetstream, manager, clock, log);
}

export type OpenFeatureLog = Pick<
  FeatureLog,
  | 'append'
  | 'state'
  | 'lastSeqOf'
  | 'usedPartitions'
  | 'counts'
  | 'messagesByPartition'
  | 'messageAt'
  | 'lastSeqUntil'
  | 'trim'
  | 'follow'
>;

/**
 * A log that is opened by the first call that needs it, and again by the next where that failed: for processes that
 * have work to do before, or without, a log that answers.
 */
export function openedWhenAsked(open: () => Promise<OpenFeatureLog>): OpenFeatureLog {
  let opening: Promise<OpenFeatureLog> | null = null;
  const opened = () => {
    opening ??= open().catch((thrown: unknown) => {
      opening = null;
      throw unavailable(`the feature log cannot be opened: ${reason(thrown)}. Try again in a moment`, thrown);
    });
    return opening;
  };
  return {
    append: async (partition, bytes) => (await opened()).append(partition, bytes),
    state: async () => (await opened()).state(),
    lastSeqOf: async (partition) => (await opened()).lastSeqOf(partition),
    usedPartitions: async () => (await opened()).usedPartitions(),
    messagesByPartition: async () => (await opened()).messagesByPartition(),
    messageAt: async (seq) => (await opened()).messageAt(seq),
    lastSeqUntil: async (...call) => (await opened()).lastSeqUntil(...call),
    trim: async (...call) => (await opened()).trim(...call),
    counts: async () => (await opened()).counts(),
    follow: async (...call) => (await opened()).follow(...call),
  };
}

/** Null where there is no log. Rejects as the client does. */
export async function featureLogState(manager: JetStreamManager): Promise<LogState | null> {
  try {
    return logState(await manager.streams.info(FEATURE_LOG_STREAM));
  } catch (thrown) {
    if (isApiError(thrown, 404)) return null;
    throw thrown;
  }
}

function logState({ created, state }: StreamInfo): LogState {
  return { createdText: String(created), firstSeq: state.first_seq, lastSeq: state.last_seq };
}

function unavailable(message: string, cause: unknown): ServingError {
  return new ServingError('UNAVAILABLE', 'log', message, { cause });
}

export class FeatureLog {
  readonly #clock: Clock;
  readonly #publisher: AckedPublisher;
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #log: Log;
  readonly #tail: LogTail;

  constructor(
    publisher: AckedPublisher,
    jetstream: JetStreamClient,
    manager: JetStreamManager,
    clock: Clock,
    log: Log,
  ) {
    this.#clock = clock;
    this.#publisher = publisher;
    this.#jetstream = jetstream;
    this.#manager = manager;
    this.#log = log;
    this.#tail = new LogTail({
      jetstream,
      manager,
      clock,
      log,
      subjectOf: featureLogSubject,
      partitionOf: partitionOfSubject,
      lastSeq: async () => (await this.state()).lastSeq,
      lastSeqOf: (partition) => this.lastSeqOf(partition),
    });
  }

  /** Resolves with the sequence once the stream has the bytes: from then on they are not lost. */
  async append(partition: number, bytes: Uint8Array): Promise<number> {
    return acknowledged(this.#publisher.publish(featureLogSubject(partition), bytes));
  }

  /** `append`, unless something was appended under the same name within the last two minutes: then where that is. */
  async appendOnce(partition: number, bytes: Uint8Array, name: string): Promise<number> {
    const options = { timeout: 5_000, msgID: name };
    return (await acknowledged(this.#jetstream.publish(featureLogSubject(partition), bytes, options))).seq;
  }

  async state(): Promise<LogState> {
    return logState(await this.#manager.streams.info(FEATURE_LOG_STREAM));
  }

  /** Sequence of a partition's newest message; 0 when it has none. */
  async lastSeqOf(partition: number): Promise<number> {
    try {
      const message = await this.#manager.streams.getMessage(FEATURE_LOG_STREAM, {
        last_by_subj: featureLogSubject(partition),
      });
      return message.seq;
    } catch (thrown) {
      if (isApiError(thrown, 404)) return 0;
      throw thrown;
    }
  }

  /** The message at a sequence, or null where the log has it no longer, or not yet. */
  async messageAt(seq: number): Promise<{ partition: number | null; bytes: Uint8Array } | null> {
    try {
      const message = await this.#manager.streams.getMessage(FEATURE_LOG_STREAM, { seq });
      return { partition: partitionOfSubject(message.subject), bytes: message.data };
    } catch (thrown) {
      if (isApiError(thrown, 404)) return null;
      throw thrown;
    }
  }

  /**
   * Takes one message out: for one that stands in the log again, further on. Not the first, whose absence would look as
   * if the log had been cut by somebody. Resolves with whether it is gone.
   */
  async remove(seq: number): Promise<boolean> {
    if ((await this.messageAt(seq)) === null) return true;
    if ((await this.state()).firstSeq >= seq) return false;
    return this.#manager.streams.deleteMessage(FEATURE_LOG_STREAM, seq, false);
  }

  /** Partitions that hold at least one message. */
  async usedPartitions(): Promise<Set<number>> {
    return new Set((await this.counts()).messages.keys());
  }

  /** How many messages the log still has of each partition that has any. */
  async messagesByPartition(): Promise<ReadonlyMap<number, number>> {
    return (await this.counts()).messages;
  }

  /** How much the log holds, in all and of each partition that has any. */
  async counts(): Promise<LogCounts> {
    const { state } = await this.#manager.streams.info(FEATURE_LOG_STREAM, { subjects_filter: FEATURE_LOG_SUBJECTS });
    const messages = new Map<number, number>();
    for (const [subject, count] of Object.entries(state.subjects ?? {})) {
      const partition = partitionOfSubject(subject);
      if (partition !== null) messages.set(partition, count);
    }
    const { first_seq: firstSeq, last_seq: lastSeq } = state;
    return { firstSeq, lastSeq, deleted: lastSeq - firstSeq + 1 - state.messages, messages };
  }

  /** Sequence of a partition's last message up to `seq` that was written no later than `wallMs`; 0 where there is none. */
  async lastSeqUntil(partition: number, seq: number, wallMs: number): Promise<number> {
    const isOld = async (from: number) => {
      const next = await this.#nextOf(partition, from);
      return next !== null && next.seq <= seq && next.time <= wallMs ? next.seq : null;
    };
    // Sequences grow with time, so the last one that is old enough is found by halving.
    let old = await isOld(1);
    if (old === null) return 0;
    for (let low = old + 1, high = seq + 1; low < high; ) {
      const found = await isOld(low + Math.floor((high - low) / 2));
      if (found === null) high = low + Math.floor((high - low) / 2);
      else {
        old = found;
        low = found + 1;
      }
    }
    return old;
  }

  /** Removes a partition's messages up to and including `seq`, for good. */
  async trim(partition: number, seq: number): Promise<void> {
    await this.#manager.streams.purge(FEATURE_LOG_STREAM, { filter: featureLogSubject(partition), seq: seq + 1 });
  }

  async #nextOf(partition: number, fromSeq: number): Promise<{ seq: number; time: number } | null> {
    try {
      // Servers take both fields together; the client's type knows only one at a time.
      const query = { seq: fromSeq, next_by_subj: featureLogSubject(partition) } as MsgRequest;
      const message = await this.#manager.streams.getMessage(FEATURE_LOG_STREAM, query);
      return { seq: message.seq, time: message.time.getTime() };
    } catch (thrown) {
      if (isApiError(thrown, 404)) return null;
      throw thrown;
    }
  }

  /**
   * Follows one partition from `fromSeq` on, in order, without gaps. A promise from `onMessage` is waited for before
   * more is pulled, so a slow reader holds at most one pull's worth. `pending`: how many messages are still to come, as
   * far as that is known. `together`: for a process that follows a good part of all partitions.
   */
  async follow(
    partition: number,
    fromSeq: number,
    onMessage: OnLogMessage,
    together = false,
  ): Promise<{ stop(): Promise<void> }> {
    if (together) return this.#tail.follow(partition, fromSeq, onMessage);
    return LogConsumer.open({
      jetstream: this.#jetstream,
      manager: this.#manager,
      clock: this.#clock,
      log: this.#log,
      subject: featureLogSubject(partition),
      fromSeq,
      onMessage: (_subject, seq, bytes, pending) => onMessage(seq, bytes, pending),
    });
  }
}

async function acknowledged<T>(ack: Promise<T>): Promise<T> {
  try {
    return await ack;
  } catch (thrown) {
    throw unavailable(`the feature log did not acknowledge: ${reason(thrown)}. Push the rows again`, thrown);
  }
}

function partitionOfSubject(subject: string): number | null {
  const partition = Number(subject.slice(subject.lastIndexOf('.') + 1));
  return Number.isInteger(partition) ? partition : null;
}
