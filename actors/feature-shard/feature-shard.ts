/**
 * The feature-shard: adds a user's features to a request from its own replica and hands it on to the worker that the
 * router chose, and reads the features of a view for whoever asks. It never answers a prediction itself, unless it must
 * refuse. A request that asks for more of the log than is applied here waits a while (`waiting-reads.ts`).
 */

import type { ActorContext, Behaviour } from '../../cluster/actors/actor-system.ts';
import { type Assembled, assemble, type Lookup } from '../../cluster/catalog/assemble.ts';
import { cutTo, materialize, scratchFor } from '../../cluster/catalog/materialize.ts';
import { recordEventMs } from '../../cluster/catalog/record.ts';
import { ageMsMax, rowAgeMs } from '../../cluster/catalog/row-age.ts';
import { RowMemory } from '../../cluster/catalog/row-memory.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { type App, findView, type View } from '../../cluster/catalog/views.ts';
import { ServingError } from '../../proto/errors.ts';
import { freshnessBytes, writeFreshness } from '../../proto/freshness.ts';
import {
  type Enrich,
  failedAnswer,
  failedRead,
  failureOf,
  type Message,
  type ReadFeatures,
  type ReadFeaturesReply,
  ROW_STATUS,
  type TraceContext,
} from '../../proto/letters.ts';
import { type ReadMessage, WaitingReads } from './waiting-reads.ts';

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
  /** Something stored of one of these could not be read. */
  suspect?(partitions: readonly number[]): void;
  /** Calls `listener`, and nobody else from now on, after each transaction of the log that is applied. */
  onApplied(listener: () => void): void;
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
  return (context) => new FeatureShard(context, state, app, observer);
}

type ViewRows = Pick<ReadFeaturesReply, 'records' | 'eventMs' | 'statuses' | 'asOfMs'>;

const NO_SEQ: readonly number[] = [];
const NO_RECORD = new Uint8Array(0);

class FeatureShard implements Behaviour {
  readonly #context: ActorContext;
  readonly #state: ShardState;
  readonly #app: App;
  readonly #observer: ShardObserver;
  readonly #waiting: WaitingReads;
  readonly #memory = new RowMemory();
  /** Written into and copied out within one request, so that none allocates them. */
  readonly #everywhereSeq = [0];
  readonly #asOfMs = [0];

  constructor(context: ActorContext, state: ShardState, app: App, observer: ShardObserver) {
    this.#context = context;
    this.#state = state;
    this.#app = app;
    this.#observer = observer;
    this.#waiting = new WaitingReads(
      context,
      (partition) => state.appliedSeq(partition),
      (message, startMs) => this.#serve(message, startMs, context.clock.nowMs()),
      (message, why) => this.#refuse(message, why),
    );
    state.onApplied(() => this.#waiting.wake());
  }

  receive(message: Message): void {
    if (message.kind === 'enrich' || message.kind === 'readFeatures') {
      const nowMs = this.#context.clock.nowMs();
      this.#serve(message, nowMs, nowMs);
    } else if (message.kind === 'cancel') this.#waiting.cancel(message.body);
  }

  stop(): void {
    this.#waiting.stop();
  }

  /** `startMs`: when the request came; a read that waited is looked up later than that. */
  #serve(message: ReadMessage, startMs: number, nowMs: number): void {
    const { body } = message;
    const { partitions, epoch } = body;
    const plan = message.kind === 'enrich' ? this.#state.plan(message.body.model) : undefined;
    const wrong = message.kind === 'enrich' ? wrongEnrich(message.body, plan) : this.#wrongRead(message.body);
    if (wrong !== null) {
      this.#refuse(message, wrong);
      return;
    }
    for (let row = 0; row < partitions.length; row++) {
      if (this.#state.serves(partitions[row]!, epoch)) continue;
      this.#refuse(message, notOwner(partitions[row]!, this.#state.epoch));
      return;
    }
    if (body.minSeq.length > 0 && this.#waiting.shortfall(body) !== null) {
      this.#waiting.add(message, startMs);
      return;
    }
    if (message.kind === 'enrich') this.#enrich(message, plan!, startMs, nowMs);
    else this.#read(message, nowMs);
  }

