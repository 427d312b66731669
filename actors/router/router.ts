/**
 * The router: owns a request's life. It checks the request, keeps its deadline and gives it the one answer; which shard
 * and worker serve it, and who instead when they don't, is the dispatcher's business.
 *
 *     predict ─► choosePlan ─► admit ─► dispatch ─► [shard ─►] worker ─► answer ─► reply
 *        │NOT_FOUND  │INVALID_ARGUMENT   │ nobody serves, refused, silent: parked or tried elsewhere
 *        │UNAVAILABLE│RESOURCE_EXHAUSTED └── at the deadline: DEADLINE_EXCEEDED; cancelled: nothing
 */
import { type ActorContext, type Behaviour, supervisedTimers } from '../../cluster/actors/actor-system.ts';
import { Cancellations, type IsCancelled } from '../../cluster/actors/cancellations.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { Deadlines } from '../../cluster/deadlines.ts';
import { type Random, randomHex } from '../../cluster/random.ts';
import { SlotTable } from '../../cluster/slot-table.ts';
import { idBytes, idHex } from '../../cluster/telemetry/trace-context.ts';
import type { Tracer } from '../../cluster/telemetry/tracing.ts';
import { asServingError, codeFromNumber, ERROR_RULES, type ErrorCode, ServingError } from '../../proto/errors.ts';
import { type Answer, errorOf, type Failure, failureOf, type Message, type Predict } from '../../proto/letters.ts';
import { type Admitted, admit } from './admit.ts';
import { checkTexts, checkTimeoutMs } from './check-predict.ts';
import { Dispatcher, type DispatchOptions, type RetryReason } from './dispatcher.ts';
import { checkReadBound } from './read-bound.ts';
import { failureReply, replyTo } from './reply.ts';
import type { RouterRequest } from './request.ts';
import type { Assigned, RequestArm } from './rollout/request-arm.ts';
import type { RouterRollouts } from './rollout/router-rollouts.ts';
import type { RoutingTable } from './routing-table.ts';

export type RouterOptions = DispatchOptions & {
  /** Deadline of a request that brings none. */
  readonly requestTimeoutMs: number;
  readonly requestTimeoutMsMax: number;
  readonly requestsInFlightMax: number;
  readonly requestRowsMax: number;
  readonly requestElementsMax: number;
};

export interface RouterObserver {
  /** `code` is OK or an error code. */
  answered(model: string, version: string, code: string, rows: number, seconds: number): void;
  /** `rows` of a request came back from a worker. */
  stages(model: string, version: string, rows: number, answer: Answer): void;
  retried(reason: RetryReason): void;
  lateAnswer(): void;
  /** A bug showed itself. */
  fault(thrown: unknown): void;
}

/** After so many a router takes another prefix: a number must fit into 32 bits, and no id may come again. */
const REQUEST_NUMBERS = 2 ** 32 - 1;

export class Router implements Behaviour {
  readonly #context: ActorContext;
  readonly #routing: RoutingTable;
  readonly #options: RouterOptions;
  readonly #observer: RouterObserver;
  readonly #tracer: Tracer;
  readonly #rollouts: RouterRollouts | null;
  readonly #dispatcher: Dispatcher;
  readonly #deadlines: Deadlines<RouterRequest>;
  readonly #open = new SlotTable<RouterRequest>();
  readonly #cancellations: Cancellations;
  #requestIdPrefix = '';
  #requests = 0;
  #draining = false;

