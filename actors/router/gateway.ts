/**
 * The edges' way into the cluster: turns a promise-based call into a message for the router beside it, and the router's
 * reply back into a result. Implements the port that the HTTP and NATS bridges are written against.
 */

import { type ActorContext, type Behaviour, supervisedTimers } from '../../cluster/actors/actor-system.ts';
import type { Address } from '../../cluster/actors/address.ts';
import { freshnessRows } from '../../cluster/catalog/row-freshness.ts';
import { rowsMaxOf, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { Deadlines } from '../../cluster/deadlines.ts';
import { SlotTable } from '../../cluster/slot-table.ts';
import { idBytes } from '../../cluster/telemetry/trace-context.ts';
import type { Tracer } from '../../cluster/telemetry/tracing.ts';
import type { TimerId } from '../../cluster/timer-wheel.ts';
import { ServingError } from '../../proto/errors.ts';
import { errorOf, type Message, type PredictReply, requestIdOf, UNBOUND } from '../../proto/letters.ts';
import { checkTimeoutMs } from './check-predict.ts';
import type { FeatureReads } from './feature-reads.ts';
import type {
  ClusterStatus,
  FeatureReadOptions,
  FeatureReadRow,
  FeatureRow,
  Gateway,
  ModelDescription,
  PredictCall,
  PredictResult,
  PushAck,
  TensorSpec,
} from './gateway-port.ts';
import type { ModelStatistics, ModelTallies } from './model-statistics.ts';
import type { RoutingTable } from './routing-table.ts';

export type GatewayParts = {
  readonly router: Address;
  readonly routing: RoutingTable;
  readonly reads: FeatureReads;
  readonly ingest: Pick<Gateway, 'push' | 'delete'>;
  readonly tallies: ModelTallies;
  readonly status: () => ClusterStatus;
  readonly notReady: () => readonly string[];
  readonly tracer: Tracer;
  readonly requestTimeoutMs: number;
  readonly requestTimeoutMsMax: number;
};

type Waiting = {
  id: number;
  timer: TimerId;
  readonly resolve: (result: PredictResult) => void;
  readonly reject: (error: ServingError) => void;
  readonly edgeSpan: {
    readonly traceId: string;
    readonly parentSpanId: string | undefined;
    readonly spanId: string;
    readonly name: string;
  } | null;
  readonly startMs: number;
  readonly model: string;
};

/** How long after its deadline an unanswered request is given up here, ms. */
const OVERDUE_MS = 2_000;

export class LocalGateway implements Gateway, Behaviour {
  readonly #context: ActorContext;
  readonly #parts: GatewayParts;
  readonly #waiting = new SlotTable<Waiting>();
  readonly #overdue: Deadlines<Waiting>;
  /** Until something changes. Unknown names never get in, so it holds no more than there are versions and models. */
  readonly #described = new Map<string, ModelDescription>();

  constructor(context: ActorContext, parts: GatewayParts) {
    this.#context = context;
    this.#parts = parts;
    parts.routing.onChange(() => this.#described.clear());
    this.#overdue = new Deadlines(supervisedTimers(context), (waiting) => {
      this.#waiting.remove(waiting.id);
      const why = 'the router has not answered by the deadline: this is a fault, see its log';
      waiting.reject(new ServingError('INTERNAL', 'route', why));
    });
  }

  receive(message: Message): void {
    if (message.kind === 'predictReply') this.#onReply(message.body);
    else if (message.kind === 'readFeaturesReply') this.#parts.reads.onReply(message.body);
  }

  stop(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new ServingError('UNAVAILABLE', 'edge', 'this gateway is stopping'));
    }
    this.#parts.reads.stop();
  }

  /** The router answers every request by its deadline; the timer here is for the day when it does not. */
  predict(call: PredictCall): Promise<PredictResult> {
    const { tracer, router } = this.#parts;
    const edgeSpan = this.#edgeSpan(call);
    return new Promise((resolve, reject) => {
      checkTimeoutMs(call.timeoutMs, this.#parts.requestTimeoutMsMax);
      const bound = call.bound ?? UNBOUND;
      const startMs = this.#context.clock.nowMs();
      const waiting: Waiting = { id: 0, timer: 0, resolve, reject, edgeSpan, startMs, model: call.model };
      const id = this.#waiting.add(waiting);
      waiting.id = id;
      const timeoutMs = call.timeoutMs ?? this.#parts.requestTimeoutMs;
      waiting.timer = this.#overdue.schedule(waiting, startMs + timeoutMs + OVERDUE_MS);
      const told = this.#context.tell(router, {
        kind: 'predict',
        body: {
          id,
          replyTo: this.#context.selfText,
          requestId: call.requestId ?? '',
          model: call.model,
          version: call.version ?? '',
          inputs: call.inputs,
          budgetUs: call.timeoutMs === undefined ? 0 : Math.max(1, Math.round(call.timeoutMs * 1_000)),
          trace: edgeSpan === null ? null : { traceId: idBytes(edgeSpan.traceId), spanId: idBytes(edgeSpan.spanId) },
          // Present and without `trace`: decided already, not sampled.
          traceId: edgeSpan?.traceId ?? call.trace?.traceId ?? tracer.newTraceId(),
          minSeq: bound.minSeq,
          minPartitions: bound.minPartitions,
          maxAgeMs: bound.maxAgeMs,
        },
      });
      if (!told) {
        this.#take(id);
        reject(new ServingError('RESOURCE_EXHAUSTED', 'edge', 'the router’s mailbox is full; try again later'));
      } else if (call.caller !== undefined) call.caller.onGone = () => this.#cancel(id);
    });
  }

  #take(id: number): Waiting | null {
    const waiting = this.#waiting.remove(id);
    if (waiting !== null) this.#overdue.cancel(waiting.timer);
    return waiting;
  }

  /** Nothing once the request is answered. */
  #cancel(id: number): void {
    const waiting = this.#take(id);
    if (waiting === null) return;
    const { router } = this.#parts;
    this.#context.tell(router, { kind: 'cancel', body: { id, replyTo: this.#context.selfText } });
    waiting.reject(new ServingError('CANCELLED', 'edge', 'the caller went away'));
  }

  models(): readonly ModelDescription[] {
    const { routing } = this.#parts;
    return routing
      .modelNames()
      .filter((name) => routing.servedVersions(name).length > 0)
      .map((name) => this.describe(name));
  }

  describe(model: string, version?: string): ModelDescription {
    const key = version === undefined ? model : `${model}/${version}`;
    let described = this.#described.get(key);
    if (described === undefined) {
      const { routing } = this.#parts;
      described = describePlan(routing.choosePlan(model, version), routing.servedVersions(model));
      this.#described.set(key, described);
    }
    return described;
  }

  push(view: string, rows: readonly FeatureRow[]): Promise<readonly PushAck[]> {
    return this.#parts.ingest.push(view, rows);
  }

  delete(view: string, keys: readonly string[], eventTime: unknown): Promise<readonly PushAck[]> {
    return this.#parts.ingest.delete(view, keys, eventTime);
  }

  async get(
    view: string,
    keys: readonly string[],
    options: FeatureReadOptions = {},
  ): Promise<readonly FeatureReadRow[]> {
    const { reads, requestTimeoutMs, requestTimeoutMsMax } = this.#parts;
    checkTimeoutMs(options.timeoutMs, requestTimeoutMsMax);
    return reads.read(view, keys, options.timeoutMs ?? requestTimeoutMs, options.features, options.bound);
  }

  views(): ReadonlyMap<string, View> {
    return this.#parts.reads.views;
  }

  modelFeatures(model: string): readonly string[] {
    return this.#parts.routing.choosePlan(model, undefined).featureNames;
  }

  statistics(model?: string, version?: string): readonly ModelStatistics[] {
    const wanted = model === undefined ? this.models() : [this.describe(model, version)];
    return wanted.flatMap(({ name, versions, version: described }) =>
      (version === undefined ? versions : [described]).map((one) => this.#parts.tallies.of(name, one)),
    );
  }

  status(): ClusterStatus {
    return this.#parts.status();
  }

  notReady(): readonly string[] {
    return this.#parts.notReady();
  }

  #edgeSpan(call: PredictCall): Waiting['edgeSpan'] {
    const { tracer } = this.#parts;
    if (!tracer.decideSampled(call.trace?.sampled)) return null;
    return {
      traceId: call.trace?.traceId ?? tracer.newTraceId(),
      parentSpanId: call.trace?.parentSpanId,
      spanId: tracer.newSpanId(),
      name: `${call.edge ?? 'http'}-bridge`,
    };
  }

  #onReply(reply: PredictReply): void {
    const waiting = this.#take(reply.id);
    if (waiting === null) return;
    const error = reply.failure === null || reply.failure === undefined ? null : errorOf(reply.failure);
    if (waiting.edgeSpan !== null) this.#recordEdgeSpan(waiting, waiting.edgeSpan, reply, error);
    if (error === null)
      waiting.resolve(
        resultOf(reply, waiting.edgeSpan?.spanId ?? this.#parts.tracer.newSpanId(), waiting.edgeSpan !== null),
      );
    else waiting.reject(error);
  }

  #recordEdgeSpan(
    waiting: Waiting,
    span: NonNullable<Waiting['edgeSpan']>,
    reply: PredictReply,
    error: ServingError | null,
  ): void {
    this.#parts.tracer.span({
      name: span.name,
      kind: 'server',
      parent: { traceId: span.traceId, spanId: span.parentSpanId },
      spanId: span.spanId,
      startMs: waiting.startMs,
      endMs: this.#context.clock.nowMs(),
      attributes: { 'dovetail.model': waiting.model, 'dovetail.request_id': requestIdOf(reply) },
      error: error?.message,
    });
  }
}

