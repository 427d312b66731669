/**
 * Reads that asked for more of the log than is applied here yet (`min_seq`): each waits, without asking again and again,
 * until a transaction brings what it asked for or its share of the time is over. Bounded: whoever asks for sequences
 * that never come fills this table, not the shard.
 */
import { type ActorContext, supervisedTimers } from '../../cluster/actors/actor-system.ts';
import { Cancellations } from '../../cluster/actors/cancellations.ts';
import { Deadlines } from '../../cluster/deadlines.ts';
import type { TimerId } from '../../cluster/timer-wheel.ts';
import { ServingError } from '../../proto/errors.ts';
import { type Cancel, type Message, MIN_SEQ_WAIT_SHARE, type ReadBound } from '../../proto/letters.ts';

/** A request to a shard. */
export type ReadMessage = Extract<Message, { kind: 'enrich' | 'readFeatures' }>;

type Waiting = { readonly message: ReadMessage; readonly startMs: number; deadline: TimerId };

/** Reads that wait at once; the next is refused with RESOURCE_EXHAUSTED. A look at all of them takes well below 1 ms. */
export const WAITING_READS_MAX = 4_096;

export class WaitingReads {
  readonly #context: ActorContext;
  readonly #appliedSeq: (partition: number) => number;
  readonly #onReady: (message: ReadMessage, startMs: number) => void;
  readonly #onRefused: (message: ReadMessage, why: ServingError) => void;
  readonly #waiting = new Set<Waiting>();
  readonly #deadlines: Deadlines<Waiting>;
  readonly #cancellations: Cancellations;
  #wakes = false;

  /** Each read that is added comes out by one of the two callbacks, or by neither once it is cancelled. */
  constructor(
    context: ActorContext,
    appliedSeq: (partition: number) => number,
    onReady: (message: ReadMessage, startMs: number) => void,
    onRefused: (message: ReadMessage, why: ServingError) => void,
  ) {
    this.#context = context;
    this.#appliedSeq = appliedSeq;
    this.#onReady = onReady;
    this.#onRefused = onRefused;
    this.#deadlines = new Deadlines(supervisedTimers(context), (waiting) => this.#tooLate(waiting));
    this.#cancellations = new Cancellations(context, (isCancelled) => {
      for (const waiting of this.#waiting) {
        const { replyTo, id } = waiting.message.body;
        if (isCancelled(replyTo, id)) this.#forget(waiting);
      }
    });
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** What of the bound is not applied yet, or null where all is. */
  shortfall({ minSeq, minPartitions }: ReadBound): ServingError | null {
    for (let i = 0; i < minSeq.length; i++) {
      const partition = minPartitions[i]!;
      const applied = this.#appliedSeq(partition);
      if (applied >= minSeq[i]!) continue;
      const why = `partition ${partition} is applied here up to ${applied}; you asked for at least ${minSeq[i]} (min_seq)`;
      return new ServingError('FAILED_PRECONDITION', 'lookup', why);
    }
    return null;
  }

  add(message: ReadMessage, startMs: number): void {
    if (this.#waiting.size >= WAITING_READS_MAX) {
      const why = `${this.#waiting.size} reads wait here for sequences that are not applied yet; try again later`;
      this.#onRefused(message, new ServingError('RESOURCE_EXHAUSTED', 'lookup', why));
      return;
    }
    const waiting: Waiting = { message, startMs, deadline: 0 };
    this.#waiting.add(waiting);
    const dueMs = startMs + (message.body.budgetUs / 1_000) * MIN_SEQ_WAIT_SHARE;
    waiting.deadline = this.#deadlines.schedule(waiting, dueMs);
  }

  /** More of the log is applied. Looks once a turn, however often it is called. */
  wake(): void {
    if (this.#waiting.size === 0 || this.#wakes) return;
    this.#wakes = true;
    this.#context.endOfTurn(() => {
      this.#wakes = false;
      for (const waiting of this.#waiting) {
        if (this.shortfall(waiting.message.body) !== null) continue;
        this.#forget(waiting);
        this.#onReady(waiting.message, waiting.startMs);
      }
    });
  }

  /** Nobody waits for it any more: it is dropped without an answer. */
  cancel(body: Cancel): void {
    if (this.#waiting.size > 0) this.#cancellations.add(body);
  }

  /** Refuses all that wait, so that they are read elsewhere. */
  stop(): void {
    for (const waiting of this.#waiting) {
      this.#forget(waiting);
      this.#onRefused(waiting.message, new ServingError('UNAVAILABLE', 'lookup', 'this shard is stopping'));
    }
  }

  #tooLate(waiting: Waiting): void {
    const why = this.shortfall(waiting.message.body);
    this.#forget(waiting);
    if (why === null) this.#onReady(waiting.message, waiting.startMs);
    else this.#onRefused(waiting.message, why);
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    this.#deadlines.cancel(waiting.deadline);
  }
}