  constructor(
    context: ActorContext,
    routing: RoutingTable,
    options: RouterOptions,
    observer: RouterObserver,
    tracer: Tracer,
    random: Random,
    rollouts: RouterRollouts | null = null,
  ) {
    this.#context = context;
    this.#rollouts = rollouts;
    this.#routing = routing;
    this.#options = options;
    this.#observer = observer;
    this.#tracer = tracer;
    this.#dispatcher = new Dispatcher(context, routing, options, random, (reason) => observer.retried(reason));
    this.#cancellations = new Cancellations(context, (isCancelled) => this.#onCancelled(isCancelled));
    this.#deadlines = new Deadlines(supervisedTimers(context), (request) => {
      if (!request.done) this.#onDeadline(request);
    });
  }

  /** Requests admitted and not yet answered, copies for a rollout's candidate apart. */
  get inFlight(): number {
    return this.#open.size - (this.#rollouts?.copies ?? 0);
  }

  /** New requests are refused from now on; those in flight are finished. */
  drain(): void {
    this.#draining = true;
  }

  receive(message: Message): void {
    if (message.kind === 'answer') this.#onAnswer(message.body);
    else if (message.kind === 'predict') this.#onPredict(message.body);
    else if (message.kind === 'cancel') this.#cancellations.add(message.body);
  }

  stop(): void {
    this.#draining = true;
    const failure = failureOf(new ServingError('UNAVAILABLE', 'route', 'the router is stopping'));
    for (const request of this.#open.values()) this.#fail(request, failure);
  }

  /** Membership, placement or models changed; `liveNodes`: every process that is not dead. */
  routingChanged(liveNodes: ReadonlySet<string>): void {
    this.#dispatcher.routingChanged(liveNodes);
  }

  #onPredict(message: Predict): void {
    const startMs = this.#context.clock.nowMs();
    let plan: ServingPlan | null = null;
    let assigned: Assigned | null = null;
    try {
      checkTexts(message);
      const rollouts = this.#rollouts;
      if (rollouts !== null && rollouts.size > 0 && message.version === '') {
        assigned = rollouts.assign(message, this.inFlight > this.#options.requestsInFlightMax / 2);
      }
      plan = this.#planOf(message, assigned);
      this.#start(message, plan, this.#admit(plan, message), startMs, assigned?.arm ?? null);
      if (assigned !== null && assigned.copy !== null) this.#startCopy(message, assigned.copy, startMs);
    } catch (thrown) {
      const error = asServingError(thrown, 'route');
      const seconds = (this.#context.clock.nowMs() - startMs) / 1_000;
      const arm = assigned?.arm ?? null;
      if (arm !== null) arm.recorder.failed(error.code, seconds, arm.key);
      // Names that nobody registered must not become label values.
      const label = plan === null ? { model: 'unknown', version: 'unknown' } : labelOf(plan);
      this.#observer.answered(label.model, label.version, error.code, 0, seconds);
      // Whoever runs this actor tells the sender what was thrown: the one answer.
      throw thrown;
    }
  }

  #admit(plan: ServingPlan, message: Predict): Admitted {
    const { requestRowsMax, requestElementsMax } = this.#options;
    return admit(plan, message.inputs, { rowsMax: requestRowsMax, elementsMax: requestElementsMax });
  }

  #planOf(message: Predict, assigned: Assigned | null): ServingPlan {
    if (this.#draining) throw new ServingError('UNAVAILABLE', 'route', 'this gateway is draining; try another');
    const { model, version } = message;
    const plan = assigned?.plan ?? this.#routing.choosePlan(model, version === '' ? undefined : version);
    if (this.inFlight >= this.#options.requestsInFlightMax) {
      throw new ServingError('RESOURCE_EXHAUSTED', 'route', `${this.inFlight} requests are in flight; try again later`);
    }
    if (plan.reads.length > 0 && this.#routing.partitions === 0) {
      throw new ServingError(
        'UNAVAILABLE',
        'route',
        'the placement of users is not known yet: the cluster is starting',
      );
    }
    return plan;
  }

  /** The candidate's copy of a request that is on its way by now. Whatever goes wrong with it is the candidate's fault. */
  #startCopy(message: Predict, { plan, arm }: NonNullable<Assigned['copy']>, startMs: number): void {
    // A trace id without a trace: not sampled.
    const copy = { ...message, id: 0, replyTo: '', trace: null, traceId: message.traceId || '-' };
    try {
      this.#start(copy, plan, this.#admit(plan, message), startMs, arm);
    } catch (thrown) {
      arm.recorder.failed(asServingError(thrown, 'route').code, 0, arm.key);
    }
  }

  #start(message: Predict, plan: ServingPlan, admitted: Admitted, startMs: number, arm: RequestArm | null): void {
    const { requestTimeoutMs, requestTimeoutMsMax } = this.#options;
    const budgetMs = message.budgetUs > 0 ? message.budgetUs / 1_000 : requestTimeoutMs;
    checkTimeoutMs(budgetMs, requestTimeoutMsMax);
    const asks = message.minSeq.length > 0 || message.minPartitions.length > 0 || message.maxAgeMs !== 0;
    if (asks) checkReadBound(message, admitted.rows, this.#routing.partitions);
    const nameless = message.requestId === '';
    const trace = this.#traceOf(message);
    const request: RouterRequest = {
      openId: 0,
      callerId: message.id,
      replyTo: message.replyTo,
      requestNumber: nameless ? this.#nextRequestNumber() : 0,
      requestId: nameless ? this.#requestIdPrefix : message.requestId,
      traceId: traceIdOf(message, trace),
      trace,
      plan,
      admitted,
      bound: asks ? message : null,
      arm,
      startMs,
      deadlineMs: startMs + budgetMs,
      deadline: 0,
      parts: [],
      partsLeft: 0,
      done: false,
    };
    request.openId = this.#open.add(request);
    if (arm?.shadow) this.#rollouts!.copies++;
    request.deadline = this.#deadlines.schedule(request, request.deadlineMs);
    this.#guard(request, () => this.#dispatcher.start(request, admitted));
  }

  /** With the prefix unique over routers and starts; counted, since drawing one costs more than the bookkeeping. */
  #nextRequestNumber(): number {
    if (this.#requests % REQUEST_NUMBERS === 0) {
      this.#requests = 0;
      this.#requestIdPrefix = `${randomHex(6)}-`;
    }
    return ++this.#requests;
  }

  /**
   * A trace id without a trace context says: decided already, not sampled. Without either it is ours to decide, and an
   * unsampled request gets no id.
   */
  #traceOf(message: Predict): RouterRequest['trace'] {
    const parent = message.trace ?? null;
    const sampled = parent !== null || (message.traceId === '' && this.#tracer.decideSampled());
    if (!sampled) return null;
    const traceId = parent?.traceId ?? idBytes(this.#tracer.newTraceId());
    return { parent, own: { traceId, spanId: idBytes(this.#tracer.newSpanId()) } };
  }

  #onAnswer(answer: Answer): void {
    const attempt = this.#dispatcher.settle(answer.id);
    if (attempt === null) {
      this.#observer.lateAnswer();
      return;
    }
    const { part } = attempt;
    const { request } = part;
    if (request.done || part.answer !== null) return;
    if (answer.failure !== null && answer.failure !== undefined) {
      part.lastFailure = answer.failure;
      if (ERROR_RULES[codeFromNumber(answer.failure.code)].routerRetries)
        this.#dispatcher.retry(attempt, answer.failure);
      else this.#fail(request, answer.failure);
      return;
    }
    attempt.worker.backlogUs = answer.backlogUs;
    part.answer = answer;
    this.#dispatcher.forgetPart(part);
    if (request.arm === null || !request.arm.shadow) {
      const { model, version } = labelOf(request.plan);
      this.#observer.stages(model, version, part.rows?.length ?? request.admitted.rows, answer);
    }
    request.partsLeft--;
    if (request.partsLeft === 0) this.#guard(request, () => this.#succeed(request));
  }

  /** Their callers have gone away: nobody is answered, and whoever works for them is told to stop. */
  #onCancelled(isCancelled: IsCancelled): void {
    const nowMs = this.#context.clock.nowMs();
    for (const request of this.#open.values()) {
      if (!isCancelled(request.replyTo, request.callerId)) continue;
      this.#dispatcher.cancelRequest(request);
      this.#finish(request, 'CANCELLED', nowMs, 'the caller went away');
    }
  }

  #onDeadline(request: RouterRequest): void {
    const waiting = request.parts.find((part) => part.answer === null);
    const why = waiting?.lastFailure;
    const last = why === null || why === undefined ? '' : `; last refusal: ${errorOf(why).message}`;
    const where = waiting?.parked === true ? 'nobody could serve it' : 'no answer came';
    const spentMs = Math.round(request.deadlineMs - request.startMs);
    const message = `${request.plan.key}: ${where} within ${spentMs} ms${last}`;
    // A shard that refused to the last, for want of what `min_seq` asks for, is where the time went.
    const stage = why?.stage === 'lookup' ? 'lookup' : 'route';
    this.#fail(request, failureOf(new ServingError('DEADLINE_EXCEEDED', stage, message)));
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

  #succeed(request: RouterRequest): void {
    const nowMs = this.#context.clock.nowMs();
    const { arm } = request;
    const reply = replyTo(request, nowMs);
    if (arm?.shadow !== true && !this.#context.reply(request.replyTo, reply)) {
      throw new ServingError('UNAVAILABLE', 'route', 'the caller cannot be reached');
    }
    if (arm !== null) arm.recorder.succeeded((nowMs - request.startMs) / 1_000, arm.key, reply.body.outputs, nowMs);
    this.#finish(request, 'OK', nowMs, undefined);
  }

  #fail(request: RouterRequest, failure: Failure): void {
    if (request.done) return;
    if (request.arm?.shadow !== true) this.#context.reply(request.replyTo, failureReply(request, failure));
    this.#finish(request, codeFromNumber(failure.code), this.#context.clock.nowMs(), failure.message);
  }

  #finish(request: RouterRequest, code: ErrorCode | 'OK', nowMs: number, error: string | undefined): void {
    const { plan, trace } = request;
    const { rows } = request.admitted;
    request.done = true;
    this.#deadlines.cancel(request.deadline);
    this.#open.remove(request.openId);
    this.#dispatcher.forgetRequest(request);
    const seconds = (nowMs - request.startMs) / 1_000;
    const { arm } = request;
    if (arm !== null) {
      if (code !== 'OK') arm.recorder.failed(code, seconds, arm.key);
      if (arm.shadow) {
        this.#rollouts!.copies--;
        return;
      }
    }
    const { model, version } = labelOf(plan);
    this.#observer.answered(model, version, code, rows, seconds);
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
  }
}

function traceIdOf(message: Predict, trace: RouterRequest['trace']): string {
  return trace === null ? message.traceId : idHex(trace.own.traceId);
}

function labelOf(plan: ServingPlan): { model: string; version: string } {
  return { model: plan.spec.manifest.name, version: plan.spec.version };
}
