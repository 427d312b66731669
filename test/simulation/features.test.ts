/**
 * Replicas under random schedules, against an oracle. `FEATURE_SEED=7` reproduces one, `FEATURE_SCHEDULES=500` runs more
 * than the few that every test run has, `FEATURE_ROUNDS` makes them longer.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSchedule } from '../support/feature-schedule.ts';

const seed = process.env['FEATURE_SEED'];
const schedules = Number(process.env['FEATURE_SCHEDULES'] ?? 6);
const rounds = Number(process.env['FEATURE_ROUNDS'] ?? 12);
const seeds = seed === undefined ? Array.from({ length: schedules }, (_, i) => i + 1) : [Number(seed)];
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'feature-schedule-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('replicas of a random history', () => {
  it.each(seeds)(
    'hold what the log says, and agree, whatever happens to them (seed %i)',
    async (one) => {
      const { writes, checks, moves, crashes } = await runSchedule(one, rounds, join(directory, String(one)));
      expect(writes).toBeGreaterThan(rounds);
      expect(checks).toBeGreaterThan(rounds);
      expect(moves + crashes).toBeGreaterThan(1);
    },
    600_000,
  );
});
