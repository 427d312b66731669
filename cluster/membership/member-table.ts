/**
 * Who is in the cluster, by heartbeats: a pure state machine over (heartbeat, now), one entry per member name.
 *
 *            ready                silence                silence
 *   joining ───────► alive ◄────────────────► suspect ────────────► dead ──► forgotten
 *      └──────────────────── suspect and back, likewise ──┘   leaving or replaced: dead at once
 *
 * A member stays alive when it stops being ready: it is heard, and its `ready` says the rest.
 */
import { invalid, ServingError } from '../../proto/errors.ts';
import { checkHeartbeat, type Heartbeat, sameStanding } from './heartbeat.ts';

export type MemberState = 'joining' | 'alive' | 'suspect' | 'dead';

export type Member = {
  readonly name: string;
  readonly incarnation: string;
  readonly state: MemberState;
  /** The latest one heard. */
  readonly heartbeat: Heartbeat;
  /** When this incarnation was first heard, and last, by our monotonic clock. */
  readonly firstHeardMs: number;
  readonly lastHeardMs: number;
};

/** `member` is as it stands after the event; for `left`, as it was last heard. */
export type MemberEvent =
  | { readonly kind: 'joined' | 'suspect' | 'recovered' | 'changed'; readonly member: Member }
  | { readonly kind: 'left'; readonly member: Member; readonly reason: 'silent' | 'leaving' | 'replaced' };

export type MemberTableOptions = {
  /** How often members are expected to be heard. Default 100. */
  readonly heartbeatMs?: number;
  /** Silence after which a member is avoided: two beats lost. Default 300. */
  readonly suspectAfterMs?: number;
  /** Silence after which it is given up. Default 700. */
  readonly deadAfterMs?: number;
  /** How long a dead member is still shown. Default 60,000. */
  readonly forgetAfterMs?: number;
  /** Entries kept, dead ones included. Default 10,000. */
  readonly membersMax?: number;
};

type Entry = { -readonly [K in keyof Member]: Member[K] } & { everReady: boolean; diedMs: number; left: boolean };

export class MemberTable {
  readonly heartbeatMs: number;
  readonly suspectAfterMs: number;
  readonly deadAfterMs: number;
  readonly #forgetAfterMs: number;
  readonly #membersMax: number;
  readonly #entries = new Map<string, Entry>();
  /** Names of the dead, longest dead first. */
  readonly #dead = new Set<string>();

  /** Throws INVALID_ARGUMENT unless heartbeatMs < suspectAfterMs < deadAfterMs. */
  constructor(options: MemberTableOptions = {}) {
    this.heartbeatMs = options.heartbeatMs ?? 100;
    this.suspectAfterMs = options.suspectAfterMs ?? 300;
    this.deadAfterMs = options.deadAfterMs ?? 700;
    this.#forgetAfterMs = options.forgetAfterMs ?? 60_000;
    this.#membersMax = options.membersMax ?? 10_000;
    if (!(this.heartbeatMs > 0 && this.heartbeatMs < this.suspectAfterMs && this.suspectAfterMs < this.deadAfterMs)) {
      throw invalid(
        `heartbeatMs ${this.heartbeatMs}, suspectAfterMs ${this.suspectAfterMs} and deadAfterMs ${this.deadAfterMs} must be above 0 and rise in this order`,
      );
    }
  }

  /** Members are live views: read them, don't keep them. */
  get(name: string): Member | undefined {
    return this.#entries.get(name);
  }

