/** When snapshots are taken, by a clock that is moved by hand. */
import { afterEach, describe, expect, it } from 'vitest';
import { type KeeperOptions, SnapshotKeeper, type Taken } from '../../../../actors/feature-shard/snapshot-keeper.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { ServingError } from '../../../../proto/errors.ts';

const INTERVAL_MS = 900_000;
const PARTITIONS = 20;

function setUp(overrides: Partial<KeeperOptions> = {}) {
  const clock = new ManualClock();
  const taken: { partition: number; atMs: number }[] = [];
  const outcomes: string[] = [];
  const world = { seq: 1, mine: Array.from({ length: PARTITIONS }, (_, i) => i), underWay: 0, mostUnderWay: 0 };
  const keeper = new SnapshotKeeper({
    clock,
    random: seededRandom(5),
    log: silentLog,
    intervalMs: INTERVAL_MS,
    mine: () => world.mine,
    appliedSeq: () => world.seq,
    take: async (partition): Promise<Taken> => {
      world.mostUnderWay = Math.max(world.mostUnderWay, ++world.underWay);
      taken.push({ partition, atMs: clock.nowMs() });
      await Promise.resolve();
      world.underWay--;
      return { outcome: 'stored', seq: world.seq, rows: 1, bytes: 1 };
    },
    onTaken: (outcome) => outcomes.push(outcome),
    ...overrides,
  });
  /** A second at a time, with the promises in between. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      clock.advance(1_000);
      for (let i = 0; i < 12; i++) await Promise.resolve();
    }
  };
  return { clock, keeper, taken, outcomes, world, pass };
}

let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

describe('the schedule', () => {
  it('takes each partition once an interval, spread over it, one at a time', async () => {
    const { keeper, taken, world, pass } = setUp();
    stop = () => keeper.stop();
    keeper.start();
    await pass(INTERVAL_MS + 60_000);
    expect(new Set(taken.map((one) => one.partition)).size).toBe(PARTITIONS);
    const thirds = [0, 1, 2].map(
      (third) => taken.filter(({ atMs }) => Math.floor((atMs / INTERVAL_MS) * 3) === third).length,
    );
    expect(Math.min(...thirds)).toBeGreaterThan(2);
    expect(world.mostUnderWay).toBe(1);
    world.seq = 2;
    taken.length = 0;
    await pass(INTERVAL_MS);
    expect(taken.map((one) => one.partition).sort((a, b) => a - b)).toEqual(world.mine);
  });

  it('leaves alone what has not changed, what is not its own, and what is empty', async () => {
    const { keeper, taken, world, pass } = setUp();
    stop = () => keeper.stop();
    keeper.start();
    world.seq = 0;
    await pass(2 * INTERVAL_MS);
    expect(taken).toEqual([]);
    world.seq = 7;
    world.mine = [3];
    await pass(3 * INTERVAL_MS);
    expect(taken.map((one) => one.partition)).toEqual([3]);
  });

  it('is off with an interval of 0, and goes on after a failure', async () => {
    const off = setUp({ intervalMs: 0 });
    off.keeper.start();
    await off.pass(2 * INTERVAL_MS);
    expect(off.taken).toEqual([]);
    let tries = 0;
    const failing = setUp({
      take: async () => {
        tries++;
        throw new ServingError('UNAVAILABLE', 'log', 'no store');
      },
    });
    stop = () => failing.keeper.stop();
    failing.world.mine = [1];
    failing.keeper.start();
    await failing.pass(3 * INTERVAL_MS + 5_000);
    expect(tries).toBe(3);
    expect(new Set(failing.outcomes)).toEqual(new Set(['failed']));
  });
});

describe('a snapshot that is asked for', () => {
  it('waits for those before it, and says what became of it', async () => {
    const { keeper, taken, world } = setUp();
    const asked = [4, 2, 9].map((partition) => keeper.now(partition));
    expect((await Promise.all(asked)).map((one) => one.outcome)).toEqual(['stored', 'stored', 'stored']);
    expect(taken.map((one) => one.partition)).toEqual([4, 2, 9]);
    expect(world.mostUnderWay).toBe(1);
  });

  it('is refused once the shard stops', async () => {
    const { keeper } = setUp();
    await keeper.stop();
    await expect(keeper.now(1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
