/**
 * Shards that come, go and are killed, in a row and over their copies, while predictions, reads and pushes run: no read
 * fails, no more moves than must, all owners of a partition end equal, and everything acknowledged is there. The second
 * run has snapshots and a log that is trimmed as it goes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, expect, it } from 'vitest';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { packageEntry } from '../../cli/package-files.ts';
import { loadApp } from '../../cluster/catalog/load-app.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { FEATURE_LOG_STREAM } from '../../proto/subjects.ts';
import { eventually, PROGRAM, TestCluster } from '../support/cluster.ts';
import { SteadyLoad, summary } from '../support/load.ts';

const PARTITIONS = 16;
const REPLICAS = 2;
const FLAGS = ['--partitions', `${PARTITIONS}`, '--replicas', `${REPLICAS}`];

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Input = { readonly name: string; readonly datatype: string; readonly shape: readonly number[] };

/** What runs against a cluster meanwhile. */
class Traffic {
  readonly acknowledged = new Map<string, number>();
  readonly #cluster: TestCluster;
  readonly #predictions: SteadyLoad;
  readonly #reads: SteadyLoad;
  readonly #pushes: SteadyLoad;

  private constructor(cluster: TestCluster, inputs: readonly Input[]) {
    this.#cluster = cluster;
    this.#predictions = new SteadyLoad(40, (index) => this.#predict(inputs, index));
    this.#reads = new SteadyLoad(20, (index) => this.#read([this.#someKey(index)]));
    this.#pushes = new SteadyLoad(15, (index) => this.#push(index));
  }

  static async start(cluster: TestCluster): Promise<Traffic> {
    const { json } = await cluster.get('/v2/models/fraud');
    return new Traffic(cluster, json['inputs'] as Input[]);
  }

