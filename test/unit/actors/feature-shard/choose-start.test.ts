/** From where a replica takes a partition, against a log that is played through message by message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseStart, copySeqMin, FEW_MESSAGES, logCovers } from '../../../../actors/feature-shard/choose-start.ts';

const facts = { cursorSeq: 0, restoring: false, firstSeq: 1, trimmedTo: 0, highestTrim: 0, messages: 10 };

describe('the start of a partition', () => {
  it('is the log where that is whole and short, or this replica has begun with it', () => {
    expect(chooseStart(facts)).toBe('follow');
    expect(chooseStart({ ...facts, messages: 0 })).toBe('follow');
    expect(chooseStart({ ...facts, messages: FEW_MESSAGES + 1 })).toBe('copy or log');
    expect(chooseStart({ ...facts, messages: 1e6, cursorSeq: 3 })).toBe('follow');
  });

  it('is a copy where a trim is behind this replica, or a copy was begun', () => {
    const trimmed = { ...facts, firstSeq: 50, trimmedTo: 40, highestTrim: 49 };
    expect(chooseStart({ ...trimmed, cursorSeq: 39 })).toBe('copy');
    expect(chooseStart({ ...trimmed, cursorSeq: 40 })).toBe('follow');
    expect(chooseStart({ ...trimmed, cursorSeq: 60, restoring: true })).toBe('copy');
    expect(chooseStart({ ...facts, cursorSeq: 60, restoring: true })).toBe('copy or log');
    expect(copySeqMin(trimmed)).toBe(40);
  });

  it('never skips a message: whatever was trimmed or purged, following goes on from a cursor that lacks nothing', () => {
    const partition = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(
        fc.array(partition, { maxLength: 30 }),
        fc.array(fc.record({ partition, upTo: fc.nat(30) }), { maxLength: 4 }),
        fc.nat(12),
        fc.nat(30),
        (log, trims, purgedTo, cursor) => {
          // What retention does: on record, by partition. What somebody else does: from the front, on no record.
          const trimmedTo = [0, 0, 0];
          for (const trim of trims) {
            const seqs = log
              .map((one, i) => (one === trim.partition ? i + 1 : 0))
              .filter((seq) => seq > 0 && seq <= trim.upTo);
            trimmedTo[trim.partition] = Math.max(trimmedTo[trim.partition]!, ...seqs, 0);
          }
          const kept = (seq: number) => seq > trimmedTo[log[seq - 1]!]! && seq > purgedTo;
          const retained = log.map((_, i) => i + 1).filter(kept);
          const firstSeq = retained[0] ?? log.length + 1;
          const highestTrim = Math.max(...trimmedTo);
          for (const mine of [0, 1, 2]) {
            const known = { firstSeq, trimmedTo: trimmedTo[mine]!, highestTrim };
            const seq = Math.min(cursor, log.length);
            const lost = log.some((one, i) => one === mine && i + 1 > seq && !kept(i + 1));
            // A purge that stays behind what was trimmed anyway cannot be told from a trim, where it took this partition's.
            const hidden = purgedTo > trimmedTo[mine]! && firstSeq <= highestTrim + 1;
            if (lost && !hidden) expect(logCovers(known, seq)).toBe(false);
            if (seq >= copySeqMin(known)) expect(logCovers(known, seq)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
