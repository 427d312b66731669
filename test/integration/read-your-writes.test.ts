/**
 * Read your writes over a real nats-server and real replicas: what a push acknowledged is what a read that asks for it
 * finds, whichever shard answers and however far it lags. Only the network between the processes is a stand-in.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FeatureIngest } from '../../actors/feature-ingest/feature-ingest.ts';
import { featureShard } from '../../actors/feature-shard/feature-shard.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { type ApplyResult, type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { FeatureReads } from '../../actors/router/feature-reads.ts';
import { ActorSystem } from '../../cluster/actors/actor-system.ts';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { seededRandom } from '../../cluster/random.ts';
import { EnvelopeWriter, readEnvelope } from '../../proto/envelope.ts';
import { decodeFreshness } from '../../proto/freshness.ts';
import type { Message } from '../../proto/letters.ts';
import { parseReadBound } from '../../proto/read-bound.ts';
import { packBytes } from '../../proto/tensor.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';
import { app, featurePlan } from '../support/plans.ts';
import { member, routingOf, table } from '../support/routing.ts';

const PARTITIONS = 4;
const ALL = new Set([0, 1, 2, 3, PARTITIONS]);
const NAMES = ['a', 'b'];

class LaggingReplica extends Replica {
  delayMs = 0;

  override async apply(messages: readonly LogMessage[]): Promise<ApplyResult> {
    if (this.delayMs > 0) await sleep(systemClock, this.delayMs);
    return super.apply(messages);
  }
}

let nats: NatsFixture;
let directory: string;
let ingest: FeatureIngest;
let reads: FeatureReads;
const replicas: LaggingReplica[] = [];
const followers: LogFollower[] = [];
const systems = new Map<string, ActorSystem>();
/** What shards handed on to the worker. */
const computed: Message[] = [];

/** A process: what it tells others is encoded, and arrives in a later turn. */
function startProcess(node: string): ActorSystem {
  const system = new ActorSystem({
    node,
    clock: systemClock,
    log: silentLog,
    remote: {
      tell: (to, message) => {
        const writer = new EnvelopeWriter(node);
        writer.add(to.actor, message, 1 << 20);
        const bytes = writer.finish();
        setImmediate(() => {
          const receiver = systems.get(to.node);
          readEnvelope(bytes, (actor, letter) => receiver?.deliver(actor, letter));
          receiver?.run();
        });
        return 'sent';
      },
    },
    onEscalate: (_actor, cause) => {
      throw cause;
    },
  });
  systems.set(node, system);
  return system;
}

beforeAll(async () => {
  nats = await NatsFixture.start();
  const log = await (await nats.connect()).featureLog({ replicas: 1 });
  directory = await mkdtemp(join(tmpdir(), 'reads-'));
  const plan = featurePlan();
  for (const name of NAMES) {
    const replica = new LaggingReplica({ directory: join(directory, name), app, log: silentLog });
    let wake = () => {};
    const follower = new LogFollower({
      replica,
      source: log,
      clock: systemClock,
      log: silentLog,
      transactionMessagesMax: 8,
      waitingMessagesMax: 256,
      onApplied: () => wake(),
      onCaughtUp: () => {},
    });
    const state = {
      partitions: PARTITIONS,
      epoch: 1,
      serves: () => true,
      plan: () => plan,
      lookup: replica.lookup.bind(replica),
      appliedSeq: (partition: number) => replica.appliedSeq(partition),
      onApplied: (listener: () => void) => {
        wake = listener;
      },
    };
    const empty = { traceId: new Uint8Array(16), spanId: new Uint8Array(8) };
    const observer = { enriched() {}, read() {}, refused() {}, span: () => empty };
    startProcess(`${name}.1`).spawn('feature-shard', { mailboxMessagesMax: 1_000 }, featureShard(state, app, observer));
    await follower.assign(ALL);
    replicas.push(replica);
    followers.push(follower);
  }
  const shards = NAMES.map((name) => member(name, 'shard'));
  const routing = routingOf(shards, table(1, new Array<string[]>(PARTITIONS + 1).fill(NAMES)));
  startProcess('gateway.1').spawn('gateway', { mailboxMessagesMax: 1_000 }, (context) => {
    reads = new FeatureReads(context, app, routing, seededRandom(1));
    return {
      receive: (message) => {
        if (message.kind === 'readFeaturesReply') reads.onReply(message.body);
      },
    };
  });
  startProcess('worker.1').spawn('worker', { mailboxMessagesMax: 1_000 }, () => ({
    receive: (message) => void computed.push(message),
  }));
  ingest = new FeatureIngest({
    app,
    sink: log,
    clock: systemClock,
    partitions: () => PARTITIONS,
    rowsPerMessageMax: 100,
    bytesPerMessageMax: 100_000,
    rowsInFlightMax: 10_000,
  });
}, 180_000);

