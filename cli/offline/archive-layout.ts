/**
 * What a data set of the archive looks like: a view's or a stream's rows with typed columns, and beside them whatever is
 * needed to make each row's bytes again. The layout travels in each file, so that a file can be read back whatever the
 * app defines by then. Pure.
 */

import { columnTypeOf } from '../../actors/offline/feature-columns.ts';
import type { ColumnType } from '../../actors/offline/training-columns.ts';
import { type PackedFeature, readPacked } from '../../cluster/catalog/feature-types.ts';
import { bitmapBytesOf, type Schema } from '../../cluster/catalog/schema.ts';

/** Bytes and meaning of one feature, as far as reading and writing it needs. */
export type LayoutFeature = PackedFeature & {
  readonly name: string;
  readonly offset: number;
};

export type Layout = {
  readonly kind: 'view' | 'stream';
  readonly name: string;
  readonly version: number;
  /** Column of the entity's key. */
  readonly keyColumn: string;
  readonly features: readonly LayoutFeature[];
  /** `hashes[i]`: of the layout with the first i + 1 features. */
  readonly hashes: readonly number[];
};

export const LAYOUT_METADATA = 'dovetail.layout';
/** Key column of a stream, whose fields may have any name. */
export const STREAM_KEY_COLUMN = '_key';

export function layoutOf(schema: Schema, keyColumn: string): Layout {
  const hashes = new Array<number>(schema.features.length);
  for (const [hash, count] of schema.grownFrom) hashes[count - 1] = hash;
  hashes[hashes.length - 1] = schema.schemaHash;
  return {
    kind: schema.kind,
    name: schema.name,
    version: schema.version,
    keyColumn,
    features: schema.features.map(({ name, type, bytes, offset, vocabulary }) => {
      return { name, type, bytes, offset, vocabulary };
    }),
    hashes,
  };
}

export function datasetName({ name, version }: Pick<Layout, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

export type ArchiveColumn = { readonly name: string; readonly type: ColumnType };

/** Of rows that the log holds as messages of some view or stream. */
const OWN_COLUMNS: readonly ArchiveColumn[] = [
  { name: '_seq', type: { kind: 'int64' } },
  { name: '_row', type: { kind: 'int32' } },
  { name: '_partition', type: { kind: 'int32' } },
  { name: '_created_ms', type: { kind: 'int64' } },
  { name: '_op', type: { kind: 'text' } },
  { name: '_id', type: { kind: 'int64' } },
  { name: '_schema_hash', type: { kind: 'int64' } },
  { name: '_entity', type: { kind: 'text' } },
  { name: '_everywhere', type: { kind: 'bool' } },
  // Only where event_time, in whole milliseconds, is not all of it.
  { name: '_event_ms', type: { kind: 'float64' } },
  // Only where the features' columns do not give the same bytes again.
  { name: '_raw', type: { kind: 'bytes' } },
];

export const TIME_COLUMN = 'event_time';

export function columnsOf(layout: Layout): ArchiveColumn[] {
  return [
    { name: layout.keyColumn, type: { kind: 'text' } },
    { name: TIME_COLUMN, type: { kind: 'time' } },
    ...layout.features.map((feature) => ({ name: feature.name, type: columnTypeOf(feature) })),
    ...OWN_COLUMNS,
  ];
}

/** Messages of definitions that were not known to whoever archived them, as they are. */
export const RAW_DATASET = 'raw';
export const RAW_COLUMNS: readonly ArchiveColumn[] = [
  { name: '_seq', type: { kind: 'int64' } },
  { name: '_partition', type: { kind: 'int32' } },
  { name: '_created_ms', type: { kind: 'int64' } },
  { name: '_why', type: { kind: 'text' } },
  { name: '_message', type: { kind: 'bytes' } },
];

/**
 * Values of the layout's features, null where the row has none, from bitmap and packed values; null for bytes that are
 * not of the layout with that hash.
 */
export function unpackRow(layout: Layout, schemaHash: number, body: Uint8Array): unknown[] | null {
  const had = layout.hashes.indexOf(schemaHash) + 1;
  const last = layout.features[had - 1];
  if (last === undefined) return null;
  const valuesFrom = bitmapBytesOf(had);
  if (body.byteLength !== valuesFrom + last.offset + last.bytes) return null;
  const cells = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return layout.features.map((feature, i) => {
    if (i >= had || (body[i >> 3]! & (1 << (i & 7))) !== 0) return null;
    return readPacked(feature, cells, valuesFrom + feature.offset);
  });
}

/** The other way round. `words`: codes of each feature's vocabulary. */
export function packRow(layout: Layout, schemaHash: number, values: readonly unknown[], words: Words): Uint8Array {
  const had = layout.hashes.indexOf(schemaHash) + 1;
  const last = layout.features[had - 1];
  if (last === undefined) return new Uint8Array(0);
  const valuesFrom = bitmapBytesOf(had);
  const body = new Uint8Array(valuesFrom + last.offset + last.bytes);
  const cells = new DataView(body.buffer);
  for (let i = 0; i < had; i++) {
    const value = values[i];
    if (value === null || value === undefined) body[i >> 3]! |= 1 << (i & 7);
    else packCell(layout.features[i]!, value, cells, valuesFrom + layout.features[i]!.offset, words[i] ?? null);
  }
  return body;
}

export type Words = readonly (ReadonlyMap<string, number> | null)[];

export function wordsOf(layout: Layout): Words {
  return layout.features.map(({ vocabulary }) => {
    return vocabulary === null ? null : new Map(vocabulary.map((word, i) => [word, i + 1]));
  });
}

function packCell(
  { type, bytes }: LayoutFeature,
  value: unknown,
  cells: DataView,
  at: number,
  words: ReadonlyMap<string, number> | null,
): void {
  switch (type) {
    case 'float32':
      cells.setFloat32(at, value as number, true);
      return;
    case 'int64':
      cells.setBigInt64(at, BigInt(value as number | bigint), true);
      return;
    case 'bool':
      cells.setUint8(at, value === true ? 1 : 0);
      return;
    case 'string':
      cells.setUint32(at, words === null ? Number(value) : (words.get(value as string) ?? 0), true);
      return;
    case 'vector': {
      const list = value as readonly number[];
      for (let i = 0; i < bytes / 4; i++) cells.setFloat32(at + 4 * i, list[i] ?? Number.NaN, true);
    }
  }
}
