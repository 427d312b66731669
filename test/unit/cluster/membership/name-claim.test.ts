/** Who may have a name: what a newcomer that listens makes of heartbeats, farewells, replays and its own stalls. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../cluster/clock.ts';
import type { Heartbeat } from '../../../../cluster/membership/heartbeat.ts';
import { NameClaim } from '../../../../cluster/membership/name-claim.ts';
import type { ServingError } from '../../../../proto/errors.ts';

function beat(name: string, fields: Partial<Heartbeat> = {}): Heartbeat {
  return {
    node: `${name}.i1`,
    name,
    role: 'shard',
    ready: true,
    leaving: false,
    epoch: 0,
    models: [],
    caughtUp: new Uint8Array(0),
    queueDepth: 0,
    device: '',
    httpUrl: '',
    metricsUrl: '',
    weight: 1,
    pid: 41,
    localEndpoint: '',
    ...fields,
  };
}

const flushPromises = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A newcomer that wants `names`: beats every 100 ms are expected, 300 ms of silence make a name free. */
function newcomer(names: string[] = ['shard-1']) {
  const clock = new ManualClock();
  const errors: ServingError[] = [];
  /** What the server has for us and we have not read yet. */
  const unread: Heartbeat[] = [];
  const claim = new NameClaim({
    clock,
    names,
    heartbeatMs: 100,
    listenMs: 300,
    decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as Heartbeat,
    settle: async () => {
      for (const heartbeat of unread.splice(0)) hear(heartbeat);
    },
    onError: (error) => errors.push(error),
  });
  const hear = (heartbeat: Heartbeat) =>
    claim.receive(Buffer.from(JSON.stringify({ ...heartbeat, caughtUp: { byteLength: 0 } })));
  let answer: Heartbeat | null | undefined;
  let answeredAtMs = Number.NaN;
  void claim.holder().then((holder) => {
    answer = holder;
    answeredAtMs = clock.nowMs();
  });
  /** In steps, so that what awaits goes on in between. */
  const pass = async (ms: number) => {
    await flushPromises();
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await flushPromises();
    }
  };
  return { clock, claim, errors, unread, hear, pass, answer: () => answer, answeredAtMs: () => answeredAtMs };
}

describe('a claim to a name', () => {
  it('finds the name free after the listening time of silence, not sooner', async () => {
    const { pass, answer, answeredAtMs } = newcomer();
    await pass(290);
    expect(answer()).toBeUndefined();
    await pass(10);
    expect(answer()).toBeNull();
    expect(answeredAtMs()).toBe(300);
  });

  it('finds a living holder by its second heartbeat, and says who it is', async () => {
    const { pass, hear, answer, answeredAtMs } = newcomer();
    await pass(90);
    hear(beat('shard-1', { pid: 4711 }));
    await pass(100);
    expect(answer()).toBeUndefined();
    hear(beat('shard-1', { pid: 4711 }));
    await pass(10);
    expect(answer()).toMatchObject({ node: 'shard-1.i1', pid: 4711 });
    expect(answeredAtMs()).toBe(190);
  });

  it('waits for the second heartbeat of a holder whose first came late', async () => {
    const { pass, hear, answer } = newcomer();
    await pass(290);
    hear(beat('shard-1'));
    await pass(200);
    expect(answer()).toBeUndefined();
    hear(beat('shard-1'));
    await pass(10);
    expect(answer()).toMatchObject({ name: 'shard-1' });
  });

  it('does not take the last heartbeats of a killed process, however many arrive together, for a living one', async () => {
    const { pass, hear, answer, answeredAtMs } = newcomer();
    await pass(20);
    for (let i = 0; i < 20; i++) hear(beat('shard-1'));
    await pass(40);
    hear(beat('shard-1'));
    await pass(270);
    expect(answer()).toBeNull();
    expect(answeredAtMs()).toBe(320);
  });

  it('takes a farewell for what it is', async () => {
    const { pass, hear, answer, answeredAtMs } = newcomer();
    await pass(50);
    hear(beat('shard-1'));
    await pass(90);
    hear(beat('shard-1', { leaving: true, ready: false }));
    await pass(160);
    expect(answer()).toBeNull();
    expect(answeredAtMs()).toBe(300);
  });

  it('is not misled by the farewell of another start of the name', async () => {
    const { pass, hear, answer } = newcomer();
    hear(beat('shard-1', { node: 'shard-1.i2' }));
    await pass(60);
    hear(beat('shard-1', { node: 'shard-1.i1', leaving: true }));
    await pass(40);
    hear(beat('shard-1', { node: 'shard-1.i2' }));
    await pass(10);
    expect(answer()).toMatchObject({ node: 'shard-1.i2' });
  });

  it('does not listen for ever to one that says farewell again and again', async () => {
    const { pass, hear, answer } = newcomer();
    for (let i = 0; i < 100 && answer() === undefined; i++) {
      hear(beat('shard-1'));
      await pass(60);
      hear(beat('shard-1', { leaving: true }));
      await pass(60);
    }
    expect(answer()).toMatchObject({ name: 'shard-1' });
  });

  it('reads what waits in its socket before it calls silence silence, after a stall of its own', async () => {
    const { clock, pass, hear, unread, answer } = newcomer();
    await flushPromises();
    unread.push(beat('shard-1'), beat('shard-1'), beat('shard-1'));
    clock.advance(5_000);
    await pass(100);
    expect(answer()).toBeUndefined();
    hear(beat('shard-1'));
    await pass(10);
    expect(answer()).toMatchObject({ name: 'shard-1' });
  });

  it('listens anew when its connection had been lost', async () => {
    const { claim, pass, hear, answer } = newcomer();
    await pass(290);
    claim.listenAnew();
    await pass(200);
    expect(answer()).toBeUndefined();
    hear(beat('shard-1'));
    await pass(100);
    hear(beat('shard-1'));
    await pass(10);
    expect(answer()).toMatchObject({ name: 'shard-1' });
  });

  it('cares for its own names alone, all of them', async () => {
    const one = newcomer(['gateway-1', 'shard-1']);
    const other = newcomer(['gateway-1', 'shard-2']);
    for (let i = 0; i < 3; i++) {
      for (const { hear, pass } of [one, other]) {
        hear(beat('shard-1'));
        await pass(100);
      }
    }
    expect(one.answer()).toMatchObject({ name: 'shard-1' });
    expect(other.answer()).toBeNull();
  });

  it('passes over bytes that are no heartbeat, and heartbeats that no process of ours would send', async () => {
    const { claim, pass, hear, answer, errors } = newcomer();
    for (let i = 0; i < 3; i++) {
      claim.receive(Buffer.from('{'));
      hear(beat('shard-1', { node: 'shard-2.i1' }));
      await pass(100);
    }
    expect(answer()).toBeNull();
    expect(errors).toHaveLength(6);
  });

  it('never gives away the name of a process that beats on, whenever it starts to listen', async () => {
    const holder = fc.record({ periodMs: fc.integer({ min: 5, max: 14 }), phaseMs: fc.integer({ min: 0, max: 13 }) });
    await fc.assert(
      fc.asyncProperty(holder, async ({ periodMs, phaseMs }) => {
        const { pass, hear, answer } = newcomer();
        for (let tick = 0; tick < 70 && answer() === undefined; tick++) {
          if (tick % periodMs === phaseMs % periodMs) hear(beat('shard-1'));
          await pass(10);
        }
        expect(answer()).toMatchObject({ name: 'shard-1' });
      }),
      { numRuns: 40 },
    );
  });
});
