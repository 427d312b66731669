import { describe, expect, it } from 'vitest';
import { joinSettings } from '../../../cluster/cluster-settings.ts';
import { SETTINGS_KEY } from '../../../proto/subjects.ts';
import { MemoryKeyValue, MemoryStore } from '../../support/memory-key-value.ts';

const wanted = { cluster: 'prod', partitions: 64, replicas: 2 };

async function storeWith(text: string): Promise<MemoryKeyValue> {
  const keyValue = new MemoryKeyValue();
  await keyValue.create(SETTINGS_KEY, new TextEncoder().encode(text));
  return keyValue;
}

describe('cluster settings', () => {
  it('are what the first process wants, and what all others get', async () => {
    const store = new MemoryStore();
    expect(await joinSettings(new MemoryKeyValue(store), wanted, true)).toEqual(wanted);
    const other = { cluster: 'other', partitions: 128, replicas: 3 };
    expect(await joinSettings(new MemoryKeyValue(store), other, false)).toEqual(wanted);
    expect(await joinSettings(new MemoryKeyValue(store), wanted, true)).toEqual(wanted);
  });

  it('are the same for processes that start at the same time', async () => {
    const store = new MemoryStore();
    const all = await Promise.all(
      [16, 32, 64, 128].map((partitions) => joinSettings(new MemoryKeyValue(store), { ...wanted, partitions }, false)),
    );
    expect(new Set(all.map(({ partitions }) => partitions)).size).toBe(1);
  });

  it('refuse another number of partitions where the operator insists, and say what to do', async () => {
    const store = new MemoryStore();
    await joinSettings(new MemoryKeyValue(store), wanted, false);
    await expect(joinSettings(new MemoryKeyValue(store), { ...wanted, partitions: 65 }, true)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/created with 64 partitions.*Drop --partitions/),
    });
  });

  it.each([
    '',
    '{',
    'null',
    '5',
    '[]',
    '{}',
    '{"cluster": "prod", "partitions": "64", "replicas": 2}',
    '{"cluster": "prod", "partitions": 0, "replicas": 2}',
    '{"cluster": "prod", "partitions": 1e9, "replicas": 2}',
    '{"cluster": "prod", "partitions": 64, "replicas": 1.5}',
    '{"partitions": 64, "replicas": 2}',
  ])('are DATA_LOSS where what is stored is something else: %s', async (stored) => {
    const keyValue = await storeWith(stored);
    await expect(joinSettings(keyValue, wanted, false)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('cannot be read'),
    });
  });

  it('leave it to the store to say that it cannot be reached', async () => {
    const keyValue = new MemoryKeyValue();
    keyValue.faults.refuse = true;
    await expect(joinSettings(keyValue, wanted, false)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
