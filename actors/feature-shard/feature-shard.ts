/**
 * The feature-shard: adds a user's features to a request from its own replica and hands it on to the worker that the
 * router chose. It never answers a prediction itself, unless it must refuse.
 */

import type { ActorContext, Behaviour } from '../../cluster/actors/actor-system.ts';
import { assemble, type Lookup } from '../../cluster/catalog/assemble.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { App } from '../../cluster/catalog/views.ts';
import { ServingError } from '../../proto/errors.ts';
import {
  type Enrich,
  failedAnswer,
  failure,
  failureOf,
  type Message,
  type ReadFeatures,
  type TraceContext,
} from '../../proto/letters.ts';

/** What the shard knows of the cluster and of its own replica. */
export interface ShardState {
  readonly partitions: number;
  /** Placement epoch this shard acts on. */
  readonly epoch: number;
  /** Whether this shard may answer for the partition to a router that acts on `routerEpoch`. */
  serves(partition: number, routerEpoch: number): boolean;
  plan(model: string): ServingPlan | undefined;
  readonly lookup: Lookup;
  appliedSeq(partition: number): number;
}

export interface ShardObserver {
  enriched(rows: number, seconds: number): void;
  read(rows: number, seconds: number): void;
  refused(code: string): void;
  /** Records a span of a sampled request and returns the context for what comes after it. */
  span(
    name: string,
    parent: TraceContext,
    startMs: number,
    endMs: number,
    attributes: Readonly<Record<string, string | number>>,
  ): TraceContext;
}

export function featureShard(
  state: ShardState,
  app: App,
  observer: ShardObserver,
): (context: ActorContext) => Behaviour {
  return (context) => ({
    receive(message: Message): void {
      if (message.kind === 'enrich') enrich(context, state, observer, message.body);
      else if (message.kind === 'readFeatures') read(context, state, app, observer, message.body);
    },
  });
}

function enrich(context: ActorContext, state: ShardState, observer: ShardObserver, request: Enrich): void {
  const startMs = context.clock.nowMs();
  const refuse = (error: ServingError) => {
    observer.refused(error.code);
    context.reply(request.replyTo, failedAnswer(request.id, failureOf(error), state.epoch));
  };
  const plan = state.plan(request.model);
  if (plan === undefined) {
    refuse(new ServingError('FAILED_PRECONDITION', 'lookup', `model ${request.model} is not known to this shard yet`));
    return;
  }
  const stranger = request.partitions.find((partition) => !state.serves(partition, request.epoch));
  if (stranger !== undefined) {
    refuse(notOwner(stranger, state.epoch));
    return;
  }
  const rows = request.keys.length;
  let assembled: ReturnType<typeof assemble>;
  try {
    assembled = assemble(plan, { ...request, rows, wallMs: context.clock.wallMs() }, state.partitions, state.lookup);
  } catch (thrown) {
    refuse(new ServingError('DATA_LOSS', 'lookup', `reading features failed: ${String(thrown)}`, { cause: thrown }));
    return;
  }
  const { freshness } = assembled;
  if (freshness !== null) freshness.appliedSeq = request.partitions.map((partition) => state.appliedSeq(partition));
  const endMs = context.clock.nowMs();
  observer.enriched(rows, (endMs - startMs) / 1_000);
  const trace =
    request.trace === null || request.trace === undefined
      ? null
      : observer.span('feature-shard', request.trace, startMs, endMs, {
          'dovetail.rows': rows,
          'dovetail.model': request.model,
        });
  const spentUs = Math.ceil((endMs - startMs) * 1_000);
  const handedOn = context.reply(request.worker, {
    kind: 'compute',
    body: {
      id: request.id,
      replyTo: request.replyTo,
      model: request.model,
      budgetUs: Math.max(1, request.budgetUs - spentUs),
      rows,
      inputs: assembled.inputs,
      trace,
      dims: request.dims,
      freshness,
      shardUs: spentUs,
    },
  });
  if (!handedOn)
    refuse(new ServingError('UNAVAILABLE', 'lookup', `worker ${request.worker} cannot be reached from this shard`));
}

function read(
  context: ActorContext,
  state: ShardState,
  app: App,
  observer: ShardObserver,
  request: ReadFeatures,
): void {
  const startMs = context.clock.nowMs();
  const reply = (why: ServingError | null, records: Uint8Array[], appliedSeq: number[]) => {
    if (why !== null) observer.refused(why.code);
    context.reply(request.replyTo, {
      kind: 'readFeaturesReply',
      body: {
        id: request.id,
        failure: why === null ? null : failure(why.code, why.stage, why.message),
        records,
        appliedSeq,
        epoch: state.epoch,
      },
    });
  };
  const view = app.views.get(request.view);
  if (view === undefined) {
    reply(
      new ServingError('FAILED_PRECONDITION', 'lookup', `view '${request.view}' is not known to this shard`),
      [],
      [],
    );
    return;
  }
  const stranger = request.partitions.find((partition) => !state.serves(partition, request.epoch));
  if (stranger !== undefined) {
    reply(notOwner(stranger, state.epoch), [], []);
    return;
  }
  const records = request.keys.map((key, row) => {
    const record = state.lookup(view, request.partitions[row]!, key);
    // A true copy: the next lookup overwrites these bytes, and a Buffer's own slice would still share them.
    return record === null ? new Uint8Array(0) : new Uint8Array(record.bytes.subarray(0, record.length));
  });
  reply(
    null,
    records,
    request.partitions.map((partition) => state.appliedSeq(partition)),
  );
  observer.read(records.length, (context.clock.nowMs() - startMs) / 1_000);
}

function notOwner(partition: number, epoch: number): ServingError {
  return new ServingError(
    'FAILED_PRECONDITION',
    'lookup',
    `this shard does not own partition ${partition} at epoch ${epoch}`,
  );
}
