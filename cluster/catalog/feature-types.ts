/**
 * What a feature may be, and what one value of each type looks like in a row that is pushed, in the bytes that are
 * stored and in the columns that a model is fed. Little-endian. Pure.
 */
import { invalid, type ServingError } from '../../proto/errors.ts';
import { quoteShort, showShort } from '../../proto/names.ts';
import { hashText } from '../hash.ts';

export type FeatureType = 'float32' | 'int64' | 'bool' | 'string' | 'vector';

/** A value as people read it. Null: nothing is stored. */
export type FeatureValue = number | bigint | boolean | string | readonly number[] | null;

/** `Pushed`: what a row may give for it; only for the compiler. */
export type FeatureDefinition<Pushed = unknown> = {
  readonly type: FeatureType;
  /** Served where nothing is stored, the row has expired or the value is null. */
  readonly default: number | bigint | boolean | string | readonly number[];
  readonly description: string;
  /** Bytes of a stored value. */
  readonly bytes: number;
  /** The default as numbers, one for each column that the feature fills in a model's input. */
  readonly defaultCells: readonly (number | bigint)[];
  /** Changes whenever the meaning of the stored bytes does. */
  readonly signature: string;
  /** Of a string: its words, whose codes are 1, 2, …; 0 stands for any other text. Null: coded by hash. */
  readonly vocabulary: readonly string[] | null;
  readonly codeByWord: ReadonlyMap<string, number> | null;
  /** Of a string coded by hash: how many codes there are. */
  readonly buckets: number;
  readonly pushed?: Pushed;
};

/** As much of a definition as its bytes need to be read. */
export type PackedFeature = Pick<FeatureDefinition, 'type' | 'bytes' | 'vocabulary'>;

export const VECTOR_LENGTH_MAX = 4_096;
export const VOCABULARY_WORDS_MAX = 65_536;
const BUCKETS_MAX = 2 ** 32;

type Options<T> = { readonly default?: T; readonly description?: string };

/** A 32-bit float; default 0. */
export function float32(options: Options<number> = {}): FeatureDefinition<number> {
  const value = finite32(options.default ?? 0, 'float32 default');
  return plain('float32', 4, value, [value], 'float32', options.description);
}

/** A 64-bit signed integer; default 0. */
export function int64(options: Options<number | bigint> = {}): FeatureDefinition<number | bigint> {
  const value = options.default ?? 0n;
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw invalid(`int64 default ${value} must be a whole number (a bigint beyond 2^53)`);
  const whole = BigInt(value);
  if (BigInt.asIntN(64, whole) !== whole) throw invalid(`int64 default ${value} must fit 64 bits`);
  return plain('int64', 8, whole, [whole], 'int64', options.description);
}

/** True or false, 1 or 0 to a model; default false. */
export function bool(options: Options<boolean> = {}): FeatureDefinition<boolean> {
  const value = options.default ?? false;
  return plain('bool', 1, value, [value ? 1 : 0], 'bool', options.description);
}

/**
 * Text as a whole number. With a `vocabulary`: 1 for its first word, 2 for the second, 0 for any other text (read back
 * as ''); default the text that is given, or 0. Without: a hash of the text modulo `buckets` (2^32 where not said),
 * which is also what is read back. More than 2^24 codes don't fit a float32 column exactly, and are refused there.
 */
export function string(
  options: Options<string> & { readonly vocabulary?: readonly string[]; readonly buckets?: number } = {},
): FeatureDefinition<string> {
  const { vocabulary = null, buckets = BUCKETS_MAX, description = '' } = options;
  if (vocabulary !== null && options.buckets !== undefined)
    throw invalid('a string feature has a vocabulary or buckets, not both');
  if (!Number.isInteger(buckets) || buckets < 2 || buckets > BUCKETS_MAX)
    throw invalid(`string buckets ${buckets} must be a whole number from 2 to 2^32`);
  const codeByWord = vocabulary === null ? null : codesOf(vocabulary);
  const code = options.default === undefined ? 0 : codeOf(options.default, codeByWord, buckets);
  return {
    type: 'string',
    default: textOf(code, vocabulary),
    description,
    bytes: 4,
    defaultCells: [code],
    signature: vocabulary === null ? `string#${buckets}` : `string${JSON.stringify(vocabulary)}`,
    vocabulary,
    codeByWord,
    buckets,
  };
}

/** `length` 32-bit floats, as many columns of a model; default all 0, or the one number or list that is given. */
export function vector(
  length: number,
  options: Options<number | readonly number[]> = {},
): FeatureDefinition<readonly number[]> {
  if (!Number.isInteger(length) || length < 1 || length > VECTOR_LENGTH_MAX)
    throw invalid(`a vector's length must be a whole number from 1 to ${VECTOR_LENGTH_MAX}, got ${length}`);
  const given = options.default ?? 0;
  const list = typeof given === 'number' ? new Array<number>(length).fill(given) : given;
  if (list.length !== length) throw invalid(`vector default has ${list.length} numbers, but its length is ${length}`);
  // Frozen: it is every row's that has none, and outlives whoever is given it.
  const values = Object.freeze(list.map((value) => finite32(value, 'vector default')));
  return plain('vector', 4 * length, values, values, `vector[${length}]`, options.description);
}

