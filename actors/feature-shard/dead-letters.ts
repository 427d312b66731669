/**
 * Poison on its way to the dead-letter stream, and back into the log once it can be read.
 *
 * A replica does not move its cursor past poison before the stream has an entry for it. Where the stream takes none, the
 * rows that are not poison must not wait with it: after a few seconds the replica goes on, and what it owes the stream
 * is kept here, counted, said in the log and tried again, while the message itself stays in the log of features.
 */
import type { App } from '../../cluster/catalog/app.ts';
import { type Clock, sleep, type TimerHandle } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import { type DeadLetter, deadLetterId } from '../../proto/dead-letter.ts';
import { decodeRowBatch, encodeRowBatch, type RowBatch } from '../../proto/row-batch.ts';
import { type ReadMessage, readMessage } from './apply-message.ts';

/** A message of the log of which something is poison. */
export type Poison = {
  readonly partition: number;
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly read: ReadMessage;
};

/** Thrown by a replica that was told to leave poison alone that nobody has parked yet. Nothing was applied. */
export class UnparkedPoison extends Error {
  readonly poison: readonly Poison[];

  constructor(poison: readonly Poison[]) {
    super(`${poison.length} messages of the log must be parked first`);
    this.poison = poison;
  }
}

/** The part of the dead-letter stream that parking needs. */
export interface DeadLetterSink {
  park(letter: DeadLetter): Promise<'parked' | 'known'>;
}

/** `owed`: the stream took it not in time and is tried again. `lost`: too much was owed; only the log has it. */
export type LetterOutcome = 'parked' | 'known' | 'owed' | 'lost';

const ROWS_NAMED_MAX = 5_000;
/** A message of the log may be as long as the server allows one to be, and its entry is longer. */
const ENTRY_BYTES_MAX = 768 * 1024;

/** What stands in the stream of a message. Pure. */
export function letterOf({ partition, seq, bytes, read }: Poison, parkedMs: number): DeadLetter {
  const said = read.batch ?? decodeRowBatch(bytes);
  const byReason = new Map<string, number[]>();
  let named = 0;
  for (const { row, why } of read.poison) {
    const rows = byReason.get(why) ?? [];
    byReason.set(why, rows);
    if (row < 0 || named >= ROWS_NAMED_MAX) continue;
    rows.push(row);
    named++;
  }
  const kept = read.batch === null ? bytes : encodeRowBatch(badRows(read.batch, read));
  const fits = kept.byteLength <= ENTRY_BYTES_MAX;
  return {
    partition,
    seq,
    parkedMs,
    view: said?.view.slice(0, 128) ?? '',
    stream: said?.stream.slice(0, 128) ?? '',
    reasons: [...byReason].slice(0, 100).map(([why, rows]) => ({ why, rows })),
    rowsLeftOut: read.poison.filter(({ row }) => row >= 0).length - named,
    holds: fits ? (read.batch === null ? 'message' : 'rows') : 'none',
    bytes: fits ? kept : new Uint8Array(0),
  };
}

function badRows(batch: RowBatch, read: ReadMessage): RowBatch {
  return { ...batch, rows: read.poison.map(({ row }) => batch.rows[row]!) };
}

export type Retry = {
  /** What can be read now, as a message for the log; null where nothing can. */
  readonly bytes: Uint8Array | null;
  readonly rows: number;
  /** What is poison still, and why. */
  readonly still: readonly string[];
  /** Whether the copy stands for all that the original message held, which can leave the log then. */
  readonly replacesOriginal: boolean;
};

/**
 * What of an entry can be applied under these definitions. Events are taken whole or not at all: those without an id
 * would be counted twice when the rest is tried again. `bytes`: the entry's, or the message's from the log. Pure.
 */
export function retryOf(app: App, letter: Pick<DeadLetter, 'holds'>, bytes: Uint8Array): Retry {
  const read = readMessage(app, bytes);
  const still = [...new Set(read.poison.map(({ why }) => why))];
  const { batch } = read;
  if (batch === null) return { bytes: null, rows: 0, still, replacesOriginal: false };
  const events = batch.stream !== '';
  if (read.poison.length > 0 && events) return { bytes: null, rows: 0, still, replacesOriginal: false };
  const bad = new Set(read.poison.map(({ row }) => row));
  const rows = batch.rows.filter((_, index) => !bad.has(index));
  if (rows.length === 0) return { bytes: null, rows: 0, still, replacesOriginal: false };
  const replacesOriginal = events && letter.holds === 'message';
  return { bytes: encodeRowBatch({ ...batch, rows }), rows: rows.length, still, replacesOriginal };
}

