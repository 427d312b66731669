import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RoomFacts, shortageOf } from '../../../../actors/feature-shard/replica-room.ts';

const MIB = 1_048_576;
const facts = (changes: Partial<RoomFacts> = {}): RoomFacts => ({
  fileBytes: 10 * MIB,
  reusableBytes: 0,
  diskFreeBytes: 1_000 * MIB,
  ...changes,
});
const bounds = { fileBytesMax: 64 * MIB, diskFreeBytesMin: 256 * MIB };

describe('room for a replica', () => {
  it('ends before the file passes its quota, and names the setting', () => {
    expect(shortageOf(facts({ fileBytes: 60 * MIB - 1 }), bounds, false)).toBeNull();
    const shortage = shortageOf(facts({ fileBytes: 60 * MIB + 1 }), bounds, false);
    expect(shortage?.why).toContain('60.0 MiB of the 64.0 MiB that its file may have (--replica-bytes-max)');
    expect(shortage?.full).toBe(false);
    expect(shortageOf(facts({ fileBytes: 64 * MIB }), bounds, false)?.full).toBe(true);
  });

  it('ends before the disk has less than is to stay free, quota or not', () => {
    const none = { ...bounds, fileBytesMax: 0 };
    expect(shortageOf(facts({ diskFreeBytes: 261 * MIB }), none, false)).toBeNull();
    expect(shortageOf(facts({ diskFreeBytes: 259 * MIB }), none, false)?.why).toContain('--disk-free-bytes-min');
  });

  it('is what was freed within the file too, however large that is', () => {
    const large = facts({ fileBytes: 64 * MIB, reusableBytes: 5 * MIB, diskFreeBytes: 0 });
    expect(shortageOf(large, bounds, false)).toBeNull();
  });

  it('is back only once there is twice as much', () => {
    expect(shortageOf(facts({ fileBytes: 58 * MIB }), bounds, false)).toBeNull();
    expect(shortageOf(facts({ fileBytes: 58 * MIB }), bounds, true)).not.toBeNull();
    expect(shortageOf(facts({ fileBytes: 55 * MIB }), bounds, true)).toBeNull();
  });

  it('never lets a file within its quota outgrow it by what one transaction needs', () => {
    const mib = fc.integer({ min: 0, max: 200 }).map((some) => some * MIB);
    fc.assert(
      fc.property(mib, mib, mib, fc.boolean(), (fileBytes, reusableBytes, diskFreeBytes, wasShort) => {
        const shortage = shortageOf({ fileBytes, reusableBytes, diskFreeBytes }, bounds, wasShort);
        if (shortage !== null) return;
        const grows = Math.max(0, 4 * MIB - reusableBytes);
        if (grows === 0) return;
        expect(fileBytes + grows).toBeLessThanOrEqual(bounds.fileBytesMax);
        expect(diskFreeBytes - grows).toBeGreaterThanOrEqual(bounds.diskFreeBytesMin);
      }),
    );
  });
});
