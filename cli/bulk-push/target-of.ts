/** Asks the gateway what rows of a view, or events of a stream, are made of. */
import { ServingError } from '../../proto/errors.ts';
import { askGateway } from '../gateway-client.ts';
import type { BatchLimits } from '../row-files/row-file.ts';
import type { Target } from '../row-files/target.ts';

export type PushTarget = Target & {
  /** How far the gateway's clock is ahead of this one, ms, to about a second. */
  readonly clockAheadMs: number;
  /** Of one request. */
  readonly limits: BatchLimits;
};

type Described = {
  readonly name: string;
  readonly kind: 'view' | 'stream';
  readonly time_field: string;
  readonly entity?: { readonly key: string };
  readonly entities?: readonly { readonly key: string }[];
  readonly features?: readonly Named[];
  readonly fields?: readonly Named[];
  readonly push?: { readonly rows_max: number; readonly body_bytes_max: number };
};
type Named = { readonly name: string; readonly type: string };

/** Clocks that differ by less are taken for the same: the gateway says its time in whole seconds. */
const CLOCKS_AGREE_MS = 2_000;

/** Rejects with NOT_FOUND for a name that the app does not define, UNAVAILABLE where no gateway answers. */
export async function askTarget(base: string, name: string): Promise<PushTarget> {
  let dateMs = Number.NaN;
  const answer = await askGateway(base, 'GET', `/v1/features/${encodeURIComponent(name)}`, undefined, (headers) => {
    dateMs = Date.parse(headers.get('date') ?? '');
  });
  const aheadMs = dateMs - Date.now();
  const described = answer as Described;
  const { kind, time_field: timeField, entity, entities } = described;
  const keyFields = (entities ?? (entity === undefined ? [] : [entity])).map(({ key }) => key);
  const fields = described.features ?? described.fields;
  const { push } = described;
  if (push === undefined || (kind !== 'view' && kind !== 'stream') || keyFields.length === 0 || fields === undefined) {
    throw new ServingError('UNIMPLEMENTED', 'edge', `the gateway at ${base} does not say what '${name}' is made of`);
  }
  return {
    name,
    kind,
    keyFields: [...new Set(keyFields)],
    timeField,
    types: new Map(fields.map((field) => [field.name, field.type])),
    limits: { rowsMax: push.rows_max, bytesMax: push.body_bytes_max },
    clockAheadMs: Math.abs(aheadMs) < CLOCKS_AGREE_MS || Number.isNaN(aheadMs) ? 0 : aheadMs,
  };
}
