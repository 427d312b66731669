/**
 * Gets each part of a request to a shard and a worker, and to others when those refuse, keep silent or leave. It knows
 * the attempts under way and the parts that nobody can serve yet; what becomes of the request is the router's business.
 */
import { type ActorContext, supervisedTimers } from '../../cluster/actors/actor-system.ts';
import { assemble } from '../../cluster/catalog/assemble.ts';
import { selectRows } from '../../cluster/catalog/select-rows.ts';
import { rowsMaxOf, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { Deadlines } from '../../cluster/deadlines.ts';
import { partitionOf } from '../../cluster/hash.ts';
import type { Random } from '../../cluster/random.ts';
import { SlotTable } from '../../cluster/slot-table.ts';
import { type Failure, MIN_SEQ_WAIT_SHARE, UNBOUND } from '../../proto/letters.ts';
import type { Admitted } from './admit.ts';
import { chooseTarget, splitByOwner } from './choose.ts';
import { minSeqsOf } from './read-bound.ts';
import { type Attempt, type Part, partOf, type RouterRequest } from './request.ts';
import { RetryBudget } from './retry-budget.ts';
import type { RoutingTable, Target } from './routing-table.ts';

export type DispatchOptions = {
  /** Silence after which another process is tried as well. */
  readonly attemptTimeoutMs: number;
  readonly attemptsMax: number;
  /** Largest message between processes, bytes: a request of more becomes several parts. */
  readonly partBytesMax: number;
};

export type RetryReason = 'refused' | 'silent' | 'left';

/** Parts that nobody can serve look again this often, besides at every change of the routing table. */
const PARKED_RETRY_MS = 20;
/**
 * Requests that a worker of this process may have more than others before they are preferred: about a batch. A shard of
 * this process is always preferred, since a lookup takes less time than a hop.
 */
const NEAR_WORKER_AHEAD_MAX = 64;
/** A burst of silence, as when a process dies, may cost this many further attempts; afterwards one in ten requests. */
const RETRY_BUDGET = { tokensMax: 256, earnedPerRequest: 0.1 };

export class Dispatcher {
  readonly #context: ActorContext;
  readonly #routing: RoutingTable;
  readonly #options: DispatchOptions;
  readonly #random: Random;
  readonly #onRetry: (reason: RetryReason) => void;
  readonly #attempts = new SlotTable<Attempt>();
  readonly #silences: Deadlines<Attempt>;
  readonly #retries = new RetryBudget(RETRY_BUDGET);
  readonly #parked = new Set<Part>();
  #parkedSweep = false;

  constructor(
    context: ActorContext,
    routing: RoutingTable,
    options: DispatchOptions,
    random: Random,
    onRetry: (reason: RetryReason) => void,
  ) {
    this.#context = context;
    this.#routing = routing;
    this.#options = options;
    this.#random = random;
    this.#onRetry = onRetry;
    this.#silences = new Deadlines(supervisedTimers(context), (attempt) => this.#onSilence(attempt));
  }

  /** Splits an admitted request into parts, as few as its users' owners allow, and sends each on its way. */
  start(request: RouterRequest, admitted: Admitted): void {
    this.#retries.earn();
    const { plan } = request;
    const { keys, inputs, dims, rows } = admitted;
    const partitions = this.#partitionsOf(keys);
    const groups = rows === 1 ? null : this.#groups(plan, this.#partRowsMax(plan, admitted), partitions, rows);
    if (groups === null || groups.length === 1) {
      request.parts = [partOf(request, null, keys, partitions, inputs, dims)];
    } else {
      request.parts = groups.map((group) => selectPart(request, null, group, keys, partitions, inputs, dims, rows));
    }
    request.partsLeft = request.parts.length;
    for (const part of request.parts) this.#dispatch(part);
  }

  /** Takes the attempt that an answer belongs to out of the books; null for one that is over. */
  settle(attemptId: number): Attempt | null {
    const attempt = this.#attempts.get(attemptId);
    if (attempt !== null) this.#end(attempt);
    return attempt;
  }

  /** An attempt was refused for a reason that another process may not have. */
  retry(attempt: Attempt, failure: Failure): void {
    const { part } = attempt;
    if (part.attempts.length > 0) return;
    this.#onRetry('refused');
    // Who of the two refused shows in the stage.
    const refuser = failure.stage === 'lookup' ? attempt.shard : attempt.worker;
    if (refuser !== null) part.avoid.push(refuser.node);
    // The first refusal is answered by trying elsewhere at once; after that the cluster gets a moment to settle.
    if (part.attemptsMade < 2) this.#dispatch(part);
    else this.#park(part);
  }

  /** Forgets what is still under way for a part, or for all parts of a request. */
  forgetPart(part: Part): void {
    while (part.attempts.length > 0) this.#end(part.attempts[0]!);
  }

  forgetRequest(request: RouterRequest): void {
    for (const part of request.parts) {
      this.forgetPart(part);
      if (part.parked) this.#parked.delete(part);
    }
  }

  /** Tells those who have a request whose caller has gone away that they need not serve it. */
  cancelRequest(request: RouterRequest): void {
    for (const part of request.parts) {
      for (const { id, worker, shard } of part.attempts) {
        const body = { id, replyTo: this.#context.selfText };
        this.#context.tell(worker.address, { kind: 'cancel', body });
        // A shard holds nothing but what waits for a sequence.
        if (shard !== null && asksForSeq(request)) this.#context.tell(shard.address, { kind: 'cancel', body });
      }
    }
  }

  /** The routing table changed: what waits for somebody may find one, what went to a process that left goes elsewhere. */
  routingChanged(liveNodes: ReadonlySet<string>): void {
    for (const attempt of this.#attempts.values()) {
      const shardLeft = attempt.shard !== null && !liveNodes.has(attempt.shard.node);
      if (liveNodes.has(attempt.worker.node) && !shardLeft) continue;
      this.#end(attempt);
      const { part } = attempt;
      // Its silence is explained: it does not count against the limit on asking others.
      part.attemptsMade--;
      if (part.request.done || part.answer !== null || part.attempts.length > 0) continue;
      this.#onRetry('left');
      this.#dispatch(part);
    }
    this.#unpark();
  }

  #partitionsOf(keys: readonly Uint8Array[]): number[] {
    const { partitions } = this.#routing;
    if (keys.length === 1) return [partitionOf(keys[0]!, partitions)];
    return keys.map((key) => partitionOf(key, partitions));
  }

  /** As many rows as the model takes in one run and one message can carry, of the size that this request's have. */
  #partRowsMax(plan: ServingPlan, { inputs, rows }: Pick<Admitted, 'inputs' | 'rows'>): number {
    let bytes = 0;
    for (const input of inputs) bytes += input.length;
    const rowBytes = Math.max(1, plan.rowBytesMax, bytes / rows);
    return Math.max(1, Math.min(rowsMaxOf(plan), Math.floor(this.#options.partBytesMax / rowBytes)));
  }

  #groups(plan: ServingPlan, rowsMax: number, partitions: readonly number[], rows: number): number[][] {
    if (plan.reads.length === 0) return chunks(rows, rowsMax);
    return this.#groupsByOwner(partitions, rowsMax, []);
  }

  #groupsByOwner(partitions: readonly number[], rowsMax: number, avoid: readonly string[]): number[][] {
    const owners = (partition: number) => this.#routing.owners(partition);
    return splitByOwner(partitions, owners, rowsMax, avoid, this.#random).map((group) => group.rows);
  }

  #dispatch(part: Part): void {
    const { request } = part;
    if (part.parked) this.#parked.delete(part);
    part.parked = false;
    // A parked part may have been answered by an attempt that was under way.
    if (request.done || part.answer !== null) return;
    const { plan } = request;
    const worker = chooseTarget(this.#routing.workers(plan.key), part.avoid, this.#random, NEAR_WORKER_AHEAD_MAX);
    if (worker === null) {
      this.#park(part);
      return;
    }
    let shard: Target | null = null;
    if (plan.reads.length > 0) {
      const owners = this.#ownersOfAll(part.partitions);
      shard = chooseTarget(owners, part.avoid, this.#random);
      // Rather several parts than one more try with a process that keeps silent.
      if (shard === null || (!owners.some((owner) => isFit(owner, part)) && this.#fitApart(part))) {
        this.#resplit(part);
        return;
      }
    }
    const nowMs = this.#context.clock.nowMs();
    const leftMs = request.deadlineMs - nowMs;
    if (leftMs <= 0) return;
    const attempt: Attempt = {
      id: 0,
      part,
      shard,
      worker,
      startMs: nowMs,
      silence: 0,
      over: false,
    };
    attempt.id = this.#attempts.add(attempt);
    if (!this.#send(attempt, Math.max(1, Math.round(leftMs * 1_000)))) {
      this.#attempts.remove(attempt.id);
      this.#park(part);
      return;
    }
    if (part.attempts.length === 0) part.attempts = [attempt];
    else part.attempts.push(attempt);
    part.attemptsMade++;
    worker.outstanding++;
    if (shard !== null) shard.outstanding++;
    // Nobody waits for a copy: it must not use up what callers' retries may cost.
    if (part.attemptsMade >= this.#options.attemptsMax || request.arm?.shadow === true) return;
    // A shard that waits for a sequence says so in the end; it is not silent before.
    const waitMs = shard !== null && asksForSeq(request) ? leftMs * MIN_SEQ_WAIT_SHARE : 0;
    // At most half the time left: there must be time for somebody else to answer.
    const silenceMs = waitMs + Math.min(this.#options.attemptTimeoutMs, (leftMs - waitMs) / 2);
    attempt.silence = this.#silences.schedule(attempt, nowMs + silenceMs);
  }

  /** Nobody owns all of a part's partitions any more: its rows go to their owners as parts of their own. */
  #resplit(part: Part): void {
    const { request, partitions } = part;
    const ownerless = partitions.some((partition) => this.#routing.owners(partition).length === 0);
    if (partitions.length === 1 || ownerless) {
      this.#park(part);
      return;
    }
    const rowsMax = this.#partRowsMax(request.plan, { inputs: part.inputs, rows: partitions.length });
    const groups = this.#groupsByOwner(partitions, rowsMax, part.avoid);
    const parts = groups.map((group) =>
      selectPart(request, part.rows, group, part.keys, partitions, part.inputs, part.dims, partitions.length),
    );
    // An attempt may be under way still (a silent one); its answer would count for a part that no longer exists.
    this.forgetPart(part);
    for (const one of parts) one.avoid = [...part.avoid];
    request.parts = request.parts.flatMap((other) => (other === part ? parts : [other]));
    request.partsLeft += parts.length - 1;
    for (const one of parts) this.#dispatch(one);
  }

  /** Whether each of a part's rows, taken alone, has an owner that neither failed this part nor is silent. */
  #fitApart(part: Part): boolean {
    const { partitions } = part;
    if (partitions.length === 1) return false;
    return partitions.every((partition) => this.#routing.owners(partition).some((owner) => isFit(owner, part)));
  }

  /** Processes that own every one of these partitions. */
  #ownersOfAll(partitions: readonly number[]): readonly Target[] {
    const owners = this.#routing.owners(partitions[0]!);
    if (partitions.length === 1) return owners;
    return owners.filter((owner) => partitions.every((partition) => this.#routing.owners(partition).includes(owner)));
  }

  #send(attempt: Attempt, budgetUs: number): boolean {
    const { part, shard, worker } = attempt;
    const { plan, trace, bound } = part.request;
    const own = trace?.own ?? null;
    const model = plan.key;
    const { id } = attempt;
    const replyTo = this.#context.selfText;
    const dims = part.dims as number[];
    if (shard !== null) {
      const everywhere = plan.readsEverywhere ? this.#routing.partitions : null;
      const asked = bound === null ? UNBOUND : minSeqsOf(bound, part.rows, part.partitions, everywhere);
      return this.#context.tell(shard.address, {
        kind: 'enrich',
        body: {
          id,
          replyTo,
          model,
          budgetUs,
          epoch: this.#routing.epoch,
          keys: part.keys as Uint8Array[],
          partitions: part.partitions as number[],
          inputs: part.inputs as Uint8Array[],
          worker: worker.addressText,
          trace: own,
          dims,
          minSeq: asked.minSeq,
          minPartitions: asked.minPartitions,
          maxAgeMs: bound === null ? 0 : bound.maxAgeMs,
        },
      });
    }
    const rows = part.rows?.length ?? part.request.admitted.rows;
    // Transforms may take the time, features or not.
    const wallMs = plan.transforms.length === 0 ? 0 : this.#context.clock.wallMs();
    const { inputs } = assemble(
      plan,
      { keys: [], partitions: [], inputs: part.inputs, rows, wallMs, maxAgeMs: 0 },
      0,
      () => null,
    );
    return this.#context.tell(worker.address, {
      kind: 'compute',
      body: { id, replyTo, model, budgetUs, rows, inputs, trace: own, dims, freshness: null, shardUs: 0 },
    });
  }

  /** A process keeps silent: another is asked as well, if there is another and the retry budget allows. */
  #onSilence(attempt: Attempt): void {
    const { part } = attempt;
    if (attempt.over || part.request.done || part.answer !== null) return;
    const otherWorker = this.#routing.workers(part.request.plan.key).some((one) => one.node !== attempt.worker.node);
    const { shard } = attempt;
    const otherShard =
      shard !== null &&
      part.partitions.every((partition) => this.#routing.owners(partition).some((owner) => owner.node !== shard.node));
    if (!(otherWorker || otherShard) || !this.#retries.spend()) return;
    this.#onRetry('silent');
    part.avoid.push(attempt.worker.node);
    if (attempt.shard !== null) part.avoid.push(attempt.shard.node);
    this.#dispatch(part);
  }

  #park(part: Part): void {
    part.parked = true;
    this.#parked.add(part);
    if (this.#parkedSweep) return;
    this.#parkedSweep = true;
    this.#context.after(PARKED_RETRY_MS, () => {
      this.#parkedSweep = false;
      this.#unpark();
    });
  }

  #unpark(): void {
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const part of parked) {
      part.parked = false;
      // Who refused once may be fit by now, and there may be nobody else.
      part.avoid = [];
      if (part.attempts.length === 0) this.#dispatch(part);
    }
  }

  #end(attempt: Attempt): void {
    if (attempt.over) return;
    attempt.over = true;
    this.#silences.cancel(attempt.silence);
    this.#attempts.remove(attempt.id);
    attempt.worker.outstanding--;
    if (attempt.shard !== null) attempt.shard.outstanding--;
    const { attempts } = attempt.part;
    if (attempts.length === 1) attempt.part.attempts = [];
    else attempt.part.attempts = attempts.filter((other) => other !== attempt);
  }
}

