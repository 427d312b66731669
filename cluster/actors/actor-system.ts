/**
 * The actors of one process: bounded mailboxes, one message at a time, supervision, and `tell` that hands a message
 * straight to an actor here or gives it to the transport for an actor elsewhere.
 */
import { asServingError, type ErrorCode } from '../../proto/errors.ts';
import { type Failure, failure, failureOf, type Message, refusal, substitute } from '../../proto/letters.ts';
import type { Clock, TimerHandle } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Address, AddressBook, formatAddress } from './address.ts';
import { Mailbox } from './mailbox.ts';
import { type SupervisionOptions, Supervisor } from './supervision.ts';

/** What an actor does. It may throw: the supervisor decides what follows, and the sender is told. */
export interface Behaviour {
  receive(message: Message): void;
  /** Releases timers and handles, before a restart and at the end. */
  stop?(): void;
}

/** What an actor can do to the world. Tests hand a behaviour one that records. */
export interface ActorContext {
  readonly self: Address;
  /** `node/actor`, as it goes into `replyTo`. */
  readonly selfText: string;
  readonly clock: Clock;
  /**
   * False when the message cannot be handed on (mailbox full, no connection). One that is too large to travel is taken
   * and answered: its sender is refused, or, where it is a reply, its receiver gets a failure instead.
   */
  tell(to: Address, message: Message): boolean;
  /** As `tell`, to an address in text; false for text that is no address. */
  reply(toText: string, message: Message): boolean;
  /** Timers whose callbacks are supervised like messages. */
  after(delayMs: number, callback: () => void): TimerHandle;
  every(periodMs: number, callback: () => void): TimerHandle;
  endOfTurn(callback: () => void): void;
  afterInput(callback: () => void): void;
}

/** An actor's timers in the form of a clock's. */
export function supervisedTimers(context: ActorContext): Pick<Clock, 'nowMs' | 'after'> {
  return { nowMs: () => context.clock.nowMs(), after: (delayMs, callback) => context.after(delayMs, callback) };
}

/** What became of a message to another process: on its way, not for lack of a connection, or too large for any. */
export type Handed = 'sent' | 'unreachable' | 'too_large';

/** Carries messages to other processes. */
export interface RemoteLink {
  tell(to: Address, message: Message): Handed;
}

export type ActorOptions = {
  readonly mailboxMessagesMax: number;
  readonly supervision?: SupervisionOptions;
};

export type ActorSystemOptions = {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly remote: RemoteLink;
  /** A failure that restarts did not cure: the process should end and be started anew. */
  readonly onEscalate: (actor: string, cause: unknown) => void;
  /** For counters. */
  readonly onDeadLetter?: (reason: 'no_actor' | 'mailbox_full' | 'crashed') => void;
};

type Actor = {
  readonly name: string;
  readonly context: ActorContext;
  readonly start: (context: ActorContext) => Behaviour;
  readonly mailbox: Mailbox<Message>;
  readonly supervisor: Supervisor;
  behaviour: Behaviour | null;
  scheduled: boolean;
  stopped: boolean;
};

const TOO_LARGE =
  'the rows of this request, or their answer, are too large for one message between processes; ask for fewer rows at once';

/** After this many messages in one go the event loop gets a turn, so that input is read and timers fire. */
const MESSAGES_PER_TURN_MAX = 8192;

export class ActorSystem {
  readonly #options: ActorSystemOptions;
  readonly #actors = new Map<string, Actor>();
  readonly #addresses = new AddressBook();
  #ready: Actor[] = [];
  #running = false;
  #wakeScheduled = false;

  constructor(options: ActorSystemOptions) {
    this.#options = options;
  }

  get node(): string {
    return this.#options.node;
  }

