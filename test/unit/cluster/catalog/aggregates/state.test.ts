/** Rules at their edges: lateness, ids, buckets; odd numbers; bytes that are no state. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AggregateEvent, applyEvent } from '../../../../../cluster/catalog/aggregates/apply.ts';
import type { AggregateOp } from '../../../../../cluster/catalog/aggregates/definition.ts';
import { evaluateList } from '../../../../../cluster/catalog/aggregates/evaluate.ts';
import { type AggregationPlan, compileAggregation } from '../../../../../cluster/catalog/aggregates/plan.ts';
import { newestMs } from '../../../../../cluster/catalog/aggregates/state.ts';
import { ServingError } from '../../../../../proto/errors.ts';

const FIELDS = [{ name: 'amount', kind: 'number' }] as const;
const FIELD_OPS: readonly AggregateOp[] = ['sum', 'mean', 'min', 'max', 'last', 'distinct'];
const compile = (allowedLatenessMs: number, windows = [30], idsMax = 1_024) =>
  compileAggregation({
    bucketMs: 10,
    allowedLatenessMs,
    idsMax,
    fields: FIELDS,
    features: windows.flatMap((windowMs) => [
      { op: 'count', field: null, windowMs },
      { op: 'since_last', field: null, windowMs },
      ...FIELD_OPS.map((op) => ({ op, field: 'amount', windowMs })),
    ]),
  });
const event = (eventMs: number, id = 0, amount: number | null = 1): AggregateEvent => ({
  eventMs,
  idA: 0,
  idB: id,
  values: [amount],
});

function run(plan: AggregationPlan, events: readonly AggregateEvent[]) {
  let state: Uint8Array | null = null;
  const outcomes = events.map((one) => {
    const applied = applyEvent(plan, state, one);
    state = applied.state;
    return applied.outcome;
  });
  return { outcomes, state: state! as Uint8Array };
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ServingError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('a window', () => {
  it('takes in the bucket of the time asked for and as many before it as it is wide', () => {
    const { state } = run(
      compile(0),
      [event(99), event(100), event(109), event(110)].map((one, i) => ({ ...one, values: [i] })),
    );
    const count = (tMs: number) => evaluateList(compile(0), state, tMs)[0];
    expect([89, 90, 99, 100, 109, 110, 119].map(count)).toEqual([0, 1, 1, 3, 3, 4, 4]);
    expect([120, 129, 130, 139, 140].map(count)).toEqual([3, 3, 1, 1, 0]);
  });

  it('says how long ago the newest event was, never less than nothing', () => {
    const { state } = run(compile(0), [event(1_001), event(1_006)]);
    const since = (tMs: number) => evaluateList(compile(0), state, tMs)[1];
    expect([1_000, 1_005, 1_006, 1_007, 1_029.5, 1_030].map(since)).toEqual([0, 0, 0, 0.001, 0.0235, null]);
  });

  it('keeps what a late event may need and drops the rest at the next change', () => {
    const plan = compile(20, [10, 30]);
    const buckets = (events: AggregateEvent[]) => new DataView(run(plan, events).state.buffer).getUint32(20, true);
    // Span: 3 buckets of the window and 2 of lateness.
    expect(buckets([event(0), event(10), event(50)])).toBe(3);
    expect(buckets([event(0), event(10), event(59)])).toBe(3);
    expect(buckets([event(0), event(10), event(60)])).toBe(2);
    expect(buckets([event(0), event(10), event(1e15)])).toBe(1);
  });
});

describe('a late event', () => {
  it('counts above the floor, in its own bucket, and not at it', () => {
    const plan = compile(25);
    const { outcomes, state } = run(plan, [event(100), event(76), event(75), event(101), event(76)]);
    expect(outcomes).toEqual(['applied', 'applied', 'late', 'applied', 'late']);
    expect(evaluateList(plan, state, 79)[0]).toBe(1);
    expect(evaluateList(plan, state, 101)[0]).toBe(2);
  });

  it('is, without any lateness, one that is not newer than all before it', () => {
    expect(run(compile(0), [event(5), event(5), event(6), event(5.5)]).outcomes).toEqual([
      'applied',
      'late',
      'applied',
      'late',
    ]);
  });

  it('does not take the place of a newer last value, and among equal times the later in the log does', () => {
    const plan = compile(1_000);
    const last = (events: AggregateEvent[]) => evaluateList(plan, run(plan, events).state, 109)[6];
    expect(last([event(105, 0, 1), event(104, 0, 2)])).toBe(1);
    expect(last([event(105, 0, 1), event(105, 0, 2)])).toBe(2);
    expect(last([event(105, 0, 1), event(95, 0, 2)])).toBe(1);
    expect(last([event(105, 0, 1), event(106, 0, null)])).toBe(1);
    expect(last([event(105, 0, null), event(95, 0, 2)])).toBe(2);
  });
});

describe('an event id', () => {
  it('counts once, whatever else the event says', () => {
    const plan = compile(50);
    expect(run(plan, [event(100, 1), event(100, 1), event(140, 1, 5), event(100, 2)]).outcomes).toEqual([
      'applied',
      'duplicate',
      'duplicate',
      'applied',
    ]);
    const halves = [
      { ...event(100), idA: 1, idB: 0 },
      { ...event(100), idA: 0, idB: 1 },
      { ...event(100), idA: 1, idB: 1 },
      { ...event(100), idA: 2 ** 32 - 1, idB: 2 ** 32 - 1 },
    ];
    expect(run(plan, halves).outcomes).toEqual(['applied', 'applied', 'applied', 'applied']);
    expect(run(plan, [...halves, halves[3]!, halves[0]!]).outcomes.slice(4)).toEqual(['duplicate', 'duplicate']);
  });

  it('is forgotten once its event would be late anyway', () => {
    const plan = compile(50);
    const ids = (events: AggregateEvent[]) => new DataView(run(plan, events).state.buffer).getUint32(16, true);
    expect(ids([event(100, 1), event(149, 2)])).toBe(2);
    expect(ids([event(100, 1), event(150, 2)])).toBe(1);
    expect(run(plan, [event(100, 1), event(150, 2), event(100, 1)]).outcomes).toEqual(['applied', 'applied', 'late']);
  });

  it('is remembered 1,024 times over; then the oldest events are, and all up to them count as late', () => {
    const plan = compile(20_000);
    const full = Array.from({ length: 1_024 }, (_, i) => event(1_000 + i, i + 1));
    const outcomesOf = (events: AggregateEvent[]) => run(plan, [...full, ...events]).outcomes.slice(1_024);
    expect(outcomesOf([event(1_000, 1), event(999)])).toEqual(['duplicate', 'applied']);
    expect(outcomesOf([event(5_000, 9_999), event(1_000, 1), event(1_000), event(1_001), event(1_001, 2)])).toEqual([
      'applied',
      'late',
      'late',
      'applied',
      'duplicate',
    ]);
    // The new event itself may be the oldest: it counts, and is the one that is forgotten.
    expect(outcomesOf([event(990, 9_999), event(990, 9_999), event(989), event(991)])).toEqual([
      'applied',
      'late',
      'late',
      'applied',
    ]);
  });

  it('never counts twice in a burst of one time that is longer than the list', () => {
    const plan = compile(20_000, [30], 4);
    const burst = [1, 2, 3, 4, 5, 6].map((id) => event(50, id));
    const { outcomes, state } = run(plan, [...burst, ...burst, event(51, 1)]);
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(6);
    expect(evaluateList(plan, state, 50)[0]).toBe(6);
  });
});

describe('odd numbers', () => {
  it('never make a sum that is not finite', () => {
    const plan = compile(0);
    const { MAX_VALUE } = Number;
    const sums = (amounts: number[]) => {
      const { state } = run(
        plan,
        amounts.map((amount, i) => event(100 + i * 5, 0, amount)),
      );
      return evaluateList(plan, state, 100 + amounts.length * 5).slice(2, 6);
    };
    expect(sums([MAX_VALUE, MAX_VALUE, MAX_VALUE, -1])[0]).toBe(MAX_VALUE);
    expect(sums([-MAX_VALUE, -MAX_VALUE, -MAX_VALUE])[0]).toBe(-MAX_VALUE);
    expect(sums([MAX_VALUE, MAX_VALUE, -MAX_VALUE, -MAX_VALUE]).every(Number.isFinite)).toBe(true);
  });

  it('hold −0 for 0, so that the order of equal values leaves no trace', () => {
    const plan = compile(50);
    const one = run(plan, [event(100, 0, 0), event(100, 0, -0)]).state;
    expect(run(plan, [event(100, 0, -0), event(100, 0, 0)]).state).toEqual(one);
    expect(evaluateList(plan, one, 100)).toEqual([2, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('are refused in events', () => {
    const plan = compile(0);
    const refused = (change: object) => codeOf(() => applyEvent(plan, null, { ...event(1), ...change }));
    for (const eventMs of [Number.NaN, Number.POSITIVE_INFINITY, 8.65e15, -8.65e15]) {
      expect(refused({ eventMs })).toBe('INVALID_ARGUMENT');
    }
    for (const values of [[], [1, 2], [Number.NaN], [Number.NEGATIVE_INFINITY], [undefined], ['1'], [1n]]) {
      expect(refused({ values })).toBe('INVALID_ARGUMENT');
    }
    for (const id of [-1, 0.5, 2 ** 32]) {
      expect(refused({ idA: id })).toBe('INVALID_ARGUMENT');
      expect(refused({ idB: id })).toBe('INVALID_ARGUMENT');
    }
    const hashes = compileAggregation({
      bucketMs: 1,
      allowedLatenessMs: 0,
      fields: [{ name: 'merchant', kind: 'hash' }],
      features: [{ op: 'distinct', field: 'merchant', windowMs: 1 }],
    });
    for (const hash of [-1, 0.5, 2 ** 32]) {
      expect(codeOf(() => applyEvent(hashes, null, event(1, 0, hash)))).toBe('INVALID_ARGUMENT');
    }
    expect(codeOf(() => evaluateList(plan, run(plan, [event(1)]).state, Number.NaN))).toBe('INVALID_ARGUMENT');
  });
});

describe('bytes that are no state', () => {
  const plan = compile(40, [30, 10]);
  const whole = run(
    plan,
    Array.from({ length: 40 }, (_, i) => event(1_000 + i * 2, i + 1, i % 5 === 0 ? null : (i * 7) % 11)),
  ).state;
  const touch = (state: Uint8Array) => [
    codeOf(() => evaluateList(plan, state, 1_080)),
    codeOf(() => applyEvent(plan, state, event(1_079, 99, 1_234))),
  ];

  it('are a loss wherever they are cut or longer than they should be', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(touch(whole.slice(0, length))).toEqual(['DATA_LOSS', 'DATA_LOSS']);
    }
    expect(touch(new Uint8Array([...whole, 0]))).toEqual(['DATA_LOSS', 'DATA_LOSS']);
    expect(codeOf(() => newestMs(whole.slice(0, 27)))).toBe('DATA_LOSS');
    expect(newestMs(whole)).toBe(1_078);
  });

  it('are found in the header, in the buckets’ order and in the sketches’ lengths', () => {
    const broken = (change: (view: DataView) => void) => {
      const copy = whole.slice();
      change(new DataView(copy.buffer));
      return touch(copy);
    };
    const bucketAt = (i: number) => whole.length - 4 * count(24) - (count(20) - i) * plan.bucketBytes;
    const count = (at: number) => new DataView(whole.buffer).getUint32(at, true);
    const lost = ['DATA_LOSS', 'DATA_LOSS'];
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, 0, 2_000]) {
      expect(broken((view) => view.setFloat64(0, time, true))).toEqual(lost);
    }
    for (const floor of [Number.NaN, Number.NEGATIVE_INFINITY, 0, 1_079]) {
      expect(broken((view) => view.setFloat64(8, floor, true))).toEqual(lost);
    }
    for (const at of [16, 20, 24]) {
      for (const wrong of [0, count(at) + 1, 2 ** 31, 2 ** 32 - 1]) {
        expect(broken((view) => view.setUint32(at, wrong, true))).toEqual(lost);
      }
    }
    // Two buckets of one index, one of the far future, one of the far past.
    for (const index of [107, 108, 2 ** 31, 0]) {
      expect(broken((view) => view.setUint32(bucketAt(count(20) - 2), index, true))).toEqual(lost);
    }
    const sketch = plan.sketches[0]!.offset;
    expect(broken((view) => view.setUint16(bucketAt(count(20) - 1) + sketch, 65_535, true))).toEqual(lost);
    expect(broken((view) => view.setUint16(bucketAt(count(20) - 1) + sketch, 200, true))).toEqual(lost);
    const sum = plan.cells.find(({ kind }) => kind === 'sum')!.offset;
    expect(broken((view) => view.setFloat64(bucketAt(count(20) - 1) + sum, Number.NaN, true))[0]).toBe('DATA_LOSS');
  });

  it('are found where the parts agree among themselves but not with the plan', () => {
    const lost = ['DATA_LOSS', 'DATA_LOSS'];
    // A newest event one bucket on, with a floor to match, that no bucket holds.
    const moved = whole.slice();
    const cells = new DataView(moved.buffer);
    cells.setFloat64(0, cells.getFloat64(0, true) + 10, true);
    cells.setFloat64(8, cells.getFloat64(8, true) + 10, true);
    expect(touch(moved)).toEqual(lost);
    // More ids than this plan remembers.
    const few = compile(40, [30, 10], 3);
    expect(codeOf(() => evaluateList(few, whole, 1_080))).toBe('DATA_LOSS');
    expect(codeOf(() => applyEvent(few, whole, event(1_079)))).toBe('DATA_LOSS');
    // A sketch that is longer than a sketch can be, with all its hashes there.
    const one = run(plan, [event(1_070, 0, null)]).state;
    const long = new Uint8Array([...one, ...new Uint8Array(257 * 4)]);
    const view = new DataView(long.buffer);
    view.setUint32(24, 257, true);
    view.setUint16(28 + plan.sketches[0]!.offset, 257, true);
    expect(touch(long)).toEqual(lost);
  });

  it('never do worse than that, whatever they are', () => {
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(flips, fc.integer({ min: 0, max: 2_000 }), (changes, tMs) => {
        const copy = whole.slice();
        for (const [at, bits] of changes) copy[at]! ^= bits;
        expect(['DATA_LOSS', 'no error']).toContain(codeOf(() => evaluateList(plan, copy, tMs)));
        let state: Uint8Array | null = copy;
        const code = codeOf(() => {
          state = applyEvent(plan, copy, event(tMs, 50, tMs)).state;
        });
        expect(['DATA_LOSS', 'no error']).toContain(code);
        // What was taken from bytes that could pass for a state is itself one as far as its parts go.
        expect(state!.byteLength).toBeLessThanOrEqual(plan.stateBytesMax);
        expect(['DATA_LOSS', 'no error']).toContain(codeOf(() => evaluateList(plan, state, tMs)));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(touch(bytes)).toEqual(['DATA_LOSS', 'DATA_LOSS']);
      }),
    );
  });
});
