/** Reads a stretch of the feature log once, in order, with the time at which JetStream took each message. */
import type { JetStreamClient, JetStreamManager, JsMsg } from 'nats';
import { ServingError } from '../../proto/errors.ts';
import { FEATURE_LOG_STREAM, featureLogSubject } from '../../proto/subjects.ts';
import { type Clock, sleep } from '../clock.ts';
import { isApiError, reason } from './api-errors.ts';

/** A message of the log with what JetStream knows of it. */
export type LoggedMessage = {
  readonly partition: number;
  readonly seq: number;
  /** When the stream took it, whole ms since 1970 by the server's clock. */
  readonly createdMs: number;
  readonly bytes: Uint8Array;
};

export type LogExtent = {
  /** When the stream was created: a stream made anew has another. */
  readonly createdText: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Messages that the log has had and has no more: it is trimmed where snapshots cover it and a retention is set. */
  readonly trimmed: number;
};

/** `partition`: only its messages. Both sequences are included. */
export type LogStretch = { readonly fromSeq: number; readonly toSeq: number; readonly partition?: number };

/**
 * What is asked for ahead, and so held at the most: enough to keep the server busy. By number, since a pull by bytes ends up
 * asking for less than one large message has, and then waits for ever.
 */
const AHEAD_MESSAGES = 128;
/** A server that restarts is back well within this; a log that is silent for longer is given up. */
export const SILENCE_MS_MAX = 30_000;

export class LogReader {
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #clock: Clock;
  readonly #silenceMsMax: number;

  constructor(jetstream: JetStreamClient, manager: JetStreamManager, clock: Clock, silenceMsMax: number) {
    this.#jetstream = jetstream;
    this.#manager = manager;
    this.#clock = clock;
    this.#silenceMsMax = silenceMsMax;
  }

  /** Rejects with NOT_FOUND where there is no feature log, UNAVAILABLE where JetStream does not answer. */
  async extent(): Promise<LogExtent> {
    try {
      const { created, state } = await this.#manager.streams.info(FEATURE_LOG_STREAM);
      const { first_seq: firstSeq, last_seq: lastSeq, messages } = state;
      return { createdText: String(created), firstSeq, lastSeq, trimmed: lastSeq - messages };
    } catch (thrown) {
      if (isApiError(thrown, 404)) {
        const why = `there is no feature log (stream ${FEATURE_LOG_STREAM}) in this NATS: give the --nats-url of the cluster, or push rows first`;
        throw new ServingError('NOT_FOUND', 'log', why, { cause: thrown });
      }
      throw silent(reason(thrown), thrown);
    }
  }

  /** The messages of a stretch in order. Ends at the last there is now. Rejects with UNAVAILABLE when the log falls silent. */
  async *read(stretch: LogStretch): AsyncGenerator<LoggedMessage> {
    const endSeq = await this.#endOf(stretch);
    if (endSeq < stretch.fromSeq) return;
    const { partition } = stretch;
    const consumer = await this.#jetstream.consumers.get(FEATURE_LOG_STREAM, {
      opt_start_seq: stretch.fromSeq,
      // As text, which servers before 2.10 understand too.
      ...(partition === undefined ? {} : { filterSubjects: featureLogSubject(partition) as unknown as string[] }),
    });
    const messages = await consumer.consume({ max_messages: AHEAD_MESSAGES });
    const iterator = messages[Symbol.asyncIterator]();
    try {
      for (;;) {
        const message = await this.#next(iterator);
        // Not the end of the log: whoever reads on from here must not think so.
        if (message === null) throw silent('the connection was closed', null);
        if (message.seq > endSeq) return;
        yield loggedMessage(message);
        if (message.seq === endSeq || message.info.pending === 0) return;
      }
    } finally {
      await Promise.race([messages.close(), sleep(this.#clock, 1_000)]);
      await Promise.race([consumer.delete().catch(() => false), sleep(this.#clock, 1_000)]);
    }
  }

  /** The last message that belongs to the stretch, as far as that is known; 0: there is none. */
  async #endOf({ toSeq, partition }: LogStretch): Promise<number> {
    if (partition === undefined) return Math.min(toSeq, (await this.extent()).lastSeq);
    try {
      const newest = await this.#manager.streams.getMessage(FEATURE_LOG_STREAM, {
        last_by_subj: featureLogSubject(partition),
      });
      return Math.min(toSeq, newest.seq);
    } catch (thrown) {
      if (isApiError(thrown, 404)) return 0;
      throw silent(reason(thrown), thrown);
    }
  }

  async #next(iterator: AsyncIterator<JsMsg>): Promise<JsMsg | null> {
    let heard = false;
    const timer = { cancel: () => {} };
    const silence = new Promise<never>((_, reject) => {
      const handle = this.#clock.after(this.#silenceMsMax, () => {
        if (!heard) reject(silent(`nothing came for ${this.#silenceMsMax / 1_000} s`, null));
      });
      timer.cancel = () => handle.cancel();
    });
    try {
      const result = await Promise.race([iterator.next(), silence]);
      return result.done === true ? null : result.value;
    } finally {
      heard = true;
      timer.cancel();
    }
  }
}

function loggedMessage(message: JsMsg): LoggedMessage {
  const { subject, seq, data, info } = message;
  const partition = Number(subject.slice(subject.lastIndexOf('.') + 1));
  return { partition, seq, createdMs: Math.floor(info.timestampNanos / 1e6), bytes: data };
}

function silent(why: string, cause: unknown): ServingError {
  return new ServingError('UNAVAILABLE', 'log', `the feature log cannot be read: ${why}. Run the command again`, {
    cause,
  });
}
