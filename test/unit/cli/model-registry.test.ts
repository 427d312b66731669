/** A worker's side of the model registry, over a store in memory and time by hand. */
import { beforeEach, expect, it } from 'vitest';
import { ModelRegistry } from '../../../cli/model-registry.ts';
import { encodeModelSpec, type ModelSpec } from '../../../cluster/catalog/model-spec.ts';
import { ManualClock } from '../../../cluster/clock.ts';
import { silentLog } from '../../../cluster/log.ts';
import type { Member } from '../../../cluster/membership/member-table.ts';
import { MemoryKeyValue, MemoryStore } from '../../support/memory-key-value.ts';
import { specOf, tensor } from '../../support/plans.ts';
import { member } from '../../support/routing.ts';

const KEY = 'm.1';
const spec = (options: { description?: string; sha256?: string } = {}): ModelSpec => {
  const { description = '', sha256 = 'a'.repeat(64) } = options;
  const made = specOf({}, [tensor('x', 'FP32', -1, 1)], undefined, { version: '1' });
  return { ...made, sha256, manifest: { ...made.manifest, description } };
};

let clock: ManualClock;
let store: MemoryStore;
let serving: Member[];
let stranger: MemoryKeyValue;
let writes: number;
beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore();
  stranger = new MemoryKeyValue(store);
  serving = [];
  writes = 0;
  store.listen(() => writes++);
});

async function worker(name: string, of = spec()): Promise<{ registry: ModelRegistry; entries: MemoryKeyValue }> {
  const entries = new MemoryKeyValue(store);
  const registry = new ModelRegistry({ entries, clock, log: silentLog, name, workers: () => serving });
  await entries.watch('>', (key, value) => registry.heard(key, value));
  await registry.enter(of);
  registry.keep(of);
  serving.push(member(name, 'worker', { models: ['m/1'] }));
  await pass(0);
  return { registry, entries };
}

/** Time passes in small steps, and promises settle in each. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left >= 0; left -= 100) {
    clock.advance(Math.min(left, 100));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const stored = () => {
  const value = store.read(KEY)?.value ?? null;
  return value === null ? null : new TextDecoder().decode(value);
};
const textOf = (of: ModelSpec) => new TextDecoder().decode(encodeModelSpec(of));
const put = (value: string | null) =>
  store.write(KEY, value === null ? null : new TextEncoder().encode(value), () => true);

it.each<[string, string | null]>([
  ['gone', null],
  ['unreadable', '{"format":'],
  ['said to have failed', '{"failed":"no"}'],
  ['of another version', textOf({ ...spec(), version: '2' })],
  ['altered', textOf({ ...spec(), outputs: [] })],
  ['of other bytes', textOf(spec({ sha256: 'b'.repeat(64) }))],
])('an entry that is %s is put back while the version is served', async (_, value) => {
  await worker('w1');
  await pass(2_000);
  put(value);
  await pass(200);
  expect(stored()).toBe(textOf(spec()));
});

it('is put back at most once a second, however often it is altered', async () => {
  await worker('w1');
  await pass(2_000);
  const before = writes;
  for (let i = 0; i < 50; i++) {
    put(`{"failed":"${i}"}`);
    await pass(100);
  }
  const ours = writes - before - 50;
  expect(ours).toBeGreaterThanOrEqual(4);
  expect(ours).toBeLessThanOrEqual(11);
  await pass(1_100);
  expect(stored()).toBe(textOf(spec()));
});

it('an alteration between its entering and its serving is noticed', async () => {
  const entries = new MemoryKeyValue(store);
  const registry = new ModelRegistry({ entries, clock, log: silentLog, name: 'w1', workers: () => [] });
  await registry.enter(spec());
  put(null);
  registry.keep(spec());
  await pass(100);
  expect(stored()).toBe(textOf(spec()));
});

it('workers that serve the same put it back whichever of them is left', async () => {
  const first = await worker('w1');
  await worker('w2');
  await pass(2_000);
  put(textOf({ ...spec(), outputs: [] }));
  await pass(200);
  expect(stored()).toBe(textOf(spec()));
  first.registry.stop();
  await pass(2_000);
  put(textOf({ ...spec(), outputs: [] }));
  await pass(500);
  // Only the first by name decides, until it is known to be gone.
  expect(stored()).not.toBe(textOf(spec()));
  serving = serving.filter(({ name }) => name !== 'w1');
  await pass(2_000);
  expect(stored()).toBe(textOf(spec()));
});

it('workers that serve it under different manifests do not take turns: the first by name decides', async () => {
  await worker('w1', spec({ description: 'one' }));
  await worker('w2', spec({ description: 'two' }));
  await pass(5_000);
  const settled = writes;
  expect(stored()).toBe(textOf(spec({ description: 'one' })));
  await pass(20_000);
  expect(writes).toBe(settled);
  for (const value of [null, '{}']) {
    const before = writes;
    put(value);
    await pass(10_000);
    expect(stored()).toBe(textOf(spec({ description: 'one' })));
    expect(writes - before).toBeLessThanOrEqual(3);
  }
});

it('a store that does not answer is asked again until it does', async () => {
  const { entries } = await worker('w1');
  await pass(2_000);
  entries.faults.refuse = true;
  put(null);
  await pass(3_000);
  expect(stored()).toBeNull();
  entries.restore();
  await pass(2_000);
  expect(stored()).toBe(textOf(spec()));
});

it('nothing is put back after the stop', async () => {
  const { registry } = await worker('w1');
  await pass(2_000);
  registry.stop();
  put(null);
  await pass(5_000);
  expect(stored()).toBeNull();
});

it('other bytes under a version that another worker serves are refused, and taken once none does', async () => {
  await worker('w1');
  const other = new ModelRegistry({ entries: stranger, clock, log: silentLog, name: 'w2', workers: () => serving });
  const bytes = spec({ sha256: 'b'.repeat(64) });
  await expect(other.enter(bytes)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  serving = [];
  await other.enter(bytes);
  expect(stored()).toBe(textOf(bytes));
});
