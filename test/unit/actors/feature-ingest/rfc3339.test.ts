/** Times as text: what RFC 3339 allows, to the millisecond, and what is wrong with the rest. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTimeMs } from '../../../../actors/feature-ingest/rfc3339.ts';

const two = (number: number) => String(number).padStart(2, '0');

describe('a time', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2023-11-14T22:13:20Z', 1_700_000_000_000],
    ['2023-11-14t22:13:20z', 1_700_000_000_000],
    ['2023-11-14 22:13:20Z', 1_700_000_000_000],
    ['2023-11-14T23:13:20+01:00', 1_700_000_000_000],
    ['2023-11-15T03:58:20+05:45', 1_700_000_000_000],
    ['2023-11-14T14:13:20-08:00', 1_700_000_000_000],
    ['2023-11-14T22:13:20-00:00', 1_700_000_000_000],
    ['2023-11-14T22:13:20.5Z', 1_700_000_000_500],
    ['2023-11-14T22:13:20.123456789Z', 1_700_000_000_123],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
    ['0099-12-31T00:00:00Z', new Date('0099-12-31T00:00:00Z').getTime()],
    // Leap seconds: the last one of UTC, also as seen from elsewhere.
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['2016-12-31T23:59:60.25Z', Date.UTC(2017, 0, 1) + 250],
    ['2017-01-01T08:59:60+09:00', Date.UTC(2017, 0, 1)],
    ['2015-06-30T16:59:60-07:00', Date.UTC(2015, 6, 1)],
  ])('%s is read exactly', (text, ms) => {
    expect(parseTimeMs(text)).toBe(ms);
  });

  it.each([
    ['2026-02-30T00:00:00Z', 'has day 30; 2026-02 has 01 to 28'],
    ['2025-02-29T00:00:00Z', 'has day 29; 2025-02 has 01 to 28'],
    ['1900-02-29T00:00:00Z', 'has day 29; 1900-02 has 01 to 28'],
    ['2026-04-31T00:00:00Z', 'has day 31; 2026-04 has 01 to 30'],
    ['2026-01-00T00:00:00Z', 'has day 00; 2026-01 has 01 to 31'],
    ['2026-00-01T00:00:00Z', 'has month 00; there are 01 to 12'],
    ['2026-13-01T00:00:00Z', 'has month 13; there are 01 to 12'],
    ['2026-01-01T24:00:00Z', 'has hour 24; there are 00 to 23'],
    ['2026-01-01T00:60:00Z', 'has minute 60; there are 00 to 59'],
    ['2026-01-01T00:00:61Z', 'has second 61'],
    ['2026-01-01T00:00:60Z', 'has second 60, which there is only as a leap second'],
    ['2016-12-31T23:59:60+01:00', 'has second 60, which there is only as a leap second'],
    ['2016-12-30T23:59:60Z', 'has second 60, which there is only as a leap second'],
    ['2026-01-01T00:00:00+24:00', 'has the zone +24:00; zones go up to 23:59'],
    ['2026-01-01T00:00:00-01:60', 'has the zone -01:60'],
    ['2026-01-01', 'says no time zone or is a date alone; write it as "2026-02-28T13:45:00.250Z"'],
    ['2026-02-30', 'says no time zone or is a date alone'],
    ['2026-01-01T00:00:00', 'says no time zone'],
    ['2026-01-01T00:00', 'says no time zone'],
    ['2026-01-01T00:00:00+0100', 'must be RFC 3339 text'],
    ['2026-01-01T00:00:00.Z', 'must be RFC 3339 text'],
    ['20260101T000000Z', 'must be RFC 3339 text'],
    ['Jan 1 2026', 'must be RFC 3339 text'],
    ['1700000000000', 'must be RFC 3339 text'],
    ['+002026-01-01T00:00:00Z', 'must be RFC 3339 text'],
    ['2026-01-01T00:00:00Z\n', 'must be RFC 3339 text'],
    ['', 'must be RFC 3339 text'],
  ])('%j is refused with what is wrong', (text, why) => {
    expect(parseTimeMs(text)).toContain(why);
  });

  it('written for any instant in any zone reads as that instant', () => {
    const instant = fc.integer({ min: Date.UTC(1, 0, 3), max: Date.UTC(9999, 11, 28) });
    const zone = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 });
    fc.assert(
      fc.property(instant, zone, (ms, minutes) => {
        const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1);
        const size = Math.abs(minutes);
        const text = `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        expect(parseTimeMs(text)).toBe(ms);
      }),
    );
  });

  it('is read if, and only if, writing what was read gives the same text: nothing rolls over', () => {
    const field = (max: number) => fc.integer({ min: 0, max });
    // No second 60, which is written as the second that follows.
    fc.assert(
      fc.property(
        fc.integer({ min: 1900, max: 2100 }),
        field(14),
        field(33),
        field(25),
        field(61),
        fc.integer({ min: 0, max: 59 }),
        (year, month, day, hour, minute, second) => {
          const text = `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.000Z`;
          const ms = parseTimeMs(text);
          const rolled = new Date(Date.UTC(year, month - 1, day, hour, minute, second)).toISOString();
          if (rolled === text) expect(ms).toBe(Date.parse(text));
          else expect(typeof ms).toBe('string');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
