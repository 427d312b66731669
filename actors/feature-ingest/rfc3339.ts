/**
 * Times as text: RFC 3339 and nothing looser. `Date.parse` takes the 30th of February for the 2nd of March and a time
 * without zone for the local one; here each is refused with what is wrong. Pure.
 */

const FORM = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/;
const EXAMPLES = '"2026-02-28T13:45:00.250Z" or "2026-02-28T14:45:00+01:00"';

const DAY_MS = 86_400_000;

/**
 * Milliseconds since the Unix epoch, or, as text that follows the value in an error, what is wrong with it. Digits past
 * the millisecond are cut off. A leap second (23:59:60 UTC at the end of a month) counts as the second that follows it,
 * since Unix time has none.
 */
export function parseTimeMs(text: string): number | string {
  const match = FORM.exec(text);
  if (match === null) {
    if (WITHOUT_ZONE.test(text)) return `says no time zone or is a date alone; write it as ${EXAMPLES}`;
    return `must be RFC 3339 text, such as ${EXAMPLES}, or milliseconds since 1970`;
  }
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six;
  const days = daysIn(year, month);
  if (days === 0) return `has month ${match[2]}; there are 01 to 12`;
  if (day < 1 || day > days) return `has day ${match[3]}; ${match[1]}-${match[2]} has 01 to ${days}`;
  if (hour > 23) return `has hour ${match[4]}; there are 00 to 23`;
  if (minute > 59) return `has minute ${match[5]}; there are 00 to 59`;
  if (second > 60) return `has second ${match[6]}; there are 00 to 59, and 60 for a leap second`;
  const offset = offsetMinutes(match);
  if (typeof offset === 'string') return offset;
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const atMs = utcMs(year, month, day) + ((hour * 60 + minute - offset) * 60 + second) * 1_000 + ms;
  if (second === 60 && !isMonthStart(atMs - ms)) {
    return 'has second 60, which there is only as a leap second, 23:59:60 UTC at the end of a month';
  }
  return atMs;
}

type Six = [number, number, number, number, number, number];

function offsetMinutes(match: RegExpExecArray): number | string {
  if (match[8] !== undefined) return 0;
  const hours = Number(match[10]);
  const minutes = Number(match[11]);
  if (hours > 23 || minutes > 59) return `has the zone ${match[9]}${match[10]}:${match[11]}; zones go up to 23:59`;
  return (match[9] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

/** Midnight UTC. `Date.UTC` alone would take the years 0 to 99 for 1900 to 1999. */
function utcMs(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

/** 0 for a month that there is not. */
function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [0, 31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] ?? 0;
}

function isMonthStart(ms: number): boolean {
  return ms % DAY_MS === 0 && new Date(ms).getUTCDate() === 1;
}
