/** Machines whose clocks differ: what expires does so by no more than they differ, and nobody's row pins a key for longer. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeatureIngest } from '../../../../actors/feature-ingest/feature-ingest.ts';
import { EXPIRY_MARGIN_MS, isExpired } from '../../../../actors/feature-shard/sweep.ts';
import { encodeRecord, packValues, recordBytes } from '../../../../cluster/catalog/record.ts';
import { ageMsMax, rowAgeMs } from '../../../../cluster/catalog/row-age.ts';
import { EVENT_AHEAD_MS_MAX } from '../../../../cluster/catalog/streams.ts';
import { ManualClock } from '../../../../cluster/clock.ts';
import { decodeRowBatch } from '../../../../proto/row-batch.ts';
import { app, MINUTE_MS, profile } from '../../../support/feature-oracle.ts';

const NOW_MS = 1_800_000_000_000;
const TTL_MS = profile.ttlMs;
const RETENTION_MS = 7 * 24 * 60 * MINUTE_MS;
const skewMs = fc.integer({ min: -10 * MINUTE_MS, max: 10 * MINUTE_MS });
const ageMs = fc.integer({ min: -5 * MINUTE_MS, max: 2 * TTL_MS });

const rowOf = (ageNowMs: number) =>
  recordBytes(encodeRecord(profile, NOW_MS - ageNowMs, 1, packValues(profile, {}, [])));

describe('a shard whose clock is up to ten minutes off', () => {
  it('reads a row as expired, or as valid, no longer than that before or after it is', () => {
    fc.assert(
      fc.property(ageMs, skewMs, (age, skew) => {
        const expired = rowAgeMs(rowOf(age), NOW_MS + skew) > ageMsMax(profile, 0);
        if (expired) expect(age).toBeGreaterThan(TTL_MS - Math.max(0, skew));
        else expect(age).toBeLessThanOrEqual(TTL_MS - Math.min(0, skew));
      }),
    );
  });

  it('removes no row earlier than that before its ttl and the margin are over, so none at all that is valid by 5 minutes', () => {
    fc.assert(
      fc.property(ageMs, skewMs, (age, skew) => {
        if (!isExpired(profile, rowOf(age), NOW_MS + skew, RETENTION_MS)) return;
        expect(age).toBeGreaterThan(TTL_MS + EXPIRY_MARGIN_MS - skew);
        if (skew <= EXPIRY_MARGIN_MS) expect(age).toBeGreaterThan(TTL_MS);
      }),
    );
  });

  it('takes a row from the future for new, never for one of a negative age', () => {
    expect(rowAgeMs(rowOf(0), NOW_MS - 10 * MINUTE_MS)).toBe(0);
    expect(isExpired(profile, rowOf(0), NOW_MS - 10 * MINUTE_MS, RETENTION_MS)).toBe(false);
  });
});

describe('a gateway whose clock is ten minutes off', () => {
  const push = async (skew: number, row: object) => {
    const appended: Uint8Array[] = [];
    const ingest = new FeatureIngest({
      app,
      clock: new ManualClock(0, NOW_MS + skew),
      sink: { append: async (_partition, bytes) => appended.push(bytes) },
      partitions: () => 4,
      rowsPerMessageMax: 3,
      bytesPerMessageMax: 10_000,
      rowsInFlightMax: 10,
    });
    const acks = await ingest.push('profile', [row]);
    return { ack: acks[0]!, eventMs: appended.length === 0 ? null : decodeRowBatch(appended[0]!)!.rows[0]!.eventMs };
  };

  it('dates rows that name no time by it, and so no further from now than it is', async () => {
    for (const skew of [-10 * MINUTE_MS, 10 * MINUTE_MS])
      expect(await push(skew, { user_id: 'u', age: 1 })).toMatchObject({ eventMs: NOW_MS + skew });
  });

  it('refuses rows of now with the reason where it is behind, and takes none from further ahead than clocks may be', async () => {
    const behind = await push(-10 * MINUTE_MS, { user_id: 'u', age: 1, event_time: NOW_MS });
    expect(JSON.stringify(behind.ack)).toContain('ahead of this machine');
    const ahead = await push(10 * MINUTE_MS, { user_id: 'u', age: 1, event_time: NOW_MS + 15 * MINUTE_MS });
    expect(ahead.eventMs).toBe(NOW_MS + 10 * MINUTE_MS + EVENT_AHEAD_MS_MAX);
    const further = await push(10 * MINUTE_MS, { user_id: 'u', age: 1, event_time: NOW_MS + 15 * MINUTE_MS + 1 });
    expect(further.eventMs).toBeNull();
  });
});