  /** Every member, the dead included until they are forgotten. */
  members(): Member[] {
    return [...this.#entries.values()];
  }

  /** Members that are not dead, suspects included; of one role where that is given. */
  live(role?: string): Member[] {
    return this.members().filter(
      (member) => member.state !== 'dead' && (role === undefined || member.heartbeat.role === role),
    );
  }

  /**
   * Takes in one heartbeat heard at `nowMs`; returns what changed, in order. A newer incarnation of a name replaces the
   * older at once; an older one is ignored. Throws INVALID_ARGUMENT for a malformed heartbeat, RESOURCE_EXHAUSTED for a
   * new member where the table is full of live ones.
   */
  hear(heartbeat: Heartbeat, nowMs: number): MemberEvent[] {
    const incarnation = checkHeartbeat(heartbeat);
    const entry = this.#entries.get(heartbeat.name);
    if (entry === undefined) return this.#join(heartbeat, incarnation, nowMs);
    if (entry.incarnation === incarnation) return this.#update(entry, heartbeat, nowMs);
    if (incarnation > entry.incarnation || this.#outlasted(entry, nowMs)) {
      const events = entry.state === 'dead' ? [] : [this.#bury(entry, nowMs, 'replaced')];
      return [...events, ...this.#join(heartbeat, incarnation, nowMs)];
    }
    return [];
  }

  /** Judges silence at `nowMs`; returns what changed. Costs O(members). */
  sweep(nowMs: number): MemberEvent[] {
    const events: MemberEvent[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.state === 'dead') continue;
      const silentMs = nowMs - entry.lastHeardMs;
      if (silentMs >= this.deadAfterMs) {
        events.push(this.#bury(entry, nowMs, 'silent'));
      } else if (silentMs >= this.suspectAfterMs && entry.state !== 'suspect') {
        entry.state = 'suspect';
        events.push({ kind: 'suspect', member: entry });
      }
    }
    for (const name of this.#dead) {
      if (nowMs - this.#entries.get(name)!.diedMs < this.#forgetAfterMs) break;
      this.#forget(name);
    }
    return events;
  }

  /**
   * A heartbeat of an older start than the dead one we know: a late one of that start, or of a new start after the
   * machine's clock was set back? Late ones have drained once the newer start has been dead for as long as it took to
   * see it dead.
   */
  #outlasted(entry: Entry, nowMs: number): boolean {
    return entry.state === 'dead' && nowMs - entry.diedMs >= this.deadAfterMs;
  }

  #join(heartbeat: Heartbeat, incarnation: string, nowMs: number): MemberEvent[] {
    const { name, ready, leaving } = heartbeat;
    // The farewell of a start we never knew, or no longer do.
    if (leaving) return [];
    this.#forget(name);
    if (this.#entries.size >= this.#membersMax) {
      const [longestDead] = this.#dead;
      if (longestDead === undefined) {
        const why = `no room for member '${name}': ${this.#membersMax} members are alive`;
        throw new ServingError('RESOURCE_EXHAUSTED', 'route', why);
      }
      this.#forget(longestDead);
    }
    const state = ready ? 'alive' : 'joining';
    const times = { firstHeardMs: nowMs, lastHeardMs: nowMs, diedMs: 0 };
    const entry: Entry = { name, incarnation, state, heartbeat, ...times, everReady: ready, left: false };
    this.#entries.set(name, entry);
    return [{ kind: 'joined', member: entry }];
  }

  #update(entry: Entry, heartbeat: Heartbeat, nowMs: number): MemberEvent[] {
    // Said farewell: what still comes was sent before it. What comes long after says that it never left.
    if (entry.left && !this.#outlasted(entry, nowMs)) return [];
    if (entry.state === 'dead') return this.#join(heartbeat, entry.incarnation, nowMs);
    const changed = !sameStanding(entry.heartbeat, heartbeat);
    entry.heartbeat = heartbeat;
    entry.lastHeardMs = Math.max(entry.lastHeardMs, nowMs);
    if (heartbeat.leaving) {
      entry.left = true;
      return [this.#bury(entry, nowMs, 'leaving')];
    }
    const recovered = entry.state === 'suspect';
    entry.everReady ||= heartbeat.ready;
    entry.state = entry.everReady ? 'alive' : 'joining';
    const events: MemberEvent[] = [];
    if (recovered) events.push({ kind: 'recovered', member: entry });
    if (changed) events.push({ kind: 'changed', member: entry });
    return events;
  }

  #bury(entry: Entry, nowMs: number, reason: 'silent' | 'leaving' | 'replaced'): MemberEvent {
    entry.state = 'dead';
    entry.diedMs = nowMs;
    this.#dead.add(entry.name);
    return { kind: 'left', member: entry, reason };
  }

  #forget(name: string): void {
    this.#entries.delete(name);
    this.#dead.delete(name);
  }
}
