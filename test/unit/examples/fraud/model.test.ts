/** The committed model, manifest, report and golden rows hold together, and the cluster assembles what was trained on. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../../cluster/catalog/assemble.ts';
import { parseManifest } from '../../../../cluster/catalog/manifest.ts';
import { encodeRecord, packValues, type RecordBytes } from '../../../../cluster/catalog/record.ts';
import { compilePlan } from '../../../../cluster/catalog/serving-plan.ts';
import app from '../../../../examples/fraud/features.ts';
import { GOLDEN_ROWS, type GoldenRow } from '../../../../examples/fraud/golden.ts';
import {
  MODEL_COLUMNS,
  MODEL_WIDTH,
  modelRow,
  type REQUEST_COLUMNS,
} from '../../../../examples/fraud/model-columns.ts';
import { DAY_MS } from '../../../../examples/fraud/payment.ts';
import { EMPTY_MERCHANT, EMPTY_USER, merchantRow, USER_TTL_MS, userRow } from '../../../../examples/fraud/profile.ts';
import { paymentStream } from '../../../../examples/fraud/stream.ts';
import { trainingRows } from '../../../../examples/fraud/training-rows.ts';
import { auc } from '../../../../examples/support/auc.ts';
import { packBytes } from '../../../../proto/tensor.ts';

const directory = new URL('../../../../examples/fraud/', import.meta.url);
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, directory), 'utf8'));
const onnx = readFileSync(new URL('models/fraud/1/model.onnx', directory));
const report = readJson('training-report.json');
const golden: { tolerance: number; rows: GoldenRow[] } = readJson('golden.json');

async function scoresOf(inputs: readonly Float32Array[]): Promise<Float32Array> {
  const session = await InferenceSession.create(onnx);
  expect(session.inputNames).toEqual(['features']);
  expect(session.outputNames).toEqual(['score']);
  const data = new Float32Array(inputs.length * MODEL_WIDTH);
  inputs.forEach((input, row) => {
    data.set(input, row * MODEL_WIDTH);
  });
  const results = await session.run({ features: new Tensor('float32', data, [inputs.length, MODEL_WIDTH]) });
  await session.release();
  expect(results['score']!.dims).toEqual([inputs.length, 1]);
  return results['score']!.data as Float32Array;
}

function goldenInput(row: GoldenRow): Float32Array {
  const user = row.user === null ? undefined : { ...row.user, event_time: 0 };
  const merchant = row.merchant === null ? undefined : { ...row.merchant, event_time: 0 };
  return modelRow(user, merchant, row.request.inputs, 0);
}

describe('the committed model', () => {
  it('is the one that the report is about, and small', () => {
    expect(createHash('sha256').update(onnx).digest('hex')).toBe(report.model.sha256);
    expect(onnx.byteLength).toBe(report.model.bytes);
    expect(onnx.byteLength).toBeLessThan(100_000);
  });

  it('scores the golden rows in ONNX Runtime as they were scored without it', async () => {
    expect(golden.rows).toHaveLength(GOLDEN_ROWS);
    const scores = await scoresOf(golden.rows.map(goldenInput));
    golden.rows.forEach((row, i) => {
      expect(Math.abs(scores[i]! - row.score)).toBeLessThan(golden.tolerance);
    });
    const frauds = golden.rows.filter((row) => row.is_fraud);
    expect(frauds.length).toBeGreaterThan(4);
    expect(new Set(golden.rows.map((row) => row.score.toFixed(6))).size).toBeGreaterThan(15);
  });

  it('has golden rows in which no user or merchant comes twice, with one unknown of each', () => {
    const keys = golden.rows.flatMap((row) => [row.request.user_id, row.request.inputs.merchant_id]);
    expect(new Set(keys).size).toBe(2 * GOLDEN_ROWS);
    expect(golden.rows.filter((row) => row.user === null)).toHaveLength(1);
    expect(golden.rows.filter((row) => row.merchant === null)).toHaveLength(1);
  });

  it('tells fraud from honest payments among people and merchants that it was not trained on', async () => {
    const startMs = Date.UTC(2026, 5, 1);
    const rows = [...trainingRows(paymentStream({ seed: 99, users: 700, merchants: 200, startMs, days: 40 }))].filter(
      (row) => row.payment.ts_ms >= startMs + 15 * DAY_MS,
    );
    const labels = rows.map((row) => row.payment.is_fraud);
    expect(labels.filter(Boolean).length).toBeGreaterThan(60);
    expect(auc(await scoresOf(rows.map((row) => row.input)), labels)).toBeGreaterThan(0.93);
  });

  it('owes a good part of it to the stored features, by the report', () => {
    const { request_only: alone, request_user_and_merchant: whole } = report.variants;
    expect(whole.auc).toBeGreaterThan(0.93);
    expect(whole.auc).toBeLessThan(0.99);
    expect(whole.auc - alone.auc).toBeGreaterThan(0.04);
    expect(whole.recall_at_1_percent).toBeGreaterThan(alone.recall_at_1_percent);
  });
});

describe('features.ts', () => {
  it('gives as default of every feature what the row of an empty history says', () => {
    for (const [name, row] of [
      ['user_profile', userRow('u', EMPTY_USER)],
      ['merchant_profile', merchantRow('m', EMPTY_MERCHANT)],
    ] as const) {
      const view = app.views.get(name)!;
      const { event_time: _, ...fields } = row;
      const key = view.entity.key;
      expect(view.features.map((feature) => feature.name).sort()).toEqual(
        Object.keys(fields)
          .filter((field) => field !== key)
          .sort(),
      );
      for (const feature of view.features) {
        expect([feature.name, Number(feature.default)]).toEqual([
          feature.name,
          Number(row[feature.name as 'event_time']),
        ]);
      }
    }
    expect(app.views.get('user_profile')!.ttlMs).toBe(USER_TTL_MS);
    expect(app.views.get('merchant_profile')!.ttlMs).toBe(0);
  });
});

describe('the manifest', () => {
  const text = readFileSync(new URL('models/fraud/model.json', directory), 'utf8');
  const manifest = parseManifest(text, 'fraud');
  const plan = compilePlan(
    {
      manifest,
      version: '1',
      sha256: '',
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, MODEL_WIDTH] }],
      outputs: [{ name: 'score', datatype: 'FP32', shape: [-1, 1] }],
      batched: true,
    },
    app,
  );

  it('lists the columns that the model was trained on', () => {
    expect(JSON.parse(text).inputs[0].columns).toEqual(MODEL_COLUMNS);
  });

  it('makes the cluster assemble, from rows as pushed, the very bytes of the training rows', () => {
    const encoder = new TextEncoder();
    for (const row of golden.rows) {
      const stored = new Map<string, Uint8Array>();
      for (const [name, fields] of [
        ['user_profile', row.user],
        ['merchant_profile', row.merchant],
      ] as const) {
        const view = app.views.get(name)!;
        if (fields === null) continue;
        const values = packValues(view, fields, [view.entity.key]);
        const key = (fields as Record<string, unknown>)[view.entity.key];
        stored.set(`${name}/${key}`, encodeRecord(view, 1_000, 1, values));
      }
      const { inputs } = row.request;
      const assembled = assemble(
        plan,
        {
          keys: [encoder.encode(row.request.user_id)],
          partitions: [0],
          inputs: plan.requestInputs.map((input) =>
            input.name === 'merchant_id'
              ? packBytes([encoder.encode(inputs.merchant_id)])
              : new Uint8Array(Float32Array.of(inputs[input.name as (typeof REQUEST_COLUMNS)[number]]).buffer),
          ),
          rows: 1,
          wallMs: 1_000,
          maxAgeMs: 0,
        },
        256,
        (view, _partition, key): RecordBytes | null => {
          const bytes = stored.get(`${view.name}/${new TextDecoder().decode(key)}`);
          if (bytes === undefined) return null;
          return { bytes, view: new DataView(bytes.buffer), length: bytes.byteLength };
        },
      );
      expect(Buffer.from(assembled.inputs[0]!)).toEqual(Buffer.from(goldenInput(row).buffer));
    }
  });
});
