/** What a training set is made for: moments, each about some entities. */

/** Keys of one entity, one a label. Keys recur, so each is kept once. */
export type LabelKeys = {
  /** Index into `distinct` of each label; −1: the label names none. */
  readonly index: Int32Array;
  readonly distinct: readonly Uint8Array[];
};

export type Labels = {
  readonly count: number;
  /** Moment of each label, whole ms since 1970. */
  readonly atMs: Float64Array;
  /** By the field that carries the entity's key. */
  readonly keys: ReadonlyMap<string, LabelKeys>;
};

/** Labels by time; of those of one time, the first first. */
export function inOrderOfTime({ count, atMs }: Labels): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  return order.sort((a, b) => atMs[a]! - atMs[b]! || a - b);
}