/** A part that takes `group` of the `rowsGiven` rows at hand; `outerRows` says which rows of the request those are. */
function selectPart(
  request: RouterRequest,
  outerRows: readonly number[] | null,
  group: readonly number[],
  keys: readonly Uint8Array[],
  partitions: readonly number[],
  inputs: readonly Uint8Array[],
  dims: readonly number[],
  rowsGiven: number,
): Part {
  return partOf(
    request,
    group.map((row) => outerRows?.[row] ?? row),
    keys.length === 0 ? [] : group.map((row) => keys[row]!),
    keys.length === 0 ? [] : group.map((row) => partitions[row]!),
    inputs.map((data, i) => selectRows(data, request.plan.requestInputs[i]!.datatype, rowsGiven, group)),
    dims,
  );
}

function asksForSeq({ bound }: RouterRequest): boolean {
  return bound !== null && bound.minSeq.length > 0;
}

function isFit(owner: Target, part: Part): boolean {
  return !owner.suspect && !part.avoid.includes(owner.node);
}

function chunks(rows: number, rowsMax: number): number[][] {
  const groups: number[][] = [];
  for (let from = 0; from < rows; from += rowsMax) {
    groups.push(Array.from({ length: Math.min(rowsMax, rows - from) }, (_, i) => from + i));
  }
  return groups;
}
