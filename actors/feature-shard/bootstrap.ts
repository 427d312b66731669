/**
 * Brings a partition to where the log can take it on, before it is followed: from a live owner, else from the newest
 * stored snapshot that is whole, else from the beginning of the log where the log still has it. Checks also that what is
 * applied here is what the log has: a log that was rolled back and written on says something else at the same sequence.
 */
import { type Clock, sleep } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import { asServingError, ServingError } from '../../proto/errors.ts';
import { chooseStart, copySeqMin, logCovers, type StartFacts } from './choose-start.ts';
import { clearPartition, restorePartition } from './partition-restore.ts';
import type { Replica } from './replica.ts';
import { messageHash } from './replica-cursor.ts';
import type { ReplicaRoom } from './replica-room.ts';
import { openSnapshot, type SnapshotHeader } from './snapshot-format.ts';
import type { SnapshotShelf } from './snapshot-shelf.ts';

export type LogState = { readonly createdText: string; readonly firstSeq: number; readonly lastSeq: number };

/** The part of the feature log that is needed here. */
export interface StartLog {
  state(): Promise<LogState>;
  messagesByPartition(): Promise<ReadonlyMap<number, number>>;
  messageAt(seq: number): Promise<{ readonly partition: number | null; readonly bytes: Uint8Array } | null>;
}

export type BootstrapOptions = {
  readonly replica: Replica;
  readonly source: StartLog;
  readonly clock: Clock;
  readonly log: Log;
  /** Members that serve the partition, without this one. */
  readonly owners: (partition: number) => readonly string[];
  /** The partition's snapshot from one of them; see `copyFromOwner`. */
  readonly copyFrom: (owner: string, partition: number, stream: string, minSeq: number) => AsyncIterable<Uint8Array>;
  readonly shelf: Pick<SnapshotShelf, 'list' | 'read' | 'trimmedTo' | 'highestTrim'>;
  readonly copiesMax: number;
  /** Whether lookups are answered here meanwhile; copying then leaves them room. */
  readonly isServing?: () => boolean;
  readonly room?: Pick<ReplicaRoom, 'shortage'> | undefined;
  readonly onDone: (from: 'owner' | 'snapshot' | 'log', rows: number, bytes: number, seconds: number) => void;
};

/** `contradiction`: the log has another history than this replica, which must not be served. */
export type StartCheck = { readonly ready: boolean; readonly contradiction: string | null };

type Candidate = { readonly from: 'owner' | 'snapshot'; readonly what: string; open(): AsyncIterable<Uint8Array> };

/** How long an answer is shared: less by far than what passes between a trim's record and the trim. */
const SHARED_MS = 200;

const GONE_CHECK_MS = 250;

const GIVEN_UP = new ServingError('CANCELLED', 'log', 'the partition is not wanted here any more');

export class Bootstrap {
  readonly #options: BootstrapOptions;
  /** What was begun for each partition, so that nothing else is begun before that has ended. */
  readonly #running = new Map<number, Promise<void>>();
  #copies = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #asked = new Map<string, Promise<unknown>>();

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  /** Whether following may begin at the cursor. Rejects where the log or the record of its trims does not answer. */
  async check(partition: number, state: LogState): Promise<StartCheck> {
    const { replica } = this.#options;
    const { seq } = replica.cursor(partition);
    const contradiction = await this.#contradiction(partition, seq, replica.lastMessageHash(partition), state);
    if (contradiction !== null) return { ready: false, contradiction };
    return { ready: chooseStart(await this.#facts(partition, state)) === 'follow', contradiction: null };
  }

  /**
   * Resolves once following may begin at the cursor. Rejects with CANCELLED once `isGone`, with FAILED_PRECONDITION,
   * which says why, where the log does not have what is missing and nobody else does; as `check` otherwise.
   */
  async prepare(partition: number, isGone: () => boolean): Promise<void> {
    const before = this.#running.get(partition);
    const running = (async () => {
      await before?.catch(() => {});
      await this.#takeTurn();
      try {
        await this.#prepare(partition, isGone);
      } finally {
        this.#copies--;
        this.#waiting.shift()?.();
      }
    })();
    this.#running.set(partition, running);
    try {
      await running;
    } finally {
      if (this.#running.get(partition) === running) this.#running.delete(partition);
    }
  }

  async #takeTurn(): Promise<void> {
    while (this.#copies >= this.#options.copiesMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#copies++;
  }

  async #prepare(partition: number, isGone: () => boolean): Promise<void> {
    if (isGone()) throw GIVEN_UP;
    const { replica, source, clock, log, onDone, isServing = () => false } = this.#options;
    const state = await source.state();
    const facts = await this.#facts(partition, state);
    if (chooseStart(facts) === 'follow') return;
    const startMs = clock.nowMs();
    const seconds = () => (clock.nowMs() - startMs) / 1_000;
    const failures: string[] = [];
    for await (const candidate of this.#candidates(partition, state, facts, failures)) {
      if (isGone()) throw GIVEN_UP;
      let bytes = 0;
      try {
        const counted = until(isGone, clock, candidate.open(), (piece) => {
          bytes += piece.length;
        });
        const snapshot = await openSnapshot(counted);
        await this.#accept(snapshot.header, partition, state, facts);
        const { rows } = await restorePartition(replica, snapshot, clock, {
          onRows: () => this.#checkRoom(),
          isServing,
        });
        log.info({ partition, from: candidate.what, seq: snapshot.header.seq, rows, bytes }, 'partition copied');
        onDone(candidate.from, rows, bytes, seconds());
        return;
      } catch (thrown) {
        if (isGone()) throw GIVEN_UP;
        // No other copy is smaller.
        this.#checkRoom();
        const { message } = asServingError(thrown, 'log');
        failures.push(`${candidate.what}: ${message}`);
        log.warn(
          { partition, from: candidate.what, err: thrown },
          'the partition could not be copied; trying elsewhere',
        );
      }
    }
    if (!logCovers(facts, 0)) throw nowhere(partition, facts, failures);
    if (replica.partitions.isRestoring(partition)) await clearPartition(replica, partition, clock);
    onDone('log', 0, 0, seconds());
  }

  #checkRoom(): void {
    const shortage = this.#options.room?.shortage() ?? null;
    if (shortage !== null) throw new ServingError('RESOURCE_EXHAUSTED', 'log', shortage.why);
  }

  async *#candidates(
    partition: number,
    state: LogState,
    facts: StartFacts,
    failures: string[],
  ): AsyncGenerator<Candidate> {
    const { owners, copyFrom, shelf } = this.#options;
    const minSeq = copySeqMin(facts);
    for (const owner of owners(partition)) {
      const open = () => copyFrom(owner, partition, state.createdText, minSeq);
      yield { from: 'owner', what: `owner ${owner}`, open };
    }
    try {
      const stored = await shelf.list(partition);
      if (stored.length === 0) failures.push('no snapshot is stored');
      for (const snapshot of stored) {
        yield { from: 'snapshot', what: `snapshot ${snapshot.object}`, open: () => shelf.read(snapshot) };
      }
    } catch (thrown) {
      failures.push(asServingError(thrown, 'log').message);
    }
  }

