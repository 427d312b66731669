/** A cluster as a user starts it, asked in every way there is: the same rows must get the same scores everywhere. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { headers as natsHeaders } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { packageEntry } from '../../cli/package-files.ts';
import { loadApp } from '../../cluster/catalog/load-app.ts';
import { goldenEvents, goldenInput } from '../../examples/fraud/golden.ts';
import { MODEL_COLUMNS } from '../../examples/fraud/model-columns.ts';
import { connectClient, type DovetailClient } from '../../index.ts';
import { dovetail } from '../../proto/generated/messages.js';
import { generatedTensor } from '../support/arbitrary-messages.ts';
import { eventually, TestCluster } from '../support/cluster.ts';
import { scoresOf } from '../support/fraud-model.ts';
import {
  binaryRequest,
  golden,
  jsonTensors,
  merchantRows,
  personBody,
  tensorsOf,
  userRows,
} from '../support/golden.ts';
import { WireProbe } from '../support/wire-probe.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

type Ack = { partition: number; seq: number };
type Features = { applied_seq: number; age_ms: number | null; defaulted: string[] };
type Person = {
  outputs: { score: number[] };
  features: Features[];
  model: { name: string; version: string };
  trace_id: string;
};

const requests = golden.rows.map((row) => row.request);
const wanted = golden.rows.map((row) => row.score);
const featuresOf = (view: string) =>
  MODEL_COLUMNS.filter((column) => 'feature' in column && column.feature.startsWith(`${view}.`)).length;
const USER_FEATURES = featuresOf('user_profile');
const MERCHANT_FEATURES = featuresOf('merchant_profile');
/** Nobody's payments are pushed with the golden rows, so these are at their defaults. */
const WINDOWS = featuresOf('user_payments') + featuresOf('merchant_payments');

let cluster: TestCluster;
let client: DovetailClient;
let probe: WireProbe;
const userAcks = new Map<string, Ack>();
const merchantAcks = new Map<string, Ack>();

beforeAll(async () => {
  cluster = await TestCluster.spawn();
  // Health must not say "ready" later than the process does; asked here, before anything else slows it down.
  await cluster.whenReady();
  expect((await fetch(`${cluster.url}/v2/health/ready`)).status).toBe(200);
  client = await connectClient({ url: cluster.natsUrl, timeoutMs: 10_000 });
  probe = await WireProbe.connect(cluster.natsUrl);
  for (const [view, rows, key, acks] of [
    ['user_profile', userRows, 'user_id', userAcks],
    ['merchant_profile', merchantRows, 'merchant_id', merchantAcks],
  ] as const) {
    const answer = await cluster.post(`/v1/features/${view}:push`, { rows });
    expect(answer.status, JSON.stringify(answer.json)).toBe(200);
    (answer.json['acks'] as Ack[]).forEach((ack, i) => {
      acks.set((rows[i] as unknown as Record<string, string>)[key]!, ack);
    });
  }
  await whenApplied();
});

afterAll(async () => {
  await client?.close();
  await probe?.close();
  try {
    await cluster?.stop();
  } finally {
    await cluster?.kill();
  }
});

/** Reads do not wait for the shards to apply what was acknowledged; both replicas take a moment. */
async function whenApplied(): Promise<void> {
  const views = (await loadApp('examples/fraud', packageEntry())).views;
  const status = await cluster.status();
  const shards = status.members.filter((member) => member.role === 'shard');
  for (const [view, acks] of [
    ['user_profile', userAcks],
    ['merchant_profile', merchantAcks],
  ] as const) {
    for (const shard of shards) {
      await eventually(
        async () => {
          const keys = [...acks.keys()];
          const rows = await probe.readFrom(shard.node, views.get(view)!, keys, status.partitions, status.epoch);
          return rows.every((row, i) => row.values !== null && row.appliedSeq >= acks.get(keys[i]!)!.seq);
        },
        () => `${shard.name} has not applied what was pushed to ${view}`,
      );
    }
  }
}

function expectScores(scores: ArrayLike<number>): void {
  expect(scores).toHaveLength(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    expect(Math.abs(scores[i]! - wanted[i]!), `row ${i}: ${scores[i]} instead of ${wanted[i]}`).toBeLessThan(
      golden.tolerance,
    );
  }
}

