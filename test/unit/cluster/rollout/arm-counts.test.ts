import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../cluster/random.ts';
import { ArmCounts, armFromJson, armToJson } from '../../../../cluster/rollout/arm-counts.ts';
import {
  countAbove,
  latencyBoundUs,
  latencyBucket,
  quantileBucket,
  SCORE_BUCKETS,
  scoreBucket,
} from '../../../../cluster/rollout/buckets.ts';
import { decodeReport, encodeReport, Reports } from '../../../../cluster/rollout/report.ts';
import { rolloutOf } from '../../../support/rollouts.ts';

type Event = { code: string; us: number; user: string | null; score: number };

const event: fc.Arbitrary<Event> = fc.record({
  code: fc.constantFrom('OK', 'OK', 'OK', 'INTERNAL', 'CANCELLED'),
  us: fc.double({ min: 1, max: 1e8, noNaN: true }),
  user: fc.option(fc.string({ minLength: 1, maxLength: 3 })),
  score: fc.double({ min: -1e7, max: 1e7, noNaN: true }),
});

function countsOf(events: readonly Event[]): ArmCounts {
  const counts = new ArmCounts();
  for (const { code, us, user, score } of events) {
    const key = user === null ? null : new TextEncoder().encode(user);
    counts.answered(code, us, key, us);
    if (code === 'OK') counts.scored(score, key);
  }
  return counts;
}

const json = (counts: ArmCounts) => JSON.parse(JSON.stringify(armToJson(counts))) as unknown;

describe('the counts of an arm', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const counts = countsOf(events);
        expect(json(armFromJson(json(counts)))).toEqual(json(counts));
      }),
      { numRuns: 50 },
    );
  });

  it('add up in any order, users counted once wherever they were seen', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.array(event, { maxLength: 30 }), (one, two) => {
        const forth = new ArmCounts();
        forth.add(countsOf(one));
        forth.add(countsOf(two));
        const back = new ArmCounts();
        back.add(countsOf(two));
        back.add(countsOf(one));
        expect(json(forth)).toEqual({ ...(json(back) as object), codes: expect.anything() });
        expect(forth.requests).toBe([...one, ...two].filter(({ code }) => code !== 'CANCELLED').length);
        expect(forth.assigned).toBe(one.length + two.length);
        expect(forth.failures).toBe([...one, ...two].filter(({ code }) => code === 'INTERNAL').length);
      }),
      { numRuns: 50 },
    );
  });

  it('know how many users there were, however often each came', () => {
    for (const users of [1, 50, 3_000, 20_000]) {
      const counts = new ArmCounts();
      for (let i = 0; i < 2 * users; i++) counts.answered('OK', 1_000, new TextEncoder().encode(`u${i % users}`), i);
      expect(Math.abs(counts.userCount! - users) / users).toBeLessThan(0.04);
    }
    expect(new ArmCounts().userCount).toBeNull();
  });

  it('take one score of each user', () => {
    const counts = new ArmCounts();
    const [ann, bob] = ['ann', 'bob'].map((name) => new TextEncoder().encode(name));
    for (let i = 0; i < 100; i++) counts.scored(0.5, ann!);
    counts.scored(0.7, bob!);
    expect(countAbove(counts.scores, -1)).toBe(2);
  });

  it.each([
    ['no object', 7],
    ['a negative count', { requests: -1 }],
    ['a bucket past the last', { latency: [100_000, 1] }],
    ['bits of another length', { users: 'AAAA' }],
    ['text for buckets', { scores: 'x' }],
  ])('refuse %s', (_what, change) => {
    const good = json(new ArmCounts()) as object;
    const bad = typeof change === 'object' ? { ...good, ...change } : change;
    expect(() => armFromJson(bad)).toThrow(/must|bits have|reach past/);
  });
});

describe('buckets', () => {
  it('hold latencies to 9 %, and scores in their order', () => {
    fc.assert(
      fc.property(fc.double({ min: 11, max: 9e7, noNaN: true }), (us) => {
        const bound = latencyBoundUs(latencyBucket(us));
        expect(us).toBeLessThanOrEqual(bound * 1.000_001);
        expect(bound / us).toBeLessThan(1.091);
      }),
    );
    const score = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(score, score, (a, b) => {
        const [low, high] = [scoreBucket(Math.min(a, b)), scoreBucket(Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThan(SCORE_BUCKETS);
      }),
    );
    expect([0.5, 0.52, -0.5, 0].map(scoreBucket)).toEqual([...new Set([0.5, 0.52, -0.5, 0].map(scoreBucket))]);
  });

  it('give quantiles of what was counted', () => {
    const random = seededRandom(5);
    const values = Array.from({ length: 5_000 }, () => 1_000 * Math.exp(random.next() * 4));
    const counts = countsOf(values.map((us) => ({ code: 'OK', us, user: null, score: 0 })));
    const sorted = values.toSorted((a, b) => a - b);
    for (const q of [0.5, 0.9, 0.99]) {
      const exact = sorted[Math.ceil(q * values.length) - 1]!;
      expect(latencyBoundUs(quantileBucket(counts.latencySum(), q)) / exact).toBeCloseTo(1.045, 1);
    }
    expect(quantileBucket(new ArmCounts().latencySum(), 0.5)).toBe(-1);
  });
});

describe('reports', () => {
  const reportOf = (node: string, step: number, requests: number) => {
    const counts = new ArmCounts();
    for (let i = 0; i < requests; i++) counts.answered('OK', 1_000, null, i);
    return { node, model: 'm', id: 'r1', step, baseline: counts, candidate: new ArmCounts() };
  };

  it('replace the same router’s earlier ones and add up over routers, of the step that goes on alone', () => {
    const reports = new Reports((error) => expect(error).toBeNull());
    for (const [node, step, requests] of [
      ['a', 0, 5],
      ['a', 0, 7],
      ['b', 0, 100],
      ['c', 1, 1_000],
    ] as const) {
      reports.receive(encodeReport(reportOf(node, step, requests)));
    }
    expect(reports.sumOf('m', rolloutOf({ id: 'r1', step: 0 })).baseline.requests).toBe(107);
    expect(reports.sumOf('m', rolloutOf({ id: 'r1', step: 1 })).baseline.requests).toBe(1_000);
    expect(reports.sumOf('m', rolloutOf({ id: 'r2', step: 0 })).baseline.requests).toBe(0);
    expect(reports.sumOf('other', rolloutOf({ id: 'r1', step: 0 })).baseline.requests).toBe(0);
  });

  it('that make no sense are told of and change nothing', () => {
    const problems: string[] = [];
    const reports = new Reports((error) => problems.push(error.code));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => reports.receive(bytes)));
    reports.receive(new TextEncoder().encode('{"node":"a","model":"m","id":"r","step":0,"baseline":{}}'));
    expect(problems.length).toBeGreaterThan(50);
    expect(new Set(problems)).toEqual(new Set(['INVALID_ARGUMENT']));
  });

  it('are small: a busy step fits into one message', () => {
    const random = seededRandom(1);
    const counts = new ArmCounts();
    for (let i = 0; i < 20_000; i++) {
      const key = new TextEncoder().encode(`u${i}`);
      counts.answered('OK', 500 + 20_000 * random.next(), key, i);
      counts.scored(random.next(), key);
    }
    const bytes = encodeReport({ node: 'a', model: 'm', id: 'r', step: 0, baseline: counts, candidate: counts });
    expect(bytes.byteLength).toBeLessThan(24_000);
    expect(decodeReport(bytes).candidate.requests).toBe(20_000);
  });
});
