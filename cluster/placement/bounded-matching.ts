/**
 * Matching of partitions to members with room for only so many, by deferred acceptance (Gale & Shapley, "College
 * Admissions and the Stability of Marriage", 1962): partitions ask members in order of distance, and a full member
 * keeps the nearest of those that asked. The outcome does not depend on the order of asking, so that, unlike filling
 * one partition after another, a change of members disturbs only its neighbourhood.
 */
import { ServingError } from '../../proto/errors.ts';

const OPEN = 0;
const HELD = 1;
const REJECTED = 2;

/**
 * Owners of each partition as member numbers, nearest first: `slots` distinct ones each, no member in more than its
 * capacity. `distance` is row-major [partition][member]; ties go to the lower number. Needs slots ≤ members,
 * capacities ≤ partitions, and capacities that sum to at least slots × partitions.
 */
export function matchWithinCapacity(
  distance: Float64Array,
  partitions: number,
  slots: number,
  capacities: readonly number[],
): number[][] {
  const matching = new Matching(distance, partitions, slots, capacities);
  matching.settle();
  matching.fillHoles();
  return matching.owners();
}

class Matching {
  readonly #distance: Float64Array;
  readonly #partitions: number;
  readonly #members: number;
  readonly #capacities: readonly number[];
  /** OPEN, HELD or REJECTED for each [partition][member]. */
  readonly #state: Uint8Array;
  readonly #held: number[][];
  /** Owners still wanted by each partition. */
  readonly #wanted: Uint8Array;

  constructor(distance: Float64Array, partitions: number, slots: number, capacities: readonly number[]) {
    this.#distance = distance;
    this.#partitions = partitions;
    this.#members = capacities.length;
    this.#capacities = capacities;
    this.#state = new Uint8Array(partitions * capacities.length);
    this.#held = capacities.map(() => []);
    this.#wanted = new Uint8Array(partitions).fill(slots);
  }

  /** Rounds of asking and rejecting until every partition has its owners or has been rejected by all others. */
  settle(): void {
    let asking = Array.from({ length: this.#partitions }, (_, partition) => partition);
    while (asking.length > 0) {
      for (const partition of asking) this.#ask(partition);
      asking = this.#rejectOverCapacity();
    }
  }

  /**
   * Deferred acceptance can leave a partition short when every member with room already owns it. Then one exchange
   * always helps: a member with room takes over another partition from an owner that this one lacks. (Such a member
   * owns fewer than all partitions; one that it lacks has its full number of owners, or it would have asked; and of
   * those at least two are not owners here.)
   */
  fillHoles(): void {
    for (let partition = 0; partition < this.#partitions; partition++) {
      for (; this.#wanted[partition]! > 0; this.#wanted[partition]!--) this.#exchange(partition);
    }
  }

  owners(): number[][] {
    return Array.from({ length: this.#partitions }, (_, partition) => {
      const row = partition * this.#members;
      const owners: number[] = [];
      for (let m = 0; m < this.#members; m++) if (this.#state[row + m] === HELD) owners.push(m);
      return owners.sort((a, b) => this.#distance[row + a]! - this.#distance[row + b]! || a - b);
    });
  }

  #ask(partition: number): void {
    while (this.#wanted[partition]! > 0) {
      const member = this.#nearestOpen(partition);
      if (member < 0) return;
      this.#state[partition * this.#members + member] = HELD;
      this.#held[member]!.push(partition);
      this.#wanted[partition]!--;
    }
  }

  #rejectOverCapacity(): number[] {
    const rejected = new Set<number>();
    for (let m = 0; m < this.#members; m++) {
      const held = this.#held[m]!;
      if (held.length <= this.#capacities[m]!) continue;
      held.sort((a, b) => this.#distanceOf(a, m) - this.#distanceOf(b, m) || a - b);
      for (const partition of held.splice(this.#capacities[m]!)) {
        this.#state[partition * this.#members + m] = REJECTED;
        this.#wanted[partition]!++;
        rejected.add(partition);
      }
    }
    return [...rejected];
  }

  #exchange(partition: number): void {
    const taker = this.#roomiest();
    let best = { other: -1, giver: -1, distance: Number.POSITIVE_INFINITY };
    for (let other = 0; other < this.#partitions; other++) {
      if (this.#state[other * this.#members + taker] === HELD) continue;
      const distance = this.#distanceOf(other, taker);
      if (distance >= best.distance) continue;
      const giver = this.#nearestGiver(partition, other);
      if (giver >= 0) best = { other, giver, distance };
    }
    // Not reachable by the argument above; a wrong placement must not pass in silence.
    if (best.giver < 0)
      throw new ServingError(
        'INTERNAL',
        'route',
        `partition ${partition} cannot be given ${this.#wanted[partition]} more owners`,
      );
    this.#state[best.other * this.#members + best.giver] = OPEN;
    this.#state[best.other * this.#members + taker] = HELD;
    this.#state[partition * this.#members + best.giver] = HELD;
    const held = this.#held[best.giver]!;
    held[held.indexOf(best.other)] = partition;
    this.#held[taker]!.push(best.other);
  }

  #roomiest(): number {
    let roomiest = 0;
    const room = (m: number): number => this.#capacities[m]! - this.#held[m]!.length;
    for (let m = 1; m < this.#members; m++) if (room(m) > room(roomiest)) roomiest = m;
    return roomiest;
  }

  /** Of the owners of `other` that do not own `partition`, the one nearest to `partition`; -1 for none. */
  #nearestGiver(partition: number, other: number): number {
    let nearest = -1;
    for (let m = 0; m < this.#members; m++) {
      if (this.#state[other * this.#members + m] !== HELD || this.#state[partition * this.#members + m] === HELD)
        continue;
      if (nearest < 0 || this.#distanceOf(partition, m) < this.#distanceOf(partition, nearest)) nearest = m;
    }
    return nearest;
  }

  #nearestOpen(partition: number): number {
    const row = partition * this.#members;
    let nearest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let m = 0; m < this.#members; m++) {
      if (this.#state[row + m] === OPEN && this.#distance[row + m]! < least) {
        nearest = m;
        least = this.#distance[row + m]!;
      }
    }
    return nearest;
  }

  #distanceOf(partition: number, member: number): number {
    return this.#distance[partition * this.#members + member]!;
  }
}
