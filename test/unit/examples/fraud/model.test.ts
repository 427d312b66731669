/** The committed model, manifest, report and golden rows hold together, and the cluster assembles what was trained on. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../../cluster/catalog/manifest.ts';
import app from '../../../../examples/fraud/features.ts';
import {
  GOLDEN_RECENT_ROWS,
  GOLDEN_ROWS,
  type GoldenRecentRow,
  type GoldenRow,
  goldenInput,
} from '../../../../examples/fraud/golden.ts';
import { MODEL_COLUMNS, servingPlan } from '../../../../examples/fraud/model-columns.ts';
import { DAY_MS, MINUTE_MS } from '../../../../examples/fraud/payment.ts';
import { EMPTY_MERCHANT, EMPTY_USER, merchantRow, USER_TTL_MS, userRow } from '../../../../examples/fraud/profile.ts';
import { paymentStream } from '../../../../examples/fraud/stream.ts';
import { trainingRows } from '../../../../examples/fraud/training-rows.ts';
import { auc } from '../../../../examples/support/auc.ts';
import { scoresOf } from '../../../support/fraud-model.ts';

const directory = new URL('../../../../examples/fraud/', import.meta.url);
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, directory), 'utf8'));
const onnx = readFileSync(new URL('models/fraud/1/model.onnx', directory));
const report = readJson('training-report.json');
const golden: { tolerance: number; rows: GoldenRow[]; recent: GoldenRecentRow[] } = readJson('golden.json');

const position = (source: string) => MODEL_COLUMNS.findIndex((column) => Object.values(column)[0] === source);

describe('the committed model', () => {
  it('is the one that the report is about, and small', () => {
    expect(createHash('sha256').update(onnx).digest('hex')).toBe(report.model.sha256);
    expect(onnx.byteLength).toBe(report.model.bytes);
    expect(onnx.byteLength).toBeLessThan(100_000);
  });

  it('scores the golden rows in ONNX Runtime as they were scored without it', async () => {
    expect(golden.rows).toHaveLength(GOLDEN_ROWS);
    const scores = await scoresOf(golden.rows.map((row) => goldenInput(row, 1_000)));
    golden.rows.forEach((row, i) => {
      expect(Math.abs(scores[i]! - row.score)).toBeLessThan(golden.tolerance);
    });
    const frauds = golden.rows.filter((row) => row.is_fraud);
    expect(frauds.length).toBeGreaterThan(4);
    expect(new Set(golden.rows.map((row) => row.score.toFixed(6))).size).toBeGreaterThan(15);
  });

  it('scores the golden rows with a past alike, and otherwise without it or two hours later', async () => {
    const { recent } = golden;
    expect(recent).toHaveLength(GOLDEN_RECENT_ROWS);
    expect(recent.filter((row) => row.is_fraud)).toHaveLength(GOLDEN_RECENT_ROWS / 2);
    const scores = await scoresOf(recent.map((row) => goldenInput(row, row.at_ms)));
    const pastless = await scoresOf(recent.map((row) => goldenInput({ ...row, events: [] }, row.at_ms)));
    const later = await scoresOf(recent.map((row) => goldenInput(row, row.at_ms + 120 * MINUTE_MS, row.at_ms)));
    recent.forEach((row, i) => {
      expect(row.events.length).toBeGreaterThan(0);
      expect(Math.abs(scores[i]! - row.score)).toBeLessThan(golden.tolerance);
    });
    const moved = (by: Float32Array) => recent.filter((row, i) => Math.abs(by[i]! - row.score) > 10 * golden.tolerance);
    expect(moved(pastless).length).toBeGreaterThanOrEqual(GOLDEN_RECENT_ROWS / 2);
    expect(moved(later).length).toBeGreaterThanOrEqual(GOLDEN_RECENT_ROWS / 2);
  });

  it('has golden rows in which no user or merchant comes twice, with one unknown of each', () => {
    const all = [...golden.rows, ...golden.recent];
    const keys = all.flatMap((row) => [row.request.user_id, row.request.inputs.merchant_id]);
    expect(new Set(keys).size).toBe(2 * (GOLDEN_ROWS + GOLDEN_RECENT_ROWS));
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

  it('owes a good part of it to the profiles, and another to the windowed aggregations, by the report', () => {
    const {
      request_only: alone,
      request_and_profiles: profiles,
      request_profiles_and_windows: whole,
    } = report.variants;
    expect(report.served).toBe('request_profiles_and_windows');
    expect(whole.auc).toBeGreaterThan(0.93);
    expect(whole.auc).toBeLessThan(0.99);
    expect(profiles.auc - alone.auc).toBeGreaterThan(0.04);
    expect(whole.auc - profiles.auc).toBeGreaterThan(0.02);
    expect(whole.recall_at_1_percent - profiles.recall_at_1_percent).toBeGreaterThan(0.1);
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

  it('gives as default of every window what is served once all payments have left it', () => {
    const row = golden.recent[0]!;
    const windows = MODEL_COLUMNS.flatMap((column, i) =>
      'feature' in column && column.feature.includes('_payments.') ? [i] : [],
    );
    const past = goldenInput(row, row.at_ms);
    const served = goldenInput(row, row.at_ms + DAY_MS + MINUTE_MS, row.at_ms);
    const pastless = goldenInput({ ...row, events: [] }, row.at_ms);
    expect(windows.map((i) => served[i])).toEqual(windows.map((i) => pastless[i]));
    expect(windows.filter((i) => past[i] !== pastless[i]).length).toBeGreaterThan(5);
    expect(past[position('user_payments.count_24h')]).toBe(
      row.events.filter((event) => event.user_id === row.request.user_id).length,
    );
  });
});

describe('the manifest', () => {
  const text = readFileSync(new URL('models/fraud/model.json', directory), 'utf8');
  it('lists the columns that the model was trained on', () => {
    expect(JSON.parse(text).inputs[0].columns).toEqual(MODEL_COLUMNS);
  });

  it('is the one by which training rows are built', () => {
    expect(parseManifest(text, 'fraud')).toEqual(servingPlan().spec.manifest);
    expect(servingPlan().reads.map((read) => read.view.name)).toEqual([
      'user_profile',
      'user_payments',
      'merchant_profile',
      'merchant_payments',
    ]);
  });
});
