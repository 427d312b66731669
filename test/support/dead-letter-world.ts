/** An app before and after somebody added the stream that its gateways already knew, and poison of every kind. */
import { ROW_OPS } from '../../cluster/catalog/apply-row.ts';
import { packValues } from '../../cluster/catalog/record.ts';
import { aggregate, count, stream, sum } from '../../cluster/catalog/streams.ts';
import { type App, defineApp, entity, float32, view } from '../../cluster/catalog/views.ts';
import { encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';

export const BOUNDS = { replicas: 1, ageMsMax: 86_400_000, bytesMax: 16 * 1024 * 1024 };

const user = entity({ name: 'user', key: 'user_id' });
export const plain = view({ name: 'plain', entity: user, features: { score: float32() } });
export const clicks = stream({ name: 'clicks', allowedLateness: '1h', fields: { price: float32() } });
export const clicked = aggregate({
  name: 'clicked',
  entity: user,
  stream: clicks,
  bucket: '1m',
  features: { clicks: count('1h'), spent: sum('price', '1h') },
});

export const oldApp: App = defineApp({ views: [plain] });
export const mendedApp: App = defineApp({ views: [plain, clicked] });

export const key = (text: string): Uint8Array => new TextEncoder().encode(text);

export function plainRow(who: string, score: number, overrides: Partial<LogRow> = {}): LogRow {
  const values = packValues(plain, { score }, []);
  return { key: key(who), eventMs: 1_000 + score, values, op: ROW_OPS.put, idA: 0, idB: 0, ...overrides };
}

export function plainBatch(...rows: LogRow[]): Uint8Array {
  return encodeRowBatch({ view: 'plain', version: 1, schemaHash: plain.schemaHash, rows });
}

/** Events without an id where `id` is 0. */
export function clickBatch(who: string, ...events: { atMs: number; price: number; id: number }[]): Uint8Array {
  const rows = events.map(({ atMs, price, id }) => {
    const values = packValues(clicks, { price }, []);
    return { key: key(who), eventMs: atMs, values, op: ROW_OPS.put, idA: id, idB: id };
  });
  return encodeRowBatch({ stream: 'clicks', schemaHash: clicks.schemaHash, entity: 'user', everywhere: false, rows });
}

/** Messages of which something is poison, with a pattern for each reason. */
export const POISON: readonly { readonly bytes: Uint8Array; readonly whys: readonly RegExp[] }[] = [
  { bytes: new Uint8Array([255, 255, 255]), whys: [/not a batch/] },
  { bytes: encodeRowBatch({ view: 'no view!', rows: [plainRow('a', 1)] }), whys: [/a view named/] },
  { bytes: clickBatch('a', { atMs: 1_000, price: 2, id: 7 }), whys: [/stream .clicks., which this app does not/] },
  {
    bytes: plainBatch(
      plainRow('good', 1),
      plainRow('', 2),
      plainRow('late', 3, { eventMs: Number.NaN }),
      plainRow('odd', 4, { op: 9 }),
      plainRow('short', 5, { values: new Uint8Array(3) }),
      plainRow('good2', 6),
      plainRow('', 7),
    ),
    whys: [/without a key/, /event time/, /unknown operation/, /another length/],
  },
];
