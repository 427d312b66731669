/**
 * The router: owns a request's life. It checks the request, chooses version, shard and worker, keeps the deadline,
 * retries elsewhere what was refused or lost, and gives the one answer.
 *
 *     predict ─► choosePlan ─► admit ─► split ─► dispatch ─► [shard ─►] worker ─► answer ─► reply
 *        │NOT_FOUND  │INVALID_ARGUMENT   │parked until somebody serves      │refused: elsewhere, inside the deadline
 *        │UNAVAILABLE│RESOURCE_EXHAUSTED └──────────── DEADLINE_EXCEEDED ◄──┘
 */

import type { ActorContext, Behaviour } from '../../cluster/actors/actor-system.ts';
import { assemble } from '../../cluster/catalog/assemble.ts';
import { selectRows } from '../../cluster/catalog/select-rows.ts';
import { rowsMaxOf, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { type Random, randomHex } from '../../cluster/random.ts';
import { idBytes, idHex } from '../../cluster/telemetry/trace-context.ts';
import type { Tracer } from '../../cluster/telemetry/tracing.ts';
import { TimerWheel } from '../../cluster/timer-wheel.ts';
import { asServingError, codeFromNumber, ERROR_RULES, type ErrorCode, ServingError } from '../../proto/errors.ts';
import {
  type Answer,
  errorOf,
  type Failure,
  failureOf,
  fromWireTensor,
  type Message,
  type Predict,
} from '../../proto/letters.ts';
import { type Admitted, admit } from './admit.ts';
import { chooseTarget, splitByOwner } from './choose.ts';
import { replyTo } from './reply.ts';
import type { Attempt, Part, RouterRequest } from './request.ts';
import { RetryBudget } from './retry-budget.ts';
import type { RoutingTable, Target } from './routing-table.ts';

export type RouterOptions = {
  /** Deadline of a request that brings none. */
  readonly requestTimeoutMs: number;
  readonly requestTimeoutMsMax: number;
  /** Silence after which another process is tried as well. */
  readonly attemptTimeoutMs: number;
  readonly attemptsMax: number;
  readonly requestsInFlightMax: number;
  readonly requestRowsMax: number;
  readonly requestElementsMax: number;
};

export interface RouterObserver {
  /** `code` is OK or an error code. */
  answered(model: string, version: string, code: string, rows: number, seconds: number): void;
  stages(model: string, answer: Answer): void;
  retried(reason: 'refused' | 'silent' | 'left'): void;
  lateAnswer(): void;
  /** A bug showed itself. */
  fault(thrown: unknown): void;
}

/** Deadlines are kept to this; it also bounds how long a finished request's bookkeeping lingers. */
const TICK_MS = 4;
const WHEEL_SLOTS = 1_024;
/** Parts that nobody can serve look again this often, besides at every change of the routing table. */
const PARKED_RETRY_MS = 20;

export class Router implements Behaviour {
  readonly #context: ActorContext;
  readonly #routing: RoutingTable;
  readonly #options: RouterOptions;
  readonly #observer: RouterObserver;
  readonly #tracer: Tracer;
  readonly #random: Random;
  readonly #attempts = new Map<number, Attempt>();
  readonly #wheel: TimerWheel<RouterRequest | Attempt>;
  readonly #retries = new RetryBudget({ tokensMax: 256, earnedPerRequest: 0.1 });
  #parked: Part[] = [];
  #parkedSweep = false;
  #ticking = false;
  #nextAttemptId = 1;
  #inFlight = 0;
  #draining = false;

  constructor(
    context: ActorContext,
    routing: RoutingTable,
    options: RouterOptions,
    observer: RouterObserver,
    tracer: Tracer,
    random: Random,
  ) {
    this.#context = context;
    this.#routing = routing;
    this.#options = options;
    this.#observer = observer;
    this.#tracer = tracer;
    this.#random = random;
    this.#wheel = new TimerWheel({ tickMs: TICK_MS, slots: WHEEL_SLOTS, nowMs: context.clock.nowMs() });
  }

  /** Requests admitted and not yet answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** New requests are refused from now on; those in flight are finished. */
  drain(): void {
    this.#draining = true;
  }

  receive(message: Message): void {
    if (message.kind === 'answer') this.#onAnswer(message.body);
    else if (message.kind === 'predict') this.#onPredict(message.body);
  }

  stop(): void {
    this.#draining = true;
    const failure = failureOf(new ServingError('UNAVAILABLE', 'route', 'the router is stopping'));
    const open = new Set<RouterRequest>(this.#parked.map((part) => part.request));
    for (const attempt of this.#attempts.values()) open.add(attempt.part.request);
    for (const request of open) this.#fail(request, failure);
  }

  /** The routing table changed: what waits for somebody may find one, what went to a process that left goes elsewhere. */
  routingChanged(liveNodes: ReadonlySet<string>): void {
    for (const attempt of [...this.#attempts.values()]) {
      const lost =
        !liveNodes.has(attempt.worker.node) || (attempt.shard !== null && !liveNodes.has(attempt.shard.node));
      if (!lost) continue;
      this.#end(attempt);
      const { part } = attempt;
      if (part.request.done || part.answer !== null || part.attempts.length > 0) continue;
      this.#observer.retried('left');
      this.#dispatch(part);
    }
    this.#unpark();
  }

  // ---- in -------------------------------------------------------------------------------------------------------

  #onPredict(message: Predict): void {
    const startMs = this.#context.clock.nowMs();
    let plan: ServingPlan | null = null;
    try {
      if (this.#draining) throw new ServingError('UNAVAILABLE', 'route', 'this gateway is draining; try another');
      plan = this.#routing.choosePlan(message.model, message.version === '' ? undefined : message.version);
      if (this.#inFlight >= this.#options.requestsInFlightMax) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          'route',
          `${this.#inFlight} requests are in flight here; try again later`,
        );
      }
      if (plan.reads.length > 0 && this.#routing.partitions === 0) {
        throw new ServingError(
          'UNAVAILABLE',
          'route',
          'the placement of users is not known yet; the cluster is still starting',
        );
      }
      const limits = { rowsMax: this.#options.requestRowsMax, elementsMax: this.#options.requestElementsMax };
      const admitted = admit(plan, message.inputs.map(fromWireTensor), limits);
      this.#start(message, plan, admitted, startMs);
    } catch (thrown) {
      const error = asServingError(thrown, 'route');
      const seconds = (this.#context.clock.nowMs() - startMs) / 1_000;
      // Names that nobody registered must not become label values.
      this.#observer.answered(
        plan === null ? 'unknown' : message.model,
        plan?.spec.version ?? 'unknown',
        error.code,
        0,
        seconds,
      );
      // Whoever runs this actor tells the sender what was thrown: the one answer.
      throw thrown;
    }
  }

  #start(message: Predict, plan: ServingPlan, admitted: Admitted, startMs: number): void {
    const budgetMs =
      message.budgetUs > 0
        ? Math.min(message.budgetUs / 1_000, this.#options.requestTimeoutMsMax)
        : this.#options.requestTimeoutMs;
    const request: RouterRequest = {
      callerId: message.id,
      replyTo: message.replyTo,
      requestId: message.requestId === '' ? randomHex(8) : message.requestId,
      ...this.#traceOf(message),
      plan,
      admitted,
      startMs,
      deadlineMs: startMs + budgetMs,
      parts: [],
      partsLeft: 0,
      done: false,
    };
    this.#retries.earn();
    this.#inFlight++;
    this.#wheel.schedule(request, request.deadlineMs);
    this.#tick();
    this.#guard(request, () => this.#split(request, admitted));
  }

  /** From admission on a request is answered here, whatever breaks. */
  #guard(request: RouterRequest, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      const error = asServingError(thrown, 'route');
      if (error.code === 'INTERNAL') this.#observer.fault(thrown);
      this.#fail(request, failureOf(error));
    }
  }

  #traceOf(message: Predict): Pick<RouterRequest, 'traceId' | 'trace'> {
    const parent = message.trace ?? null;
    const sampled = parent !== null || (message.traceId === '' && this.#tracer.decideSampled());
    if (!sampled) return { traceId: message.traceId === '' ? this.#tracer.newTraceId() : message.traceId, trace: null };
    const traceId = parent !== null ? idHex(parent.traceId) : this.#tracer.newTraceId();
    const own = { traceId: parent?.traceId ?? idBytes(traceId), spanId: idBytes(this.#tracer.newSpanId()) };
    return { traceId, trace: { parent, own } };
  }

  #split(request: RouterRequest, admitted: Admitted): void {
    const { plan } = request;
    const rowsMax = rowsMaxOf(plan);
    const { keys } = admitted;
    const partitions = keys.map((key) => partitionOf(key, Math.max(1, this.#routing.partitions)));
    if (admitted.rows === 1) {
      request.parts = [partOf(request, null, keys, partitions, admitted.inputs, admitted.dims)];
    } else {
      const groups =
        plan.reads.length === 0
          ? chunks(admitted.rows, rowsMax)
          : splitByOwner(partitions, (partition) => this.#routing.owners(partition), rowsMax, [], this.#random).map(
              (group) => group.rows,
            );
      request.parts = groups.map((rows) => {
        if (groups.length === 1) return partOf(request, null, keys, partitions, admitted.inputs, admitted.dims);
        const inputs = admitted.inputs.map((data, i) =>
          selectRows(data, plan.requestInputs[i]!.datatype, admitted.rows, rows),
        );
        return partOf(
          request,
          rows,
          rows.map((row) => keys[row]!),
          rows.map((row) => partitions[row]!),
          inputs,
          admitted.dims,
        );
      });
    }
    request.partsLeft = request.parts.length;
    for (const part of request.parts) this.#dispatch(part);
  }

  // ---- out ------------------------------------------------------------------------------------------------------

  #dispatch(part: Part): void {
    const { request } = part;
    if (request.done) return;
    const { plan } = request;
    const worker = chooseTarget(this.#routing.workers(plan.key), part.avoid, this.#random);
    if (worker === null) return this.#park(part);
    let shard: Target | null = null;
    if (plan.reads.length > 0) {
      shard = chooseTarget(this.#ownersOfAll(part.partitions), part.avoid, this.#random);
      if (shard === null) return this.#resplit(part);
    }
    const nowMs = this.#context.clock.nowMs();
    const leftMs = request.deadlineMs - nowMs;
    if (leftMs <= 0) return;
    const attempt: Attempt = { id: this.#newAttemptId(), part, shard, worker, startMs: nowMs, over: false };
    if (!this.#send(attempt, Math.max(1, Math.round(leftMs * 1_000)))) return this.#park(part);
    part.attempts.push(attempt);
    part.attemptsMade++;
    worker.outstanding++;
    if (shard !== null) shard.outstanding++;
    this.#attempts.set(attempt.id, attempt);
    // Less than half the time left: there must be time for somebody else to answer.
    const silenceMs = Math.min(this.#options.attemptTimeoutMs, leftMs / 2);
    if (part.attemptsMade < this.#options.attemptsMax) this.#wheel.schedule(attempt, nowMs + silenceMs);
  }

  /** Nobody owns all of a part's partitions any more: its rows go to their owners as parts of their own. */
  #resplit(part: Part): void {
    const { request, partitions } = part;
    const ownerless = partitions.some((partition) => this.#routing.owners(partition).length === 0);
    if (partitions.length === 1 || ownerless) return this.#park(part);
    const rowsMax = rowsMaxOf(request.plan);
    const groups = splitByOwner(
      partitions,
      (partition) => this.#routing.owners(partition),
      rowsMax,
      part.avoid,
      this.#random,
    );
    const parts = groups.map(({ rows }) => {
      const inputs = part.inputs.map((data, i) =>
        selectRows(data, request.plan.requestInputs[i]!.datatype, partitions.length, rows),
      );
      const own = rows.map((row) => part.rows?.[row] ?? row);
      return partOf(
        request,
        own,
        rows.map((row) => part.keys[row]!),
        rows.map((row) => partitions[row]!),
        inputs,
        part.dims,
      );
    });
    request.parts = request.parts.flatMap((other) => (other === part ? parts : [other]));
    request.partsLeft += parts.length - 1;
    for (const one of parts) this.#dispatch(one);
  }

  /** Processes that own every one of these partitions. */
  #ownersOfAll(partitions: readonly number[]): readonly Target[] {
    const owners = this.#routing.owners(partitions[0]!);
    if (partitions.length === 1) return owners;
    return owners.filter((owner) => partitions.every((partition) => this.#routing.owners(partition).includes(owner)));
  }

  #send(attempt: Attempt, budgetUs: number): boolean {
    const { part, shard, worker } = attempt;
    const { plan, trace } = part.request;
    const own = trace?.own ?? null;
    if (shard !== null) {
      return this.#context.tell(shard.address, {
        kind: 'enrich',
        body: {
          id: attempt.id,
          replyTo: this.#context.selfText,
          model: plan.key,
          budgetUs,
          epoch: this.#routing.epoch,
          keys: part.keys as Uint8Array[],
          partitions: part.partitions as number[],
          inputs: part.inputs as Uint8Array[],
          worker: worker.addressText,
          trace: own,
          dims: part.dims as number[],
        },
      });
    }
    const rows = part.rows?.length ?? part.request.admitted?.rows ?? 1;
    const assembled = assemble(plan, { keys: [], partitions: [], inputs: part.inputs, rows, wallMs: 0 }, 0, () => null);
    return this.#context.tell(worker.address, {
      kind: 'compute',
      body: {
        id: attempt.id,
        replyTo: this.#context.selfText,
        model: plan.key,
        budgetUs,
        rows,
        inputs: assembled.inputs,
        trace: own,
        dims: part.dims as number[],
        freshness: null,
        shardUs: 0,
      },
    });
  }

  #park(part: Part): void {
    if (!part.parked) {
      part.parked = true;
      this.#parked.push(part);
    }
    if (this.#parkedSweep) return;
    this.#parkedSweep = true;
    this.#context.after(PARKED_RETRY_MS, () => {
      this.#parkedSweep = false;
      this.#unpark();
    });
  }

  #unpark(): void {
    const parked = this.#parked;
    this.#parked = [];
    for (const part of parked) {
      part.parked = false;
      // Who refused once may be fit by now, and there may be nobody else.
      part.avoid = [];
      this.#dispatch(part);
    }
  }

  // ---- back -----------------------------------------------------------------------------------------------------

  #onAnswer(answer: Answer): void {
    const attempt = this.#attempts.get(answer.id);
    if (attempt === undefined) {
      this.#observer.lateAnswer();
      return;
    }
    this.#end(attempt);
    const { part } = attempt;
    const { request } = part;
    if (request.done || part.answer !== null) return;
    if (answer.failure !== null && answer.failure !== undefined) return this.#onFailure(attempt, answer.failure);
    attempt.worker.backlogUs = answer.backlogUs;
    part.answer = answer;
    for (const other of [...part.attempts]) this.#end(other);
    this.#observer.stages(request.plan.spec.manifest.name, answer);
    request.partsLeft--;
    if (request.partsLeft === 0) this.#guard(request, () => this.#succeed(request));
  }

  #onFailure(attempt: Attempt, failure: Failure): void {
    const { part } = attempt;
    const code = codeFromNumber(failure.code);
    part.lastFailure = failure;
    if (!ERROR_RULES[code].routerRetries) return this.#fail(part.request, failure);
    if (part.attempts.length > 0) return;
    this.#observer.retried('refused');
    // Who of the two refused shows in the stage.
    const refuser = failure.stage === 'lookup' ? attempt.shard : attempt.worker;
    if (refuser !== null) part.avoid.push(refuser.node);
    // The first refusal is answered by trying elsewhere at once; after that the cluster gets a moment to settle.
    if (part.attemptsMade < 2) this.#dispatch(part);
    else this.#park(part);
  }

  #onDue(item: RouterRequest | Attempt): void {
    if ('callerId' in item) {
      if (!item.done) this.#onDeadline(item);
    } else if (!item.over) {
      this.#onSilence(item);
    }
  }

  #onDeadline(request: RouterRequest): void {
    const waiting = request.parts.find((part) => part.answer === null);
    const why = waiting?.lastFailure;
    const last = why === null || why === undefined ? '' : `; last refusal: ${errorOf(why).message}`;
    const where = waiting?.parked === true ? 'nobody could serve it' : 'no answer came';
    const spentMs = Math.round(request.deadlineMs - request.startMs);
    this.#fail(
      request,
      failureOf(
        new ServingError('DEADLINE_EXCEEDED', 'route', `${request.plan.key}: ${where} within ${spentMs} ms${last}`),
      ),
    );
  }

  /** A process keeps silent: another is asked as well, if there is another and the retry budget allows. */
  #onSilence(attempt: Attempt): void {
    const { part } = attempt;
    if (part.request.done || part.answer !== null) return;
    const others =
      this.#routing.workers(part.request.plan.key).some((worker) => worker.node !== attempt.worker.node) ||
      (attempt.shard !== null &&
        this.#ownersOfAll(part.partitions).some((owner) => owner.node !== attempt.shard!.node));
    if (!others || !this.#retries.spend()) return;
    this.#observer.retried('silent');
    part.avoid.push(attempt.worker.node);
    if (attempt.shard !== null) part.avoid.push(attempt.shard.node);
    this.#dispatch(part);
  }

  // ---- end ------------------------------------------------------------------------------------------------------

  #succeed(request: RouterRequest): void {
    const nowMs = this.#context.clock.nowMs();
    const message = replyTo(request, nowMs);
    if (!this.#context.reply(request.replyTo, message)) {
      this.#fail(
        request,
        failureOf(
          new ServingError('RESOURCE_EXHAUSTED', 'route', 'the answer is too large to send; ask for fewer rows'),
        ),
      );
      return;
    }
    this.#finish(request, 'OK', nowMs, undefined);
  }

  #fail(request: RouterRequest, failure: Failure): void {
    if (request.done) return;
    this.#context.reply(request.replyTo, {
      kind: 'predictReply',
      body: {
        id: request.callerId,
        requestId: request.requestId,
        failure,
        model: request.plan.spec.manifest.name,
        version: request.plan.spec.version,
        outputs: [],
        freshness: null,
        timings: null,
        traceId: request.traceId,
      },
    });
    this.#finish(request, codeFromNumber(failure.code), this.#context.clock.nowMs(), failure.message);
  }

  #finish(request: RouterRequest, code: ErrorCode | 'OK', nowMs: number, error: string | undefined): void {
    const { plan, trace } = request;
    const rows = request.admitted?.rows ?? 0;
    request.done = true;
    this.#inFlight--;
    for (const part of request.parts) for (const attempt of [...part.attempts]) this.#end(attempt);
    if (this.#parked.length > 0) this.#parked = this.#parked.filter((part) => part.request !== request);
    this.#observer.answered(plan.spec.manifest.name, plan.spec.version, code, rows, (nowMs - request.startMs) / 1_000);
    if (trace !== null) {
      this.#tracer.span({
        name: 'router',
        parent: trace.parent ?? { traceId: trace.own.traceId },
        spanId: trace.own.spanId,
        startMs: request.startMs,
        endMs: nowMs,
        attributes: {
          'dovetail.model': plan.key,
          'dovetail.rows': rows,
          'dovetail.parts': request.parts.length,
          'dovetail.code': code,
        },
        error,
      });
    }
    // The wheel holds the request until its deadline; its payload need not live that long.
    request.admitted = null;
    request.parts = [];
  }

  #end(attempt: Attempt): void {
    if (attempt.over) return;
    attempt.over = true;
    this.#attempts.delete(attempt.id);
    attempt.worker.outstanding--;
    if (attempt.shard !== null) attempt.shard.outstanding--;
    const { attempts } = attempt.part;
    if (attempts.length === 1) attempts.length = 0;
    else attempt.part.attempts = attempts.filter((other) => other !== attempt);
  }

  #newAttemptId(): number {
    const id = this.#nextAttemptId;
    this.#nextAttemptId = id === 0xffffffff ? 1 : id + 1;
    return id;
  }

  #tick(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#context.after(TICK_MS, () => {
      this.#ticking = false;
      this.#wheel.advance(this.#context.clock.nowMs(), (item) => this.#onDue(item));
      if (this.#wheel.size > 0) this.#tick();
    });
  }
}

function partOf(
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

function chunks(rows: number, rowsMax: number): number[][] {
  const groups: number[][] = [];
  for (let from = 0; from < rows; from += rowsMax) {
    groups.push(Array.from({ length: Math.min(rowsMax, rows - from) }, (_, i) => from + i));
  }
  return groups;
}