/** Every row's freshness: applied at least up to its acknowledgement, an age for what is stored, defaults by name. */
function expectFreshness(features: readonly Features[]): void {
  expect(features).toHaveLength(golden.rows.length);
  golden.rows.forEach((row, i) => {
    const { applied_seq, age_ms, defaulted } = features[i]!;
    if (row.user !== null) {
      expect(applied_seq).toBeGreaterThanOrEqual(userAcks.get(row.user.user_id)!.seq);
      expect(age_ms).toBeGreaterThanOrEqual(0);
      expect(age_ms).toBeLessThan(600_000);
    }
    const missing = WINDOWS + (row.user === null ? USER_FEATURES : 0) + (row.merchant === null ? MERCHANT_FEATURES : 0);
    expect(defaulted, `row ${i}`).toHaveLength(missing);
    expect(defaulted.filter((name) => name.startsWith('user_profile.'))).toHaveLength(
      row.user === null ? USER_FEATURES : 0,
    );
  });
}

describe('a cluster that says ready', () => {
  it('has every process in it and all partitions owned twice', async () => {
    const status = await cluster.status();
    expect(
      status.members.map((member) => `${member.name} ${member.role} ${member.state} ${member.ready}`).sort(),
    ).toEqual([
      'gateway-1 gateway alive true',
      'shard-1 shard alive true',
      'shard-2 shard alive true',
      'worker-1 worker alive true',
    ]);
    expect(status.owners.slice(0, status.partitions).every((owners) => owners.length === 2)).toBe(true);
    expect(status.models_with_problems).toEqual([]);
  });

  it('prints a curl line that answers as it stands', async () => {
    const line = cluster.stderr.split('\n').find((one) => one.trim().startsWith('curl '));
    expect(line).toBeDefined();
    const { stdout } = await promisify(execFile)('sh', ['-c', line!.trim()]);
    const answer = JSON.parse(stdout) as { outputs: { score: number } };
    expect(answer.outputs.score).toBeGreaterThan(0);
    expect(answer.outputs.score).toBeLessThan(1);
  });
});

describe('rows that were pushed', () => {
  it.each([
    ['user_profile', 'user_id', userRows],
    ['merchant_profile', 'merchant_id', merchantRows],
  ] as const)('of %s are read back over HTTP with every value, at their sequence or later', async (view, key, rows) => {
    const keys = rows.map((row) => (row as unknown as Record<string, string>)[key]!);
    const acks = view === 'user_profile' ? userAcks : merchantAcks;
    const answer = await cluster.post(`/v1/features/${view}:get`, { keys });
    const read = answer.json['rows'] as {
      key: string;
      found: boolean;
      values: Record<string, unknown>;
      applied_seq: number;
      partition: number;
      defaulted: string[];
    }[];
    rows.forEach((row, i) => {
      const { [key as never]: _, ...features } = row as unknown as Record<string, unknown>;
      expect(read[i]).toMatchObject({
        key: keys[i],
        found: true,
        defaulted: [],
        partition: acks.get(keys[i]!)!.partition,
      });
      expect(Object.keys(read[i]!.values).sort()).toEqual(Object.keys(features).sort());
      for (const [name, value] of Object.entries(features)) {
        const got = read[i]!.values[name];
        if (typeof value === 'number') expect(got, name).toBeCloseTo(value, 3);
        else expect(got, name).toBe(value);
      }
      expect(read[i]!.applied_seq).toBeGreaterThanOrEqual(acks.get(keys[i]!)!.seq);
    });
  });

  it('lie on both shards, equal to the last bit', async () => {
    const views = (await loadApp('examples/fraud', packageEntry())).views;
    const status = await cluster.status();
    const shards = status.members.filter((member) => member.role === 'shard');
    expect(shards).toHaveLength(2);
    const keys = [...userAcks.keys()];
    const [one, other] = await Promise.all(
      shards.map((shard) =>
        probe.readFrom(shard.node, views.get('user_profile')!, keys, status.partitions, status.epoch),
      ),
    );
    expect(one!.map((row) => row.values)).toEqual(other!.map((row) => row.values));
    expect(one!.every((row) => row.values !== null)).toBe(true);
  });

  it('leave a user whom nobody pushed with the defaults, and say so', async () => {
    const { json } = await cluster.post('/v1/features/user_profile:get', { keys: ['nobody-knows-me'] });
    expect(json['rows']).toMatchObject([
      {
        key: 'nobody-knows-me',
        found: false,
        age_ms: null,
        values: { is_new: true, log_amount_std: 1, payments_total: 0 },
      },
    ]);
    expect((json['rows'] as { defaulted: string[] }[])[0]!.defaulted).toHaveLength(USER_FEATURES);
  });
});

