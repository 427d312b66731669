/** Serving plans for tests, from a manifest and the tensors of a model that need not exist. */
import { parseManifest } from '../../cluster/catalog/manifest.ts';
import type { ModelSpec, TensorSpec } from '../../cluster/catalog/model-spec.ts';
import { compilePlan, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { bool, defineApp, entity, float32, int64, view } from '../../cluster/catalog/views.ts';
import type { DataType } from '../../proto/tensor.ts';

const user = entity({ name: 'user', key: 'user_id' });
const shop = entity({ name: 'shop', key: 'shop_id' });

export const profile = view({
  name: 'profile',
  entity: user,
  ttl: '1h',
  features: { spend: float32({ default: 9 }), visits: int64(), vip: bool() },
});
export const shops = view({ name: 'shops', entity: shop, placement: 'everywhere', features: { risk: float32() } });
export const app = defineApp({ views: [profile, shops] });

export function tensor(name: string, datatype: DataType, ...shape: number[]): TensorSpec {
  return { name, datatype, shape };
}

export function specOf(
  manifest: object,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[] = [tensor('y', 'FP32', -1, 1)],
  options: { readonly batched?: boolean; readonly version?: string } = {},
): ModelSpec {
  return {
    manifest: parseManifest(JSON.stringify(manifest), 'm'),
    version: options.version ?? '1',
    sha256: '0'.repeat(64),
    platform: 'onnxruntime_onnx',
    inputs,
    outputs,
    batched: options.batched ?? true,
  };
}

export function planOf(...spec: Parameters<typeof specOf>): ServingPlan {
  return compilePlan(specOf(...spec), app);
}

/** Features of the user and of a shop beside a request input: what a request carries is user_id, amount and shop_id. */
export const featurePlan = (): ServingPlan =>
  planOf(
    {
      entity: 'user',
      request: { amount: { datatype: 'FP32' } },
      inputs: [
        { name: 'x', columns: [{ feature: 'profile.spend' }, { feature: 'shops.risk' }, { request: 'amount' }] },
      ],
    },
    [tensor('x', 'FP32', -1, 3)],
  );