  #wrongRead({ view, keys, partitions, minSeq, minPartitions }: ReadFeatures): ServingError | null {
    if (findView(this.#app, view) === undefined) {
      return new ServingError('FAILED_PRECONDITION', 'lookup', `view '${view}' is not known to this shard`);
    }
    if (partitions.length !== keys.length) {
      const why = `${keys.length} keys and ${partitions.length} partitions; give one partition a key`;
      return new ServingError('INVALID_ARGUMENT', 'lookup', why);
    }
    return unlikeLengths(minSeq, minPartitions);
  }

  #enrich(message: ReadMessage & { kind: 'enrich' }, plan: ServingPlan, startMs: number, lookupMs: number): void {
    const { clock } = this.#context;
    const { body: request } = message;
    const { keys, partitions, inputs, maxAgeMs } = request;
    const rows = keys.length;
    const wallMs = clock.wallMs();
    let appliedSeq: number[] = [];
    for (let row = 0; row < rows; row++) {
      const seq = this.#state.appliedSeq(partitions[row]!);
      if (row === 0) appliedSeq = [seq];
      else appliedSeq.push(seq);
    }
    let assembled: Assembled;
    try {
      const asked = { keys, partitions, inputs, rows, wallMs, maxAgeMs };
      assembled = assemble(plan, asked, this.#state.partitions, this.#state.lookup, this.#memory);
    } catch (thrown) {
      this.#refuseRead(message, thrown);
      return;
    }
    const endMs = clock.nowMs();
    this.#observer.enriched(rows, (endMs - lookupMs) / 1_000);
    const spentUs = Math.ceil((endMs - startMs) * 1_000);
    const handedOn = this.#context.reply(request.worker, {
      kind: 'compute',
      body: {
        id: request.id,
        replyTo: request.replyTo,
        model: request.model,
        budgetUs: Math.max(1, request.budgetUs - spentUs),
        rows,
        inputs: assembled.inputs,
        trace: request.trace === null ? null : this.#spanOf(request, request.trace, startMs, endMs),
        dims: request.dims,
        freshness: this.#freshnessOf(plan, assembled, appliedSeq, wallMs),
        shardUs: spentUs,
      },
    });
    if (handedOn) return;
    const why = `worker ${request.worker} cannot be reached from this shard`;
    this.#refuse(message, new ServingError('UNAVAILABLE', 'lookup', why));
  }

  #freshnessOf(
    plan: ServingPlan,
    { freshness }: Assembled,
    appliedSeq: readonly number[],
    wallMs: number,
  ): Uint8Array | null {
    if (freshness === null) return null;
    const { ageMs, defaulted, expired } = freshness;
    const asOfMs = this.#asOfMs;
    asOfMs[0] = wallMs;
    let everywhereSeq = NO_SEQ;
    if (plan.readsEverywhere) {
      this.#everywhereSeq[0] = this.#state.appliedSeq(this.#state.partitions);
      everywhereSeq = this.#everywhereSeq;
    }
    const rows = { appliedSeq, ageMs, defaulted, expired, everywhereSeq, asOfMs };
    const block = this.#memory.take(freshnessBytes(rows));
    writeFreshness(rows, block.page.cells, block.at);
    return block.bytes;
  }

  #spanOf(request: Enrich, parent: TraceContext, startMs: number, endMs: number): TraceContext {
    const attributes = { 'dovetail.rows': request.keys.length, 'dovetail.model': request.model };
    return this.#observer.span('feature-shard', parent, startMs, endMs, attributes);
  }

  /** Every row as of one moment, which the reply names. */
  #read(message: ReadMessage & { kind: 'readFeatures' }, lookupMs: number): void {
    const { clock } = this.#context;
    const { body: request } = message;
    let rows: ViewRows;
    try {
      rows = this.#viewRows(request, findView(this.#app, request.view)!, clock.wallMs());
    } catch (thrown) {
      this.#refuseRead(message, thrown);
      return;
    }
    const appliedSeq = request.partitions.map((partition) => this.#state.appliedSeq(partition));
    this.#context.reply(request.replyTo, {
      kind: 'readFeaturesReply',
      body: { id: request.id, failure: null, appliedSeq, epoch: this.#state.epoch, ...rows },
    });
    this.#observer.read(request.keys.length, (clock.nowMs() - lookupMs) / 1_000);
  }

  #viewRows({ keys, partitions, maxAgeMs, schemaHash }: ReadFeatures, view: View, asOfMs: number): ViewRows {
    const oldestMs = ageMsMax(view, maxAgeMs);
    const records = new Array<Uint8Array>(keys.length);
    const eventMs = new Array<number>(keys.length);
    const statuses = new Uint8Array(keys.length);
    const scratch = scratchFor(view);
    for (let row = 0; row < keys.length; row++) {
      const record = materialize(view, this.#state.lookup(view, partitions[row]!, keys[row]!), asOfMs, scratch);
      const found = record !== null && rowAgeMs(record, asOfMs) <= oldestMs;
      eventMs[row] = record === null ? -1 : recordEventMs(record);
      statuses[row] = record === null ? ROW_STATUS.missing : found ? ROW_STATUS.found : ROW_STATUS.expired;
      if (!found) {
        records[row] = NO_RECORD;
        continue;
      }
      // A gateway that was not restarted yet knows a view as it was before it grew.
      const cut = cutTo(view, schemaHash, record);
      // A true copy: the next lookup overwrites these bytes, and a Buffer's own slice would still share them.
      records[row] = new Uint8Array(cut.bytes.subarray(0, cut.length));
    }
    return { records, eventMs, statuses, asOfMs };
  }

  #refuseRead(message: ReadMessage, thrown: unknown): void {
    const error = lookupError(thrown);
    if (error.code === 'DATA_LOSS') this.#state.suspect?.(message.body.partitions);
    this.#refuse(message, error);
  }

  #refuse(message: ReadMessage, error: ServingError): void {
    this.#observer.refused(error.code);
    const { id, replyTo } = message.body;
    const why = failureOf(error);
    const { epoch } = this.#state;
    this.#context.reply(replyTo, message.kind === 'enrich' ? failedAnswer(id, why, epoch) : failedRead(id, why, epoch));
  }
}

