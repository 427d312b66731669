/** A reader of the feature log whose process stands still for a while, on a real nats-server. */
import { spawnSync } from 'node:child_process';
import { connect, type NatsConnection } from 'nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { LogConsumer } from '../../cluster/nats/log-consumer.ts';
import { featureLogSubject } from '../../proto/subjects.ts';
import { eventually, NatsFixture } from '../support/nats-fixture.ts';

const PULL_MS = 1_000;
const SUBJECT = featureLogSubject(3);

let nats: NatsFixture;
let connection: NatsConnection;

beforeEach(async () => {
  nats = await NatsFixture.start();
  await (await nats.connect()).featureLog({ replicas: 1 });
  connection = await connect({ servers: nats.url });
}, 180_000);

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

/** Has another process write a message at once and end a little later; this one does nothing meanwhile, not even read. */
function standStillWhileSomebodyWrites(): void {
  const { hostname, port } = new URL(nats.url);
  const script = `
    const socket = require('node:net').connect(${port}, '${hostname}', () => {
      socket.write('CONNECT {"verbose":false}\\r\\nPUB ${SUBJECT} 1\\r\\nx\\r\\n');
      setTimeout(() => process.exit(0), ${2 * PULL_MS});
    });`;
  expect(spawnSync(process.execPath, ['-e', script]).status).toBe(0);
}

describe('a reader of the log', () => {
  it('gets what came while its process stood still, though nothing comes after it', async () => {
    const got: number[] = [];
    const reader = await LogConsumer.open({
      jetstream: connection.jetstream(),
      manager: await connection.jetstreamManager(),
      clock: systemClock,
      log: silentLog,
      subject: SUBJECT,
      fromSeq: 1,
      pullExpiresMs: PULL_MS,
      onMessage: (_, seq) => {
        got.push(seq);
        return undefined;
      },
    });
    for (let written = 1; written <= 3; written++) {
      await sleep(systemClock, 150);
      standStillWhileSomebodyWrites();
      await eventually(`message ${written}`, () => got.length === written);
    }
    expect(got).toEqual([1, 2, 3]);
    await reader.stop();
  }, 60_000);
});
