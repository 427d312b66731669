/**
 * What the edges (HTTP bridge, NATS bridge) see of the cluster: promises over plain values. The implementation
 * (`gateway.ts`) turns each call into messages for the router in the same process.
 */
import type { FeatureValue } from '../../cluster/catalog/feature-types.ts';
import type { Freshness } from '../../cluster/catalog/row-freshness.ts';
import type { View } from '../../cluster/catalog/views.ts';
import type { ReadBound } from '../../proto/letters.ts';
import type { DataType, Tensor } from '../../proto/tensor.ts';
import type { ModelStatistics } from './model-statistics.ts';

/** W3C trace context as it came in; absent where the caller sent none. */
export type IncomingTrace = {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly parentSpanId: string;
  readonly sampled: boolean;
};

export type PredictCall = {
  readonly model: string;
  /** Undefined: the router chooses the version. */
  readonly version?: string | undefined;
  /** Every request input, entity keys included (BYTES). Byte lengths already checked. */
  readonly inputs: readonly Tensor[];
  readonly requestId?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** What it asks of its features' freshness; nothing where absent. */
  readonly bound?: ReadBound | undefined;
  readonly trace?: IncomingTrace | undefined;
  /** Which edge it came in by, for its span; HTTP where absent. */
  readonly edge?: 'http' | 'nats' | 'grpc' | undefined;
  /** For edges that notice when the caller leaves. */
  readonly caller?: Caller | undefined;
};

/** `onGone` is set by the gateway; the edge calls it when the caller has left: the call rejects with CANCELLED. */
export type Caller = { onGone: (() => void) | null };

export type PredictResult = {
  readonly requestId: string;
  /** 32 hex digits. */
  readonly traceId: string;
  /** Our own span at the edge, 16 hex digits; recorded only where `sampled`. */
  readonly spanId: string;
  readonly sampled: boolean;
  readonly model: { readonly name: string; readonly version: string };
  readonly outputs: readonly Tensor[];
  /** One per row; empty for models without features. */
  readonly features: readonly Freshness[];
  readonly timingsUs: {
    readonly total: number;
    readonly shard: number;
    readonly queue: number;
    readonly run: number;
    readonly batchRows: number;
  };
};

/** A dimension of -1 is free. */
export type TensorSpec = { readonly name: string; readonly datatype: DataType; readonly shape: readonly number[] };

export type ModelDescription = {
  readonly name: string;
  /** Versions that at least one ready worker serves, ascending. */
  readonly versions: readonly string[];
  /** The version described here. */
  readonly version: string;
  /** As Triton names it, e.g. `onnxruntime_onnx`. */
  readonly platform: string;
  /** What a request must carry: entity keys and request inputs, each with a leading dimension of rows (-1). */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Name of the BYTES input that holds the entity key; null for models without features. */
  readonly entityInput: string | null;
  readonly rowsMax: number;
  /** Whether the first dimension of every input and output is rows, which several requests may share. */
  readonly batched: boolean;
};

/** A row as people write it: the entity's key, optionally `event_time` (RFC 3339 with a zone, or epoch ms), and features by name. */
export type FeatureRow = Readonly<Record<string, unknown>>;

/** `also`: where else an event was logged that concerns several entities. */
export type PushAck =
  | {
      readonly partition: number;
      readonly seq: number;
      readonly also?: readonly { readonly partition: number; readonly seq: number }[];
    }
  | { readonly error: { readonly code: string; readonly message: string } };

export type { FeatureValue };

export type FeatureReadRow = {
  readonly key: string;
  readonly found: boolean;
  readonly values: Readonly<Record<string, FeatureValue>>;
  readonly partition: number;
  readonly applied_seq: number;
  /** The same for the partition of views that live everywhere, where this is one; null of a sharded view. */
  readonly everywhere_seq: number | null;
  /** Unix time by the shard's clock at which the row was read and its age judged. */
  readonly as_of_ms: number;
  /** Null when nothing is stored under the key; with `found` false otherwise, the row has expired. */
  readonly age_ms: number | null;
  /** When the stored row was true, in ms since 1970, expired or not; null when nothing is stored. */
  readonly event_time_ms: number | null;
  /** Names (`view.feature`) that stand at their default. */
  readonly defaulted: readonly string[];
  /** Those of `defaulted` that are stored, but too old: all of an expired row. */
  readonly expired: readonly string[];
};

export type FeatureReadOptions = {
  readonly timeoutMs?: number | undefined;
  readonly bound?: ReadBound | undefined;
  /** Features to give, each of the view; all of them where absent. */
  readonly features?: readonly string[];
};

export type ClusterStatus = {
  readonly cluster: string;
  readonly epoch: number;
  readonly leader: string | null;
  readonly partitions: number;
  readonly replicas: number;
  readonly members: readonly {
    readonly node: string;
    readonly name: string;
    readonly role: string;
    readonly state: 'alive' | 'suspect' | 'dead';
    readonly ready: boolean;
    readonly device: string | null;
    readonly models: readonly string[];
    readonly partitions_owned: number;
    readonly partitions_caught_up: number;
    readonly queue_depth: number;
    readonly http_url: string | null;
    readonly metrics_url: string | null;
    readonly pid: number;
    readonly heartbeat_age_ms: number;
  }[];
  /** Versions that were found but cannot be served, and why. */
  readonly models_with_problems: readonly {
    readonly model: string;
    readonly version: string;
    readonly problem: string;
  }[];
  /** Owners of each partition by member name, index = partition; the last entry is the `everywhere` log. */
  readonly owners: readonly (readonly string[])[];
};

/** Every method rejects with ServingError only. */
export interface Gateway {
  predict(call: PredictCall): Promise<PredictResult>;
  /** Models that can be asked now, ascending by name. */
  models(): readonly ModelDescription[];
  /** Throws NOT_FOUND for an unknown model or version. */
  describe(model: string, version?: string): ModelDescription;
  /** One acknowledgement a row, in order: bad rows are refused one by one, the good ones kept. */
  push(view: string, rows: readonly FeatureRow[]): Promise<readonly PushAck[]>;
  /** Deletes what is stored for the keys as of `eventTime` (as in a row; now where undefined). Acknowledges as `push`. */
  delete(view: string, keys: readonly string[], eventTime: unknown): Promise<readonly PushAck[]>;
  get(view: string, keys: readonly string[], options?: FeatureReadOptions): Promise<readonly FeatureReadRow[]>;
  /** The app's views by name. */
  views(): ReadonlyMap<string, View>;
  /** Names (`view.feature`) of what the model's inputs are built from. Throws NOT_FOUND for an unknown model. */
  modelFeatures(model: string): readonly string[];
  /**
   * What this gateway's predictions came to, by version: of one model, or of all that are served. Throws NOT_FOUND for an
   * unknown model or version.
   */
  statistics(model?: string, version?: string): readonly ModelStatistics[];
  status(): ClusterStatus;
  /** Empty when ready; otherwise what is missing, for people. */
  notReady(): readonly string[];
}
