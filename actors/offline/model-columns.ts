/**
 * A model's inputs as columns of a training set: assembled for each label by the very function that assembles them for a
 * request, at the label's moment, and taken apart again column by column in the model's order.
 */
import { type Assembled, assemble } from '../../cluster/catalog/assemble.ts';
import type { Column } from '../../cluster/catalog/manifest.ts';
import { namesOfBits } from '../../cluster/catalog/row-freshness.ts';
import { RowMemory } from '../../cluster/catalog/row-memory.ts';
import type { PlannedInput, ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { type App, findView } from '../../cluster/catalog/views.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { invalid } from '../../proto/errors.ts';
import { DATA_TYPE_BYTES, type DataType, packBytes } from '../../proto/tensor.ts';
import type { HistoryStore, Slot } from './history-store.ts';
import type { Labels } from './labels.ts';
import { RowTable } from './row-table.ts';
import type { ColumnType, NumberKind, TrainingColumn, TrainingColumns } from './training-columns.ts';

/** A request input of a label, as a tensor of one row. */
export type LabelInput = (label: number) => Uint8Array;

const NUMBERS: Partial<Readonly<Record<DataType, NumberKind>>> = {
  FP32: 'float32',
  FP64: 'float64',
  INT32: 'int32',
  INT64: 'int64',
};

export type ModelColumn = {
  readonly name: string;
  readonly kind: NumberKind;
  readonly input: number;
  /** Within the assembled row of that input. */
  readonly offset: number;
  readonly length: number;
};

/** Request inputs that columns or transforms are made of, by their place in the plan: labels must have them. */
export function requestInputsOf(plan: ServingPlan): { readonly from: number; readonly input: PlannedInput }[] {
  const used = new Set(plan.requestCells.map((cell) => cell.from));
  for (const one of plan.transforms)
    for (const argument of one.arguments) if (argument.kind === 'request') used.add(argument.from);
  return plan.requestInputs.flatMap((input, from) => {
    return used.has(from) && input.entityName === null ? [{ from, input }] : [];
  });
}

/** Those that are columns of the model, which stand in for the labels' own. */
export function columnInputsOf(plan: ServingPlan): string[] {
  return [...new Set(plan.requestCells.map((cell) => plan.requestInputs[cell.from]!.name))];
}

/** Fields by which labels must name entities. */
export function modelKeyFields(plan: ServingPlan): string[] {
  const others = plan.requestInputs.filter((input) => input.entityName !== null).map((input) => input.name);
  return [...new Set([...(plan.entityInput === null ? [] : [plan.entityInput]), ...others])];
}

/** What the assembled bytes mean, in the order in which the model gets them. */
export function modelColumnsOf(plan: ServingPlan, app: App): ModelColumn[] {
  const { spec } = plan;
  const columns: ModelColumn[] = [];
  spec.inputs.forEach((tensor, input) => {
    const binding = spec.manifest.inputs.find((one) => one.name === tensor.name);
    if (binding?.kind !== 'columns') return;
    const kind = NUMBERS[tensor.datatype]!;
    let offset = 0;
    for (const column of binding.columns) {
      const { name, length } = shapeOf(plan, app, column);
      columns.push({ name, kind, input, offset, length });
      offset += length * DATA_TYPE_BYTES[tensor.datatype];
    }
  });
  return named(columns, plan);
}

/** Name of a column and how many numbers it has. */
function shapeOf(plan: ServingPlan, app: App, column: Column): { name: string; length: number } {
  switch (column.kind) {
    case 'feature': {
      const feature = findView(app, column.view)!.featureByName.get(column.feature)!;
      return { name: `${column.view}__${column.feature}`, length: feature.defaultCells.length };
    }
    case 'request': {
      const input = plan.requestInputs.find((one) => one.name === column.request)!;
      return { name: column.request, length: input.rowBytes / DATA_TYPE_BYTES[input.datatype] };
    }
    case 'transform':
      return { name: column.transform, length: 1 };
  }
}

/** A column that stands in several places is told apart by the input, then by its number. */
function named(columns: readonly ModelColumn[], plan: ServingPlan): ModelColumn[] {
  const counts = new Map<string, number>();
  for (const { name } of columns) counts.set(name, (counts.get(name) ?? 0) + 1);
  const seen = new Set<string>();
  return columns.map((column) => {
    let name = column.name;
    if (counts.get(name)! > 1) name = `${plan.spec.inputs[column.input]!.name}__${name}`;
    for (let i = 2; seen.has(name); i++) name = `${column.name}__${i}`;
    seen.add(name);
    return { ...column, name };
  });
}

export type ModelColumnsOptions = {
  readonly plan: ServingPlan;
  readonly app: App;
  readonly labels: Labels;
  /** By the plan's request input; those of `requestInputsOf`. */
  readonly inputs: ReadonlyMap<number, LabelInput>;
  readonly store: HistoryStore;
  readonly partitions: number;
  /** Age past which rows count as expired, ms; 0: their time to live alone. */
  readonly maxAgeMs: number;
  readonly bytesMax: number;
};

/** Throws INVALID_ARGUMENT for a model none of whose inputs are made of columns, RESOURCE_EXHAUSTED as `RowTable`. */
export function modelColumns(options: ModelColumnsOptions): TrainingColumns {
  const { plan, app, labels, inputs, store, partitions, maxAgeMs, bytesMax } = options;
  const columns = modelColumnsOf(plan, app);
  if (columns.length === 0)
    throw invalid(
      `model ${plan.key} takes its inputs from requests alone; there is nothing to add to labels. Name --features instead`,
    );
  const bitmapBytes = Math.ceil(plan.featureNames.length / 8);
  const starts: number[] = [];
  let rowBytes = bitmapBytes;
  for (const input of plan.modelInputs) {
    starts.push(rowBytes);
    rowBytes += input.kind === 'columns' ? input.rowBytes : 0;
  }
  const table = new RowTable(labels.count, rowBytes, bytesMax);
  const slots = wantedSlots(plan, labels, store, partitions);
  const request = labelRequests(plan, labels, inputs, partitions, maxAgeMs);
  const memory = new RowMemory();
  return {
    columns: trainingColumns(plan, columns, table, starts, bitmapBytes),
    readsPerLabel: plan.reads.length,
    take: (label) => {
      const atMs = labels.atMs[label]!;
      for (const { keys, of } of slots) {
        const slot = of[keys.index[label]!];
        if (slot !== undefined && slot.record === null) store.missed(slot, atMs);
      }
      const assembled = assemble(
        plan,
        request(label),
        partitions,
        (view, partition, key) => store.stored(view, partition, key),
        memory,
      );
      keep(assembled, plan, table.row(label), starts);
    },
  };
}

function keep({ inputs, freshness }: Assembled, plan: ServingPlan, row: ReturnType<RowTable['row']>, starts: number[]) {
  plan.modelInputs.forEach((input, i) => {
    if (input.kind === 'columns') row.bytes.set(inputs[i]!, row.at + starts[i]!);
  });
  if (freshness !== null) row.bytes.set(freshness.defaulted, row.at);
}

function wantedSlots(plan: ServingPlan, labels: Labels, store: HistoryStore, partitions: number) {
  return plan.reads.map(({ view, keyInput }) => {
    const field = keyInput < 0 ? plan.entityInput! : plan.requestInputs[keyInput]!.name;
    const keys = labels.keys.get(field)!;
    const everywhere = view.placement === 'everywhere';
    const of = keys.distinct.map((key): Slot => {
      return store.want(view, key, everywhere ? partitions : partitionOf(key, partitions));
    });
    return { keys, of };
  });
}

const NO_KEY = new Uint8Array(0);

/** The request that a label stands for: its keys, and its values for the request inputs among the columns. */
function labelRequests(
  plan: ServingPlan,
  labels: Labels,
  inputs: ReadonlyMap<number, LabelInput>,
  partitions: number,
  maxAgeMs: number,
) {
  const keyOf = (field: string, label: number): Uint8Array => {
    const keys = labels.keys.get(field)!;
    return keys.distinct[keys.index[label]!] ?? NO_KEY;
  };
  return (label: number) => {
    const key = plan.entityInput === null ? NO_KEY : keyOf(plan.entityInput, label);
    const tensors = plan.requestInputs.map((input, from) => {
      if (input.entityName !== null) return packBytes([keyOf(input.name, label)]);
      return inputs.get(from)?.(label) ?? NO_KEY;
    });
    return {
      keys: [key],
      partitions: [partitionOf(key, partitions)],
      inputs: tensors,
      rows: 1,
      wallMs: labels.atMs[label]!,
      maxAgeMs,
    };
  };
}

function trainingColumns(
  plan: ServingPlan,
  columns: readonly ModelColumn[],
  table: RowTable,
  starts: readonly number[],
  bitmapBytes: number,
): TrainingColumn[] {
  const made = columns.map(({ name, kind, input, offset, length }): TrainingColumn => {
    const at = starts[input]! + offset;
    const type: ColumnType = length === 1 ? { kind } : { kind: 'list', of: kind };
    return {
      name,
      type,
      value: (label) => {
        const row = table.row(label);
        return readNumbers(kind, row.cells, row.at + at, length);
      },
    };
  });
  made.push({
    name: 'defaulted',
    type: { kind: 'text' },
    value: (label) => {
      const row = table.row(label);
      return namesOfBits(plan.featureNames, row.bytes.subarray(row.at, row.at + bitmapBytes), 0).join(',');
    },
  });
  return made;
}

/** One number, or a list of them where there are several. */
export function readNumbers(
  kind: NumberKind,
  cells: DataView,
  at: number,
  length: number,
): number | bigint | (number | bigint)[] {
  const read = (i: number): number | bigint => {
    switch (kind) {
      case 'float32':
        return cells.getFloat32(at + 4 * i, true);
      case 'float64':
        return cells.getFloat64(at + 8 * i, true);
      case 'int32':
        return cells.getInt32(at + 4 * i, true);
      case 'int64':
        return cells.getBigInt64(at + 8 * i, true);
    }
  };
  return length === 1 ? read(0) : Array.from({ length }, (_, i) => read(i));
}
