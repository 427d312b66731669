import { describe, expect, it } from 'vitest';
import { ModelTallies } from '../../../../actors/router/model-statistics.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import type { Answer } from '../../../../proto/letters.ts';

const answer = (batchRows: number, times = { shardUs: 10, queueUs: 20, runUs: 30 }): Answer =>
  ({ ...times, batchRows }) as unknown as Answer;

describe('what the predictions of a model came to', () => {
  it('is nothing before the first', () => {
    const { inference_stats: stats, ...rest } = new ModelTallies(new ManualClock()).of('m', '1');
    expect(rest).toEqual({ name: 'm', version: '1', last_inference: 0, inference_count: 0, execution_count: 0 });
    expect(Object.values(stats).every(({ count, ns }) => count === 0 && ns === 0)).toBe(true);
  });

  it('counts requests, rows and the time of each stage', () => {
    const clock = new ManualClock();
    const tallies = new ModelTallies(clock);
    tallies.stages('m', '1', 2, answer(2));
    tallies.answered('m', '1', 'OK', 2, 0.0005);
    clock.advance(40);
    tallies.stages('m', '1', 1, answer(1, { shardUs: 1, queueUs: 2, runUs: 3 }));
    tallies.answered('m', '1', 'OK', 1, 0.0015);
    tallies.answered('m', '1', 'INVALID_ARGUMENT', 0, 0.001);
    tallies.answered('m', '1', 'CANCELLED', 0, 0.001);
    expect(tallies.of('m', '1')).toEqual({
      name: 'm',
      version: '1',
      last_inference: Math.round(clock.wallMs()),
      inference_count: 3,
      execution_count: 2,
      inference_stats: {
        success: { count: 2, ns: 2_000_000 },
        fail: { count: 1, ns: 1_000_000 },
        queue: { count: 2, ns: 22_000 },
        compute_input: { count: 2, ns: 11_000 },
        compute_infer: { count: 2, ns: 33_000 },
        compute_output: { count: 2, ns: 0 },
      },
    });
  });

  it('counts a run that several requests shared once', () => {
    const tallies = new ModelTallies(new ManualClock());
    for (let i = 0; i < 8; i++) tallies.stages('m', '1', 1, answer(8));
    for (let i = 0; i < 2; i++) tallies.stages('m', '1', 3, answer(6));
    expect(tallies.of('m', '1').execution_count).toBe(2);
  });

  it('keeps versions apart, and counts no more of them than can be registered', () => {
    const tallies = new ModelTallies(new ManualClock());
    for (let version = 1; version <= 5_000; version++) tallies.answered('m', String(version), 'OK', 1, 0);
    expect(tallies.of('m', '4096').inference_count).toBe(1);
    expect(tallies.of('m', '4097').inference_count).toBe(0);
    tallies.answered('m', '7', 'OK', 1, 0);
    expect(tallies.of('m', '7').inference_count).toBe(2);
  });
});
