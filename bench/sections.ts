/** What the bench measures, section by section, and the ratios it draws. */
import { seededRandom } from '../cluster/random.ts';
import type { Prediction } from '../index.ts';
import type { BenchContext } from './context.ts';
import type { Figures } from './figures.ts';
import { openHttpLoad } from './http-load.ts';
import { measureLmdbGet } from './limits/lmdb-get.ts';
import { measureSessionRun } from './limits/session-run.ts';
import { assertClean, type Check, closedLoop, type LoadResult, openLoop, type Send } from './load.ts';
import type { BenchOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { byTurns, type Contender, type RoundFigures } from './rounds.ts';
import { assertScore } from './scores.ts';
import type { SystemUnderTest } from './system.ts';
import { userOf } from './workload.ts';

/** Requests unanswered at any time, in every throughput figure and on every side. */
const OUTSTANDING = 256;
const OPEN_LOOP_SEED = 7;
const OPEN_LOOP_OUTSTANDING_MAX = 4096;
/** Share of its own closed-loop throughput that each side is offered in the open loop. */
const OPEN_LOOP_SHARE = 0.5;

export type Bench = {
  readonly context: BenchContext;
  readonly options: BenchOptions;
  readonly parts: Parts;
  readonly figures: Figures;
};

/** A service that a load can be put on, whatever its protocol. */
type Service = {
  readonly name: string;
  readonly what: string;
  readonly send: Send;
  readonly check?: Check;
  close(): void;
};

export async function sessionRunSection({ context, options, figures }: Bench): Promise<void> {
  for (const [rows, ms] of await measureSessionRun(context.clock, options.sessionRuns)) {
    figures.add(`session_run_${rows}_us`, [ms * 1000]);
  }
}

export async function lmdbSection({ context, options, figures }: Bench): Promise<void> {
  const { hotMs, spreadMs } = await measureLmdbGet(context.clock, context.workDir, options.lmdbKeys);
  figures.add('lmdb_get_hot_us', [hotMs * 1000]);
  figures.add('lmdb_get_spread_us', [spreadMs * 1000]);
}

export async function roundTripSection({ options, parts, figures }: Bench): Promise<void> {
  const { roundTrip } = parts;
  if (roundTrip === null) return;
  const run = async (durationMs: number) => ({
    p50Us: assertClean('NATS round trip', await roundTrip.measure(durationMs)).latency.quantileMs(0.5) * 1000,
  });
  const found = await byTurns([{ name: 'rtt', run }], options.rounds, options.latencyMs / 2);
  figures.add('nats_round_trip_p50_us', found.get('rtt.p50Us')!);
}

/** One request at a time: limit, system over NATS, peer, system over HTTP. */
export async function latencySection(bench: Bench): Promise<void> {
  const { context, options, parts, figures } = bench;
  const { hops } = parts;
  const services = await openServices(bench, 1);
  const contenders: Contender[] = services.map((service) => ({
    name: service.name,
    run: async (durationMs) => {
      const { clock } = context;
      const { send, check } = service;
      const load = await closedLoop({ clock, send, check, outstanding: 1, warmUpMs: durationMs / 5, durationMs });
      return serialFigures(assertClean(service.what, load));
    },
  }));
  if (hops !== null) {
    const run = async (durationMs: number) => serialFigures(assertClean('hops', await hops.measure(durationMs)));
    contenders.unshift({ name: 'forwarded_hops', run });
  }
  const found = await byTurns(contenders, options.rounds, options.latencyMs);
  for (const { name } of contenders) {
    figures.add(`${name}_p50_us`, found.get(`${name}.p50Us`)!);
    figures.add(`${name}_p99_us`, found.get(`${name}.p99Us`)!);
  }
  drawRatio(figures, 'nats_p50_vs_limit', found, 'nats.p50Us', 'forwarded_hops.p50Us');
  drawRatio(figures, 'http_p50_vs_peer', found, 'http.p50Us', 'peer_http.p50Us');
  drawRatio(figures, 'colocated_p50_vs_peer', found, 'colocated_http.p50Us', 'peer_http.p50Us');
  for (const service of services) service.close();
}

/** 256 outstanding: bare chain, system over NATS, peer, system over HTTP. The chain also at 64 and 1024. */
export async function throughputSection(bench: Bench): Promise<RoundFigures> {
  const { context, options, parts, figures } = bench;
  const { chain } = parts;
  const services = await openServices(bench, OUTSTANDING);
  const contenders: Contender[] = services.map((service) => ({
    name: service.name,
    run: async (durationMs) => {
      const { clock } = context;
      const { send, check } = service;
      const warmUpMs = durationMs / 5;
      const load = await closedLoop({ clock, send, check, outstanding: OUTSTANDING, warmUpMs, durationMs });
      return { perS: assertClean(service.what, load).ratePerS, p50Us: load.latency.quantileMs(0.5) * 1000 };
    },
  }));
  if (chain !== null) {
    const run = async (durationMs: number) => {
      const { ratePerS, latency } = await chain.measure(OUTSTANDING, durationMs);
      return { perS: ratePerS, p50Us: latency.quantileMs(0.5) * 1000 };
    };
    contenders.unshift({ name: 'bare_chain', run });
  }
  const found = await byTurns(contenders, options.rounds, options.throughputMs);
  for (const { name } of contenders) {
    figures.add(`${name}_${OUTSTANDING}_outstanding_per_s`, found.get(`${name}.perS`)!);
    figures.add(`${name}_${OUTSTANDING}_outstanding_p50_us`, found.get(`${name}.p50Us`)!);
  }
  drawRatio(figures, 'nats_throughput_vs_bare_chain', found, 'nats.perS', 'bare_chain.perS');
  drawRatio(figures, 'http_throughput_vs_peer', found, 'http.perS', 'peer_http.perS');
  drawRatio(figures, 'nats_throughput_vs_peer', found, 'nats.perS', 'peer_http.perS');
  drawRatio(figures, 'colocated_nats_throughput_vs_bare_chain', found, 'colocated_nats.perS', 'bare_chain.perS');
  drawRatio(figures, 'colocated_http_throughput_vs_peer', found, 'colocated_http.perS', 'peer_http.perS');
  for (const outstanding of chain === null ? [] : [64, 1024]) {
    const { ratePerS } = await chain!.measure(outstanding, options.throughputMs);
    figures.add(`bare_chain_${outstanding}_outstanding_per_s`, [ratePerS]);
  }
  for (const service of services) service.close();
  return found;
}

/** Poisson arrivals at half of what each side gave in the closed loop; latency from the intended send time. */
export async function openLoopSection(bench: Bench, closed: RoundFigures): Promise<void> {
  const { context, options, figures } = bench;
  // In processes of their own only: the bench is to stay short, and this one is about tails.
  for (const open of serviceOpeners({ ...bench, parts: { ...bench.parts, colocated: null } }, OUTSTANDING)) {
    const service = await open();
    const rates = closed.get(`${service.name}.perS`);
    if (rates !== undefined) {
      const ratePerS = Math.min(...rates) * OPEN_LOOP_SHARE;
      const load = await openLoop({
        clock: context.clock,
        random: seededRandom(OPEN_LOOP_SEED),
        send: service.send,
        check: service.check,
        arrivals: 'poisson',
        ratePerS,
        durationMs: options.openLoopMs,
        outstandingMax: OPEN_LOOP_OUTSTANDING_MAX,
      });
      assertClean(`${service.what}, open loop`, load);
      figures.add(`${service.name}_open_loop_offered_per_s`, [ratePerS]);
      for (const [name, q] of [
        ['p50', 0.5],
        ['p99', 0.99],
        ['p999', 0.999],
      ] as const) {
        figures.add(`${service.name}_open_loop_${name}_ms`, [load.latency.quantileMs(q)]);
      }
      figures.add(`${service.name}_open_loop_generator_lag_p50_ms`, [load.sendLag.quantileMs(0.5)]);
    }
    service.close();
  }
}

async function openServices(bench: Bench, connections: number): Promise<Service[]> {
  return Promise.all(serviceOpeners(bench, connections).map((open) => open()));
}

/** Each service by itself, for sections that use one after the other: servers close connections that idle meanwhile. */
function serviceOpeners({ context, parts }: Bench, connections: number): (() => Promise<Service>)[] {
  const { expected } = context;
  const { system, colocated, peer } = parts;
  const openers: (() => Promise<Service>)[] = [];
  if (system !== null) openers.push(async () => natsService('', system, expected));
  if (peer !== null) {
    openers.push(async () => {
      const load = await openHttpLoad('peer', peer.target, connections, expected);
      return { name: 'peer_http', what: 'peer over HTTP', ...load };
    });
  }
  if (system !== null) openers.push(() => httpService('', system, connections, expected));
  if (colocated !== null) {
    openers.push(async () => natsService('colocated_', colocated, expected));
    openers.push(() => httpService('colocated_', colocated, connections, expected));
  }
  return openers;
}

async function httpService(
  prefix: string,
  system: SystemUnderTest,
  connections: number,
  expected: Float32Array,
): Promise<Service> {
  const load = await openHttpLoad(`${prefix}system`, system.http, connections, expected);
  return { name: `${prefix}http`, what: `${prefix}system over HTTP`, ...load };
}

function natsService(prefix: string, system: SystemUnderTest, expected: Float32Array): Service {
  return {
    name: `${prefix}nats`,
    what: `${prefix}system over NATS`,
    send: (index) => system.natsPredict(userOf(index)),
    check(index, answer) {
      const user = userOf(index);
      assertScore('system', user, system.scoreOf(answer as Prediction), expected[user]!);
    },
    close: () => undefined,
  };
}

function serialFigures({ latency }: LoadResult): Record<string, number> {
  return { p50Us: latency.quantileMs(0.5) * 1000, p99Us: latency.quantileMs(0.99) * 1000 };
}

/** Draws nothing where one side was left out. */
function drawRatio(figures: Figures, name: string, found: RoundFigures, numerator: string, denominator: string): void {
  const above = found.get(numerator);
  const below = found.get(denominator);
  if (above !== undefined && below !== undefined) figures.ratio(name, above, below);
}
