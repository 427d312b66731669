/** Reading the feature log from outside the cluster: whole, in stretches, one partition of it, and when it goes away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoggedMessage, LogReader, LogStretch } from '../../cluster/nats/log-reader.ts';
import { NatsFixture } from '../support/nats-fixture.ts';

let fixture: NatsFixture;
let reader: LogReader;
const TOTAL = 700;

beforeAll(async () => {
  fixture = await NatsFixture.start();
  reader = await (await fixture.connect()).logReader();
});
afterAll(() => fixture.stop());

async function read(stretch: LogStretch): Promise<LoggedMessage[]> {
  const messages: LoggedMessage[] = [];
  for await (const message of reader.read(stretch)) messages.push(message);
  return messages;
}

const seqs = (messages: readonly LoggedMessage[]) => messages.map((message) => message.seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the log reader', () => {
  it('says where there is no log, and makes none', async () => {
    await expect(reader.extent()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('--nats-url'),
    });
    await expect(reader.extent()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reads an empty log as nothing', async () => {
    await (await fixture.connect()).featureLog({ replicas: 1 });
    expect(await read({ fromSeq: 1, toSeq: 1e9 })).toEqual([]);
    expect(await read({ fromSeq: 1, toSeq: 1e9, partition: 3 })).toEqual([]);
  });

  it('reads every message once, in order, with the time at which the log took it', async () => {
    const log = await (await fixture.connect()).featureLog({ replicas: 1 });
    const fromMs = Date.now();
    for (let i = 1; i <= TOTAL; i++) await log.append(i % 3, Uint8Array.of(i & 255, i >> 8));
    const messages = await read({ fromSeq: 1, toSeq: 1e9 });
    expect(seqs(messages)).toEqual(range(1, TOTAL));
    messages.forEach(({ seq, partition, createdMs, bytes }, i) => {
      expect(partition).toBe(seq % 3);
      expect([...bytes]).toEqual([seq & 255, seq >> 8]);
      expect(Number.isInteger(createdMs)).toBe(true);
      expect(createdMs).toBeGreaterThanOrEqual(i === 0 ? fromMs : messages[i - 1]!.createdMs);
    });
    expect(messages.at(-1)!.createdMs).toBeLessThanOrEqual(Date.now());
  });

  it('reads a stretch, both ends included, and one partition of it', async () => {
    expect(seqs(await read({ fromSeq: 100, toSeq: 300 }))).toEqual(range(100, 300));
    expect(seqs(await read({ fromSeq: TOTAL, toSeq: 1e9 }))).toEqual([TOTAL]);
    expect(await read({ fromSeq: TOTAL + 1, toSeq: 1e9 })).toEqual([]);
    expect(await read({ fromSeq: 50, toSeq: 49 })).toEqual([]);
    const ofOne = await read({ fromSeq: 1, toSeq: 100, partition: 2 });
    expect(seqs(ofOne)).toEqual(range(1, 100).filter((seq) => seq % 3 === 2));
    // Past its partition's last message there is nothing to wait for.
    expect(seqs(await read({ fromSeq: 690, toSeq: 1e9, partition: 2 }))).toEqual([692, 695, 698]);
  });

  it('passes over what was trimmed, and says how much that is', async () => {
    expect(await reader.extent()).toMatchObject({ lastSeq: TOTAL, trimmed: 0 });
    await (await (await fixture.connect()).featureLog({ replicas: 1 })).trim(2, 5);
    expect(await reader.extent()).toMatchObject({ firstSeq: 1, lastSeq: TOTAL, trimmed: 2 });
    expect(seqs(await read({ fromSeq: 1, toSeq: 8 }))).toEqual([1, 3, 4, 6, 7, 8]);
    expect(seqs(await read({ fromSeq: 1, toSeq: 8, partition: 2 }))).toEqual([8]);
  });

  it('rejects where the connection goes away in the middle, which is not the end of the log', async () => {
    const link = await fixture.connect();
    const other = await link.logReader(1_000);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of other.read({ fromSeq: 1, toSeq: 1e9 })) {
        seen.push(seq);
        if (seq === 10) await link.close();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(seen.length).toBeLessThan(TOTAL);
  });
});

describe('a log of small and large messages', () => {
  it('is read to its end, and while each message is taken slowly', async () => {
    const own = await NatsFixture.start();
    try {
      const link = await own.connect();
      const log = await link.featureLog({ replicas: 1 });
      for (let i = 0; i < 300; i++) await log.append(0, new Uint8Array(i % 100));
      for (let i = 0; i < 40; i++) await log.append(1, new Uint8Array(10_000 + i * 20_000));
      for (let i = 0; i < 300; i++) await log.append(0, new Uint8Array(i % 100));
      const lengths: number[] = [];
      for await (const { seq, bytes } of (await link.logReader()).read({ fromSeq: 1, toSeq: 1e9 })) {
        lengths.push(bytes.byteLength);
        if (seq % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(lengths.length).toBe(640);
      expect(lengths.slice(300, 340)).toEqual(Array.from({ length: 40 }, (_, i) => 10_000 + i * 20_000));
    } finally {
      await own.stop();
    }
  }, 60_000);
});
