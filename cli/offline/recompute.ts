/** Recomputes what one replica served: the rows of chosen keys as of a sequence, read as of a time. */

import { applyMessage, emptyTally } from '../../actors/feature-shard/apply-message.ts';
import { HistoryStore } from '../../actors/offline/history-store.ts';
import type { LabelKeys, Labels } from '../../actors/offline/labels.ts';
import { type LabelInput, modelColumns, modelKeyFields, requestInputsOf } from '../../actors/offline/model-columns.ts';
import { readAsOf } from '../../actors/offline/read-as-of.ts';
import type { App } from '../../cluster/catalog/app.ts';
import { RECORD_HEADER_BYTES, readValue, recordEventMs, recordSeq } from '../../cluster/catalog/record.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import type { LogSource } from './log-source.ts';
import { inputColumn } from './pack-input.ts';
import { datasetsOf } from './training-set.ts';

/** Where a replica stood: the applied sequence of the key's partition, and of the views that live everywhere. */
export type ReplicaPoint = {
  readonly seq: number;
  readonly everywhereSeq: number | null;
  readonly atMs: number;
  /** What the request allowed, ms; 0: anything. */
  readonly maxAgeMs: number;
};

export type RecomputedRow = {
  readonly status: 'present' | 'expired' | 'missing';
  readonly values: Readonly<Record<string, unknown>>;
  readonly eventMs: number | null;
  readonly ageMs: number | null;
  /** Sequence of the message that brought the row. */
  readonly rowSeq: number | null;
  /** Null bitmap and values as they are stored and served. */
  readonly bytes: Uint8Array;
};

/** Rejects with FAILED_PRECONDITION where the log does not reach the sequence, or no longer holds what is before it. */
export async function recomputeRow(
  app: App,
  source: LogSource,
  view: View,
  key: Uint8Array,
  point: Omit<ReplicaPoint, 'everywhereSeq'>,
): Promise<RecomputedRow> {
  const store = new HistoryStore();
  const everywhere = view.placement === 'everywhere';
  const partition = everywhere ? source.partitions : partitionOf(key, source.partitions);
  const slot = store.want(view, key, partition);
  await applyUpTo(app, source, store, partition, point.seq, [view], [key]);
  const { status, record, ageMs } = readAsOf(view, slot.record, point.atMs, null, point.maxAgeMs);
  const values: Record<string, unknown> = {};
  for (const feature of view.features) {
    const value = status === 'present' ? readValue(view, feature, record!) : null;
    values[feature.name] = value ?? feature.default;
  }
  return {
    status,
    values,
    eventMs: record === null ? null : recordEventMs(record),
    ageMs: record === null ? null : ageMs,
    rowSeq: record === null ? null : recordSeq(record),
    bytes: record === null ? new Uint8Array(0) : record.bytes.slice(RECORD_HEADER_BYTES, record.length),
  };
}

export type RecomputedInputs = {
  readonly columns: readonly { readonly name: string; readonly value: unknown }[];
  readonly defaulted: string;
};

/** `inputs`: by name, keys of other entities among them. Rejects as `recomputeRow`, INVALID_ARGUMENT for inputs that lack or do not fit. */
export async function recomputeInputs(
  app: App,
  source: LogSource,
  plan: ServingPlan,
  key: Uint8Array,
  inputs: ReadonlyMap<string, string>,
  point: ReplicaPoint,
): Promise<RecomputedInputs> {
  const labels = oneLabel(plan, key, inputs, point.atMs);
  const tensors = new Map<number, LabelInput>();
  for (const { from, input } of requestInputsOf(plan)) {
    const text = inputs.get(input.name);
    if (text === undefined) throw invalid(`model ${plan.key} needs --input ${input.name}=<${input.datatype}>`);
    const column = inputColumn(input);
    column.push(input.datatype === 'BYTES' ? text : listOf(text), '--input');
    tensors.set(from, column.tensors());
  }
  const store = new HistoryStore();
  const { partitions } = source;
  const bytesMax = Number.MAX_SAFE_INTEGER;
  const columns = modelColumns({
    plan,
    app,
    labels,
    inputs: tensors,
    store,
    partitions,
    maxAgeMs: point.maxAgeMs,
    bytesMax,
  });
  const keys = [...labels.keys.values()].flatMap(({ distinct }) => distinct);
  const views = plan.reads.map((read) => read.view);
  const here = views.filter((view) => view.placement === 'sharded');
  const everywhere = views.filter((view) => view.placement === 'everywhere');
  if (here.length > 0) {
    await applyUpTo(app, source, store, partitionOf(key, partitions), point.seq, here, keys);
  }
  if (everywhere.length > 0) {
    if (point.everywhereSeq === null) {
      const names = everywhere.map((view) => view.name).join(', ');
      throw invalid(
        `model ${plan.key} reads ${names}, which every shard holds: give --everywhere-seq, as the answer said it`,
      );
    }
    await applyUpTo(app, source, store, partitions, point.everywhereSeq, everywhere, keys);
  }
  columns.take(0);
  const values = columns.columns.map(({ name, value }) => ({ name, value: value(0) }));
  return { columns: values.slice(0, -1), defaulted: String(values.at(-1)!.value) };
}

/** Applies one partition's messages up to and with a sequence. */
async function applyUpTo(
  app: App,
  source: LogSource,
  store: HistoryStore,
  partition: number,
  seq: number,
  views: readonly View[],
  keys: readonly Uint8Array[],
): Promise<void> {
  if (seq > source.lastSeq) {
    const why = `${source.name} ends at sequence ${source.lastSeq}, before ${seq}: is it the log of the cluster that answered?`;
    throw new ServingError('FAILED_PRECONDITION', 'edge', why);
  }
  if (source.lost > 0) {
    const why = `${source.lost} messages of ${source.name} are gone, so what was served cannot be recomputed. Replay from an archive made before they were trimmed (--archive)`;
    throw new ServingError('FAILED_PRECONDITION', 'edge', why);
  }
  const texts = new Set(keys.map((key) => Buffer.from(key).toString('utf8')));
  const choice = { datasets: datasetsOf(views), wants: (key: string) => texts.has(key) };
  const tally = emptyTally();
  store.enter(partition);
  for await (const message of source.read({ fromSeq: source.firstSeq, toSeq: seq, partition }, choice)) {
    store.enter(partition);
    applyMessage(app, message, store, tally);
  }
}

function oneLabel(plan: ServingPlan, key: Uint8Array, inputs: ReadonlyMap<string, string>, atMs: number): Labels {
  const keys = new Map<string, LabelKeys>();
  for (const field of modelKeyFields(plan)) {
    const given = field === plan.entityInput ? key : inputs.get(field);
    if (given === undefined) throw invalid(`model ${plan.key} needs --input ${field}=<key>`);
    const bytes = typeof given === 'string' ? new Uint8Array(Buffer.from(given, 'utf8')) : given;
    keys.set(field, { index: Int32Array.of(0), distinct: [bytes] });
  }
  return { count: 1, atMs: Float64Array.of(atMs), keys };
}

/** A number, or several as a JSON list. */
function listOf(text: string): unknown {
  if (!text.startsWith('[')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
