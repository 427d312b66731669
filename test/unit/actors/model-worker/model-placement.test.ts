import { describe, expect, it } from 'vitest';
import {
  allowsThreads,
  INLINE_FILE_BYTES_MAX,
  INLINE_LOAD_MS_MAX,
  INLINE_RUN_MS_MAX,
  type Measured,
  placeOf,
  SHARED_INLINE_RUN_MS_MAX,
} from '../../../../actors/model-worker/model-placement.ts';
import { SETTINGS } from '../../../../cluster/config.ts';

const CHEAP: Measured = { fileBytes: 100_000, loadMs: 5, runMs: 0.3, freeInputs: false };

describe('the place of a model', () => {
  it('is the worker’s own thread where it is cheap to load and to run', () => {
    expect(placeOf(CHEAP)).toBe('inline');
    expect(
      placeOf({
        fileBytes: INLINE_FILE_BYTES_MAX,
        loadMs: INLINE_LOAD_MS_MAX,
        runMs: INLINE_RUN_MS_MAX - 0.001,
        freeInputs: false,
      }),
    ).toBe('inline');
  });

  it.each<[string, Partial<Measured>]>([
    ['a full batch takes long', { runMs: INLINE_RUN_MS_MAX }],
    ['loading takes long', { loadMs: INLINE_LOAD_MS_MAX + 1 }],
    ['the file is large', { fileBytes: INLINE_FILE_BYTES_MAX + 1 }],
    ['requests choose how large a run is', { freeInputs: true }],
  ])('is a thread of its own where %s', (_, change) => {
    expect(placeOf({ ...CHEAP, ...change })).toBe('thread');
  });

  it('is a thread of its own sooner where the thread serves callers too', () => {
    const run = { ...CHEAP, runMs: SHARED_INLINE_RUN_MS_MAX };
    expect([placeOf(run), placeOf(run, SHARED_INLINE_RUN_MS_MAX)]).toEqual(['inline', 'thread']);
    expect(placeOf(CHEAP, SHARED_INLINE_RUN_MS_MAX)).toBe('inline');
  });

  it('lets no run or load on the worker’s thread make it suspect', () => {
    const silenceMs = SETTINGS.heartbeatMs.default + Math.max(INLINE_RUN_MS_MAX, INLINE_LOAD_MS_MAX);
    expect(silenceMs).toBeLessThanOrEqual(SETTINGS.suspectAfterMs.default);
  });

  it('is the worker’s thread for WebGPU, whose provider does not bear two threads', () => {
    expect(allowsThreads({ kind: 'webgpu', index: 0 })).toBe(false);
    expect(allowsThreads({ kind: 'cpu', cores: [0] })).toBe(true);
    expect(allowsThreads({ kind: 'cuda', index: 0 })).toBe(true);
  });
});
