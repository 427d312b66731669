/** The heartbeat of the log, against a log of numbers that loses what it is told to lose. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type LogCounts, LogHeartbeat } from '../../../../actors/feature-shard/log-heartbeat.ts';
import { type Clock, systemClock } from '../../../../cluster/clock.ts';
import { silentLog } from '../../../../cluster/log.ts';
import { below, seededRandom } from '../../../../cluster/random.ts';

class HandClock implements Clock {
  atMs = 1_000;
  nowMs = () => this.atMs;
  wallMs = () => this.atMs;
  after = systemClock.after;
  every = systemClock.every;
  endOfTurn = systemClock.endOfTurn;
  afterInput = systemClock.afterInput;
}

/** A log whose messages are a partition each; `deliver` hands over what has not come, in order. */
class NumberLog {
  readonly clock = new HandClock();
  messages: { seq: number; partition: number; appendedMs: number }[] = [];
  lastSeq = 0;
  delivered = new Map<number, number>();
  asked: number[] = [];
  answers = true;
  /** What happens between an answer and its arrival. */
  onCounts = () => {};
  onLastSeq = () => {};
  readonly heartbeat = new LogHeartbeat({ source: this, clock: this.clock, log: silentLog, staleAfterMs: 500 });

  append(partition: number): void {
    this.messages.push({ seq: ++this.lastSeq, partition, appendedMs: this.clock.atMs });
  }

  remove(seq: number): void {
    this.messages = this.messages.filter((message) => message.seq !== seq);
  }

  trim(seq: number): void {
    this.messages = this.messages.filter((message) => message.seq >= seq);
  }

  begin(partition: number): void {
    this.heartbeat.begin(partition, this.delivered.get(partition) ?? 0);
  }

  deliver(partition: number, messagesMax = Number.POSITIVE_INFINITY): void {
    const from = this.delivered.get(partition) ?? 0;
    const next = this.messages.filter((message) => message.partition === partition && message.seq > from);
    for (const { seq } of next.slice(0, messagesMax)) {
      this.delivered.set(partition, seq);
      this.heartbeat.received(partition, seq);
    }
  }

  counts = async (): Promise<LogCounts> => {
    if (!this.answers) throw new Error('no answer');
    const messages = new Map<number, number>();
    for (const { partition } of this.messages) messages.set(partition, (messages.get(partition) ?? 0) + 1);
    const firstSeq = this.messages[0]?.seq ?? this.lastSeq + 1;
    const deleted = this.lastSeq - firstSeq + 1 - this.messages.length;
    const answer = { firstSeq, lastSeq: this.lastSeq, deleted, messages };
    this.onCounts();
    return answer;
  };

  lastSeqOf = async (partition: number): Promise<number> => {
    this.asked.push(partition);
    const answer = this.messages.findLast((message) => message.partition === partition)?.seq ?? 0;
    this.onLastSeq();
    return answer;
  };

  /** As of when nothing of the partition can have been missing: the latest time up to which all has come. */
  completeUntilMs(partition: number): number {
    const from = this.delivered.get(partition) ?? 0;
    const missing = this.messages.find((message) => message.partition === partition && message.seq > from);
    return missing?.appendedMs ?? Number.POSITIVE_INFINITY;
  }
}

let log: NumberLog;

beforeEach(() => {
  log = new NumberLog();
  for (const partition of [0, 1, 1, 2]) log.append(partition);
  for (const partition of [0, 1, 2]) {
    log.begin(partition);
    log.deliver(partition);
  }
});

async function checkAt(atMs: number): Promise<number[]> {
  log.clock.atMs = atMs;
  await log.heartbeat.check();
  return [0, 1, 2].map((partition) => log.heartbeat.ageMs(partition));
}