function plain(
  type: FeatureType,
  bytes: number,
  value: number | bigint | boolean | readonly number[],
  defaultCells: readonly (number | bigint)[],
  signature: string,
  description = '',
): FeatureDefinition<never> {
  const none = { vocabulary: null, codeByWord: null, buckets: 0 };
  return { type, default: value, description, bytes, defaultCells, signature, ...none };
}

function finite32(value: number, what: string): number {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw invalid(`${what} ${value} must be a finite 32-bit float`);
  return rounded;
}

function codesOf(vocabulary: readonly string[]): ReadonlyMap<string, number> {
  if (vocabulary.length === 0 || vocabulary.length > VOCABULARY_WORDS_MAX)
    throw invalid(`a vocabulary has 1 to ${VOCABULARY_WORDS_MAX} words, got ${vocabulary.length}`);
  const codes = new Map<string, number>();
  vocabulary.forEach((word, index) => {
    if (typeof word !== 'string' || word === '')
      throw invalid('a word of a vocabulary must be text, and not empty: that stands for any other text');
    if (codes.has(word)) throw invalid(`the vocabulary has ${quoteShort(word)} twice`);
    codes.set(word, index + 1);
  });
  return codes;
}

function codeOf(text: string, codeByWord: ReadonlyMap<string, number> | null, buckets: number): number {
  return codeByWord === null ? hashText(text, 0) % buckets : (codeByWord.get(text) ?? 0);
}

function textOf(code: number, vocabulary: readonly string[] | null): number | string {
  return vocabulary === null ? code : (vocabulary[code - 1] ?? '');
}

/**
 * Writes a value that is not null. Throws INVALID_ARGUMENT, naming the feature as `owner.name`, for a wrong type and for
 * numbers that are not finite or out of range.
 */
export function packValue(
  feature: FeatureDefinition,
  value: unknown,
  owner: { readonly name: string },
  name: string,
  cells: DataView,
  offset: number,
): void {
  switch (feature.type) {
    case 'float32':
      if (typeof value !== 'number') throw wrongValue(owner, name, value, 'a number');
      if (!Number.isFinite(Math.fround(value))) throw wrongValue(owner, name, value, 'a finite 32-bit float');
      cells.setFloat32(offset, value, true);
      return;
    case 'int64': {
      const whole = toInt64(value);
      if (whole === null) throw wrongValue(owner, name, value, 'a whole number (as text beyond 2^53)');
      cells.setBigInt64(offset, whole, true);
      return;
    }
    case 'bool':
      if (typeof value !== 'boolean') throw wrongValue(owner, name, value, 'true or false');
      cells.setUint8(offset, value ? 1 : 0);
      return;
    case 'string':
      if (typeof value !== 'string') throw wrongValue(owner, name, value, 'text');
      cells.setUint32(offset, codeOf(value, feature.codeByWord, feature.buckets), true);
      return;
    case 'vector':
      packVector(feature, value, owner, name, cells, offset);
  }
}

function packVector(
  feature: FeatureDefinition,
  value: unknown,
  owner: { readonly name: string },
  name: string,
  cells: DataView,
  offset: number,
): void {
  const length = feature.bytes / 4;
  if (!Array.isArray(value) || value.length !== length) {
    const got = Array.isArray(value) ? `a list of ${value.length}` : showShort(value);
    throw invalid(`'${owner.name}.${name}' must be a list of ${length} numbers, got ${got}`);
  }
  for (let i = 0; i < length; i++) {
    const one: unknown = value[i];
    if (typeof one !== 'number' || !Number.isFinite(Math.fround(one)))
      throw wrongValue(owner, `${name}[${i}]`, one, 'a finite 32-bit float');
    cells.setFloat32(offset + 4 * i, one, true);
  }
}

function toInt64(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value === 'string' && !/^-?\d{1,19}$/.test(value)) return null;
  if (typeof value !== 'string' && typeof value !== 'bigint') return null;
  const whole = BigInt(value);
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

function wrongValue(owner: { readonly name: string }, name: string, value: unknown, wanted: string): ServingError {
  const type = typeof value === 'object' ? '' : `${typeof value} `;
  return invalid(`'${owner.name}.${name}' must be ${wanted}, got ${type}${showShort(value)}`);
}

/** A stored value as people read it. */
export function readPacked(feature: PackedFeature, cells: DataView, offset: number): Exclude<FeatureValue, null> {
  switch (feature.type) {
    case 'float32':
      return cells.getFloat32(offset, true);
    case 'int64':
      return cells.getBigInt64(offset, true);
    case 'bool':
      return cells.getUint8(offset) === 1;
    case 'string':
      return textOf(cells.getUint32(offset, true), feature.vocabulary);
    case 'vector': {
      const values = new Array<number>(feature.bytes / 4);
      for (let i = 0; i < values.length; i++) values[i] = cells.getFloat32(offset + 4 * i, true);
      return values;
    }
  }
}

/** The number that a stored value gives to a model's column; `column` counts within the feature. */
export function readPackedCell(
  feature: FeatureDefinition,
  cells: DataView,
  offset: number,
  column: number,
): number | bigint {
  switch (feature.type) {
    case 'float32':
      return cells.getFloat32(offset, true);
    case 'int64':
      return cells.getBigInt64(offset, true);
    case 'bool':
      return cells.getUint8(offset);
    case 'string':
      return cells.getUint32(offset, true);
    case 'vector':
      return cells.getFloat32(offset + 4 * column, true);
  }
}
