/**
 * The layout of a row of named features, and the hash that names it. A feature more at the end changes neither the
 * place nor the meaning of those before it, so each hash is made from the one before it: who knows a layout knows the
 * hashes of all that it grew from. Pure.
 */
import { invalid } from '../../proto/errors.ts';
import { checkName } from '../../proto/names.ts';
import { hashText } from '../hash.ts';
import type { FeatureDefinition } from './feature-types.ts';

export const FEATURES_MAX = 4_096;

export type Feature = FeatureDefinition & {
  readonly name: string;
  /** Position in the row, which is also its bit in the null bitmap. */
  readonly index: number;
  /** Byte offset among the packed values. */
  readonly offset: number;
};

export type Schema = {
  readonly kind: 'view' | 'stream';
  readonly name: string;
  readonly version: number;
  readonly features: readonly Feature[];
  readonly featureByName: ReadonlyMap<string, Feature>;
  /** Bytes of the null bitmap and of the packed values behind it. */
  readonly bitmapBytes: number;
  readonly valuesBytes: number;
  /** Changes whenever the meaning of stored bytes does. */
  readonly schemaHash: number;
  /** Number of features by the hash of each layout that this one grew from. */
  readonly grownFrom: ReadonlyMap<number, number>;
};

/**
 * `meaning`: whatever else gives the bytes their meaning. `taken`: names that
 * rows use otherwise. Throws INVALID_ARGUMENT.
 */
export function schemaOf(
  kind: 'view' | 'stream',
  name: string,
  version: number | undefined,
  meaning: readonly string[],
  definitions: Readonly<Record<string, FeatureDefinition>>,
  taken: readonly string[],
): Schema {
  checkName(kind, name);
  const number = version ?? 1;
  if (!Number.isInteger(number) || number < 1 || number > 0xffffffff)
    throw invalid(`${kind} '${name}': version must be a whole number from 1`);
  const entries = Object.entries(definitions);
  if (entries.length === 0 || entries.length > FEATURES_MAX)
    throw invalid(`${kind} '${name}' has ${entries.length} features; 1 to ${FEATURES_MAX} are allowed`);
  const features: Feature[] = [];
  const grownFrom = new Map<number, number>();
  let schemaHash = hashText(JSON.stringify([name, number, ...meaning]), 0);
  let offset = 0;
  for (const [index, [featureName, definition]] of entries.entries()) {
    checkName('feature', featureName);
    if (taken.includes(featureName))
      throw invalid(`${kind} '${name}': '${featureName}' is taken by the row's key, time or id; name it otherwise`);
    if (index > 0) grownFrom.set(schemaHash, index);
    schemaHash = hashText(`${featureName}:${definition.signature}`, schemaHash);
    features.push({ ...definition, name: featureName, index, offset });
    offset += definition.bytes;
  }
  return {
    kind,
    name,
    version: number,
    features,
    featureByName: new Map(features.map((feature) => [feature.name, feature])),
    bitmapBytes: bitmapBytesOf(features.length),
    valuesBytes: offset,
    schemaHash,
    grownFrom,
  };
}

/** Whole words, so that values lie aligned behind it and are copied word by word. */
export function bitmapBytesOf(features: number): number {
  return Math.ceil(features / 64) * 8;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a number of them, or of text such as `90d`, `12h`, `30m`, `10s`. Throws INVALID_ARGUMENT. */
export function durationMs(where: string, duration: number | string): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
  } else {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
    // 15 digits: 1.1 h is 3,960,000 ms, not the product of two doubles.
    if (match !== null) return Number((Number(match[1]) * UNIT_MS[match[2]!]!).toPrecision(15));
  }
  throw invalid(`${where} ${JSON.stringify(duration)} must be milliseconds or text such as "90d", "12h", "30m", "10s"`);
}
