/** A request inside the router, and the parts that it is served in: one in most cases, several where users live apart. */

import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { TimerId } from '../../cluster/timer-wheel.ts';
import type { Answer, Failure, ReadBound, TraceContext } from '../../proto/letters.ts';
import type { Admitted } from './admit.ts';
import type { RequestArm } from './rollout/request-arm.ts';
import type { Target } from './routing-table.ts';

export type RouterRequest = {
  /** Its number among the open requests. */
  openId: number;
  /** The caller's own number and address. */
  readonly callerId: number;
  readonly replyTo: string;
  /** The caller's id and 0, or the router's own prefix and number (`requestIdOf`). */
  readonly requestId: string;
  readonly requestNumber: number;
  readonly traceId: string;
  /** Parent of the router's span and, made in advance, that span's id; null when not sampled. */
  readonly trace: { readonly parent: TraceContext | null; readonly own: TraceContext } | null;
  readonly plan: ServingPlan;
  readonly admitted: Admitted;
  /** What it asks of its features' freshness; null: nothing, as most do. */
  readonly bound: ReadBound | null;
  /** Of the rollout that chose its version; null: none did, as of most. */
  readonly arm: RequestArm | null;
  readonly startMs: number;
  readonly deadlineMs: number;
  deadline: TimerId;
  parts: Part[];
  partsLeft: number;
  done: boolean;
};

export type Part = {
  readonly request: RouterRequest;
  /** Rows of the request that this part serves; null: all, in order. */
  readonly rows: readonly number[] | null;
  readonly keys: readonly Uint8Array[];
  readonly partitions: readonly number[];
  inputs: readonly Uint8Array[];
  readonly dims: readonly number[];
  /** Attempts under way; the first to answer wins. */
  attempts: Attempt[];
  attemptsMade: number;
  /** Nodes that refused or kept silent. */
  avoid: string[];
  answer: Answer | null;
  /** The latest refusal, told if the deadline passes. */
  lastFailure: Failure | null;
  parked: boolean;
};

export type Attempt = {
  /** What the answer will carry; a number of the dispatcher's table. */
  id: number;
  readonly part: Part;
  readonly shard: Target | null;
  readonly worker: Target;
  readonly startMs: number;
  /** When it counts as silent; 0 where nobody would be asked instead. */
  silence: TimerId;
  over: boolean;
};

export function partOf(
  request: RouterRequest,
  rows: readonly number[] | null,
  keys: readonly Uint8Array[],
  partitions: readonly number[],
  inputs: readonly Uint8Array[],
  dims: readonly number[],
): Part {
  return {
    request,
    rows,
    keys,
    partitions,
    inputs,
    dims,
    attempts: [],
    attemptsMade: 0,
    avoid: [],
    answer: null,
    lastFailure: null,
    parked: false,
  };
}
