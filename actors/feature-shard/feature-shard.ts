/**
 * The feature-shard: adds a user's features to a request from its own replica and hands it on to the worker that the
 * router chose. It never answers a prediction itself, unless it must refuse.
 */

import type { ActorContext, Behaviour } from '../../cluster/actors/actor-system.ts';
import { type Assembled, assemble, type Lookup } from '../../cluster/catalog/assemble.ts';
import { materialize, scratchFor } from '../../cluster/catalog/materialize.ts';
import { RowMemory } from '../../cluster/catalog/row-memory.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { type App, findView } from '../../cluster/catalog/views.ts';
import { ServingError } from '../../proto/errors.ts';
import { freshnessBytes, writeFreshness } from '../../proto/freshness.ts';
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
  const memory = new RowMemory();
  return (context) => ({
    receive(message: Message): void {
      if (message.kind === 'enrich') enrich(context, state, memory, observer, message.body);
      else if (message.kind === 'readFeatures') read(context, state, app, observer, message.body);
    },
  });
}

function enrich(
  context: ActorContext,
  state: ShardState,
  memory: RowMemory,
  observer: ShardObserver,
  request: Enrich,
): void {
  const startMs = context.clock.nowMs();
  const plan = state.plan(request.model);
  if (plan === undefined) {
    const why = `model ${request.model} is not known to this shard yet`;
    refuse(context, state, observer, request, new ServingError('FAILED_PRECONDITION', 'lookup', why));
    return;
  }
  const { keys, partitions, inputs, epoch } = request;
  const rows = keys.length;
  if (rows === 0 || partitions.length !== rows || inputs.length !== plan.requestInputs.length) {
    const why = `${rows} keys, ${partitions.length} partitions and ${inputs.length} inputs for ${request.model}, which takes one partition a key and ${plan.requestInputs.length} inputs`;
    refuse(context, state, observer, request, new ServingError('INVALID_ARGUMENT', 'lookup', why));
    return;
  }
  let appliedSeq: number[] = [];
  for (let row = 0; row < rows; row++) {
    const partition = partitions[row]!;
    if (!state.serves(partition, epoch)) {
      refuse(context, state, observer, request, notOwner(partition, state.epoch));
      return;
    }
    const seq = state.appliedSeq(partition);
    if (row === 0) appliedSeq = [seq];
    else appliedSeq.push(seq);
  }
  let assembled: Assembled;
  try {
    const wallMs = context.clock.wallMs();
    assembled = assemble(plan, { keys, partitions, inputs, rows, wallMs }, state.partitions, state.lookup, memory);
  } catch (thrown) {
    refuse(context, state, observer, request, lookupError(thrown));
    return;
  }
  const endMs = context.clock.nowMs();
  observer.enriched(rows, (endMs - startMs) / 1_000);
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
      trace: request.trace === null ? null : spanOf(observer, request, request.trace, rows, startMs, endMs),
      dims: request.dims,
      freshness: freshnessOf(memory, assembled, appliedSeq),
      shardUs: spentUs,
    },
  });
  if (handedOn) return;
  const why = `worker ${request.worker} cannot be reached from this shard`;
  refuse(context, state, observer, request, new ServingError('UNAVAILABLE', 'lookup', why));
}

function lookupError(thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown;
  return new ServingError('DATA_LOSS', 'lookup', `reading features failed: ${String(thrown)}`, { cause: thrown });
}

function freshnessOf(memory: RowMemory, { freshness }: Assembled, appliedSeq: readonly number[]): Uint8Array | null {
  if (freshness === null) return null;
  const { ageMs, defaulted } = freshness;
  const rows = { appliedSeq, ageMs, defaulted };
  const block = memory.take(freshnessBytes(rows));
  writeFreshness(rows, block.page.cells, block.at);
  return block.bytes;
}

function refuse(
  context: ActorContext,
  state: ShardState,
  observer: ShardObserver,
  request: Enrich,
  error: ServingError,
): void {
  observer.refused(error.code);
  context.reply(request.replyTo, failedAnswer(request.id, failureOf(error), state.epoch));
}

function spanOf(
  observer: ShardObserver,
  request: Enrich,
  parent: TraceContext,
  rows: number,
  startMs: number,
  endMs: number,
): TraceContext {
  const attributes = { 'dovetail.rows': rows, 'dovetail.model': request.model };
  return observer.span('feature-shard', parent, startMs, endMs, attributes);
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
  const view = findView(app, request.view);
  if (view === undefined) {
    reply(
      new ServingError('FAILED_PRECONDITION', 'lookup', `view '${request.view}' is not known to this shard`),
      [],
      [],
    );
    return;
  }
  if (request.partitions.length !== request.keys.length) {
    const why = `${request.keys.length} keys and ${request.partitions.length} partitions; give one partition a key`;
    reply(new ServingError('INVALID_ARGUMENT', 'lookup', why), [], []);
    return;
  }
  const stranger = request.partitions.find((partition) => !state.serves(partition, request.epoch));
  if (stranger !== undefined) {
    reply(notOwner(stranger, state.epoch), [], []);
    return;
  }
  let records: Uint8Array[];
  try {
    const wallMs = context.clock.wallMs();
    const scratch = scratchFor(view);
    records = request.keys.map((key, row) => {
      const record = materialize(view, state.lookup(view, request.partitions[row]!, key), wallMs, scratch);
      // A true copy: the next lookup overwrites these bytes, and a Buffer's own slice would still share them.
      return record === null ? new Uint8Array(0) : new Uint8Array(record.bytes.subarray(0, record.length));
    });
  } catch (thrown) {
    reply(lookupError(thrown), [], []);
    return;
  }
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
