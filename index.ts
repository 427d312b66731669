/** What an app or a service imports from `dovetail`. */

export type { Freshness } from './cluster/catalog/row-freshness.ts';
export {
  aggregate,
  count,
  distinct,
  last,
  max,
  mean,
  min,
  type Stream,
  sinceLast,
  stream,
  sum,
} from './cluster/catalog/streams.ts';
export { feature, now, onDemand, request, type Transform } from './cluster/catalog/transforms.ts';
export {
  type App,
  bool,
  defineApp,
  type Entity,
  entity,
  float32,
  int64,
  type RowOf,
  string,
  type View,
  vector,
  view,
} from './cluster/catalog/views.ts';
export {
  type ClientOptions,
  connectClient,
  type DovetailClient,
  floatsOf,
  floatTensor,
  type Prediction,
  type PredictOptions,
  textTensor,
} from './cluster/client.ts';
export type { FeatureClient, FeatureRow, PushAck, ReadOptions } from './cluster/feature-client.ts';
export { type ErrorCode, ServingError } from './proto/errors.ts';
export type { DataType, Tensor } from './proto/tensor.ts';
