/**
 * The model's input: its columns in order, the manifest that says where the cluster takes each from, and what the graph
 * computes of them before the first layer.
 */
import { parseManifest } from '../../cluster/catalog/manifest.ts';
import { compilePlan, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { type Columns, concat, constant, cos, div, log1p, mul, pick, sin } from '../support/columns.ts';
import app, { merchantPayments, merchantProfile, userPayments, userProfile } from './features.ts';
import { REQUEST_COLUMNS } from './payment.ts';

/** The manifest's way to say where a column comes from. */
export type ColumnSource = { readonly feature: string } | { readonly transform: string } | { readonly request: string };

/** Every feature of every view, in the views' own order, so that a shard copies neighbours in one piece. */
export const MODEL_COLUMNS: readonly ColumnSource[] = [
  ...[userProfile, userPayments, merchantProfile, merchantPayments].flatMap((view) =>
    view.features.map((feature) => ({ feature: `${view.name}.${feature.name}` })),
  ),
  ...Array.from(app.transforms.keys(), (transform) => ({ transform })),
  ...REQUEST_COLUMNS.map((request) => ({ request })),
];

export const MODEL_WIDTH = MODEL_COLUMNS.length;

/** `model.json`. */
export const MANIFEST = {
  name: 'fraud',
  description: 'Probability that a payment is fraud, from the payment and what is known of its user and merchant.',
  engine: 'onnxruntime',
  entity: 'user',
  request: Object.fromEntries(REQUEST_COLUMNS.map((name) => [name, { datatype: 'FP32' }])),
  inputs: [{ name: 'features', columns: MODEL_COLUMNS }],
  batch: { rows_max: 256 },
  latency_objective_ms: 10,
};

/** How the cluster builds the model's input, worked out from the manifest as there. */
export function servingPlan(): ServingPlan {
  const spec = {
    manifest: parseManifest(JSON.stringify(MANIFEST), MANIFEST.name),
    version: '1',
    sha256: '',
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, MODEL_WIDTH] }],
    outputs: [{ name: 'score', datatype: 'FP32', shape: [-1, 1] }],
    batched: true,
  } as const;
  return compilePlan(spec, app);
}

function columns(...sources: string[]): Columns {
  return pick(
    ...sources.map((source) => {
      const index = MODEL_COLUMNS.findIndex((column) => Object.values(column)[0] === source);
      if (index < 0) throw new RangeError(`no model column '${source}'`);
      return index;
    }),
  );
}

const of =
  (view: string) =>
  (...features: string[]): Columns =>
    columns(...features.map((feature) => `${view}.${feature}`));

/** What can be said of the payment alone. */
function requestColumns(): Columns[] {
  const angle = mul(columns('hour'), constant((2 * Math.PI) / 24));
  return [log1p(columns('amount')), columns('country_mismatch', 'new_device'), sin(angle), cos(angle)];
}

/** What is known of the user and the merchant for long, and how the payment compares with it. */
function profileColumns(): Columns[] {
  const user = of('user_profile');
  const merchant = of('merchant_profile');
  return [
    log1p(user('payments_total', 'avg_amount', 'chargebacks_total')),
    user('is_new', 'log_amount_mean', 'log_amount_std', 'abroad_share', 'online_share'),
    merchant('online', 'log_amount_mean'),
    mul(log1p(merchant('fraud_rate')), constant(100)),
    columns('amount_deviations', 'hour_fit', 'amount_at_merchant'),
  ];
}

/** What happened within the last day. */
function windowColumns(): Columns[] {
  const user = of('user_payments');
  const merchant = of('merchant_payments');
  return [
    log1p(
      concat(
        user('count_10m', 'count_1h', 'count_24h', 'spend_10m', 'spend_1h', 'spend_24h', 'small_1h'),
        user('merchants_1h', 'merchants_24h'),
        merchant('count_1h', 'count_24h', 'small_1h', 'users_1h'),
        div(concat(user('since_last_s'), merchant('since_last_s')), constant(60, 60)),
      ),
    ),
    columns('spend_deviations'),
  ];
}

/** Which sources a model may look at: the whole model uses all, the others show in the report what each brings. */
export type Sources = { readonly profiles: boolean; readonly windows: boolean };

/** The columns that enter the first layer, as an expression over the model's input. */
export function graphColumns(sources: Sources): Columns {
  return concat(
    ...requestColumns(),
    ...(sources.profiles ? profileColumns() : []),
    ...(sources.windows ? windowColumns() : []),
  );
}
