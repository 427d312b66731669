/**
 * No skew between training and serving: what a shard's replica serves for a payment of the fraud example, after rows and
 * events went through the real log, is the training row, bit for bit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FeatureIngest, type RowAck } from '../../actors/feature-ingest/feature-ingest.ts';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { assemble } from '../../cluster/catalog/assemble.ts';
import { systemClock } from '../../cluster/clock.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { silentLog } from '../../cluster/log.ts';
import app from '../../examples/fraud/features.ts';
import { MODEL_COLUMNS, servingPlan } from '../../examples/fraud/model-columns.ts';
import { DAY_MS } from '../../examples/fraud/payment.ts';
import { type RowPush, replayPlan } from '../../examples/fraud/replay.ts';
import { paymentStream } from '../../examples/fraud/stream.ts';
import { type TrainingRow, trainingRows } from '../../examples/fraud/training-rows.ts';
import { packBytes } from '../../proto/tensor.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const PARTITIONS = 4;
const PAYMENTS = 300;
const WARM_DAYS = 9;
const PEOPLE = { seed: 12, users: 60, merchants: 12 };

let nats: NatsFixture;
let directory: string;
let replica: Replica;
let follower: LogFollower;
let ingest: FeatureIngest;
let wallMs = 0;

beforeEach(async () => {
  nats = await NatsFixture.start();
  directory = await mkdtemp(join(tmpdir(), 'skew-'));
  const log = await (await nats.connect()).featureLog({ replicas: 1 });
  replica = new Replica({ directory, app, log: silentLog });
  follower = new LogFollower({
    replica,
    source: log,
    clock: systemClock,
    log: silentLog,
    transactionMessagesMax: 64,
    waitingMessagesMax: 256,
    onApplied: () => {},
    onCaughtUp: () => {},
  });
  await follower.assign(new Set(Array.from({ length: PARTITIONS + 1 }, (_, partition) => partition)));
  ingest = new FeatureIngest({
    app,
    sink: log,
    clock: { ...systemClock, wallMs: () => wallMs },
    partitions: () => PARTITIONS,
    rowsPerMessageMax: 256,
    bytesPerMessageMax: 1 << 16,
    rowsInFlightMax: 10_000,
  });
}, 180_000);

afterEach(async () => {
  await follower.stop();
  await replica.close();
  await nats.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Pushes as of `atMs`, and waits until the replica has it all. */
async function push(pushes: readonly RowPush[], atMs: number): Promise<void> {
  wallMs = atMs;
  const acks = (await Promise.all(pushes.map(({ view, rows }) => ingest.push(view, rows)))).flat();
  await Promise.all(acks.flatMap(positions).map(whenApplied));
}

function positions(ack: RowAck) {
  if ('error' in ack) throw new Error(ack.error.message);
  return [ack, ...(ack.also ?? [])];
}

async function whenApplied({ partition, seq }: { partition: number; seq: number }): Promise<void> {
  await eventually(`sequence ${seq} of partition ${partition}`, () => replica.appliedSeq(partition) >= seq, 20_000);
}

const plan = servingPlan();
const utf8 = (text: string) => new TextEncoder().encode(text);

/** What the shard hands to a worker. */
function served({ payment }: TrainingRow, request: Readonly<Record<string, string | number>>, atMs: number): Buffer {
  const key = utf8(payment.user_id);
  const inputs = plan.requestInputs.map(({ name, datatype }) =>
    datatype === 'BYTES'
      ? packBytes([utf8(String(request[name]))])
      : new Uint8Array(Float32Array.of(Number(request[name])).buffer),
  );
  const asked = { keys: [key], partitions: [partitionOf(key, PARTITIONS)], inputs, rows: 1, wallMs: atMs, maxAgeMs: 0 };
  const { inputs: built } = assemble(plan, asked, PARTITIONS, (view, partition, of) =>
    replica.lookup(view, partition, of),
  );
  return Buffer.from(built[0]!);
}

it(`serves the training rows of ${PAYMENTS} payments, each asked before its own event is pushed`, async () => {
  const nowMs = Date.UTC(2026, 3, 2, 16, 30, 12);
  const { initial, steps } = replayPlan({ ...PEOPLE, warmDays: WARM_DAYS, requestsMax: PAYMENTS, nowMs });
  const startMs = Date.UTC(2025, 0, 6);
  const rows = [...trainingRows(paymentStream({ ...PEOPLE, startMs, days: WARM_DAYS + 14 }))].filter(
    ({ payment }) => payment.ts_ms >= startMs + WARM_DAYS * DAY_MS,
  );
  await push(initial, nowMs);
  const recent = MODEL_COLUMNS.findIndex((column) => Object.values(column)[0] === 'user_payments.count_1h');
  let withPast = 0;
  for (const [i, step] of steps.entries()) {
    const row = rows[i]!;
    expect(step.payment_id).toBe(row.payment.payment_id);
    const bytes = served(row, step.request.inputs, step.ts_ms);
    expect(bytes, step.payment_id).toEqual(Buffer.from(row.input.buffer));
    if (row.input[recent]! > 0) withPast += 1;
    await push(step.updates, step.ts_ms);
    // Sent again, as by someone who saw no acknowledgement: counts once.
    if (i % 10 === 0) await push(step.updates.slice(0, 1), step.ts_ms);
  }
  expect(steps).toHaveLength(PAYMENTS);
  expect(withPast).toBeGreaterThan(PAYMENTS / 50);
}, 120_000);
