/**
 * A whole cluster in simulation: gateways with the real Router, shards and workers with their real behaviours, real
 * membership and placement, each process with its own, late view of who is there and which table holds. Only the
 * engine, the replicas' storage and the network are stand-ins.
 */
import { featureShard } from '../../actors/feature-shard/feature-shard.ts';
import { modelWorker } from '../../actors/model-worker/model-worker.ts';
import type { ServedModel } from '../../actors/model-worker/served-model.ts';
import { Router, type RouterOptions } from '../../actors/router/router.ts';
import { ACTOR_NAMES, RoutingTable, type Target } from '../../actors/router/routing-table.ts';
import { ModelDirectory } from '../../cluster/catalog/model-directory.ts';
import { encodeModelSpec, modelKey } from '../../cluster/catalog/model-spec.ts';
import type { ManualClock } from '../../cluster/clock.ts';
import type { Heartbeat } from '../../cluster/membership/heartbeat.ts';
import { MemberTable } from '../../cluster/membership/member-table.ts';
import { nextTable, type PlacementTable } from '../../cluster/placement/placement-table.ts';
import type { Random } from '../../cluster/random.ts';
import type { Tracer } from '../../cluster/telemetry/tracing.ts';
import type { PredictReply } from '../../proto/letters.ts';
import { app, type EngineFaults, SPECS, simulatedModels, storedProfile } from './simulated-models.ts';
import { type SimulatedNetwork, SimulatedNode } from './simulated-node.ts';

export const PARTITIONS = 16;
const HEARTBEAT_MS = 100;
/** How long a new or returning shard takes to read its share of the log. */
const CATCH_UP_MS = 60;
/** How far a replica may be behind the log, and how often it applies what has come. */
const LAG_MS_MAX = 40;
const APPLY_MS = 5;
const EMPTY = new Uint8Array(0);

export type ClusterShape = {
  readonly gateways: number;
  readonly shards: number;
  readonly workers: number;
  readonly replicas: number;
  readonly mailboxMessagesMax: number;
  readonly router: RouterOptions;
  readonly engine: EngineFaults;
};

type SimulatedGateway = {
  readonly process: SimulatedNode;
  readonly routing: RoutingTable;
  readonly router: Router;
  readonly members: MemberTable;
  /** Targets that its router ever had. */
  readonly targets: Set<Target>;
};

type Standing = { readonly process: SimulatedNode; readonly role: 'shard' | 'worker'; readonly bornMs: number };

export class SimulatedCluster {
  readonly gateways: SimulatedGateway[] = [];
  readonly retries = { refused: 0, silent: 0, left: 0 };
  readonly faults: unknown[] = [];
  admitted = 0;
  /** Answers to callers, as (gateway, reply). */
  onReply: (gateway: number, reply: PredictReply) => void = () => {};
  readonly #network: SimulatedNetwork;
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #shape: ClusterShape;
  readonly #standings = new Map<string, Standing>();
  readonly #leaderMembers = new MemberTable();
  #table: PlacementTable | null = null;
  #births = 0;

