/** What an entry of the dead-letter stream holds, how it is read, and what of it can be tried again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../../actors/feature-shard/apply-message.ts';
import { letterOf, Parking, retryOf } from '../../../../actors/feature-shard/dead-letters.ts';
import { systemClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { decodeDeadLetter, encodeDeadLetter, parseDeadLetterId } from '../../../../proto/dead-letter.ts';
import { ServingError } from '../../../../proto/errors.ts';
import { decodeRowBatch } from '../../../../proto/row-batch.ts';
import { clickBatch, mendedApp, oldApp, POISON, plainBatch, plainRow } from '../../../support/dead-letter-world.ts';

function poisonOf(bytes: Uint8Array, seq = 5) {
  return { partition: 3, seq, bytes, read: readMessage(oldApp, bytes) };
}

describe('an entry', () => {
  it('is read as it was written, whatever bytes it holds', () => {
    for (const { bytes } of POISON) {
      const letter = letterOf(poisonOf(bytes), 1_234);
      const read = decodeDeadLetter(encodeDeadLetter(letter));
      expect({ ...read, bytes: [...read.bytes] }).toEqual({ ...letter, bytes: [...letter.bytes] });
    }
  });

  it('in another form is refused with a reason, whatever it is', () => {
    const whole = encodeDeadLetter(letterOf(poisonOf(POISON[3]!.bytes), 1));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.nat(whole.length - 1).map((at) => whole.subarray(0, at)),
        ),
        (bytes) => {
          try {
            expect(decodeDeadLetter(bytes).partition).toBe(3);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ServingError);
          }
        },
      ),
    );
    for (const text of ['{}', '[]', 'null', '{"partition":1,"seq":2,"parkedMs":3,"rowsLeftOut":0,"reasons":[{}]}'])
      expect(() => decodeDeadLetter(Buffer.from(`${text}\n`))).toThrow(/form/);
  });

  it('stays short enough to be sent, and says what it leaves out', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => plainRow('', i));
    const letter = letterOf(poisonOf(plainBatch(...many)), 1);
    expect(letter.reasons.map(({ rows }) => rows.length)).toEqual([5_000]);
    expect(letter.rowsLeftOut).toBe(15_000);
    const long = letterOf(poisonOf(new Uint8Array(1_000_000).fill(255)), 1);
    expect([long.holds, long.bytes.length]).toEqual(['none', 0]);
    for (const one of [letter, long]) expect(encodeDeadLetter(one).length).toBeLessThan(1_000_000);
  });

  it('has a name that people can write', () => {
    expect(parseDeadLetterId('17.4711')).toEqual({ partition: 17, seq: 4711 });
    for (const text of ['', '17', '17.', '.1', '1.2.3', 'a.b', '-1.2', '1.2e3', ' 1.2', '>.1'])
      expect(() => parseDeadLetterId(text)).toThrow(/<partition>.<seq>/);
  });
});

describe('trying an entry again', () => {
  it('takes all events or none, and lets them replace what they were', () => {
    const bytes = clickBatch('a', { atMs: 1, price: 2, id: 9 }, { atMs: 2, price: 3, id: 0 });
    expect(retryOf(oldApp, { holds: 'message' }, bytes)).toMatchObject({ bytes: null, rows: 0 });
    const retry = retryOf(mendedApp, { holds: 'message' }, bytes);
    expect(retry).toMatchObject({ rows: 2, still: [], replacesOriginal: true });
    expect(decodeRowBatch(retry.bytes!)!.rows.map(({ idA }) => idA)).toEqual([9, 0]);
  });

  it('takes the rows of a view that can be read, and names what is wrong with the rest', () => {
    const retry = retryOf(oldApp, { holds: 'rows' }, POISON[3]!.bytes);
    expect(retry).toMatchObject({ rows: 2, replacesOriginal: false });
    expect(retry.still).toHaveLength(4);
    expect(decodeRowBatch(retry.bytes!)!.rows.map(({ key }) => Buffer.from(key).toString())).toEqual(['good', 'good2']);
  });
});

describe('parking', () => {
  it('is cut short by a stop, and says that it was', async () => {
    const parking = new Parking({
      sink: { park: () => Promise.reject(new Error('no stream')) },
      clock: systemClock,
      log: silentLog,
      onLetter: () => {},
    });
    const parked = parking.park([poisonOf(POISON[0]!.bytes)]);
    parking.stop();
    expect(await parked).toBe(false);
    expect(parking.owed).toBe(0);
  });

  it('owes no more than it can hold, and counts what it gives up', async () => {
    const outcomes: string[] = [];
    // Time flies, so that patience ends at once.
    let nowMs = 0;
    const clock = { ...systemClock, nowMs: () => (nowMs += 10_000), after: () => ({ cancel: () => {} }) };
    const parking = new Parking({
      sink: { park: () => Promise.reject(new Error('no stream')) },
      clock,
      log: silentLog,
      onLetter: (outcome) => outcomes.push(outcome),
    });
    const poison = Array.from({ length: 1_100 }, (_, i) => poisonOf(POISON[0]!.bytes, i + 1));
    expect(await parking.park(poison)).toBe(true);
    expect(await parking.park(poison.slice(0, 10))).toBe(true);
    expect(parking.owed).toBe(1_000);
    expect(outcomes.filter((one) => one === 'owed')).toHaveLength(1_000);
    expect(outcomes.filter((one) => one === 'lost')).toHaveLength(100);
    parking.stop();
  });
});
