/** Many partitions read by one consumer, on a real nats-server: nothing is missed, repeated or out of order. */
import { connect, type NatsConnection } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import type { FeatureLog } from '../../cluster/nats/feature-log.ts';
import { below, seededRandom } from '../../cluster/random.ts';
import { FEATURE_LOG_STREAM } from '../../proto/subjects.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const PARTITIONS = 12;
let nats: NatsFixture;
let log: FeatureLog;
let watching: NatsConnection;

beforeEach(async () => {
  nats = await NatsFixture.start();
  log = await (await nats.connect()).featureLog({ replicas: 1 });
  watching = await connect({ servers: nats.url });
}, 180_000);

afterEach(async () => {
  await watching.close();
  await nats.stop();
});

async function consumers(): Promise<number> {
  const manager = await watching.jetstreamManager();
  return (await manager.streams.info(FEATURE_LOG_STREAM)).state.consumer_count;
}

/** Waits until the stream has this many consumers. */
async function untilConsumers(wanted: number): Promise<void> {
  const deadline = systemClock.nowMs() + 20_000;
  while ((await consumers()) !== wanted) {
    if (systemClock.nowMs() > deadline) throw new Error(`${await consumers()} consumers instead of ${wanted}`);
    await sleep(systemClock, 20);
  }
}

/** Follows a partition together with others, and notes what comes. */
async function follow(partition: number, fromSeq: number, slowMs = 0) {
  const got: number[] = [];
  const reader = await log.follow(
    partition,
    fromSeq,
    (seq) => {
      got.push(seq);
      return slowMs === 0 ? undefined : sleep(systemClock, slowMs);
    },
    true,
  );
  return { got, stop: () => reader.stop() };
}

describe('partitions that are followed together', () => {
  it('share a consumer once they have caught up, each with a consumer of its own until then', async () => {
    for (let i = 0; i < 30; i++) await log.append(i % 3, Uint8Array.of(i));
    const readers = await Promise.all([0, 1, 2, 3, 4].map((partition) => follow(partition, partition === 1 ? 20 : 1)));
    await eventually('what was there', () => readers[0]!.got.length === 10 && readers[2]!.got.length === 10);
    await untilConsumers(1);
    for (let i = 0; i < 10; i++) await log.append(i % 5, Uint8Array.of(i));
    await eventually('what came later', () => readers.every(({ got }) => got.at(-1)! > 30));
    expect(readers.map(({ got }) => got.length)).toEqual([12, 6, 12, 2, 2]);
    expect(readers[1]!.got).toEqual([20, 23, 26, 29, 32, 37]);
    await Promise.all(readers.map(({ stop }) => stop()));
    await untilConsumers(0);
  });

  it('miss nothing and get nothing twice, while they come and go and others write', async () => {
    const random = seededRandom(5);
    const written = new Map<number, number[]>();
    let writing = true;
    const writer = (async () => {
      while (writing) {
        const batch = Array.from({ length: 1 + below(random, 20) }, () => below(random, PARTITIONS));
        const seqs = await Promise.all(batch.map((partition) => log.append(partition, Uint8Array.of(partition))));
        batch.forEach((partition, i) => {
          written.set(partition, [...(written.get(partition) ?? []), seqs[i]!]);
        });
        await sleep(systemClock, below(random, 4));
      }
    })();
    /** All that a partition was handed, over all the times that it was followed. */
    const handed = new Map<number, number[]>();
    const lives = Array.from({ length: PARTITIONS }, async (_, partition) => {
      for (let life = 0; life < 6; life++) {
        const before = handed.get(partition) ?? [];
        const { got, stop } = await follow(partition, (before.at(-1) ?? 0) + 1, partition === 3 ? 1 : 0);
        await sleep(systemClock, below(random, 120));
        const last = life === 5;
        if (last) {
          await sleep(systemClock, 150);
          writing = false;
          await writer;
          const all = () => [...(written.get(partition) ?? [])].sort((a, b) => a - b);
          await eventually(`all of ${partition}`, () => before.length + got.length >= all().length);
        }
        await stop();
        handed.set(partition, [...before, ...got]);
      }
    });
    await Promise.all(lives);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      expect(handed.get(partition)).toEqual([...(written.get(partition) ?? [])].sort((a, b) => a - b));
    }
    await untilConsumers(0);
  });

  it('go on where a consumer was taken away by somebody', async () => {
    const { got, stop } = await follow(0, 1);
    await log.append(0, Uint8Array.of(1));
    await eventually('the first', () => got.length === 1);
    const manager = await watching.jetstreamManager();
    for (const name of await manager.consumers.list(FEATURE_LOG_STREAM).next()) {
      await manager.consumers.delete(FEATURE_LOG_STREAM, name.name);
    }
    await log.append(0, Uint8Array.of(2));
    await eventually('the second', () => got.length === 2, 30_000);
    expect(got).toEqual([1, 2]);
    await stop();
  }, 60_000);
});
