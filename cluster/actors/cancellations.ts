/**
 * Gathers the `cancel` letters of one turn, so that an actor looks through what it has under way once for all of them: a
 * caller that goes away often takes many requests with it, and looking each up would need an index that every request
 * pays for.
 */
import type { Cancel } from '../../proto/letters.ts';
import type { ActorContext } from './actor-system.ts';

/** Whether a request, by its sender's address and number, was cancelled in this turn. */
export type IsCancelled = (replyTo: string, id: number) => boolean;

export class Cancellations {
  readonly #context: Pick<ActorContext, 'endOfTurn'>;
  readonly #apply: (isCancelled: IsCancelled) => void;
  #idsBySender = new Map<string, Set<number>>();

  /** `apply` is called at the end of each turn in which anything was added. */
  constructor(context: Pick<ActorContext, 'endOfTurn'>, apply: (isCancelled: IsCancelled) => void) {
    this.#context = context;
    this.#apply = apply;
  }

  add({ id, replyTo }: Cancel): void {
    if (this.#idsBySender.size === 0) this.#context.endOfTurn(() => this.#applyAll());
    const ids = this.#idsBySender.get(replyTo);
    if (ids === undefined) this.#idsBySender.set(replyTo, new Set([id]));
    else ids.add(id);
  }

  #applyAll(): void {
    const idsBySender = this.#idsBySender;
    this.#idsBySender = new Map();
    this.#apply((replyTo, id) => idsBySender.get(replyTo)?.has(id) === true);
  }
}
