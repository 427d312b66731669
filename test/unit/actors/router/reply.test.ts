import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replyTo } from '../../../../actors/router/reply.ts';
import { partOf, type RouterRequest } from '../../../../actors/router/request.ts';
import type { ServingPlan } from '../../../../cluster/catalog/serving-plan.ts';
import { decodeFreshness, encodeFreshness } from '../../../../proto/freshness.ts';
import type { Answer, PredictReply } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { fp32, fp32Values } from '../../../support/fake-gateway.ts';
import { featurePlan, planOf, tensor } from '../../../support/plans.ts';

const encoder = new TextEncoder();

function answer(changes: Partial<Answer>): Answer {
  return {
    id: 1,
    failure: null,
    outputs: [],
    dims: [],
    freshness: null,
    shardUs: 0,
    queueUs: 0,
    runUs: 0,
    batchRows: 1,
    backlogUs: 0,
    epoch: 0,
    ...changes,
  };
}

/** `parts`: the rows that each served (null: all) and its answer. */
function reply(plan: ServingPlan, rows: number, parts: readonly [readonly number[] | null, Answer][]): PredictReply {
  const request: RouterRequest = {
    openId: 1,
    callerId: 42,
    replyTo: 'n/a',
    requestId: 'r',
    requestNumber: 0,
    traceId: 't',
    trace: null,
    plan,
    admitted: { rows, keys: [], inputs: [], dims: [] },
    bound: null,
    arm: null,
    startMs: 100,
    deadlineMs: 200,
    deadline: 0,
    parts: [],
    partsLeft: 0,
    done: false,
  };
  request.parts = parts.map(([own, given]) => ({ ...partOf(request, own, [], [], [], []), answer: given }));
  const message = replyTo(request, 101.5);
  if (message.kind !== 'predictReply') throw new Error(message.kind);
  return message.body;
}

const floats = (...values: number[]) => fp32('', [], values).data;
const texts = (...values: string[]) => packBytes(values.map((value) => encoder.encode(value)));
const valuesOf = (bytes: Uint8Array) => fp32Values({ name: '', datatype: 'FP32', shape: [], data: bytes });