  async #predict(inputs: readonly Input[], index: number): Promise<void> {
    const body = inputs.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: shape.map((size) => (size < 0 ? 1 : size)),
      data: [datatype === 'BYTES' ? this.#someKey(index) : 1],
    }));
    const { status, json } = await this.#cluster.post('/v2/models/fraud/infer', {
      inputs: body,
      parameters: { timeout_ms: 8_000 },
    });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`);
  }

  #someKey(index: number): string {
    const pushed = this.acknowledged.size;
    return pushed === 0 ? 'nobody' : `moved-${(index * 7) % pushed}`;
  }

  async #read(keys: readonly string[]): Promise<unknown[]> {
    const { status, json } = await this.#cluster.post('/v1/features/user_profile:get', { keys, timeout_ms: 8_000 });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`);
    return (json['rows'] as { values: Record<string, unknown> | null }[]).map((row) => row.values?.['payments_total']);
  }

  async #push(index: number): Promise<void> {
    const row = { user_id: `moved-${index}`, payments_total: index, event_time: Date.now() };
    const { status, json } = await this.#cluster.post('/v1/features/user_profile:push', { rows: [row] });
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`);
    this.acknowledged.set(row.user_id, index);
  }

  /** Ends it. Every call succeeded, and every acknowledged row is read. */
  async stop(): Promise<void> {
    const tallies = await Promise.all([this.#predictions.stop(), this.#reads.stop(), this.#pushes.stop()]);
    console.log(['predictions', 'reads', 'pushes'].map((name, i) => summary(name, tallies[i]!)).join('\n'));
    for (const { messages, failures } of tallies)
      expect({ messages, failures }).toEqual({ messages: [], failures: [] });
    expect(this.acknowledged.size).toBeGreaterThan(50);
    const keys = [...this.acknowledged.keys()];
    let lacking: string[] = [];
    await eventually(
      async () => {
        lacking = [];
        for (let at = 0; at < keys.length; at += 500) {
          const some = keys.slice(at, at + 500);
          const found = await this.#read(some);
          lacking.push(...some.filter((key, i) => Number(found[i]) !== this.acknowledged.get(key)));
        }
        return lacking.length === 0;
      },
      () => `${lacking.length} of ${keys.length} acknowledged rows are lacking, e.g. ${lacking.slice(0, 5)}`,
    );
  }
}

async function startCluster(flags: readonly string[] = []): Promise<TestCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hand-over-'));
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  const cluster = await TestCluster.start({ dataDir, flags: [...FLAGS, ...flags] });
  cleanups.push(() => cluster.kill());
  return cluster;
}

/** Once every replica has applied what there is, and sweeps add nothing. */
async function stopAll(cluster: TestCluster): Promise<void> {
  await sleep(systemClock, 1_000);
  for (const child of shards.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await cluster.stop();
}

const shards: ChildProcess[] = [];

function startShard(cluster: TestCluster, name: string, flags: readonly string[] = []): ChildProcess {
  const started = ['node', '--role', 'shard', '--name', name, '--nats-url', cluster.natsUrl];
  const where = ['--data-dir', cluster.dataDir, '--metrics-port', '0'];
  const child = spawn(process.execPath, [PROGRAM, ...started, ...where, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  shards.push(child);
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

/** Until `up` has started it again. */
async function killed(cluster: TestCluster, name: string): Promise<void> {
  const before = (await cluster.pids()).get(name)!;
  process.kill(before, 'SIGKILL');
  await eventually(
    async () => ((await cluster.pids()).get(name) ?? before) !== before,
    () => `${name} was not started again`,
  );
}

/** Until exactly these shards have everything, at one epoch. */
async function whole(cluster: TestCluster, shards: readonly string[]): Promise<readonly (readonly string[])[]> {
  let seen = '';
  let owners: readonly (readonly string[])[] = [];
  await eventually(
    async () => {
      const status = await cluster.status();
      owners = status.owners.slice(0, PARTITIONS);
      const alive = status.members.filter((one) => one.role === 'shard' && one.state === 'alive' && one.ready);
      seen = JSON.stringify({ alive: alive.map(({ name }) => name), owners });
      return (
        alive.length === shards.length &&
        shards.every((name) => owners.some((some) => some.includes(name))) &&
        owners.every((some) => some.length === REPLICAS && some.every((name) => shards.includes(name)))
      );
    },
    () => `not whole with ${shards.join()}: ${seen}`,
    60_000,
  );
  return owners;
}

/** Copies of partitions that `after` has where `before` had none. */
function moved(before: readonly (readonly string[])[], after: readonly (readonly string[])[]): number {
  return after.flatMap((owners, partition) => owners.filter((name) => !before[partition]!.includes(name))).length;
}

/** Replicas of stopped shards: owners of a partition at the same place have the same digest. */
async function expectEqualReplicas(dataDir: string, owners: readonly (readonly string[])[]): Promise<void> {
  const app = await loadApp('examples/fraud', packageEntry());
  const names = [...new Set(owners.flat())];
  const replicas = new Map(
    names.map((name) => [name, new Replica({ directory: join(dataDir, name), app, log: silentLog })]),
  );
  try {
    let written = 0;
    owners.forEach((some, partition) => {
      const cursors = some.map((name) => replicas.get(name)!.cursor(partition));
      for (const cursor of cursors) expect(cursor, `partition ${partition} of ${some.join()}`).toEqual(cursors[0]);
      if (cursors[0]!.seq > 0) written++;
    });
    expect(written).toBeGreaterThan(PARTITIONS / 2);
  } finally {
    for (const replica of replicas.values()) await replica.close();
  }
}

/** A copy each that a new member is owed, of all there are, and some room for chance in where they lie. */
const owed = (members: number) => Math.ceil((PARTITIONS * REPLICAS) / members) + 3;

it('shards that are added, killed over their copies, replaced and killed again cost no read and no acknowledged row', async () => {
  const cluster = await startCluster();
  const traffic = await Traffic.start(cluster);
  const two = await whole(cluster, ['shard-1', 'shard-2']);
  await sleep(systemClock, 2_000);
  // One comes, and while it takes what it is owed another dies.
  const third = startShard(cluster, 'shard-3');
  await eventually(
    async () => (await cluster.pids()).has('shard-3'),
    () => 'shard-3 did not come',
  );
  await killed(cluster, 'shard-1');
  const three = await whole(cluster, ['shard-1', 'shard-2', 'shard-3']);
  expect(moved(two, three)).toBeLessThanOrEqual(owed(3));
  // It goes for good as another comes in its place, which is killed once over its copies.
  const fourth = startShard(cluster, 'shard-4');
  third.kill('SIGTERM');
  await eventually(
    async () => (await cluster.pids()).has('shard-4'),
    () => 'shard-4 did not come',
  );
  fourth.kill('SIGKILL');
  startShard(cluster, 'shard-4');
  const replaced = await whole(cluster, ['shard-1', 'shard-2', 'shard-4']);
  expect(moved(three, replaced)).toBeLessThanOrEqual(2 * owed(3));
  // Twice in a row.
  for (const name of ['shard-2', 'shard-1']) {
    await killed(cluster, name);
    await whole(cluster, ['shard-1', 'shard-2', 'shard-4']);
  }
  const owners = await whole(cluster, ['shard-1', 'shard-2', 'shard-4']);
  await traffic.stop();
  await stopAll(cluster);
  await expectEqualReplicas(cluster.dataDir, owners);
}, 240_000);

it('a shard that comes once the log was trimmed has everything by a copy, whatever is pushed meanwhile', async () => {
  // The shortest that is allowed: a trim takes a minute and a half to come.
  const short = ['--snapshot-interval', '1s', '--log-retention', '60s'];
  const cluster = await startCluster(short);
  const connection = await connect({ servers: cluster.natsUrl });
  cleanups.push(() => connection.close());
  const manager = await connection.jetstreamManager();
  const messages = async () => (await manager.streams.info(FEATURE_LOG_STREAM)).state;
  const traffic = await Traffic.start(cluster);
  const before = await whole(cluster, ['shard-1', 'shard-2']);
  await eventually(
    async () => {
      const { messages: left, last_seq: last } = await messages();
      return last > 50 && left < last - 50;
    },
    () => 'the log was not trimmed',
    200_000,
  );
  startShard(cluster, 'shard-3', short);
  const after = await whole(cluster, ['shard-1', 'shard-2', 'shard-3']);
  expect(moved(before, after)).toBeLessThanOrEqual(owed(3));
  await sleep(systemClock, 1_000);
  await traffic.stop();
  await connection.close();
  await stopAll(cluster);
  await expectEqualReplicas(cluster.dataDir, after);
}, 300_000);