afterAll(async () => {
  for (const follower of followers) await follower.stop();
  for (const system of systems.values()) system.stop();
  for (const replica of replicas) await replica.close();
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Pushes one row and returns its acknowledgement. */
async function push(view: string, row: object): Promise<{ partition: number; seq: number }> {
  const [ack] = await ingest.push(view, [row]);
  if (ack === undefined || 'error' in ack) throw new Error(`refused: ${JSON.stringify(ack)}`);
  return ack;
}

/** Each user writes and reads back in turn, all at once, asking for the acknowledgement or for its number alone. */
async function writeAndRead(rounds: number): Promise<void> {
  const users = Array.from({ length: 6 }, (_, i) => `u${i}`);
  await Promise.all(
    users.map(async (user, own) => {
      for (let round = 1; round <= rounds; round++) {
        const spend = round * 10 + own;
        const ack = await push('profile', { user_id: user, spend });
        const bound = parseReadBound(round % 2 === 0 ? [ack] : ack.seq, undefined);
        const [row] = await reads.read('profile', [user], 20_000, undefined, bound);
        expect(row).toMatchObject({ found: true, partition: ack.partition });
        expect(row!.values['spend']).toBe(spend);
        expect(row!.applied_seq).toBeGreaterThanOrEqual(ack.seq);
      }
    }),
  );
}

describe('a read that asks for what a push acknowledged', () => {
  it('finds it, whichever replica is asked', async () => {
    await writeAndRead(40);
  });

  it.each([0, 1])('finds it while replica %i lags behind the other', async (slow) => {
    replicas[slow]!.delayMs = 25;
    await writeAndRead(8);
    replicas[slow]!.delayMs = 0;
  });

  it('finds rows of many keys, and of views that live everywhere, by pasted acknowledgements', async () => {
    replicas[1]!.delayMs = 25;
    for (let round = 1; round <= 10; round++) {
      const rows = Array.from({ length: 8 }, (_, i) => ({ user_id: `many${i}`, visits: round }));
      const acks = await ingest.push('profile', [...rows, { user_id: 'bad', visits: 'many' }]);
      const shop = await ingest.push('shops', [{ shop_id: 's1', risk: round }]);
      const keys = rows.map((row) => row.user_id);
      const got = await reads.read('profile', keys, 20_000, ['visits'], parseReadBound(acks, undefined));
      expect(got.map((row) => row.values['visits'])).toEqual(rows.map(() => BigInt(round)));
      const [risk] = await reads.read('shops', ['s1'], 20_000, undefined, parseReadBound(shop, undefined));
      expect(risk!.values['risk']).toBe(round);
      expect(risk!.everywhere_seq).toBe(risk!.applied_seq);
    }
    replicas[1]!.delayMs = 0;
  });

  it('is predicted from it, the part that lives everywhere too', async () => {
    replicas[0]!.delayMs = 25;
    const encoder = new TextEncoder();
    for (let round = 1; round <= 10; round++) {
      const own = await push('profile', { user_id: 'p1', spend: round });
      const shop = await push('shops', { shop_id: 's1', risk: round + 100 });
      computed.length = 0;
      systems.get('gateway.1')!.tell(
        { node: 'a.1', actor: 'feature-shard' },
        {
          kind: 'enrich',
          body: {
            id: round,
            replyTo: 'gateway.1/gateway',
            model: featurePlan().key,
            budgetUs: 40_000_000,
            epoch: 1,
            keys: [encoder.encode('p1')],
            partitions: [own.partition],
            inputs: [new Uint8Array(4), packBytes([encoder.encode('s1')])],
            worker: 'worker.1/worker',
            trace: null,
            dims: [],
            minSeq: [own.seq, shop.seq],
            minPartitions: [own.partition, shop.partition],
            maxAgeMs: 0,
          },
        },
      );
      await eventually('the row is handed to the worker', () => computed.length > 0);
      const [message] = computed;
      if (message?.kind !== 'compute') throw new Error(message?.kind);
      const bytes = Uint8Array.from(message.body.inputs[0]!);
      expect([...new Float32Array(bytes.buffer)]).toEqual([round, round + 100, 0]);
      const freshness = decodeFreshness(message.body.freshness!);
      expect(freshness.appliedSeq[0]).toBeGreaterThanOrEqual(own.seq);
      expect(freshness.everywhereSeq[0]).toBeGreaterThanOrEqual(shop.seq);
      expect(freshness.defaulted).toHaveLength(0);
    }
    replicas[0]!.delayMs = 0;
  });

  it('and for more than the log holds ends at its deadline, with what was applied and what was asked', async () => {
    const { partition, seq } = await push('profile', { user_id: 'late', spend: 1 });
    const asked = seq + 1_000;
    await expect(
      reads.read('profile', ['late'], 300, undefined, parseReadBound([{ partition, seq: asked }], undefined)),
    ).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      stage: 'lookup',
      message: expect.stringMatching(
        new RegExp(`partition ${partition} is applied here up to \\d+; you asked for at least ${asked} \\(min_seq\\)$`),
      ),
    });
    // Nothing is held up by it.
    const [row] = await reads.read('profile', ['late'], 20_000, undefined, parseReadBound(seq, undefined));
    expect(row!.found).toBe(true);
  });
});
