/** What an answer says of how fresh its features were, row by row and by name, from the shard's own bytes. */
import { decodeFreshness, valueOfRow } from '../../proto/freshness.ts';

/** How fresh one row's features were. */
export type Freshness = {
  /** Sequence of the feature log applied to the row's partition when it was read. */
  readonly appliedSeq: number;
  /** The same for the partition of views that live everywhere; null where the model reads none. */
  readonly everywhereSeq: number | null;
  /** Unix time by the shard's clock at which the row was read and ages were judged, ms. */
  readonly asOfMs: number;
  /** Age in ms of the oldest feature used; null when none was stored. */
  readonly ageMs: number | null;
  /** Names (`view.feature`) that fell back to their default. */
  readonly defaulted: readonly string[];
  /** Those of `defaulted` that are stored, but too old: past their view's ttl or the request's `max_age_ms`. */
  readonly expired: readonly string[];
};

/** One entry a row; none for models without features (null). Throws RangeError on bytes that are no RowFreshness. */
export function freshnessRows(bytes: Uint8Array | null): Freshness[] {
  if (bytes === null) return [];
  const { appliedSeq, ageMs, defaulted, defaultedNames, expired, everywhereSeq, asOfMs } = decodeFreshness(bytes);
  return appliedSeq.map((seq, row) => ({
    appliedSeq: seq,
    everywhereSeq: valueOfRow(everywhereSeq, row) ?? null,
    asOfMs: valueOfRow(asOfMs, row) ?? 0,
    ageMs: ageMs[row]! < 0 ? null : ageMs[row]!,
    defaulted: namesOfBits(defaultedNames, defaulted, row),
    expired: namesOfBits(defaultedNames, expired, row),
  }));
}

/** Names of the features whose bit is set in one row of a bitmap. */
export function namesOfBits(featureNames: readonly string[], bits: Uint8Array, row: number): string[] {
  const names: string[] = [];
  if (featureNames.length === 0 || bits.length === 0) return names;
  const rowBytes = Math.ceil(featureNames.length / 8);
  for (let bit = 0; bit < featureNames.length; bit++) {
    if ((bits[row * rowBytes + (bit >> 3)]! & (1 << (bit & 7))) !== 0) names.push(featureNames[bit]!);
  }
  return names;
}

/** The reverse: one row a list of names. */
export function bitsOfNames(featureNames: readonly string[], rows: readonly (readonly string[])[]): Uint8Array {
  const rowBytes = Math.ceil(featureNames.length / 8);
  const bits = new Uint8Array(rowBytes * rows.length);
  rows.forEach((names, row) => {
    for (const name of names) {
      const bit = featureNames.indexOf(name);
      bits[row * rowBytes + (bit >> 3)]! |= 1 << (bit & 7);
    }
  });
  return bits;
}
