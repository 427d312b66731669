/** A whole cluster asked as Feast's SDK asks its feature server: rows in by /push, out by /get-online-features. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, TestCluster } from '../support/cluster.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

type Column = { values: unknown[]; statuses: string[]; event_timestamps: string[] };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start();
});
afterAll(() => cluster?.kill());

async function columns(body: object): Promise<Record<string, Column>> {
  const { status, json } = await cluster.post('/get-online-features', body);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`);
  const { feature_names: names } = json['metadata'] as { feature_names: string[] };
  return Object.fromEntries(names.map((name, i) => [name, (json['results'] as Column[])[i]!]));
}

describe('a cluster asked as a feature server', () => {
  it('gives back what was pushed and written: values, nulls, times, expiry, and what nobody wrote', async () => {
    const second = Math.floor(Date.now() / 1_000) * 1_000 - 5_000;
    const old = second - 91 * 86_400_000;
    const naive = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
    const df = {
      user_id: ['feast-fresh', 'feast-old'],
      payments_total: [12, 13],
      avg_amount: [5, 1.5],
      is_new: [false, null],
      event_timestamp: [naive(second), naive(old)],
      created: [null, null],
    };
    expect((await cluster.post('/push', { push_source_name: 'user_profile', df, to: 'online' })).status).toBe(200);
    const merchants = { merchant_id: ['feast-shop'], fraud_rate: [0.25] };
    const written = await cluster.post('/write-to-online-store', {
      feature_view_name: 'merchant_profile',
      df: merchants,
    });
    expect(written.status).toBe(200);

    const question = {
      features: ['user_profile:payments_total', 'user_profile:is_new', 'merchant_profile:fraud_rate'],
      entities: {
        user_id: ['feast-fresh', 'feast-old', 'feast-nobody'],
        merchant_id: ['feast-shop', 'feast-none', 'feast-shop'],
      },
    };
    let seen: Record<string, Column> = {};
    await eventually(
      async () => {
        seen = await columns(question);
        return seen['payments_total']!.statuses[0] === 'PRESENT' && seen['fraud_rate']!.statuses[0] === 'PRESENT';
      },
      () => `what was written is not visible: ${JSON.stringify(seen)}`,
      20_000,
    );
    const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');
    const times = [iso(second), iso(old), '1970-01-01T00:00:00Z'];
    expect(seen['payments_total']).toEqual({
      values: [12, null, null],
      statuses: ['PRESENT', 'OUTSIDE_MAX_AGE', 'NOT_FOUND'],
      event_timestamps: times,
    });
    expect(seen['is_new']).toMatchObject({ values: [false, null, null], event_timestamps: times });
    expect(seen['fraud_rate']).toMatchObject({
      values: [0.25, null, 0.25],
      statuses: ['PRESENT', 'NOT_FOUND', 'PRESENT'],
    });
  });

  it('takes the model for a feature service', async () => {
    const entities = { user_id: ['feast-nobody'], merchant_id: ['feast-none'] };
    const seen = await columns({ feature_service: 'fraud', entities, full_feature_names: true });
    expect(Object.keys(seen)).toHaveLength(2 + 28);
    expect(seen['merchant_payments__small_1h']!.statuses).toEqual(['NOT_FOUND']);
  });

  it('says in Feast’s words that a view or a model is unknown', async () => {
    const entities = { user_id: ['a'] };
    for (const body of [
      { features: ['nope:x'], entities },
      { feature_service: 'nope', entities },
    ]) {
      const response = await fetch(`${cluster.url}/get-online-features`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(404);
      expect(JSON.parse((await response.json()) as string)).toMatchObject({
        module: 'feast.errors',
        code: 'NOT_FOUND',
      });
    }
  });
});