export type ParkingOptions = {
  readonly sink: DeadLetterSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly onLetter: (outcome: LetterOutcome) => void;
};

/** How long a replica stands still for a stream that takes no entry. */
export const PATIENCE_MS = 5_000;
const RETRY_MS = 250;
const OWED_RETRY_MS = 5_000;
const OWED_LETTERS_MAX = 1_000;
const OWED_BYTES_MAX = 32 * 1024 * 1024;
const PARALLEL_MAX = 64;

export class Parking {
  readonly #options: ParkingOptions;
  /** By the entry's name. While there are any, nothing waits for the stream. */
  readonly #owed = new Map<string, DeadLetter>();
  #owedBytes = 0;
  #retry: TimerHandle | null = null;
  #stopped = false;

  constructor(options: ParkingOptions) {
    this.#options = options;
  }

  /** Entries that the stream has not taken yet. */
  get owed(): number {
    return this.#owed.size;
  }

  /** Resolves with true once each has an entry, or was waited for long enough; with false when stopped before. */
  async park(poison: readonly Poison[]): Promise<boolean> {
    const { clock } = this.#options;
    let left = poison.map((one) => letterOf(one, clock.wallMs()));
    const untilMs = clock.nowMs() + PATIENCE_MS;
    while (this.#owed.size === 0) {
      left = await this.#tryAll(left, untilMs);
      if (left.length === 0) return true;
      if (this.#stopped) return false;
      if (clock.nowMs() >= untilMs) break;
      await sleep(clock, RETRY_MS);
    }
    for (const letter of left) this.#owe(letter);
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    if (this.#owed.size > 0)
      this.#options.log.error(
        { letters: [...this.#owed.keys()].slice(0, 100) },
        'stopped without these dead letters parked; the log has them',
      );
  }

  /** Returns those that were not taken. After a refusal the rest is not tried. */
  async #tryAll(letters: readonly DeadLetter[], untilMs: number): Promise<DeadLetter[]> {
    const { sink, clock, log, onLetter } = this.#options;
    const left: DeadLetter[] = [];
    for (let from = 0; from < letters.length; from += PARALLEL_MAX) {
      if (left.length > 0 || (from > 0 && clock.nowMs() > untilMs) || this.#stopped)
        return [...left, ...letters.slice(from)];
      const part = letters.slice(from, from + PARALLEL_MAX);
      await Promise.all(
        part.map(async (letter) => {
          try {
            onLetter(await sink.park(letter));
          } catch (thrown) {
            left.push(letter);
            if (left.length === 1) log.warn({ err: thrown }, 'a dead letter could not be parked; trying again');
          }
        }),
      );
    }
    return left;
  }

  #owe(letter: DeadLetter): void {
    const { log, onLetter, clock } = this.#options;
    const id = deadLetterId(letter);
    if (this.#owed.has(id)) return;
    const bytes = letter.bytes.byteLength;
    if (this.#owed.size >= OWED_LETTERS_MAX || this.#owedBytes + bytes > OWED_BYTES_MAX) {
      onLetter('lost');
      log.error({ letter: id, why: letter.reasons[0]?.why }, 'a dead letter could not be parked; the log has it');
      return;
    }
    // A copy: the bytes may be a small part of what came from the network.
    this.#owed.set(id, { ...letter, bytes: new Uint8Array(letter.bytes) });
    this.#owedBytes += bytes;
    onLetter('owed');
    log.error({ letter: id, why: letter.reasons[0]?.why }, 'the dead-letter stream takes no entry; going on without');
    this.#retry ??= clock.after(OWED_RETRY_MS, () => void this.#payOff());
  }

  async #payOff(): Promise<void> {
    const { clock } = this.#options;
    const owed = [...this.#owed.values()];
    const left = new Set(await this.#tryAll(owed, clock.nowMs() + PATIENCE_MS));
    for (const letter of owed) {
      if (left.has(letter) || !this.#owed.delete(deadLetterId(letter))) continue;
      this.#owedBytes -= letter.bytes.byteLength;
    }
    this.#retry = this.#owed.size === 0 || this.#stopped ? null : clock.after(OWED_RETRY_MS, () => void this.#payOff());
  }
}
