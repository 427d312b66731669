/** Taking a name over a real NATS server: free names, living holders, killed and frozen ones, starts that race. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ClaimOptions, claimStart, holdName, refuseTakenNames } from '../../cli/claim-names.ts';
import { EXIT, exitCodeOf, NameTakenError } from '../../cli/command.ts';
import { systemClock, type TimerHandle } from '../../cluster/clock.ts';
import { readConfig } from '../../cluster/config.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { systemRandom } from '../../cluster/random.ts';
import { dovetail } from '../../proto/generated/messages.js';
import { HEARTBEAT_SUBJECT } from '../../proto/subjects.ts';
import { NatsFixture } from '../support/nats-fixture.ts';

let server: NatsFixture;
beforeAll(async () => {
  server = await NatsFixture.start();
});
afterAll(() => server.stop());

const timers: TimerHandle[] = [];
const links: NatsLink[] = [];
afterEach(async () => {
  for (const timer of timers.splice(0)) timer.cancel();
  await Promise.all(links.splice(0).map((link) => link.close()));
});

async function connect(): Promise<NatsLink> {
  const link = await server.connect();
  links.push(link);
  return link;
}

async function claim(names: string[], flags: Record<string, string> = {}): Promise<ClaimOptions> {
  const config = { ...readConfig({ 'drain-ms': '0', ...flags }, {}), natsUrl: server.url };
  return { nats: await connect(), clock: systemClock, config, names, advice: 'choose another' };
}

type Holder = { readonly nats: NatsLink; beat(fields?: Partial<dovetail.Heartbeat.$Properties>): void };

/** A process that has `name`; it beats each 100 ms where `beating`. */
async function holder(name: string, beating: boolean): Promise<Holder> {
  const nats = await connect();
  holdName(nats, name);
  const beat: Holder['beat'] = (fields = {}) => {
    const heartbeat = { node: `${name}.i1`, name, role: 'shard', ready: true, pid: 4711, weight: 1, ...fields };
    nats.publish(HEARTBEAT_SUBJECT, dovetail.Heartbeat.encode(heartbeat as dovetail.Heartbeat.$Properties).finish());
  };
  if (beating) timers.push(systemClock.every(100, beat));
  await nats.flush();
  return { nats, beat };
}

async function took(act: () => Promise<unknown>): Promise<number> {
  const startMs = systemClock.nowMs();
  await act();
  return systemClock.nowMs() - startMs;
}

/** Ms that listening would take at the least. */
const SLOW = { 'heartbeat-ms': '1000', 'suspect-after-ms': '3000', 'dead-after-ms': '5000' };

describe('a name that nobody has', () => {
  it('is free without listening', async () => {
    const options = await claim(['shard-1', 'shard-2', 'gateway-1'], SLOW);
    expect(await took(() => refuseTakenNames(options))).toBeLessThan(900);
  });

  it('is free without listening when its holder was killed a moment ago', async () => {
    const { nats } = await holder('shard-1', true);
    const options = await claim(['shard-1'], SLOW);
    // As the kernel does it for a process that is killed: without a word.
    await nats.close();
    // The server may hear our question before it sees that connection end: then we ask once more.
    expect(await took(() => refuseTakenNames(options))).toBeLessThan(2_500);
  });
});

describe('a name that somebody has', () => {
  it('is refused with who has it, where, and what to do', async () => {
    await holder('shard-1', true);
    const refused = refuseTakenNames(await claim(['gateway-1', 'shard-1']));
    await expect(refused).rejects.toThrow(NameTakenError);
    const error: unknown = await refused.catch((thrown) => thrown);
    const said = (error as NameTakenError).message;
    for (const part of ["'shard-1'", 'shard-1.i1', 'pid 4711', server.url, 'choose another']) {
      expect(said).toContain(part);
    }
    expect(exitCodeOf(error as NameTakenError)).toBe(EXIT.nameTaken);
  });

  it('is free once a holder that only seems connected has been silent as long as it takes to be given up', async () => {
    await holder('shard-1', false);
    const options = await claim(['shard-1']);
    const ms = await took(() => refuseTakenNames(options));
    expect(ms).toBeGreaterThanOrEqual(options.config.deadAfterMs);
  });

  it('is waited for while its holder drains, and free after the farewell', async () => {
    const { nats, beat } = await holder('shard-1', false);
    const draining = systemClock.every(50, () => beat({ ready: false }));
    timers.push(draining);
    timers.push(
      systemClock.after(900, () => {
        draining.cancel();
        beat({ ready: false, leaving: true });
        void nats.close();
      }),
    );
    const options = await claim(['shard-1'], { 'drain-ms': '5000' });
    const ms = await took(() => refuseTakenNames(options));
    expect(ms).toBeGreaterThan(850);
    // Without the silence that a holder that only seems connected is granted: its connection has closed.
    expect(ms).toBeLessThan(1_400);
  });

  it('is refused when its holder is not ready and does not leave either', async () => {
    const { beat } = await holder('shard-1', false);
    timers.push(systemClock.every(50, () => beat({ ready: false })));
    const options = await claim(['shard-1']);
    await expect(refuseTakenNames(options)).rejects.toThrow(NameTakenError);
  });

  it('is not hidden by other heartbeats that come by', async () => {
    await holder('shard-2', true);
    const options = await claim(['shard-1'], SLOW);
    expect(await took(() => refuseTakenNames(options))).toBeLessThan(900);
  });
});

describe('starts of whole clusters', () => {
  it('that race for the same names go on one at a time', async () => {
    const names = ['gateway-1', 'shard-1'];
    const flags = { 'lease-ms': '300' };
    const starts = await Promise.all([1, 2, 3].map(() => claim(names, flags)));
    const outcomes = await Promise.allSettled(starts.map((one) => claimStart({ ...one, random: systemRandom })));
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(won).toHaveLength(1);
    expect(lost.map(({ reason }) => reason instanceof NameTakenError)).toEqual([true, true]);
    expect(String(lost[0]!.reason)).toContain("another 'dovetail up' is starting");
    await won[0]!.value.release();
    // Released by its holder, not waited out.
    const next = await claimStart({ ...(await claim(names)), random: systemRandom });
    await next.release();
  });

  it('are refused while the names are taken, and leave the next one its turn', async () => {
    const { nats } = await holder('gateway-1', true);
    const refused = claimStart({ ...(await claim(['gateway-1'])), random: systemRandom });
    await expect(refused).rejects.toThrow(NameTakenError);
    await nats.close();
    const ms = await took(async () => {
      const next = await claimStart({ ...(await claim(['gateway-1'])), random: systemRandom });
      await next.release();
    });
    expect(ms).toBeLessThan(1_400);
  });
});