describe('the heartbeat of the log', () => {
  it('confirms quiet partitions, asking for each of them once and then only for the sum', async () => {
    expect(await checkAt(2_000)).toEqual([0, 0, 0]);
    // Partition 2 has what is last in the log, so that there was nothing to ask.
    expect(log.asked.sort()).toEqual([0, 1]);
    expect(await checkAt(3_000)).toEqual([0, 0, 0]);
    log.clock.atMs = 3_400;
    expect([0, 1, 2].map((partition) => log.heartbeat.isStale(partition))).toEqual([false, false, false]);
    expect(log.asked.length).toBe(2);
  });

  it('does not confirm a partition whose messages do not come, and says how many', async () => {
    await checkAt(2_000);
    log.append(1);
    log.append(1);
    log.append(0);
    log.deliver(0);
    expect(await checkAt(3_000)).toEqual([0, 1_000, 1_000 - 1_000]);
    expect(log.heartbeat.missing(1)).toBe(2);
    expect(log.heartbeat.isStale(1)).toBe(true);
    log.deliver(1);
    expect(await checkAt(4_000)).toEqual([0, 0, 0]);
    expect(log.heartbeat.missing(1)).toBe(0);
  });

  it('does not take what was taken out of the log for what is missing, nor the other way round', async () => {
    await checkAt(2_000);
    log.trim(2);
    log.remove(3);
    log.append(1);
    expect((await checkAt(3_000))[1]).toBe(1_000);
    log.deliver(1);
    expect(await checkAt(4_000)).toEqual([0, 0, 0]);
  });

  it('confirms nothing while the log does not answer', async () => {
    await checkAt(2_000);
    log.answers = false;
    await expect(checkAt(3_000)).rejects.toThrow();
    expect(log.heartbeat.ageMs(0)).toBe(1_000);
    expect(log.heartbeat.isStale(0)).toBe(true);
  });

  it('confirms a busy partition, of which something comes during each question, as of the question before', async () => {
    // So its base cannot be learnt, and it falls behind by one each time.
    log.onCounts = () => {
      log.append(1);
      log.append(1);
      log.deliver(1, 1);
    };
    expect((await checkAt(2_000))[1]).toBe(0);
    expect((await checkAt(3_000))[1]).toBe(0);
    expect((await checkAt(4_000))[1]).toBe(1_000);
    expect(log.heartbeat.missing(1)).toBe(0);
  });

  it('keeps what was confirmed where following begins anew', async () => {
    await checkAt(2_000);
    log.clock.atMs = 2_300;
    log.begin(0);
    expect(log.heartbeat.ageMs(0)).toBe(300);
    log.heartbeat.forget(0);
    log.begin(0);
    expect(log.heartbeat.ageMs(0)).toBe(0);
  });

  it('never confirms what is not so, whatever is appended, delivered, followed anew or taken out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = seededRandom(seed);
        log = new NumberLog();
        for (const partition of [0, 1, 2]) log.begin(partition);
        const act = () => {
          const partition = below(random, 3);
          const action = random.next();
          if (action < 0.4) log.append(partition);
          else if (action < 0.75) log.deliver(partition, 1 + below(random, 4));
          else if (action < 0.85) log.begin(partition);
          else if (log.messages.length > 0) {
            // What is trimmed or taken out has been applied everywhere.
            const seq = log.messages[below(random, log.messages.length)]!.seq;
            const all = log.messages.filter((message) => message.seq <= seq);
            if (all.some((message) => message.seq > (log.delivered.get(message.partition) ?? 0))) return;
            if (action < 0.93) log.trim(seq);
            else log.remove(seq);
          }
          log.clock.atMs += below(random, 50);
        };
        log.onCounts = () => {
          for (let i = below(random, 3); i > 0; i--) act();
        };
        log.onLastSeq = log.onCounts;
        for (let step = 0; step < 60; step++) {
          if (random.next() < 0.3) await log.heartbeat.check();
          else act();
          for (const partition of [0, 1, 2]) {
            const confirmedMs = log.clock.atMs - log.heartbeat.ageMs(partition);
            expect(confirmedMs).toBeLessThanOrEqual(Math.max(1_000, log.completeUntilMs(partition)));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
