import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FilledReplica, replicaKey, replicaValue } from '../../../../bench/features/filled-replica.ts';
import {
  countersView,
  featureApp,
  profileRow,
  storedValue,
  usersOfPush,
  writeFeatureApp,
} from '../../../../bench/features/workload.ts';
import { USERS } from '../../../../bench/workload.ts';
import { loadApp } from '../../../../cluster/catalog/load-app.ts';
import { readValue } from '../../../../cluster/catalog/record.ts';
import { systemClock } from '../../../../cluster/clock.ts';
import { partitionOf } from '../../../../cluster/hash.ts';

const directory = mkdtempSync(join(tmpdir(), 'feature-bench-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the workload of the feature bench', () => {
  it('defines in the app that is served what this process reads and writes', async () => {
    const served = await loadApp(writeFeatureApp(directory), join(process.cwd(), 'index.ts'));
    expect([...served.views.keys()]).toEqual([...featureApp.views.keys()]);
    for (const [name, view] of featureApp.views) expect(served.views.get(name)!.schemaHash).toBe(view.schemaHash);
  });

  it('pushes rows that hold the stored values, but for a marked first one', () => {
    expect(profileRow(3)).toMatchObject({ user_id: 'u3', f0: storedValue(3, 0), f49: storedValue(3, 49) });
    expect(profileRow(3, 17)).toMatchObject({ f0: 17, f1: storedValue(3, 1) });
  });

  it('walks over every user, push by push', () => {
    const users = Array.from({ length: USERS / 1000 }, (_, push) => usersOfPush(push, 1000)).flat();
    expect(new Set(users).size).toBe(USERS);
    expect(usersOfPush(USERS / 1000, 1000)).toEqual(usersOfPush(0, 1000));
  });
});

describe('a replica filled for measuring', () => {
  it('holds every row under its partition, also once it has grown and rows were written again', async () => {
    const filled = new FilledReplica(systemClock, join(directory, 'replica'), countersView, 8);
    expect(await filled.growTo(300)).toBeGreaterThan(0);
    await filled.growTo(2_000);
    await filled.applyRows([7, 1_999]);
    for (const key of [0, 7, 299, 300, 1_999]) {
      const bytes = replicaKey(key);
      const record = filled.replica.lookup(countersView, partitionOf(bytes, 8), bytes);
      expect(readValue(countersView, countersView.features[3]!, record!)).toBe(replicaValue(key));
    }
    expect(filled.keys).toBe(2_000);
    await filled.close();
  });
});
