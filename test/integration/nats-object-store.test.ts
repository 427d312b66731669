/** Objects of several pieces in a JetStream object store, on a real nats-server. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../cluster/clock.ts';
import { NatsFixture } from '../support/nats-fixture.ts';

const PIECE_BYTES = 128 * 1024;

let nats: NatsFixture;

beforeEach(async () => {
  nats = await NatsFixture.start();
}, 180_000);

afterEach(async () => {
  await nats.stop();
});

it.each([7, 40])(
  'an object of %i pieces reaches a slow reader whole',
  async (pieces) => {
    const objects = await (await nats.connect()).objectStore('slow_reading', { replicas: 1 });
    const bytes = randomBytes(pieces * PIECE_BYTES);
    await objects.put(
      'large',
      (async function* () {
        for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
      })(),
    );
    const read: Uint8Array[] = [];
    for await (const piece of objects.read('large')) {
      read.push(piece.slice());
      await sleep(systemClock, 20);
    }
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  },
  60_000,
);