  constructor(network: SimulatedNetwork, random: Random, shape: ClusterShape) {
    this.#network = network;
    this.#clock = network.clock;
    this.#random = random;
    this.#shape = shape;
    for (let i = 0; i < shape.gateways; i++) this.gateways.push(this.#startGateway(i));
    for (let i = 0; i < shape.shards; i++) this.start(`shard-${i}`);
    for (let i = 0; i < shape.workers; i++) this.start(`worker-${i}`);
    this.#clock.every(HEARTBEAT_MS / 2, () => this.#sweep());
  }

  get epoch(): number {
    return this.#table?.epoch ?? 0;
  }

  /** Names of the shards or workers that run now. */
  running(role: 'shard' | 'worker'): string[] {
    return [...this.#standings].filter(([, standing]) => standing.role === role).map(([name]) => name);
  }

  process(name: string): SimulatedNode | undefined {
    return this.#standings.get(name)?.process;
  }

  kill(name: string): void {
    this.#standings.get(name)?.process.die();
    this.#standings.delete(name);
  }

  /** Says goodbye, refuses what it still holds, and goes. */
  stop(name: string): void {
    const standing = this.#standings.get(name);
    if (standing === undefined) return;
    this.#beat(name, standing, true);
    standing.process.system.stop();
    this.#standings.delete(name);
    this.#clock.after(5, () => standing.process.die());
  }

  start(name: string): void {
    const role = name.startsWith('shard') ? 'shard' : 'worker';
    const incarnation = (++this.#births).toString(36).padStart(9, '0');
    const process = new SimulatedNode(this.#network, `${name}.${incarnation}`);
    if (role === 'shard') this.#spawnShard(process, name);
    else this.#spawnWorker(process);
    const standing: Standing = { process, role, bornMs: this.#clock.nowMs() };
    this.#standings.set(name, standing);
    process.clock.every(HEARTBEAT_MS, () => this.#beat(name, standing, false));
    this.#beat(name, standing, false);
  }

  #startGateway(index: number): SimulatedGateway {
    const process = new SimulatedNode(this.#network, `gateway-${index}.000000001`);
    const routing = new RoutingTable(directory());
    let router: Router | null = null;
    process.system.spawn(ACTOR_NAMES.router, { mailboxMessagesMax: 4096 }, (context) => {
      router = new Router(context, routing, this.#shape.router, this.#observer(), tracer(), this.#random);
      return router;
    });
    process.system.spawn('gateway', { mailboxMessagesMax: 4096 }, () => ({
      receive: (message) => {
        if (message.kind === 'predictReply') this.onReply(index, message.body);
      },
    }));
    const gateway = { process, routing, router: router!, members: new MemberTable(), targets: new Set<Target>() };
    routing.onChange(() => {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        for (const target of routing.owners(partition)) gateway.targets.add(target);
      }
      for (const spec of SPECS) {
        for (const target of routing.workers(modelKey(spec.manifest.name, '1'))) gateway.targets.add(target);
      }
    });
    return gateway;
  }

  #observer() {
    return {
      answered: () => {
        this.admitted++;
      },
      stages: () => {},
      retried: (reason: 'refused' | 'silent' | 'left') => {
        this.retries[reason]++;
      },
      lateAnswer: () => {},
      fault: (thrown: unknown) => {
        this.faults.push(thrown);
      },
    };
  }

  #spawnShard(process: SimulatedNode, name: string): void {
    let table: PlacementTable | null = null;
    const bornMs = this.#clock.nowMs();
    const plans = directory();
    const lagMs = this.#random.next() * LAG_MS_MAX;
    // The table reaches each shard in its own time.
    process.clock.every(7, () => {
      const newest = this.#table;
      if (newest === null || newest === table || this.#random.next() < 0.5) return;
      table = newest;
    });
    const state = {
      partitions: PARTITIONS,
      get epoch() {
        return table?.epoch ?? 0;
      },
      serves: (partition: number, routerEpoch: number) => {
        if (table === null) return false;
        if (table.owners[partition]?.includes(name) === true) return true;
        return routerEpoch > table.epoch && process.clock.nowMs() - bornMs > CATCH_UP_MS;
      },
      plan: (model: string) => plans.plan(model),
      lookup: (_view: unknown, _partition: number, key: Uint8Array) => storedProfile(key, process.clock.wallMs() - 5),
      // The log has a message a millisecond; each replica is behind it by a time of its own.
      appliedSeq: () => Math.max(0, Math.floor((process.clock.nowMs() - lagMs) / APPLY_MS) * APPLY_MS),
      onApplied: (listener: () => void) => {
        process.clock.every(APPLY_MS, listener);
      },
    };
    const observer = { enriched() {}, read() {}, refused() {}, span: () => ({ traceId: EMPTY, spanId: EMPTY }) };
    const { mailboxMessagesMax } = this.#shape;
    process.system.spawn(ACTOR_NAMES.shard, { mailboxMessagesMax }, featureShard(state, app, observer));
  }

  #spawnWorker(process: SimulatedNode): void {
    const models: Map<string, ServedModel> = simulatedModels(process.clock, this.#random, this.#shape.engine);
    const observer = { ran() {}, failed() {}, batchFailed() {}, batchSpans() {} };
    const { mailboxMessagesMax } = this.#shape;
    process.system.spawn(ACTOR_NAMES.worker, { mailboxMessagesMax }, modelWorker(models, observer));
  }

  /** Heartbeats reach each process in its own time, or not at all. */
  #beat(name: string, { process, role, bornMs }: Standing, leaving: boolean): void {
    const caughtUp = this.#clock.nowMs() - bornMs > CATCH_UP_MS ? new Uint8Array(PARTITIONS / 8 + 1).fill(255) : EMPTY;
    const heartbeat: Heartbeat = {
      node: process.node,
      name,
      role,
      ready: role === 'worker' || caughtUp.byteLength > 0,
      leaving,
      epoch: 0,
      models: role === 'worker' ? SPECS.map((spec) => modelKey(spec.manifest.name, spec.version)) : [],
      caughtUp,
      queueDepth: 0,
      device: '',
      httpUrl: '',
      metricsUrl: '',
      weight: 1,
      pid: 1,
      localEndpoint: '',
    };
    const network = this.#network;
    const listeners = [this.#leaderMembers, ...this.gateways.map((gateway) => gateway.members)];
    listeners.forEach((members, i) => {
      if (network.random.next() < network.faults.loss) return;
      this.#clock.after(network.delayMs(), () => {
        const changed = members.hear(heartbeat, this.#clock.nowMs()).length > 0;
        if (!changed) return;
        if (i === 0) this.#lead();
        else this.#tellRouter(this.gateways[i - 1]!);
      });
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    this.#leaderMembers.sweep(nowMs);
    this.#lead();
    for (const gateway of this.gateways) if (gateway.members.sweep(nowMs).length > 0) this.#tellRouter(gateway);
  }

  #tellRouter({ members, routing, router }: SimulatedGateway): void {
    routing.setMembers(members.members());
    router.routingChanged(new Set(members.live().map((member) => member.heartbeat.node)));
  }

  #lead(): void {
    const shards = this.#leaderMembers.members().filter((member) => member.heartbeat.role === 'shard');
    const members = shards.map(({ name, state, heartbeat }) => ({
      name,
      weight: 1,
      alive: state !== 'dead',
      caughtUp: () => heartbeat.caughtUp.byteLength > 0,
    }));
    const next = nextTable(this.#table, members, { partitions: PARTITIONS, replicas: this.#shape.replicas });
    if (next === null) return;
    this.#table = next;
    for (const gateway of this.gateways) {
      this.#clock.after(1 + this.#random.next() * 40, () => {
        gateway.routing.setPlacement(next);
        this.#tellRouter(gateway);
      });
    }
  }
}

function directory(): ModelDirectory {
  const models = new ModelDirectory(app);
  for (const spec of SPECS) models.update(`${spec.manifest.name}.${spec.version}`, encodeModelSpec(spec));
  return models;
}

/** Draws no randomness, so that a seed reproduces a run. */
function tracer(): Tracer {
  return {
    enabled: false,
    decideSampled: () => false,
    newTraceId: () => 'a'.repeat(32),
    newSpanId: () => 'b'.repeat(16),
    span: () => 'b'.repeat(16),
    shutdown: () => Promise.resolve(),
  };
}
