/**
 * A binary min-heap by deadline, first come first served among equal deadlines. Members know their place, so one whose
 * rank changed can be moved without a search. Every operation takes O(log n).
 */

export type Ranked = {
  deadlineMs: number;
  /** Ties are broken by this number, smaller first; unique in a heap. */
  order: number;
  /** Index in the heap, kept by it; -1 outside. A member can be in one heap at a time. */
  place: number;
};

export class DeadlineHeap<M extends Ranked> {
  readonly #members: M[] = [];

  first(): M | undefined {
    return this.#members[0];
  }

  add(member: M): void {
    this.#members.push(member);
    this.#rise(member, this.#members.length - 1);
  }

  removeFirst(): M | undefined {
    const first = this.#members[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Does nothing if the member is in no heap. */
  remove(member: M): void {
    const { place } = member;
    if (place < 0) return;
    member.place = -1;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  /** To be called after a member's deadline or order changed. */
  moved(member: M): void {
    this.#sink(member, member.place);
    this.#rise(member, member.place);
  }

  #rise(member: M, place: number): void {
    const members = this.#members;
    while (place > 0) {
      const parentPlace = (place - 1) >>> 1;
      const parent = members[parentPlace]!;
      if (precedes(parent, member)) break;
      members[place] = parent;
      parent.place = place;
      place = parentPlace;
    }
    members[place] = member;
    member.place = place;
  }

  #sink(member: M, place: number): void {
    const members = this.#members;
    const count = members.length;
    for (;;) {
      let childPlace = 2 * place + 1;
      if (childPlace >= count) break;
      let child = members[childPlace]!;
      const right = members[childPlace + 1];
      if (right !== undefined && precedes(right, child)) {
        child = right;
        childPlace++;
      }
      if (precedes(member, child)) break;
      members[place] = child;
      child.place = place;
      place = childPlace;
    }
    members[place] = member;
    member.place = place;
  }
}

function precedes(left: Ranked, right: Ranked): boolean {
  return left.deadlineMs < right.deadlineMs || (left.deadlineMs === right.deadlineMs && left.order < right.order);
}
