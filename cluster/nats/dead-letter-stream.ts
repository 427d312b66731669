/**
 * The dead-letter stream: one subject a message of the log that could not be applied, and at most one entry a subject,
 * so that all replicas of a partition, and all their tries, leave one.
 */
import { DiscardPolicy, type JetStreamClient, type JetStreamManager, NatsError, nanos, StorageType } from 'nats';
import { type DeadLetter, decodeDeadLetter, encodeDeadLetter } from '../../proto/dead-letter.ts';
import { ServingError } from '../../proto/errors.ts';
import { DEAD_LETTER_STREAM, DEAD_LETTER_SUBJECTS, deadLetterSubject } from '../../proto/subjects.ts';
import { isApiError, reason } from './api-errors.ts';

export type DeadLetterBounds = {
  /** Copies in the NATS cluster; fixed when the stream is made. */
  readonly replicas: number;
  /** Entries go when they are older, ms. */
  readonly ageMsMax: number;
  /** What does not fit is refused: what was parked first stays. */
  readonly bytesMax: number;
};

/** `known`: there was an entry already. */
export type ParkOutcome = 'parked' | 'known';

const PUBLISH_MS_MAX = 2_000;

export class DeadLetterStream {
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #bounds: DeadLetterBounds;
  #made = false;

  constructor(jetstream: JetStreamClient, manager: JetStreamManager, bounds: DeadLetterBounds) {
    this.#jetstream = jetstream;
    this.#manager = manager;
    this.#bounds = bounds;
  }

  /** Resolves once the stream has an entry for this message of the log. Rejects with UNAVAILABLE where it takes none. */
  async park(letter: DeadLetter): Promise<ParkOutcome> {
    try {
      if (!this.#made) await this.#make();
      const subject = deadLetterSubject(letter.partition, letter.seq);
      await this.#jetstream.publish(subject, encodeDeadLetter(letter), { timeout: PUBLISH_MS_MAX });
      return 'parked';
    } catch (thrown) {
      if (isSubjectFull(thrown)) return 'known';
      // It may have been removed: the next try makes it anew.
      this.#made = false;
      throw unavailable(`the dead-letter stream takes no entry: ${reason(thrown)}`, thrown);
    }
  }

  /** Entries, oldest first, at most `lettersMax`. Entries that cannot be read are passed to `onUnreadable`. */
  async list(lettersMax: number, onUnreadable: (subject: string) => void = () => {}): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    let fromSeq = 1;
    while (letters.length < lettersMax) {
      const message = await this.#message({ seq: fromSeq, next_by_subj: DEAD_LETTER_SUBJECTS });
      if (message === null) break;
      fromSeq = message.seq + 1;
      try {
        letters.push(decodeDeadLetter(message.data));
      } catch {
        onUnreadable(message.subject);
      }
    }
    return letters;
  }

  /** Null where there is none. Throws INVALID_ARGUMENT for one that cannot be read. */
  async get(partition: number, seq: number): Promise<DeadLetter | null> {
    const message = await this.#message({ last_by_subj: deadLetterSubject(partition, seq) });
    return message === null ? null : decodeDeadLetter(message.data);
  }

  /** Resolves with whether there was one. */
  async remove(partition: number, seq: number): Promise<boolean> {
    try {
      const filter = deadLetterSubject(partition, seq);
      return (await this.#manager.streams.purge(DEAD_LETTER_STREAM, { filter })).purged > 0;
    } catch (thrown) {
      if (isApiError(thrown, 404)) return false;
      throw unavailable(`the dead-letter stream does not answer: ${reason(thrown)}`, thrown);
    }
  }

  async #message(query: { last_by_subj: string } | { seq: number; next_by_subj: string }) {
    try {
      return await this.#manager.streams.getMessage(DEAD_LETTER_STREAM, query);
    } catch (thrown) {
      // No such message, or nothing was ever parked.
      if (isApiError(thrown, 404)) return null;
      throw unavailable(`the dead-letter stream does not answer: ${reason(thrown)}`, thrown);
    }
  }

  async #make(): Promise<void> {
    const { replicas, ageMsMax, bytesMax } = this.#bounds;
    const bounds = { max_age: nanos(ageMsMax), max_bytes: bytesMax };
    try {
      const { config } = await this.#manager.streams.info(DEAD_LETTER_STREAM);
      if (config.max_age !== bounds.max_age || config.max_bytes !== bounds.max_bytes)
        await this.#manager.streams.update(DEAD_LETTER_STREAM, { ...config, ...bounds });
    } catch (thrown) {
      if (!isApiError(thrown, 404)) throw thrown;
      await this.#manager.streams.add({
        name: DEAD_LETTER_STREAM,
        subjects: [DEAD_LETTER_SUBJECTS],
        storage: StorageType.File,
        num_replicas: replicas,
        max_msgs_per_subject: 1,
        discard: DiscardPolicy.New,
        discard_new_per_subject: true,
        ...bounds,
      });
    }
    this.#made = true;
  }
}

/** The server has one code for everything that a stream's limits refuse; only its words tell which limit it was. */
function isSubjectFull(thrown: unknown): boolean {
  return thrown instanceof NatsError && /per subject/i.test(thrown.api_error?.description ?? thrown.message);
}

function unavailable(message: string, cause: unknown): ServingError {
  return new ServingError('UNAVAILABLE', 'log', message, { cause });
}
