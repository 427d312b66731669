/** Works a request's on-demand transforms out, once the features of its rows are read. Pure as far as the transforms are. */
import { ServingError } from '../../proto/errors.ts';
import { bytesElements, type DataType } from '../../proto/tensor.ts';
import { readPacked } from './feature-types.ts';
import { isNull, type RecordBytes, valueOffset } from './record.ts';
import type { Schema } from './schema.ts';
import type { ServingPlan } from './serving-plan.ts';
import type { PlannedArgument, PlannedTransform } from './transforms.ts';
import type { Feature } from './views.ts';

/** Values of the features that transforms take, by argument and row. */
export class TransformInputs {
  readonly #transforms: readonly PlannedTransform[];
  readonly #values: readonly unknown[][][];

  constructor(plan: ServingPlan, rows: number) {
    this.#transforms = plan.transforms;
    this.#values = plan.transforms.map((one) => one.arguments.map(() => new Array<unknown>(rows).fill(undefined)));
  }

  /** Takes what read number `read` gave for a row; null: nothing that may be used, so defaults. */
  take(read: number, schema: Schema, record: RecordBytes | null, row: number): void {
    for (let t = 0; t < this.#transforms.length; t++) {
      const planned = this.#transforms[t]!.arguments;
      for (let a = 0; a < planned.length; a++) {
        const argument = planned[a]!;
        if (argument.kind !== 'feature' || argument.read !== read) continue;
        this.#values[t]![a]![row] = featureValue(schema, argument.feature, record);
      }
    }
  }

  /**
   * Calls `write` with each result, null where it is not a finite number. Throws INTERNAL, naming the transform, where
   * its function throws.
   */
  run(
    request: { readonly inputs: readonly Uint8Array[]; readonly rows: number; readonly wallMs: number },
    write: (planned: PlannedTransform, value: number | null, row: number) => void,
  ): void {
    for (let t = 0; t < this.#transforms.length; t++) {
      const planned = this.#transforms[t]!;
      planned.arguments.forEach((argument, a) => {
        if (argument.kind === 'request') this.#values[t]![a] = requestValues(argument, request.inputs, request.rows);
        else if (argument.kind === 'now') this.#values[t]![a]!.fill(request.wallMs);
      });
      for (let row = 0; row < request.rows; row++) write(planned, this.#result(planned, this.#values[t]!, row), row);
    }
  }

  #result(
    { transform, arguments: planned, targetType }: PlannedTransform,
    values: readonly unknown[][],
    row: number,
  ): number | null {
    const given: Record<string, unknown> = {};
    for (let a = 0; a < planned.length; a++) given[planned[a]!.name] = values[a]![row];
    let result: unknown;
    try {
      result = transform.compute(given as never);
    } catch (thrown) {
      const why = describeThrown(thrown).slice(0, 200);
      throw new ServingError('INTERNAL', 'lookup', `transform '${transform.name}' failed: ${why}`, { cause: thrown });
    }
    // Nobody waits for a promise; one that is rejected unseen would end the process.
    if (result instanceof Promise) result.catch(() => {});
    if (typeof result === 'boolean') return result ? 1 : 0;
    if (typeof result !== 'number') return null;
    return Number.isFinite(targetType === 'FP32' ? Math.fround(result) : result) ? result : null;
  }
}

function featureValue(schema: Schema, feature: Feature, record: RecordBytes | null): unknown {
  const missing = record === null || isNull(record, feature.index);
  const value = missing ? ownDefault(feature) : readPacked(feature, record.view, valueOffset(schema, feature));
  // Arithmetic does not mix bigints with numbers, and a model is fed numbers.
  return typeof value === 'bigint' ? Number(value) : value;
}

/** A list of its own, since a function may change what it is given. */
function ownDefault(feature: Feature): unknown {
  return Array.isArray(feature.default) ? feature.default.slice() : feature.default;
}

/** Anything may be thrown, also what cannot be put into words. */
function describeThrown(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'it threw something that is no error';
  }
}

function requestValues(
  { from, datatype }: Extract<PlannedArgument, { kind: 'request' }>,
  inputs: readonly Uint8Array[],
  rows: number,
): unknown[] {
  const data = inputs[from]!;
  if (datatype === 'BYTES') {
    const decoder = new TextDecoder();
    return bytesElements(data).map((text) => decoder.decode(text));
  }
  const cells = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: rows }, (_, row) => readNumber(cells, datatype, row));
}

function readNumber(cells: DataView, datatype: DataType, row: number): number | boolean {
  switch (datatype) {
    case 'BOOL':
      return cells.getUint8(row) !== 0;
    case 'UINT8':
      return cells.getUint8(row);
    case 'INT8':
      return cells.getInt8(row);
    case 'UINT16':
      return cells.getUint16(row * 2, true);
    case 'INT16':
      return cells.getInt16(row * 2, true);
    case 'UINT32':
      return cells.getUint32(row * 4, true);
    case 'INT32':
      return cells.getInt32(row * 4, true);
    case 'UINT64':
      return Number(cells.getBigUint64(row * 8, true));
    case 'INT64':
      return Number(cells.getBigInt64(row * 8, true));
    case 'FP32':
      return cells.getFloat32(row * 4, true);
    default:
      return cells.getFloat64(row * 8, true);
  }
}
