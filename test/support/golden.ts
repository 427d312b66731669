/** The fraud example's golden rows: what to push first, what to ask, and the score that any server must give. */
import { readFileSync } from 'node:fs';
import { floatTensor, textTensor } from '../../cluster/client.ts';
import type { GoldenRecentRow, GoldenRow } from '../../examples/fraud/golden.ts';
import type { Tensor } from '../../proto/tensor.ts';

export const golden = JSON.parse(
  readFileSync(new URL('../../examples/fraud/golden.json', import.meta.url), 'utf8'),
) as { readonly tolerance: number; readonly rows: readonly GoldenRow[]; readonly recent: readonly GoldenRecentRow[] };

export const userRows = golden.rows.flatMap((row) => (row.user === null ? [] : [row.user]));
export const merchantRows = golden.rows.flatMap((row) => (row.merchant === null ? [] : [row.merchant]));

export const NUMBERS = ['amount', 'hour', 'country_mismatch', 'new_device'] as const;

/** Inputs of one request for these payments, a row each. */
export function tensorsOf(requests: readonly GoldenRow['request'][]): Tensor[] {
  return [
    textTensor(
      'user_id',
      requests.map((request) => request.user_id),
    ),
    textTensor(
      'merchant_id',
      requests.map((request) => request.inputs.merchant_id),
    ),
    ...NUMBERS.map((name) =>
      floatTensor(
        name,
        requests.length,
        requests.map((request) => request.inputs[name]),
      ),
    ),
  ];
}

/** The same for people's JSON: one entry a row. */
export function personBody(requests: readonly GoldenRow['request'][]): Record<string, unknown> {
  return {
    user_id: requests.map((request) => request.user_id),
    inputs: Object.fromEntries(
      ['merchant_id', ...NUMBERS].map((name) => [
        name,
        requests.map((request) => (request.inputs as unknown as Record<string, unknown>)[name]),
      ]),
    ),
  };
}

/** The tensors of an Open Inference Protocol request in JSON. */
export function jsonTensors(requests: readonly GoldenRow['request'][]): Record<string, unknown>[] {
  const rows = requests.length;
  const body = personBody(requests) as { user_id: string[]; inputs: Record<string, unknown[]> };
  return Object.entries({ user_id: body.user_id as unknown[], ...body.inputs }).map(([name, data]) => ({
    name,
    datatype: typeof data[0] === 'string' ? 'BYTES' : 'FP32',
    shape: [rows, 1],
    data,
  }));
}

/** The protocol's binary form: the JSON part, then each tensor's bytes. */
export function binaryRequest(
  tensors: readonly Tensor[],
  extra: Readonly<Record<string, unknown>> = {},
): { readonly body: Buffer; readonly headers: Record<string, string> } {
  const head = Buffer.from(
    JSON.stringify({
      ...extra,
      inputs: tensors.map(({ name, datatype, shape, data }) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: data.byteLength },
      })),
    }),
  );
  return {
    body: Buffer.concat([head, ...tensors.map((tensor) => tensor.data)]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.byteLength),
    },
  };
}
