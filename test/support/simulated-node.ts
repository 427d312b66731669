/**
 * Processes and the network between them, simulated on one ManualClock: each process has its own actor system, messages
 * are really encoded, and a seed decides what is delayed, lost, doubled or overtaken. A process can stand still (its
 * timers and messages wait) and die (they are gone).
 */
import { ActorSystem } from '../../cluster/actors/actor-system.ts';
import type { Address } from '../../cluster/actors/address.ts';
import type { Clock, ManualClock, TimerHandle } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import type { Random } from '../../cluster/random.ts';
import { EnvelopeWriter, readEnvelope } from '../../proto/envelope.ts';
import type { Message } from '../../proto/letters.ts';

/** All probabilities in [0, 1] and per message. */
export type NetworkFaults = {
  readonly loss: number;
  readonly duplication: number;
  /** `tell` says false, as while disconnected. */
  readonly refusal: number;
  readonly delayMsMean: number;
  /** Share of messages that take up to `spikeMs`, and so are overtaken. */
  readonly spikes: number;
  readonly spikeMs: number;
};

export const CALM: NetworkFaults = {
  loss: 0,
  duplication: 0,
  refusal: 0,
  delayMsMean: 0.2,
  spikes: 0,
  spikeMs: 0,
};

export class SimulatedNetwork {
  readonly clock: ManualClock;
  readonly random: Random;
  faults: NetworkFaults;
  /** Reachable processes by node. */
  readonly nodes = new Map<string, SimulatedNode>();
  /** Messages that never arrived, for whatever reason. */
  lost = 0;
  readonly escalated: unknown[] = [];

  constructor(clock: ManualClock, random: Random, faults: NetworkFaults) {
    this.clock = clock;
    this.random = random;
    this.faults = faults;
  }

  send(from: string, to: Address, message: Message): boolean {
    if (this.random.next() < this.faults.refusal) return false;
    const writer = new EnvelopeWriter(from);
    writer.add(to.actor, message, 1 << 24);
    const bytes = writer.finish();
    const copies = this.random.next() < this.faults.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.next() < this.faults.loss) this.lost++;
      else this.clock.after(this.delayMs(), () => this.#arrive(to.node, bytes));
    }
    return true;
  }

  delayMs(): number {
    const { delayMsMean, spikes, spikeMs } = this.faults;
    const usual = -Math.log(1 - this.random.next()) * delayMsMean;
    return this.random.next() < spikes ? usual + this.random.next() * spikeMs : usual;
  }

  #arrive(node: string, bytes: Uint8Array): void {
    const receiver = this.nodes.get(node);
    if (receiver === undefined) this.lost++;
    else receiver.receive(bytes);
  }
}

export class SimulatedNode {
  readonly node: string;
  readonly clock: Clock;
  readonly system: ActorSystem;
  readonly #network: SimulatedNetwork;
  #dead = false;
  #pausedUntilMs = -1;
  #waiting: (() => void)[] = [];
  #inbox: Uint8Array[] = [];

  constructor(network: SimulatedNetwork, node: string) {
    this.node = node;
    this.#network = network;
    this.clock = this.#ownClock();
    this.system = new ActorSystem({
      node,
      clock: this.clock,
      log: silentLog,
      remote: { tell: (to, message) => (this.#dead || network.send(node, to, message) ? 'sent' : 'unreachable') },
      onEscalate: (_actor, cause) => network.escalated.push(cause),
    });
    network.nodes.set(node, this);
  }

  get dead(): boolean {
    return this.#dead;
  }

  get paused(): boolean {
    return this.#network.clock.nowMs() < this.#pausedUntilMs;
  }

  /** As by kill -9: nothing more comes in, goes out or fires. */
  die(): void {
    this.#dead = true;
    this.#network.nodes.delete(this.node);
  }

  /** The event loop is blocked for this long; what came meanwhile is then handled in one go. */
  pause(forMs: number): void {
    const { clock } = this.#network;
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, clock.nowMs() + forMs);
    clock.after(forMs, () => this.#resume());
  }

  receive(bytes: Uint8Array): void {
    if (this.#dead) return;
    this.#inbox.push(bytes);
    if (!this.paused) this.#unpack();
  }

  #unpack(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const bytes of inbox) readEnvelope(bytes, (actor, message) => this.system.deliver(actor, message));
    this.system.run();
  }

  #resume(): void {
    if (this.paused || this.#dead) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
    this.#unpack();
  }

  #guarded(callback: () => void): () => void {
    return () => {
      if (this.#dead) return;
      if (this.paused) this.#waiting.push(callback);
      else callback();
    };
  }

  #ownClock(): Clock {
    const { clock } = this.#network;
    return {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, callback): TimerHandle => clock.after(delayMs, this.#guarded(callback)),
      every: (periodMs, callback): TimerHandle => clock.every(periodMs, this.#guarded(callback)),
      endOfTurn: (callback) => clock.endOfTurn(this.#guarded(callback)),
      afterInput: (callback) => clock.afterInput(this.#guarded(callback)),
    };
  }
}
