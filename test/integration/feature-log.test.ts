/** The feature log on a real nats-server: appending, following, and letting go without waiting for what is under way. */
import { connect } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { type FeatureLog, openedWhenAsked } from '../../cluster/nats/feature-log.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { FEATURE_LOG_STREAM } from '../../proto/subjects.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

let nats: NatsFixture;
let link: NatsLink;
let log: FeatureLog;

beforeEach(async () => {
  nats = await NatsFixture.start();
  link = await nats.connect();
  log = await link.featureLog({ replicas: 1 });
}, 180_000);

afterEach(async () => {
  await nats.stop();
});

const bytes = (number: number) => Uint8Array.of(number);

/** Milliseconds that `act` took. */
async function timed(act: () => Promise<void>): Promise<number> {
  const startMs = systemClock.nowMs();
  await act();
  return systemClock.nowMs() - startMs;
}

describe('a reader of one partition', () => {
  it('gets its messages from the asked sequence on, in order, and those that come later', async () => {
    for (let i = 1; i <= 6; i++) await log.append(i % 2, bytes(i));
    const got: number[] = [];
    const reader = await log.follow(0, 3, (seq, message) => {
      got.push(seq * 100 + message[0]!);
      return undefined;
    });
    await eventually('what was there', () => got.length === 2);
    await log.append(0, bytes(8));
    await eventually('what came later', () => got.length === 3);
    expect(got).toEqual([404, 606, 708]);
    await reader.stop();
  });

  it('stops at once while a pull for more is pending, and is handed nothing afterwards', async () => {
    const got: number[] = [];
    const reader = await log.follow(0, 1, (seq) => {
      got.push(seq);
      return undefined;
    });
    await log.append(0, bytes(1));
    await eventually('the first message', () => got.length === 1);
    // The pull asks for many more and would stay open for 10 s.
    await sleep(systemClock, 100);
    expect(await timed(() => reader.stop())).toBeLessThan(1_000);
    await log.append(0, bytes(2));
    await sleep(systemClock, 200);
    expect(got).toEqual([1]);
  });

  it('stops at once before its first pull has been answered', async () => {
    const reader = await log.follow(3, 1, () => undefined);
    expect(await timed(() => reader.stop())).toBeLessThan(1_000);
  });

  it('stops within moments when the server is gone and cannot delete the consumer', async () => {
    const readers = await Promise.all([0, 1, 2].map((partition) => log.follow(partition, 1, () => undefined)));
    await nats.stopServer();
    await eventually('the loss of the connection', () => !link.connected);
    const took = await timed(async () => {
      await Promise.all(readers.map((reader) => reader.stop()));
    });
    // Two waits of a second at most; the rest is for a machine that does other things.
    expect(took).toBeLessThan(10_000);
  });
});

describe('appending', () => {
  it('gives each of many messages its own sequence, in the order in which they were sent', async () => {
    const seqs = await Promise.all(Array.from({ length: 500 }, (_, i) => log.append(i % 3, bytes(i % 256))));
    expect(seqs).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect((await log.state()).lastSeq).toBe(500);
  });

  it('says UNAVAILABLE, and why, where the stream is gone, refuses, or does not answer', async () => {
    const direct = await connect({ servers: nats.url });
    const manager = await direct.jetstreamManager();
    await manager.streams.update(FEATURE_LOG_STREAM, { max_msg_size: 16 });
    await expect(log.append(0, new Uint8Array(64))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/message size exceeds/),
    });
    expect(await log.append(0, bytes(1))).toBe(1);
    await manager.streams.delete(FEATURE_LOG_STREAM);
    await expect(log.append(0, bytes(1))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no stream takes the subject'),
    });
    await direct.close();
    await nats.stopServer();
    await eventually('the loss of the connection', () => !link.connected);
    await expect(log.append(0, bytes(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }, 30_000);
});

describe('a log that is opened when asked', () => {
  it('says UNAVAILABLE while it cannot be opened, is opened by a later call, and only once', async () => {
    let tries = 0;
    const lazy = openedWhenAsked(async () => {
      if (++tries < 3) throw new Error('TIMEOUT');
      return log;
    });
    expect(tries).toBe(0);
    await expect(lazy.append(1, bytes(1))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      stage: 'log',
      message: expect.stringContaining('the feature log cannot be opened: TIMEOUT'),
    });
    await expect(lazy.state()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await Promise.all([lazy.append(1, bytes(1)), lazy.lastSeqOf(2)])).toEqual([1, 0]);
    expect([(await lazy.state()).lastSeq, [...(await lazy.usedPartitions())]]).toEqual([1, [1]]);
    const got: number[] = [];
    const reader = await lazy.follow(1, 1, (seq) => {
      got.push(seq);
      return undefined;
    });
    await eventually('the message', () => got.length === 1);
    await reader.stop();
    expect(tries).toBe(3);
  });
});
