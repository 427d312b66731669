/** The lease's decisions one by one, on times given by hand. */
import { describe, expect, it } from 'vitest';
import { decodeLease, encodeLease, Lease, type LeaseDecision } from '../../../../cluster/placement/lease.ts';

const lease = (self = 'a.1'): Lease => new Lease({ self, leaseMs: 1000 });

/** A lease held by 'a.1' at revision 1, confirmed by a write sent at `sentMs`. */
function held(sentMs = 0): Lease {
  const mine = lease();
  mine.observed(null, sentMs);
  mine.written({ holder: 'a.1', counter: 1 }, 1, sentMs, sentMs + 5);
  return mine;
}

const wait = (untilMs: number): LeaseDecision => ({ kind: 'wait', untilMs });

describe('Lease', () => {
  it('reads first, and creates the entry where there has never been one', () => {
    const mine = lease();
    expect(mine.decide(0)).toEqual({ kind: 'read' });
    mine.observed(null, 5);
    expect(mine.decide(5)).toEqual({ kind: 'acquire', entry: { holder: 'a.1', counter: 1 }, revision: null });
    expect(mine.holds(5)).toBe(false);
  });

  it('holds from the confirmed write until 95 % of the lease after it was sent, not after it was answered', () => {
    const mine = lease();
    mine.observed(null, 0);
    mine.written({ holder: 'a.1', counter: 1 }, 1, 100, 400);
    expect(mine.holds(400)).toBe(true);
    expect(mine.holds(1049.9)).toBe(true);
    expect(mine.holds(1050)).toBe(false);
  });

  it('renews a third of the lease after the last renewal was sent, on the revision it wrote', () => {
    const mine = held(0);
    expect(mine.decide(10)).toEqual(wait(1000 / 3));
    expect(mine.decide(334)).toEqual({ kind: 'renew', entry: { holder: 'a.1', counter: 2 }, revision: 1 });
  });

  it('says step-down once when the lease ran out, then renews if nobody took it', () => {
    const mine = held(0);
    mine.unconfirmed(900);
    expect(mine.decide(950)).toEqual({ kind: 'step-down' });
    expect(mine.holds(950)).toBe(false);
    expect(mine.decide(1000)).toEqual({ kind: 'read' });
    mine.observed({ holder: 'a.1', counter: 1, revision: 1 }, 1010);
    expect(mine.holds(1010)).toBe(false);
    expect(mine.decide(1010)).toEqual({ kind: 'renew', entry: { holder: 'a.1', counter: 2 }, revision: 1 });
  });

  it('wakes up for its own expiry while it pauses after a failure', () => {
    const mine = held(0);
    mine.unconfirmed(900);
    expect(mine.decide(901)).toEqual(wait(950));
  });

  it('steps down when it reads that another holds the lease', () => {
    const mine = held(0);
    mine.observed({ holder: 'b.1', counter: 2, revision: 2 }, 100);
    expect(mine.holds(100)).toBe(false);
    expect(mine.decide(100)).toEqual({ kind: 'step-down' });
    expect(mine.decide(100)).toMatchObject({ kind: 'wait' });
  });

  it('steps down when its entry was removed from under it, and waits a lease before it creates another', () => {
    const mine = held(0);
    mine.observed(null, 100);
    expect(mine.decide(100)).toEqual({ kind: 'step-down' });
    mine.observed(null, 900);
    expect(mine.decide(1099).kind).toBe('wait');
    expect(mine.decide(1100)).toMatchObject({ kind: 'acquire', revision: null });
  });

  it('takes over on the revision it saw unchanged for a whole lease, reading again every third of it', () => {
    const other = { holder: 'b.1', counter: 7, revision: 9 };
    const mine = lease();
    mine.observed(other, 0);
    expect(mine.decide(0)).toEqual(wait(1000 / 3));
    expect(mine.decide(334)).toEqual({ kind: 'read' });
    mine.observed(other, 340);
    mine.observed(other, 800);
    expect(mine.decide(999)).toEqual(wait(1000));
    expect(mine.decide(1000)).toEqual({ kind: 'acquire', entry: { holder: 'a.1', counter: 8 }, revision: 9 });
  });

  it('starts the wait anew whenever the holder renewed', () => {
    const mine = lease();
    mine.observed({ holder: 'b.1', counter: 7, revision: 9 }, 0);
    mine.observed({ holder: 'b.1', counter: 8, revision: 10 }, 990);
    expect(mine.decide(1000).kind).toBe('wait');
    expect(mine.decide(1990)).toMatchObject({ kind: 'acquire', revision: 10 });
  });

  it('takes a lease that was given up without waiting', () => {
    const mine = lease();
    mine.observed({ holder: '', counter: 7, revision: 9 }, 0);
    expect(mine.decide(0)).toEqual({ kind: 'acquire', entry: { holder: 'a.1', counter: 8 }, revision: 9 });
    expect(mine.holder).toBeNull();
  });

  it('pauses and reads again after a conflict, so that a lagging read cannot make it spin', () => {
    const mine = lease();
    mine.observed(null, 0);
    mine.written({ holder: 'a.1', counter: 1 }, null, 0, 5);
    expect(mine.holds(5)).toBe(false);
    expect(mine.decide(5)).toEqual(wait(105));
    expect(mine.decide(105)).toEqual({ kind: 'read' });
  });

  it('does not act on a confirmation that comes after its lease would have run out', () => {
    const mine = lease();
    mine.observed(null, 0);
    mine.written({ holder: 'a.1', counter: 1 }, 1, 0, 2000);
    expect(mine.holds(2000)).toBe(false);
    expect(mine.decide(2000)).toMatchObject({ kind: 'renew', revision: 1 });
  });

  it('releases by writing an empty holder on its own revision, and nothing where it holds nothing', () => {
    expect(held().release()).toEqual({ entry: { holder: '', counter: 2 }, revision: 1 });
    expect(lease().release()).toBeNull();
    const mine = held();
    mine.release();
    expect(mine.holds(10)).toBe(false);
  });
});

describe('encodeLease and decodeLease', () => {
  it('give back the entry', () => {
    const entry = { holder: 'gateway-1.0lx5abcde', counter: 12 };
    expect(decodeLease(encodeLease(entry))).toEqual(entry);
  });

  it.each([
    '',
    '{}',
    'null',
    '[1]',
    '{"holder":1,"counter":1}',
    '{"holder":"a","counter":-1}',
    '{"holder":"a","counter":1.5}',
  ])('refuse %j with DATA_LOSS', (text) => {
    expect(() => decodeLease(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  });
});