function wrongEnrich(request: Enrich, plan: ServingPlan | undefined): ServingError | null {
  const { model, keys, partitions, inputs, minSeq, minPartitions } = request;
  if (plan === undefined) {
    return new ServingError('FAILED_PRECONDITION', 'lookup', `model ${model} is not known to this shard yet`);
  }
  const rows = keys.length;
  if (rows === 0 || partitions.length !== rows || inputs.length !== plan.requestInputs.length) {
    const why = `${rows} keys, ${partitions.length} partitions and ${inputs.length} inputs for ${model}, which takes one partition a key and ${plan.requestInputs.length} inputs`;
    return new ServingError('INVALID_ARGUMENT', 'lookup', why);
  }
  return unlikeLengths(minSeq, minPartitions);
}

function unlikeLengths(minSeq: readonly number[], minPartitions: readonly number[]): ServingError | null {
  if (minSeq.length === minPartitions.length) return null;
  const why = `${minSeq.length} sequences for ${minPartitions.length} partitions; give one a partition`;
  return new ServingError('INVALID_ARGUMENT', 'lookup', why);
}

function lookupError(thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown;
  return new ServingError('DATA_LOSS', 'lookup', `reading features failed: ${String(thrown)}`, { cause: thrown });
}

function notOwner(partition: number, epoch: number): ServingError {
  return new ServingError(
    'FAILED_PRECONDITION',
    'lookup',
    `this shard does not own partition ${partition} at epoch ${epoch}`,
  );
}