describe('a reply', () => {
  it('of one part is the answer under the names and shapes of the model', () => {
    const plan = planOf(
      {},
      [tensor('x', 'FP32', -1, 1)],
      [tensor('y', 'FP32', -1, 2), tensor('label', 'BYTES', -1, 1)],
    );
    const body = reply(plan, 2, [[null, answer({ outputs: [floats(1, 2, 3, 4), texts('a', 'b')], runUs: 7 })]]);
    expect([body.id, body.requestId, body.traceId, body.model, body.version, body.failure]).toEqual([
      42,
      'r',
      't',
      'm',
      '1',
      null,
    ]);
    expect(body.outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: [2, 2], data: floats(1, 2, 3, 4) },
      { name: 'label', datatype: 'BYTES', shape: [2, 1], data: texts('a', 'b') },
    ]);
    expect(body.timings).toMatchObject({ totalUs: 1_500, runUs: 7, batchRows: 1 });
    expect(body.freshness).toBeNull();
  });

  it('of several parts has every row where it was asked, numbers and texts alike, whatever the parts are', () => {
    const plan = planOf(
      {},
      [tensor('x', 'FP32', -1, 1)],
      [tensor('y', 'FP32', -1, 2), tensor('label', 'BYTES', -1, 1)],
    );
    const split = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(split, (partOfRow) => {
        const indices = [...new Set(partOfRow)].map((part) =>
          partOfRow.flatMap((own, row) => (own === part ? [row] : [])),
        );
        const parts = indices.map((rows): [number[], Answer] => [
          rows,
          answer({
            outputs: [floats(...rows.flatMap((row) => [row, row + 0.5])), texts(...rows.map((row) => 'x'.repeat(row)))],
          }),
        ]);
        const { outputs } = reply(plan, partOfRow.length, parts);
        expect(valuesOf(outputs[0]!.data)).toEqual(partOfRow.flatMap((_, row) => [row, row + 0.5]));
        expect(outputs[1]!.data).toEqual(texts(...partOfRow.map((_, row) => 'x'.repeat(row))));
      }),
      { numRuns: 100 },
    );
  });

  it('tells the slowest of its parts', () => {
    const plan = planOf({}, [tensor('x', 'FP32', -1, 1)]);
    const body = reply(plan, 2, [
      [[0], answer({ outputs: [floats(1)], shardUs: 5, queueUs: 1, runUs: 9, batchRows: 3 })],
      [[1], answer({ outputs: [floats(2)], shardUs: 2, queueUs: 8, runUs: 4, batchRows: 7 })],
    ]);
    expect(body.timings).toEqual({ totalUs: 1_500, shardUs: 5, queueUs: 8, runUs: 9, batchRows: 7 });
  });

  it('fills free dimensions from the answers, and fails where parts differ in them', () => {
    const plan = planOf(
      {},
      [tensor('x', 'FP32', -1, -1)],
      [tensor('y', 'FP32', -1, -1), tensor('z', 'FP32', -1, -1, 2)],
    );
    const part = (row: number, length: number): [number[], Answer] => [
      [row],
      answer({ outputs: [floats(...new Array<number>(length).fill(row)), floats(row, row)], dims: [length, 1, 2] }),
    ];
    const { outputs } = reply(plan, 2, [part(1, 3), part(0, 3)]);
    expect(outputs.map((output) => output.shape)).toEqual([
      [2, 3],
      [2, 1, 2],
    ]);
    expect(valuesOf(outputs[0]!.data)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(() => reply(plan, 2, [part(1, 3), part(0, 2)])).toThrow(/output 'y' came in different shapes/);
  });

  it('has no rows added to the shape where the model does not batch', () => {
    const plan = planOf({}, [tensor('x', 'FP32', 4, 1)], [tensor('y', 'FP32', 2, 3)], { batched: false });
    const { outputs } = reply(plan, 1, [[null, answer({ outputs: [floats(1, 2, 3, 4, 5, 6)] })]]);
    expect(outputs[0]!.shape).toEqual([2, 3]);
  });

  it('says of each row how fresh its features are, and names features only where one fell back', () => {
    const freshness = (seq: number[], ageMs: number[], defaulted: number[], expired: number[] = []) =>
      answer({
        outputs: [floats(...seq)],
        freshness: encodeFreshness({
          appliedSeq: seq,
          ageMs,
          defaulted: Uint8Array.from(defaulted),
          defaultedNames: [],
          expired: Uint8Array.from(expired),
          everywhereSeq: [900 + seq[0]!],
          asOfMs: [1_000 + seq[0]!],
        }),
      });
    const body = reply(featurePlan(), 3, [
      [[2, 0], freshness([7, 5], [70, 50], [2, 0])],
      [[1], freshness([6], [-1], [3], [1])],
    ]);
    expect(decodeFreshness(body.freshness!)).toEqual({
      appliedSeq: [5, 6, 7],
      ageMs: [50, -1, 70],
      defaulted: Uint8Array.of(0, 3, 2),
      defaultedNames: ['profile.spend', 'shops.risk'],
      expired: Uint8Array.of(0, 1, 0),
      // Each row as the shard that read it said: their replicas and clocks differ.
      everywhereSeq: [907, 906, 907],
      asOfMs: [1_007, 1_006, 1_007],
    });
    const healthy = reply(featurePlan(), 1, [[null, freshness([7], [70], [0])]]);
    expect(decodeFreshness(healthy.freshness!)).toMatchObject({ appliedSeq: [7], ageMs: [70], defaultedNames: [] });
    expect([...decodeFreshness(healthy.freshness!).defaulted].every((bits) => bits === 0)).toBe(true);
  });
});
