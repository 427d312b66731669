/** A curl line to paste: made from what the cluster says its first model needs, so that it works as it stands. */

import { systemClock } from '../cluster/clock.ts';

type Metadata = {
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
};

/** Values that make sense for the fraud example; other models get zeros of the right type. */
function exampleValue(name: string, datatype: string): unknown {
  const known: Readonly<Record<string, unknown>> = {
    merchant_id: 'm7',
    amount: 129.9,
    hour: new Date(systemClock.wallMs()).getUTCHours(),
    country_mismatch: 0,
    new_device: 1,
  };
  return known[name] ?? (datatype === 'BYTES' ? 'text' : 0);
}

/** Null where no model is served, or none whose inputs are all one value a row. */
export async function exampleRequest(url: string): Promise<string | null> {
  const index = (await (await fetch(`${url}/v1/cluster`)).json()) as { members: { models: string[] }[] };
  for (const model of new Set(index.members.flatMap((member) => member.models.map((key) => key.split('/')[0]!)))) {
    const metadata = await fetch(`${url}/v2/models/${model}`);
    // A model that a worker has loaded may still be refused: its manifest contradicts the views. Another may serve.
    if (metadata.status !== 200) continue;
    const request = requestFor(url, model, (await metadata.json()) as Metadata);
    if (request !== null) return request;
  }
  return null;
}

function requestFor(url: string, model: string, { inputs }: Metadata): string | null {
  if (inputs.some((input) => input.shape.slice(1).some((dimension) => dimension !== 1))) return null;
  const key = inputs.find((input) => input.name.endsWith('_id') && input.datatype === 'BYTES');
  const values = Object.fromEntries(
    inputs.filter((input) => input !== key).map((input) => [input.name, exampleValue(input.name, input.datatype)]),
  );
  const body = JSON.stringify({ ...(key === undefined ? {} : { [key.name]: 'u42' }), inputs: values });
  return `  curl -s ${url}/v1/predict/${model} -H 'content-type: application/json' -d '${body}'`;
}
