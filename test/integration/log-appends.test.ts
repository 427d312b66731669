/** Appends to a real JetStream stream, and what becomes of those that nobody, or a stranger, acknowledges. */
import { connect, DiscardPolicy, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { LogAppends } from '../../cluster/nats/log-appends.ts';
import { NatsFixture } from '../support/nats-fixture.ts';

let nats: NatsFixture;
let connection: NatsConnection;

beforeAll(async () => {
  nats = await NatsFixture.start();
  connection = await connect({ servers: nats.url });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: 'LOG', subjects: ['log.*'] });
  await manager.streams.add({ name: 'FULL', subjects: ['full'], max_msgs: 1, discard: DiscardPolicy.New });
}, 180_000);

afterAll(async () => {
  await connection.close();
  await nats.stop();
});

const bytes = (number: number) => Uint8Array.of(number & 255, number >> 8);

describe('appends', () => {
  it('are each acknowledged with the sequence under which the stream has their bytes', async () => {
    const appends = new LogAppends(connection, systemClock, 5_000);
    const seqs = await Promise.all(Array.from({ length: 2_000 }, (_, i) => appends.append(`log.${i % 7}`, bytes(i))));
    expect(new Set(seqs).size).toBe(2_000);
    const manager = await connection.jetstreamManager();
    for (const i of [0, 1, 777, 1_999]) {
      const stored = await manager.streams.getMessage('LOG', { seq: seqs[i]! });
      expect([stored.subject, ...stored.data]).toEqual([`log.${i % 7}`, ...bytes(i)]);
    }
  });

  it('are refused with the reason of a stream that takes no more', async () => {
    const appends = new LogAppends(connection, systemClock, 5_000);
    expect(await appends.append('full', bytes(1))).toBe(1);
    await expect(appends.append('full', bytes(2))).rejects.toThrow('maximum messages exceeded');
  });

  it('are refused at once where no stream listens', async () => {
    const appends = new LogAppends(connection, systemClock, 60_000);
    await expect(appends.append('nowhere', bytes(1))).rejects.toThrow('no stream listens');
  });

  it('are refused where the message is larger than the server takes, and the connection goes on', async () => {
    const appends = new LogAppends(connection, systemClock, 5_000);
    const tooLarge = new Uint8Array(connection.info!.max_payload + 1);
    await expect(appends.append('log.0', tooLarge)).rejects.toThrow('MAX_PAYLOAD');
    expect(await appends.append('log.0', bytes(3))).toBeGreaterThan(0);
  });

  it('end in time without an acknowledgement, and one that comes late is not taken for the next', async () => {
    const late: (() => void)[] = [];
    const subscription = connection.subscribe('slow', {
      callback: (_error, message) => {
        late.push(() => message.respond('{"stream":"LOG","seq":4711}'));
      },
    });
    const appends = new LogAppends(connection, systemClock, 50);
    await expect(appends.append('slow', bytes(1))).rejects.toThrow('no acknowledgement within 50 ms');
    const next = appends.append('slow', bytes(2));
    next.catch(() => undefined);
    late[0]!();
    await expect(next).rejects.toThrow('no acknowledgement within 50 ms');
    subscription.unsubscribe();
  });

  it.each(['', 'nonsense', '{}', '{"seq":"7"}', '{"seq":0}', 'null', '[]'])(
    'are refused when %j is all the answer they get',
    async (answer) => {
      const subscription = connection.subscribe('stranger', { callback: (_error, message) => message.respond(answer) });
      const appends = new LogAppends(connection, systemClock, 5_000);
      await expect(appends.append('stranger', bytes(1))).rejects.toThrow('cannot be read');
      subscription.unsubscribe();
    },
  );

  it('are refused once the connection is closed', async () => {
    const own = await connect({ servers: nats.url });
    const appends = new LogAppends(own, systemClock, 5_000);
    await appends.append('log.0', bytes(1));
    await own.close();
    await sleep(systemClock, 10);
    await expect(appends.append('log.0', bytes(1))).rejects.toThrow('CONNECTION_CLOSED');
  });
});