function resultOf(reply: PredictReply, spanId: string, sampled: boolean): PredictResult {
  const { timings } = reply;
  return {
    requestId: requestIdOf(reply),
    traceId: reply.traceId,
    spanId,
    sampled,
    model: { name: reply.model, version: reply.version },
    outputs: reply.outputs,
    features: freshnessRows(reply.freshness),
    timingsUs: {
      total: timings?.totalUs ?? 0,
      shard: timings?.shardUs ?? 0,
      queue: timings?.queueUs ?? 0,
      run: timings?.runUs ?? 0,
      batchRows: timings?.batchRows ?? 0,
    },
  };
}

function describePlan(plan: ServingPlan, versions: readonly string[]): ModelDescription {
  const { spec } = plan;
  const lead = spec.batched ? [-1] : [];
  const inputs: TensorSpec[] = plan.requestInputs.map((input) => ({
    name: input.name,
    datatype: input.datatype,
    shape: input.entityName === null ? [...lead, ...input.shape] : [-1, 1],
  }));
  if (plan.entityInput !== null) inputs.unshift({ name: plan.entityInput, datatype: 'BYTES', shape: [-1, 1] });
  return {
    name: spec.manifest.name,
    versions: versions.length > 0 ? versions : [spec.version],
    version: spec.version,
    platform: spec.platform,
    inputs,
    outputs: spec.outputs,
    entityInput: plan.entityInput,
    rowsMax: rowsMaxOf(plan),
    batched: spec.batched,
  };
}
