/**
 * Chosen features as columns of a training set, each view read under the label's key of its entity: the value that a
 * read at the label's moment would have given, and why where there was none.
 */

import { versionKey, viewNames } from '../../cluster/catalog/app.ts';
import { type PackedFeature, readPacked } from '../../cluster/catalog/feature-types.ts';
import { type RowScratch, scratchFor } from '../../cluster/catalog/materialize.ts';
import { isNull, valueOffset } from '../../cluster/catalog/record.ts';
import { type App, type Feature, findView, type View } from '../../cluster/catalog/views.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { invalid } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';
import type { HistoryStore, Slot } from './history-store.ts';
import type { LabelKeys, Labels } from './labels.ts';
import { type RowStatus, readAsOf } from './read-as-of.ts';
import { RowTable } from './row-table.ts';
import type { ColumnType, TrainingColumn, TrainingColumns } from './training-columns.ts';

/** `default`: what was served where there is no value; `null`: none. */
export type Missing = 'default' | 'null';

/** `name`: of its columns; the newest version goes by the view's name alone. */
export type ChosenView = { readonly name: string; readonly view: View; readonly features: readonly Feature[] };

const STATUSES: readonly RowStatus[] = ['missing', 'present', 'expired'];

/**
 * The features that `view.feature` names, or all of a view under its name alone, in the order given. Throws
 * INVALID_ARGUMENT for a name that the app does not define.
 */
export function chooseFeatures(app: App, references: readonly string[]): ChosenView[] {
  const chosen = new Map<string, { name: string; view: View; features: Feature[] }>();
  for (const reference of references) {
    const dot = reference.lastIndexOf('.');
    const whole = findView(app, reference);
    const view = whole ?? findView(app, reference.slice(0, Math.max(0, dot)));
    if (view === undefined)
      throw invalid(`--features ${quoteShort(reference)}: no such view; this app defines ${viewNames(app)}`);
    const wanted = whole === undefined ? [view.featureByName.get(reference.slice(dot + 1))] : view.features;
    const name = app.views.get(view.name) === view ? view.name : versionKey(view);
    const known = chosen.get(name) ?? { name, view, features: [] };
    chosen.set(name, known);
    for (const feature of wanted) {
      if (feature === undefined) {
        const names = view.features.slice(0, 20).map((one) => one.name);
        throw invalid(`--features ${quoteShort(reference)}: view '${view.name}' has ${names.join(', ')}`);
      }
      if (!known.features.includes(feature)) known.features.push(feature);
    }
  }
  return [...chosen.values()];
}

/** Fields by which labels must name their entities. */
export function keyFieldsOf(chosen: readonly ChosenView[]): string[] {
  return [...new Set(chosen.map(({ view }) => view.entity.key))];
}

/** One view's part of a row: a byte for the status, one a feature for null, then the features' own bytes. */
type PlannedView = {
  readonly name: string;
  readonly view: View;
  readonly scratch: RowScratch | null;
  readonly keys: LabelKeys;
  readonly slots: readonly Slot[];
  readonly statusAt: number;
  readonly cells: readonly { readonly feature: Feature; readonly nullAt: number; readonly at: number }[];
};

export type FeatureColumnsOptions = {
  readonly chosen: readonly ChosenView[];
  readonly labels: Labels;
  readonly store: HistoryStore;
  readonly partitions: number;
  readonly missing: Missing;
  readonly bytesMax: number;
};

/** Throws RESOURCE_EXHAUSTED where the labels are too many for the memory that is allowed. */
export function featureColumns(options: FeatureColumnsOptions): TrainingColumns {
  const { chosen, labels, store, partitions, missing, bytesMax } = options;
  let rowBytes = 0;
  const plans = chosen.map(({ name, view, features }): PlannedView => {
    const keys = labels.keys.get(view.entity.key)!;
    const everywhere = view.placement === 'everywhere';
    const slots = keys.distinct.map((key) => {
      return store.want(view, key, everywhere ? partitions : partitionOf(key, partitions));
    });
    const statusAt = rowBytes++;
    const cells = features.map((feature) => {
      const cell = { feature, nullAt: rowBytes, at: rowBytes + 1 };
      rowBytes += 1 + feature.bytes;
      return cell;
    });
    return { name, view, scratch: scratchFor(view), keys, slots, statusAt, cells };
  });
  const table = new RowTable(labels.count, rowBytes, bytesMax);
  return {
    columns: columnsOf(plans, table, missing),
    readsPerLabel: plans.length,
    take: (label) => {
      const row = table.row(label);
      for (const plan of plans) takeView(plan, label, labels.atMs[label]!, row, store);
    },
  };
}

function takeView(
  { view, scratch, keys, slots, statusAt, cells }: PlannedView,
  label: number,
  atMs: number,
  { bytes, at }: { readonly bytes: Uint8Array; readonly at: number },
  store: HistoryStore,
): void {
  const slot = slots[keys.index[label]!];
  const { status, record } = readAsOf(view, slot?.record ?? null, atMs, scratch);
  if (status === 'missing' && slot !== undefined) store.missed(slot, atMs);
  bytes[at + statusAt] = STATUSES.indexOf(status);
  for (const cell of cells) {
    if (status !== 'present' || isNull(record!, cell.feature.index)) {
      bytes[at + cell.nullAt] = 1;
      continue;
    }
    const from = valueOffset(view, cell.feature);
    bytes.set(record!.bytes.subarray(from, from + cell.feature.bytes), at + cell.at);
  }
}

function columnsOf(plans: readonly PlannedView[], table: RowTable, missing: Missing): TrainingColumn[] {
  const columns: TrainingColumn[] = [];
  for (const { name, cells } of plans) {
    for (const { feature, nullAt, at } of cells) {
      const fallback = missing === 'default' ? feature.default : null;
      columns.push({
        name: `${name}__${feature.name}`,
        type: columnTypeOf(feature),
        value: (label) => {
          const row = table.row(label);
          return row.bytes[row.at + nullAt] === 1 ? fallback : readPacked(feature, row.cells, row.at + at);
        },
      });
    }
  }
  for (const { name, statusAt } of plans) {
    columns.push({
      name: `${name}__status`,
      type: { kind: 'text' },
      value: (label) => {
        const row = table.row(label);
        return STATUSES[row.bytes[row.at + statusAt]!];
      },
    });
  }
  const cells = plans.flatMap(({ name, cells: own }) => own.map((cell) => ({ view: name, ...cell })));
  columns.push({
    name: 'defaulted',
    type: { kind: 'text' },
    value: (label) => {
      const row = table.row(label);
      const names = cells.filter(({ nullAt }) => row.bytes[row.at + nullAt] === 1);
      return names.map(({ view, feature }) => `${view}.${feature.name}`).join(',');
    },
  });
  return columns;
}

/** How a feature's values stand in a table. Text that is coded by hash is its code. */
export function columnTypeOf({ type, vocabulary }: PackedFeature): ColumnType {
  switch (type) {
    case 'vector':
      return { kind: 'list', of: 'float32' };
    case 'string':
      return { kind: vocabulary === null ? 'int64' : 'text' };
    default:
      return { kind: type };
  }
}