  /** Rejects for a copy that the log cannot take on, or that is of another history than the log's. */
  async #accept(header: SnapshotHeader, partition: number, before: LogState, facts: StartFacts): Promise<void> {
    const refuse = (why: string) => new ServingError('FAILED_PRECONDITION', 'log', why);
    const { seq, stream } = header;
    if (header.partition !== partition) throw refuse(`it is of partition ${header.partition}`);
    if (stream !== before.createdText)
      throw refuse(`it follows the stream created ${stream}, not ${before.createdText}`);
    if (!logCovers(facts, seq)) throw refuse(`it ends at ${seq}, and the log after that is gone`);
    // An owner may well have applied what was appended since we asked.
    const state = seq > before.lastSeq ? await this.#options.source.state() : before;
    if (seq > state.lastSeq) throw refuse(`it ends at ${seq}, but the log at ${state.lastSeq}`);
    const contradiction = await this.#contradiction(partition, seq, header.lastHash, state);
    if (contradiction !== null) throw refuse(contradiction);
  }

  /** What is wrong between a cursor and the log, or null: also where the log has that message no longer. */
  async #contradiction(partition: number, seq: number, hash: number | null, state: LogState): Promise<string | null> {
    if (seq === 0 || hash === null || seq < state.firstSeq) return null;
    const message = await this.#options.source.messageAt(seq);
    if (message === null) return null;
    if (message.partition !== partition)
      return `the feature log has a message of partition ${message.partition} at ${seq}, where one of partition ${partition} was applied: it was rolled back`;
    if (messageHash(message.bytes) === hash) return null;
    return `the feature log has another message at ${seq} than was applied to partition ${partition}: it was rolled back`;
  }

  async #facts(partition: number, state: LogState): Promise<StartFacts> {
    const { replica, shelf, source } = this.#options;
    const { createdText: stream, firstSeq } = state;
    const highestTrim = await this.#shared('trim', () => shelf.highestTrim(stream));
    return {
      cursorSeq: replica.appliedSeq(partition),
      restoring: replica.partitions.isRestoring(partition),
      firstSeq,
      trimmedTo: highestTrim === 0 ? 0 : await shelf.trimmedTo(partition, stream),
      highestTrim,
      messages: (await this.#shared('messages', () => source.messagesByPartition())).get(partition) ?? 0,
    };
  }

  /** What is the same for all partitions, asked for once by all that start together. */
  #shared<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked as Promise<T>;
    const asking = ask();
    this.#asked.set(key, asking);
    // A failure is for those who share it; the next one asks again.
    asking.catch(() => this.#asked.delete(key));
    this.#options.clock.after(SHARED_MS, () => this.#asked.delete(key));
    return asking;
  }
}

/** The pieces, until they are not wanted any more, however long the next is in coming. */
async function* until(
  isGone: () => boolean,
  clock: Clock,
  pieces: AsyncIterable<Uint8Array>,
  onPiece: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      const coming = iterator.next();
      coming.catch(() => {});
      let next: IteratorResult<Uint8Array> | null = null;
      while (next === null) {
        next = await Promise.race([coming, sleep(clock, GONE_CHECK_MS).then(() => null)]);
        if (isGone()) throw GIVEN_UP;
      }
      if (next.done === true) return;
      onPiece(next.value);
      yield next.value;
    }
  } finally {
    // Not waited for: it may be waiting for a piece itself.
    iterator.return?.().catch(() => {});
  }
}

function nowhere(partition: number, facts: StartFacts, failures: readonly string[]): ServingError {
  const from = Math.max(facts.trimmedTo + 1, facts.firstSeq);
  return new ServingError(
    'FAILED_PRECONDITION',
    'log',
    `partition ${partition} stands at ${facts.restoring ? 0 : facts.cursorSeq} here, the log goes on at ${from} at the earliest, and what is between can be had nowhere (${failures.join('; ')}). Start a shard that has it, or restore a snapshot: dovetail restore`,
  );
}
