/**
 * The heart of the offline side: for any history, entity and moment, what a training set says is what a replica that had
 * applied exactly what the log had then answered, and replay gives the same bytes at the sequence that it named.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessage } from '../../actors/feature-shard/apply-message.ts';
import { chooseFeatures, featureColumns } from '../../actors/offline/feature-columns.ts';
import { HistoryStore } from '../../actors/offline/history-store.ts';
import { inOrderOfTime, type Labels } from '../../actors/offline/labels.ts';
import { type LabelInput, modelColumns, requestInputsOf } from '../../actors/offline/model-columns.ts';
import { type AsOf, walkLog } from '../../actors/offline/point-in-time.ts';
import type { TrainingColumns } from '../../actors/offline/training-columns.ts';
import type { LogSource } from '../../cli/offline/log-source.ts';
import { inputColumn } from '../../cli/offline/pack-input.ts';
import { recomputeInputs, recomputeRow } from '../../cli/offline/recompute.ts';
import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import type { LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { encodeRowBatch } from '../../proto/row-batch.ts';
import { inMemory, labelsOf, modelPlan, noteOf, OnlineStores } from '../support/offline.ts';
import { anyHistory, anyQuestions, app, PARTITIONS, type Question, views } from '../support/random-history.ts';

const plan = modelPlan();
const utf8 = new TextEncoder();
const BYTES_MAX = 2 ** 30;
let online: OnlineStores;

beforeAll(async () => {
  online = await OnlineStores.make();
});
afterAll(() => online.remove());

const anyCase = anyHistory(40).chain((history) => fc.tuple(fc.constant(history), anyQuestions(history, 12)));

async function walk(
  history: readonly LoggedMessage[],
  labels: Labels,
  asOf: AsOf,
  columns: (store: HistoryStore) => TrainingColumns,
): Promise<Record<string, unknown>[]> {
  const store = new HistoryStore();
  const made = columns(store);
  const order = inOrderOfTime(labels);
  const moments = {
    count: labels.count,
    atMs: (i: number) => labels.atMs[order[i]!]!,
    reached: (i: number) => made.take(order[i]!),
  };
  await walkLog(app, inMemory(history), store, moments, asOf, { heldBytesMax: BYTES_MAX });
  return Array.from({ length: labels.count }, (_, label) =>
    Object.fromEntries(made.columns.map(({ name, value }) => [name, value(label)])),
  );
}

function exported(history: readonly LoggedMessage[], questions: readonly Question[], asOf: AsOf) {
  const labels = labelsOf(questions);
  const chosen = chooseFeatures(
    app,
    views.map((view) => view.name),
  );
  return walk(history, labels, asOf, (store) =>
    featureColumns({ chosen, labels, store, partitions: PARTITIONS, missing: 'default', bytesMax: BYTES_MAX }),
  );
}

function fed(history: readonly LoggedMessage[], questions: readonly Question[]) {
  const labels = labelsOf(questions);
  const inputs = requestInputsOf(plan).map(({ from, input }): [number, LabelInput] => {
    const column = inputColumn(input);
    for (const { atMs } of questions) column.push(input.name === 'note' ? noteOf(atMs) : atMs % 97, 'a label');
    return [from, column.tensors()];
  });
  return walk(history, labels, 'served', (store) =>
    modelColumns({
      plan,
      app,
      labels,
      inputs: new Map(inputs),
      store,
      partitions: PARTITIONS,
      maxAgeMs: 0,
      bytesMax: BYTES_MAX,
    }),
  );
}

function sourceOf(history: readonly LoggedMessage[]): LogSource {
  return {
    partitions: PARTITIONS,
    firstSeq: 1,
    lastSeq: history.length,
    lost: 0,
    name: 'the test’s log',
    read: ({ toSeq, partition }) => inMemory(history.filter((one) => one.seq <= toSeq && one.partition === partition)),
    close: async () => {},
  };
}

describe('as of served', () => {
  it('exports what a replica answered at each moment, feature by feature', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ([history, questions]) => {
        const answers = await online.answers(history, questions);
        const rows = await exported(history, questions, 'served');
        expect(rows).toHaveLength(questions.length);
        rows.forEach(({ defaulted: _, ...row }, i) => {
          expect(row).toStrictEqual(answers[i]!.values);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('exports what the model was fed at each moment, column by column', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ([history, questions]) => {
        const answers = await online.answers(history, questions);
        const rows = await fed(history, questions);
        rows.forEach(({ defaulted: _, ...row }, i) => {
          const values = Object.values(row).flat();
          expect(values.slice(0, 11)).toStrictEqual([...answers[i]!.floats]);
          expect(values.slice(11)).toStrictEqual([...answers[i]!.whole]);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('recomputes the same bytes at the sequence that the replica stood at', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ([history, questions]) => {
        const answers = await online.answers(history, questions);
        const source = sourceOf(history);
        for (const [i, { user, merchant, atMs }] of questions.entries()) {
          const { seq, everywhereSeq, rows, values, floats, whole } = answers[i]!;
          for (const view of views) {
            const key = view.entity.name === 'user' ? user : merchant;
            if (key === null) continue;
            const at = { seq: view.placement === 'everywhere' ? everywhereSeq : seq, atMs, maxAgeMs: 0 };
            const row = await recomputeRow(app, source, view, utf8.encode(key), at);
            expect(Buffer.from(row.bytes).toString('hex')).toBe(rows[view.name]);
            expect(row.status).toBe(values[`${view.name}__status`]);
          }
          if (user === null || merchant === null) continue;
          const inputs = new Map([
            ['merchant_id', merchant],
            ['amount', String(atMs % 97)],
            ['note', noteOf(atMs)],
          ]);
          const point = { seq, everywhereSeq, atMs, maxAgeMs: 0 };
          const { columns } = await recomputeInputs(app, source, plan, utf8.encode(user), inputs, point);
          expect(columns.flatMap(({ value }) => value)).toStrictEqual([...floats, ...whole]);
        }
      }),
      { numRuns: 25 },
    );
  });
});

/** The rows of a history as an online store would have got them had each come when it happened. */
function asItHappened(history: readonly LoggedMessage[]): LoggedMessage[] {
  const rows = history.flatMap(({ partition, bytes }) => {
    const { batch, poison } = readMessage(app, bytes);
    if (batch === null) return [];
    const good = batch.rows.filter((row, i) => row.op !== ROW_OPS.expire && !poison.some((one) => one.row === i));
    return good.map((row) => ({ partition, eventMs: row.eventMs, bytes: encodeRowBatch({ ...batch, rows: [row] }) }));
  });
  rows.sort((a, b) => a.eventMs - b.eventMs);
  return rows.map(({ partition, eventMs, bytes }, i) => ({ partition, seq: i + 1, createdMs: eventMs, bytes }));
}

describe('as of event', () => {
  it('exports what a replica would have answered had every row come when it happened', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async ([history, questions]) => {
        const answers = await online.answers(asItHappened(history), questions);
        const rows = await exported(history, questions, 'event');
        rows.forEach(({ defaulted: _, ...row }, i) => {
          expect(row).toStrictEqual(answers[i]!.values);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a history that does not fit the memory it is allowed', async () => {
    const [history] = fc.sample(anyHistory(25), { seed: 1, numRuns: 40 }).filter((one) => one.length > 20);
    const labels = labelsOf([{ user: 'u1', merchant: 'm1', atMs: 0 }]);
    const store = new HistoryStore();
    for (const view of views) for (const key of ['u1', 'u2', 'm1', 'm2']) store.want(view, utf8.encode(key), 0);
    const moments = { count: labels.count, atMs: () => 0, reached: () => {} };
    await expect(walkLog(app, inMemory(history!), store, moments, 'event', { heldBytesMax: 10 })).rejects.toMatchObject(
      {
        code: 'RESOURCE_EXHAUSTED',
        message: expect.stringContaining('split the labels by key'),
      },
    );
  });
});
