/**
 * What must be stored after a log, worked out from the rules on plain lists and maps, in the most obvious way: for holding
 * replicas, snapshots and exports against. Shares nothing with the code that it judges but the definitions.
 */
import {
  aggregate,
  count,
  distinct,
  last,
  max,
  mean,
  min,
  sinceLast,
  stream,
  sum,
} from '../../cluster/catalog/streams.ts';
import { bool, defineApp, entity, float32, int64, string, vector, view } from '../../cluster/catalog/views.ts';
import { hashText } from '../../cluster/hash.ts';

export const MINUTE_MS = 60_000;
export const user = entity({ name: 'user', key: 'user_id' });

export const profile = view({
  name: 'profile',
  entity: user,
  ttl: '2h',
  features: {
    age: int64({ default: 30 }),
    score: float32(),
    vip: bool(),
    plan: string({ vocabulary: ['free', 'paid'] }),
    taste: vector(2),
  },
});

const LATENESS_MINUTES = 10;
export const payments = stream({
  name: 'payments',
  allowedLateness: `${LATENESS_MINUTES}m`,
  fields: { amount: float32(), merchant: string() },
});

export const spending = aggregate({
  name: 'spending',
  entity: user,
  stream: payments,
  bucket: '1m',
  features: {
    n_5m: count('5m'),
    n_1h: count('1h'),
    spend_5m: sum('amount', '5m'),
    spend_1h: sum('amount', '1h'),
    mean_1h: mean('amount', '1h'),
    least_5m: min('amount', '5m'),
    most_1h: max('amount', '1h'),
    last_1h: last('amount', '1h'),
    shops_1h: distinct('merchant', '1h'),
    since_1h: sinceLast('1h'),
  },
});

export const app = defineApp({ views: [profile, spending] });

export type ProfileRow = {
  readonly age?: number | null;
  readonly score?: number | null;
  readonly vip?: boolean | null;
  readonly plan?: string | null;
  readonly taste?: readonly number[] | null;
};

/** What was pushed, in the log's order. Amounts are whole numbers, so that sums are exact in any order. */
export type Written =
  | { readonly kind: 'row'; readonly key: string; readonly eventMs: number; readonly row: ProfileRow }
  | { readonly kind: 'delete'; readonly view: 'profile' | 'spending'; readonly key: string; readonly eventMs: number }
  | {
      readonly kind: 'event';
      readonly key: string;
      readonly eventMs: number;
      readonly id: string | null;
      readonly amount: number | null;
      readonly merchant: string | null;
    };

type Event = Extract<Written, { kind: 'event' }>;
export type Features = Readonly<Record<string, unknown>>;

/** The profile of a key after these writes, or null where there is none; time to live is not looked at. */
export function profileOf(writes: readonly Written[], key: string): { eventMs: number; features: Features } | null {
  let newest: Exclude<Written, Event> | null = null;
  for (const one of writes) {
    if (one.key !== key || one.kind === 'event' || (one.kind === 'delete' && one.view !== 'profile')) continue;
    if (newest === null || one.eventMs >= newest.eventMs) newest = one;
  }
  if (newest === null || newest.kind === 'delete') return null;
  const { age = null, score = null, vip = null, plan = null, taste = null } = newest.row;
  const word = plan === null ? null : plan === 'free' || plan === 'paid' ? plan : '';
  return {
    eventMs: newest.eventMs,
    features: { age: age === null ? null : BigInt(age), score, vip, plan: word, taste },
  };
}

/** The spending of a key after these writes as of a time, or null where no event of it counts. */
export function spendingOf(
  writes: readonly Written[],
  key: string,
  atMs: number,
): { eventMs: number; features: Features } | null {
  const events = countedEvents(writes, key);
  if (events.length === 0) return null;
  const bucket = (ms: number) => Math.floor(ms / MINUTE_MS);
  const within = (minutes: number) =>
    events.filter(({ eventMs }) => bucket(eventMs) <= bucket(atMs) && bucket(eventMs) > bucket(atMs) - minutes);
  const [short, long] = [within(5), within(60)];
  const amounts = (list: readonly Event[]) => list.flatMap(({ amount }) => (amount === null ? [] : [amount]));
  const total = (list: readonly Event[]) => amounts(list).reduce((all, amount) => all + amount, 0);
  const newestFirst = [...long].reverse().sort((a, b) => b.eventMs - a.eventMs);
  const nullable = (list: readonly number[], of: (list: readonly number[]) => number) =>
    list.length === 0 ? null : of(list);
  return {
    eventMs: Math.max(...events.map(({ eventMs }) => eventMs)),
    features: {
      n_5m: BigInt(short.length),
      n_1h: BigInt(long.length),
      spend_5m: total(short),
      spend_1h: total(long),
      mean_1h: nullable(amounts(long), (list) => Math.fround(total(long) / list.length)),
      least_5m: nullable(amounts(short), (list) => Math.min(...list)),
      most_1h: nullable(amounts(long), (list) => Math.max(...list)),
      last_1h: newestFirst.find(({ amount }) => amount !== null)?.amount ?? null,
      shops_1h: BigInt(new Set(long.flatMap(({ merchant }) => (merchant === null ? [] : [hashText(merchant)]))).size),
      since_1h: long.length === 0 ? null : Math.fround(Math.max(0, atMs - newestFirst[0]!.eventMs) / 1_000),
    },
  };
}

/** Events of a key that count, in the log's order. */
function countedEvents(writes: readonly Written[], key: string): Event[] {
  let counted: Event[] = [];
  let floorMs = Number.NEGATIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const one of writes) {
    if (one.key !== key || one.kind === 'row') continue;
    if (one.kind === 'delete') {
      if (one.view !== 'spending' || one.eventMs < newestMs) continue;
      [counted, floorMs, newestMs] = [[], one.eventMs, one.eventMs];
      continue;
    }
    if (one.eventMs <= floorMs) continue;
    if (one.id !== null && counted.some(({ id }) => id === one.id)) continue;
    counted.push(one);
    newestMs = Math.max(newestMs, one.eventMs);
    floorMs = Math.max(floorMs, newestMs - LATENESS_MINUTES * MINUTE_MS);
  }
  return counted;
}