describe('the golden scores come', () => {
  it('one request a payment over HTTP for people', async () => {
    const answers = await Promise.all(requests.map((request) => cluster.post('/v1/predict/fraud', request)));
    expectScores(answers.map(({ json }) => (json['outputs'] as { score: number }).score));
    expectFreshness(answers.map(({ json }) => json['features'] as Features));
  });

  it('all in one request over HTTP for people, in order', async () => {
    const answer = (await cluster.post('/v1/predict/fraud', personBody(requests))).json as unknown as Person;
    expectScores(answer.outputs.score);
    expectFreshness(answer.features);
    expect(answer.model).toEqual({ name: 'fraud', version: '1' });
  });

  it('over the Open Inference Protocol in JSON', async () => {
    const { status, json } = await cluster.post('/v2/models/fraud/versions/1/infer', {
      id: 'golden',
      inputs: jsonTensors(requests),
    });
    expect(status, JSON.stringify(json)).toBe(200);
    expect(json).toMatchObject({ id: 'golden', model_name: 'fraud', model_version: '1' });
    const [output] = json['outputs'] as { name: string; datatype: string; shape: number[]; data: number[] }[];
    expect(output).toMatchObject({ name: 'score', datatype: 'FP32', shape: [golden.rows.length, 1] });
    expectScores(output!.data);
  });

  it('over the Open Inference Protocol with binary tensors both ways', async () => {
    const { body, headers } = binaryRequest(tensorsOf(requests), { parameters: { binary_data_output: true } });
    const response = await fetch(`${cluster.url}/v2/models/fraud/infer`, {
      method: 'POST',
      headers,
      body: body as never,
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status, bytes.toString('utf8')).toBe(200);
    const jsonBytes = Number(response.headers.get('inference-header-content-length'));
    const scores = bytes.subarray(jsonBytes);
    expect(scores.byteLength).toBe(4 * golden.rows.length);
    expectScores(golden.rows.map((_, i) => scores.readFloatLE(4 * i)));
  });

  it('over NATS in JSON', async () => {
    const reply = await probe.connection.request('dovetail.predict.fraud', JSON.stringify(personBody(requests)), {
      timeout: 10_000,
    });
    const answer = reply.json<Person>();
    expectScores(answer.outputs.score);
    expectFreshness(answer.features);
  });

  it('over NATS in protobuf', async () => {
    const message = { id: 77, requestId: 'pb-1', inputs: tensorsOf(requests).map(generatedTensor) };
    const headers = natsHeaders();
    headers.set('Content-Type', 'application/protobuf');
    const reply = await probe.connection.request('dovetail.predict.fraud', dovetail.Predict.encode(message).finish(), {
      timeout: 10_000,
      headers,
    });
    const answer = dovetail.PredictReply.decode(reply.data);
    expect(answer).toMatchObject({ id: 77, requestId: 'pb-1', model: 'fraud', version: '1' });
    const data = Buffer.from(answer.outputs![0]!.data!);
    expectScores(golden.rows.map((_, i) => data.readFloatLE(4 * i)));
    expect(answer.freshness!.appliedSeq).toHaveLength(golden.rows.length);
  });

  it('from the typed client', async () => {
    const answer = await client.predict('fraud', tensorsOf(requests));
    const [score] = answer.outputs;
    const data = Buffer.from(score!.data);
    expectScores(golden.rows.map((_, i) => data.readFloatLE(4 * i)));
    expectFreshness(
      answer.features.map(({ appliedSeq, ageMs, defaulted }) => ({
        applied_seq: appliedSeq,
        age_ms: ageMs,
        defaulted: [...defaulted],
      })),
    );
    expect(answer.timingsUs.total).toBeGreaterThan(0);
  });

  it('for a few hundred rows in one request, each in its caller’s order', async () => {
    const rows = Array.from({ length: 250 }, (_, i) => (i * 7) % golden.rows.length);
    const answer = (await cluster.post('/v1/predict/fraud', personBody(rows.map((row) => requests[row]!))))
      .json as unknown as Person;
    expect(answer.outputs.score).toHaveLength(rows.length);
    rows.forEach((row, i) => {
      expect(Math.abs(answer.outputs.score[i]! - wanted[row]!)).toBeLessThan(golden.tolerance);
    });
  });

  it('for many callers at once, each with exactly its own rows', async () => {
    const calls = Array.from({ length: 300 }, (_, i) => [i % 20, (i * 3 + 1) % 20, (i * 11 + 5) % 20]);
    const answers = await Promise.all(
      calls.map((rows) => client.predict('fraud', tensorsOf(rows.map((r) => requests[r]!)))),
    );
    answers.forEach((answer, call) => {
      const data = Buffer.from(answer.outputs[0]!.data);
      calls[call]!.forEach((row, i) => {
        expect(Math.abs(data.readFloatLE(4 * i) - wanted[row]!)).toBeLessThan(golden.tolerance);
      });
    });
    expect(probe.answeredTwice()).toEqual([]);
  });
});

describe('payments whose users and merchants paid within the day', () => {
  const { recent } = golden;
  let pushedMs: number;
  const push = async (name: string, rows: readonly unknown[]) => {
    const { status, json } = await cluster.post(`/v1/features/${name}:push`, { rows });
    expect([status, json['rejected'] ?? 0], JSON.stringify(json)).toEqual([200, 0]);
  };
  const events = () => recent.flatMap((row) => goldenEvents(row, pushedMs));
  const countsOf = async (view: string, key: 'user_id' | 'merchant_id') => {
    const keys = recent.map((row) => (key === 'user_id' ? row.request.user_id : row.request.inputs.merchant_id));
    const { json } = await cluster.post(`/v1/features/${view}:get`, { keys });
    const rows = json['rows'] as { values: { count_24h: number } }[];
    return rows.map((row) => row.values.count_24h);
  };
  const wantedCounts = (key: 'user_id' | 'merchant_id') =>
    recent.map((row) => {
      const own = key === 'user_id' ? row.request.user_id : row.request.inputs.merchant_id;
      // One at the very edge of the day may have left its window.
      return row.events.filter((event) => event[key] === own && event.age_ms < 1438 * 60_000).length;
    });

  beforeAll(async () => {
    pushedMs = Date.now();
    await push(
      'user_profile',
      recent.map((row) => row.user),
    );
    await push(
      'merchant_profile',
      recent.map((row) => row.merchant),
    );
    await push('payments', events());
    await push('payments', events());
  });

  it('have each event counted once by both, though all were pushed twice', async () => {
    for (const [view, key] of [
      ['user_payments', 'user_id'],
      ['merchant_payments', 'merchant_id'],
    ] as const) {
      let seen: number[] = [];
      await eventually(
        async () => {
          seen = await countsOf(view, key);
          return seen.every((count, i) => count >= wantedCounts(key)[i]!);
        },
        () => `${view} counts ${seen.join(' ')} instead of ${wantedCounts(key).join(' ')}`,
      );
      expect(seen).toEqual(wantedCounts(key));
    }
  });

  it('get the score that belongs to the moment at which they are asked', async () => {
    // Both replicas apply in their own time, and at the turn of a minute a window moves on: asked until all are right.
    let wrong: unknown[] = [];
    await eventually(
      async () => {
        const fromMs = Date.now();
        const { json } = await cluster.post('/v1/predict/fraud', personBody(recent.map((row) => row.request)));
        const toMs = Date.now();
        const { score } = json['outputs'] as { score: number[] };
        const earliest = await scoresOf(recent.map((row) => goldenInput(row, fromMs, pushedMs)));
        const latest = await scoresOf(recent.map((row) => goldenInput(row, toMs, pushedMs)));
        wrong = recent.flatMap((row, i) => {
          const low = Math.min(earliest[i]!, latest[i]!) - golden.tolerance;
          const high = Math.max(earliest[i]!, latest[i]!) + golden.tolerance;
          return score[i]! >= low && score[i]! <= high ? [] : [{ row: i, score: score[i], low, high, was: row.score }];
        });
        return wrong.length === 0;
      },
      () => `wrong scores: ${JSON.stringify(wrong)}`,
    );
  });
});

describe('the typed client', () => {
  it('pushes and reads rows, each acknowledged or refused by itself, in order', async () => {
    const acks = await client.features.push('user_profile', [
      { user_id: 'client-1', payments_total: 3 },
      { user_id: 'client-2', payments_total: 'many' },
      { user_id: 'client-3', nonsense: 1 },
      { user_id: 'client-4', payments_total: 4 },
    ]);
    expect(acks).toMatchObject([
      { seq: expect.any(Number), partition: expect.any(Number) },
      { error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('payments_total') } },
      { error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('nonsense') } },
      { seq: expect.any(Number), partition: expect.any(Number) },
    ]);
    // Either replica may answer, and each applies what was pushed in its own time: this waits for it.
    const rows = await client.features.get('user_profile', ['client-4', 'client-2', 'client-1'], { minSeq: acks });
    expect(rows.map((row) => [row.found, row.values['payments_total']])).toEqual([
      [true, 4],
      [false, 0],
      [true, 3],
    ]);
  });
});
