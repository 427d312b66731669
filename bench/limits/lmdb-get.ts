/** Limit: LMDB's `getBinaryFast` of one 50-feature record, hot (one key) and spread over all keys. */
import { join } from 'node:path';
import { open } from 'lmdb';
import type { Clock } from '../../cluster/clock.ts';
import { seededRandom } from '../../cluster/random.ts';
import { STORED_FEATURES } from '../workload.ts';

const ROWS_PER_TRANSACTION = 10_000;
const READS = 200_000;
const KEYS_DRAWN = 50_000;

export type LmdbGet = { readonly hotMs: number; readonly spreadMs: number };

/** Mean ms a read. Fills `keyCount` records of 200 bytes below `workDir` first. */
export async function measureLmdbGet(clock: Clock, workDir: string, keyCount: number): Promise<LmdbGet> {
  const db = open({ path: join(workDir, 'limits-lmdb'), encoding: 'binary', keyEncoding: 'binary', noSync: true });
  const record = Buffer.from(new Float32Array(STORED_FEATURES).fill(0.25).buffer);
  for (let from = 0; from < keyCount; from += ROWS_PER_TRANSACTION) {
    await db.transaction(() => {
      for (let key = from; key < Math.min(keyCount, from + ROWS_PER_TRANSACTION); key++) db.put(keyOf(key), record);
    });
  }
  const random = seededRandom(1);
  const spread = Array.from({ length: KEYS_DRAWN }, () => keyOf(Math.floor(random.next() * keyCount)));
  const hot = [keyOf(0)];
  const read = (keys: readonly Buffer[], reads: number): number => {
    const startMs = clock.nowMs();
    for (let i = 0, at = 0; i < reads; i++) {
      const value = db.getBinaryFast(keys[at]!);
      if (value?.length !== record.length) throw new Error('LMDB lost a record that was just written');
      if (++at === keys.length) at = 0;
    }
    return (clock.nowMs() - startMs) / reads;
  };
  read(spread, READS / 10);
  const result = { hotMs: read(hot, READS), spreadMs: read(spread, READS) };
  await db.close();
  return result;
}

function keyOf(index: number): Buffer {
  return Buffer.from(`u${index}`);
}
