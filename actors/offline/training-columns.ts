/** The columns that a training set adds to its labels, whatever they are worked out from. */

export type NumberKind = 'float32' | 'float64' | 'int32' | 'int64';

export type ColumnType =
  | { readonly kind: NumberKind | 'bool' | 'text' | 'bytes' | 'time' }
  | { readonly kind: 'list'; readonly of: NumberKind };

export type TrainingColumn = {
  readonly name: string;
  readonly type: ColumnType;
  /** Of a label that was taken; null: none. */
  value(label: number): unknown;
};

export interface TrainingColumns {
  readonly columns: readonly TrainingColumn[];
  /** Views read for each label. */
  readonly readsPerLabel: number;
  /** Notes what the store holds for a label, the store being as of its moment. */
  take(label: number): void;
}
