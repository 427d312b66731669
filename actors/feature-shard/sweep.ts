/**
 * Physical expiry. Rows that nobody can read any more, and traces of deletions that are old enough, are found by the
 * first owner of a partition and written to the log as `expire` rows, each naming the event time and the sequence of the
 * record that it saw. All replicas apply those at the same place in the log, so they agree; a row that was updated
 * meanwhile is another record and stays.
 */
import { expiryOf, ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import { isTombstone, RECORD_HEADER_BYTES, type RecordBytes, recordEventMs } from '../../cluster/catalog/record.ts';
import type { App, View } from '../../cluster/catalog/views.ts';
import type { Clock } from '../../cluster/clock.ts';
import type { Log } from '../../cluster/log.ts';
import type { Random } from '../../cluster/random.ts';
import { encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';
import type { StoredKey, StoredRow } from './replica.ts';

/**
 * How far past its ttl a row is removed: other machines' clocks may be behind this one's, and to them it is still valid.
 * As far as rows may be dated ahead.
 */
export const EXPIRY_MARGIN_MS = 5 * 60_000;

/**
 * Whether a stored row of this view is of no use any more at `nowMs`. The state of an aggregation outlives its ttl while
 * a window may still reach into it: the next event of the entity would bring it back. Pure.
 */
export function isExpired(view: View, record: RecordBytes, nowMs: number, tombstoneRetentionMs: number): boolean {
  if (record.length < RECORD_HEADER_BYTES) return false;
  const ageMs = nowMs - recordEventMs(record);
  if (isTombstone(record)) return ageMs > tombstoneRetentionMs + EXPIRY_MARGIN_MS;
  if (view.ttlMs === 0) return false;
  return ageMs > Math.max(view.ttlMs, reachMs(view)) + EXPIRY_MARGIN_MS;
}

/** How far back a view's windows, and events that come late, reach. */
function reachMs({ aggregation }: View): number {
  return aggregation === null ? 0 : (aggregation.plan.spanBuckets + 1) * aggregation.plan.bucketMs;
}

/**
 * The time to judge rows by. A wall clock that was put forward since the last sweep is believed at the next one only,
 * by when it may have been put right: what expires does not come back.
 */
export class CautiousTime {
  readonly #clock: Clock;
  #wallMs: number;
  #nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallMs = clock.wallMs();
    this.#nowMs = clock.nowMs();
  }

  /** Ms since the Unix epoch. */
  read(): number {
    const wallMs = this.#clock.wallMs();
    const nowMs = this.#clock.nowMs();
    const expectedMs = this.#wallMs + (nowMs - this.#nowMs);
    this.#wallMs = wallMs;
    this.#nowMs = nowMs;
    return Math.min(wallMs, expectedMs);
  }
}

export type SweepOptions = {
  readonly app: App;
  readonly replica: { rowsAfter(partition: number, after: StoredKey | null, rowsMax: number): StoredRow[] };
  readonly sink: { append(partition: number, bytes: Uint8Array): Promise<number> };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Partitions that this shard is the one to sweep, as of now. */
  readonly partitions: () => readonly number[];
  readonly intervalMs: number;
  readonly tombstoneRetentionMs: number;
  readonly onSwept: (rowsSeen: number, rowsExpired: number, seconds: number) => void;
};

/** Rows that are looked at in one turn of the event loop, a fraction of a millisecond's work, and the pause after it. */
const SLICE_ROWS = 64;
const SLICE_PAUSE_MS = 4;
/** Expired rows in one message of the log, and the pause after it: at most 10,000 of them a second. */
const BATCH_ROWS_MAX = 500;
const BATCH_PAUSE_MS = 50;
/** The spread of the interval, so that shards that start together do not sweep together. */
const SPREAD = 0.2;

export class Sweep {
  readonly #options: SweepOptions;
  readonly #byId: ReadonlyMap<number, View>;
  readonly #time: CautiousTime;
  /** Ends the pause that is under way. */
  #wake: () => void = () => {};
  #stopped = false;
  #running: Promise<void> | null = null;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#byId = new Map([...options.app.versions.values()].map((view) => [view.id, view]));
    this.#time = new CautiousTime(options.clock);
  }

  /** Sweeps from now on, the first time after a random part of the interval. */
  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { random, intervalMs, log } = this.#options;
    await this.#pause(random.next() * intervalMs);
    while (!this.#stopped) {
      try {
        await this.sweep();
      } catch (thrown) {
        log.warn({ err: thrown }, 'the sweep for expired rows stopped half-way; the next one finds what is left');
      }
      await this.#pause(intervalMs * (1 - SPREAD / 2 + SPREAD * random.next()));
    }
  }

  /** One pass over all partitions. Rejects where the log takes no rows; what was written before stays. */
  async sweep(): Promise<void> {
    const { clock, partitions, onSwept } = this.#options;
    const startMs = clock.nowMs();
    const nowMs = this.#time.read();
    const tally = { seen: 0, expired: 0 };
    try {
      for (const partition of partitions()) {
        if (this.#stopped) return;
        await this.#sweepPartition(partition, nowMs, tally);
      }
    } finally {
      onSwept(tally.seen, tally.expired, (clock.nowMs() - startMs) / 1_000);
    }
  }

  async #sweepPartition(partition: number, nowMs: number, tally: { seen: number; expired: number }): Promise<void> {
    const { replica, tombstoneRetentionMs } = this.#options;
    let after: StoredKey | null = null;
    let found: { readonly view: View; readonly rows: LogRow[] } | null = null;
    while (!this.#stopped) {
      const slice: StoredRow[] = replica.rowsAfter(partition, after, SLICE_ROWS);
      for (const { viewId, key, record } of slice) {
        // A definition that this process does not know: what its ttl is, only others can say.
        const view = this.#byId.get(viewId);
        if (view === undefined || !isExpired(view, record, nowMs, tombstoneRetentionMs)) continue;
        if (found !== null && (found.view !== view || found.rows.length >= BATCH_ROWS_MAX)) {
          await this.#expire(partition, found.view, found.rows, tally);
          found = null;
        }
        found ??= { view, rows: [] };
        found.rows.push({ key, values: NOTHING, op: ROW_OPS.expire, ...expiryOf(record) });
      }
      tally.seen += slice.length;
      if (slice.length < SLICE_ROWS) break;
      after = slice.at(-1)!;
      await this.#pause(SLICE_PAUSE_MS);
    }
    if (found !== null) await this.#expire(partition, found.view, found.rows, tally);
  }

  async #expire(partition: number, view: View, rows: LogRow[], tally: { expired: number }): Promise<void> {
    if (this.#stopped) return;
    const { name, version, schemaHash } = view;
    await this.#options.sink.append(partition, encodeRowBatch({ view: name, version, schemaHash, rows }));
    tally.expired += rows.length;
    await this.#pause(BATCH_PAUSE_MS);
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

const NOTHING = new Uint8Array(0);