  /** Starts an actor. `start` is called again, for a fresh behaviour, when the supervisor restarts it. */
  spawn(name: string, options: ActorOptions, start: (context: ActorContext) => Behaviour): Address {
    if (this.#actors.has(name)) throw new Error(`actor '${name}' exists already`);
    const self = { node: this.#options.node, actor: name };
    const actor: Actor = {
      name,
      context: this.#contextOf(self),
      start,
      mailbox: new Mailbox(options.mailboxMessagesMax),
      supervisor: new Supervisor(options.supervision),
      behaviour: null,
      scheduled: false,
      stopped: false,
    };
    this.#actors.set(name, actor);
    try {
      actor.behaviour = start(actor.context);
    } catch (thrown) {
      this.#stopActor(actor);
      this.#actors.delete(name);
      throw thrown;
    }
    return self;
  }

  mailboxLength(name: string): number {
    return this.#actors.get(name)?.mailbox.length ?? 0;
  }

  tell(to: Address, message: Message): boolean {
    if (to.node !== this.#options.node) return this.#tellRemote(to, message);
    const code = this.#enqueue(to.actor, message);
    if (code !== null) return false;
    this.#wake();
    return true;
  }

  #tellRemote(to: Address, message: Message): boolean {
    const handed = this.#options.remote.tell(to, message);
    if (handed !== 'too_large') return handed === 'sent';
    const instead = substitute(message, formatAddress(to), failure('INVALID_ARGUMENT', 'route', TOO_LARGE));
    const address = instead === null ? undefined : this.#addresses.parse(instead.to);
    if (address === undefined) return false;
    if (address.node === this.#options.node) return this.tell(address, instead!.message);
    // Once: what is sent instead is short (`letters.ts`), and if it were not, nothing would be.
    return this.#options.remote.tell(address, instead!.message) === 'sent';
  }

  /** A message from the transport. What cannot be delivered is refused towards its sender. */
  deliver(toActor: string, message: Message): void {
    const code = this.#enqueue(toActor, message);
    if (code !== null) {
      const why =
        code === 'NOT_FOUND' ? `no actor '${toActor}' on ${this.#options.node}` : `mailbox of '${toActor}' is full`;
      // An actor that is gone is the router's cue to try another process.
      this.#refuse(message, failure(code === 'NOT_FOUND' ? 'UNAVAILABLE' : code, 'route', why));
    }
  }

  /** Runs everything that is ready now. The transport calls it after unpacking an envelope. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      this.#runReady();
    } catch (thrown) {
      // Not an actor's failure, those are supervised: a fault of ours on the way. What it left undone is unknown.
      this.#options.log.error({ err: thrown }, 'delivering messages failed');
      this.#options.onEscalate('(all)', thrown);
    } finally {
      this.#running = false;
    }
    if (this.#ready.length > 0) this.#options.clock.afterInput(() => this.run());
  }

  #runReady(): void {
    let budget = MESSAGES_PER_TURN_MAX;
    while (this.#ready.length > 0 && budget > 0) {
      const batch = this.#ready;
      this.#ready = [];
      for (const actor of batch) {
        actor.scheduled = false;
        budget -= this.#drain(actor, budget);
      }
    }
  }

  /** Stops every actor, last started first. Messages left in mailboxes are refused. */
  stop(): void {
    for (const actor of [...this.#actors.values()].reverse()) this.#stopActor(actor);
    this.#actors.clear();
  }

  #enqueue(name: string, message: Message): ErrorCode | null {
    const actor = this.#actors.get(name);
    if (actor === undefined || actor.stopped) {
      this.#options.onDeadLetter?.('no_actor');
      return 'NOT_FOUND';
    }
    if (!actor.mailbox.push(message)) {
      this.#options.onDeadLetter?.('mailbox_full');
      return 'RESOURCE_EXHAUSTED';
    }
    if (!actor.scheduled && actor.behaviour !== null) {
      actor.scheduled = true;
      this.#ready.push(actor);
    }
    return null;
  }

  #wake(): void {
    if (this.#running || this.#wakeScheduled) return;
    this.#wakeScheduled = true;
    queueMicrotask(() => {
      this.#wakeScheduled = false;
      this.run();
    });
  }

  #drain(actor: Actor, budget: number): number {
    let handled = 0;
    while (actor.behaviour !== null && handled < budget) {
      const message = actor.mailbox.shift();
      if (message === undefined) return handled;
      handled++;
      try {
        actor.behaviour.receive(message);
      } catch (thrown) {
        this.#refuse(message, failureOf(asServingError(thrown, 'route')));
        this.#supervise(actor, thrown);
      }
    }
    if (actor.mailbox.length > 0 && actor.behaviour !== null && !actor.scheduled) {
      actor.scheduled = true;
      this.#ready.push(actor);
    }
    return handled;
  }

  #supervise(actor: Actor, thrown: unknown): void {
    const { clock, log } = this.#options;
    const directive = actor.supervisor.decide(thrown, clock.nowMs());
    if (directive.kind === 'resume') return;
    log.error({ err: thrown, actor: actor.name, directive: directive.kind }, 'actor failed');
    this.#options.onDeadLetter?.('crashed');
    this.#stopBehaviour(actor);
    if (directive.kind === 'restart') {
      clock.after(directive.delayMs, () => this.#restart(actor));
      return;
    }
    this.#stopActor(actor);
    if (directive.kind === 'escalate') this.#options.onEscalate(actor.name, thrown);
  }

  #restart(actor: Actor): void {
    if (actor.stopped) return;
    try {
      actor.behaviour = actor.start(actor.context);
    } catch (thrown) {
      // A start that fails is no verdict on one message, whatever it throws: never resume from it.
      this.#supervise(actor, new Error(`actor '${actor.name}' could not be started again`, { cause: thrown }));
      return;
    }
    if (actor.mailbox.length > 0 && !actor.scheduled) {
      actor.scheduled = true;
      this.#ready.push(actor);
      this.#wake();
    }
  }

  #stopActor(actor: Actor): void {
    if (actor.stopped) return;
    actor.stopped = true;
    this.#stopBehaviour(actor);
    for (let message = actor.mailbox.shift(); message !== undefined; message = actor.mailbox.shift()) {
      this.#refuse(
        message,
        failure('UNAVAILABLE', 'route', `actor '${actor.name}' on ${this.#options.node} has stopped`),
      );
    }
  }

  #stopBehaviour(actor: Actor): void {
    const behaviour = actor.behaviour;
    actor.behaviour = null;
    try {
      behaviour?.stop?.();
    } catch (thrown) {
      this.#options.log.error({ err: thrown, actor: actor.name }, 'actor failed to stop cleanly');
    }
  }

  #refuse(message: Message, why: Failure): void {
    const reply = refusal(message, why);
    if (reply === null) return;
    const address = this.#addresses.parse(reply.to);
    if (address !== undefined) this.tell(address, reply.message);
  }

  #contextOf(self: Address): ActorContext {
    const { clock } = this.#options;
    const supervised = (callback: () => void) => () => {
      const actor = this.#actors.get(self.actor);
      if (actor === undefined || actor.behaviour === null) return;
      try {
        callback();
      } catch (thrown) {
        this.#supervise(actor, thrown);
      }
    };
    return {
      self,
      selfText: formatAddress(self),
      clock,
      tell: (to, message) => this.tell(to, message),
      reply: (toText, message) => {
        const to = this.#addresses.parse(toText);
        return to !== undefined && this.tell(to, message);
      },
      after: (delayMs, callback) => clock.after(delayMs, supervised(callback)),
      every: (periodMs, callback) => clock.every(periodMs, supervised(callback)),
      endOfTurn: (callback) => clock.endOfTurn(supervised(callback)),
      afterInput: (callback) => clock.afterInput(supervised(callback)),
    };
  }
}
