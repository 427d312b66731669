import { expect, it } from 'vitest';
import { type Progress, SAY_MS, SILENT_MS_MAX, START_MS_MAX, StartProgress } from '../../../cli/start-progress.ts';

const NAMES = ['gateway-1', 'shard-1', 'worker-1'];
type Problem = NonNullable<Progress>['models_with_problems'][number];
const cluster = (models: string[], problems: Problem[] = []): NonNullable<Progress> => ({
  members: [
    { name: 'gateway-1', state: 'alive', ready: false, models: [] },
    { name: 'shard-1', state: 'alive', ready: true, models: [] },
    { name: 'worker-1', state: 'joining', ready: false, models },
  ],
  models_with_problems: problems,
});

/** Looks every second; when it gave up, and what it said. */
function wait(look: (second: number) => Progress): { gaveUpMs: number; why: string; said: string[] } {
  const progress = new StartProgress(NAMES, 0);
  const said: string[] = [];
  for (let ms = 0; ms <= 2 * START_MS_MAX; ms += 1_000) {
    const { giveUp, say } = progress.look(look(ms / 1_000), ms);
    if (say !== null) said.push(say);
    if (giveUp !== null) return { gaveUpMs: ms, why: giveUp, said };
  }
  throw new Error('it never gave up');
}

it('a start of which nothing is seen is given up after two minutes', () => {
  const { gaveUpMs, why } = wait(() => null);
  expect(gaveUpMs).toBe(SILENT_MS_MAX);
  expect(why).toBe('not ready within 120 s, nor any progress for 120 s; waiting for: the gateway');
});

it('a worker that loads one model after another is waited for, until two minutes bring no other', () => {
  const models = (second: number) => Array.from({ length: Math.min(4, Math.floor(second / 100)) }, (_, i) => `m${i}/1`);
  const { gaveUpMs, why } = wait((second) => cluster(models(second)));
  expect(gaveUpMs).toBe(400_000 + SILENT_MS_MAX);
  expect(why).toContain('gateway-1; worker-1 (serves m0/1, m1/1, m2/1, m3/1)');
});

it('a change of what is wrong with a model is progress', () => {
  const problem = (second: number) => ({
    model: 'm',
    version: '1',
    problem: second < 100 ? 'is being loaded' : 'is bad',
  });
  const { gaveUpMs, why } = wait((second) => cluster([], [problem(second)]));
  expect(gaveUpMs).toBe(100_000 + SILENT_MS_MAX);
  expect(why).toContain('m/1: is bad');
});

it('what comes and goes again is no progress', () => {
  const { gaveUpMs } = wait((second) => (second % 2 === 0 ? null : cluster(['m/1'])));
  expect(gaveUpMs).toBe(SILENT_MS_MAX + 1_000);
});

it('no start takes longer than a quarter of an hour', () => {
  const { gaveUpMs, why } = wait((second) => cluster([`m${second}/1`]));
  expect(gaveUpMs).toBe(START_MS_MAX);
  expect(why).toMatch(/^not ready within 900 s; waiting for: gateway-1; worker-1/);
});

it('what is waited for is said every ten seconds, in few words', () => {
  const problems = Array.from({ length: 1_000 }, (_, i) => ({
    model: `m${i}`,
    version: '1',
    problem: 'is being loaded',
  }));
  const { said } = wait((second) => (second < 15 ? null : cluster([], problems)));
  expect(said[0]).toBe(`not ready after ${SAY_MS / 1_000} s; waiting for: the gateway`);
  expect(said[1]).toMatch(/^not ready after 20 s; waiting for: gateway-1; worker-1; m0\/1: is being loaded; /);
  for (const line of said) expect(line.length).toBeLessThan(400);
  expect(said.length).toBe(13);
});
