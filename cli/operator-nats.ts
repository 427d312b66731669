/** NATS for commands that look after a cluster, and are no part of it. */
import { systemClock } from '../cluster/clock.ts';
import type { Config, SettingName } from '../cluster/config.ts';
import { silentLog } from '../cluster/log.ts';
import { connectNats, type NatsLink } from '../cluster/nats/nats-link.ts';
import type { PlacementTable } from '../cluster/placement/placement-table.ts';
import { decodeTable } from '../cluster/placement/table-codec.ts';
import { ServingError } from '../proto/errors.ts';
import { BUCKETS, PLACEMENT_KEY } from '../proto/subjects.ts';
import { UsageError } from './command.ts';

export const NATS_SETTINGS: readonly SettingName[] = [
  'natsUrl',
  'natsPort',
  'natsCredentials',
  'natsNkey',
  'natsTlsCa',
];

const CONNECT_TIMEOUT_MS = 5_000;

/** Where the cluster's NATS is: as given, or where `dovetail up` starts one. */
export function operatorNatsUrl(config: Config): string {
  return config.natsUrl === '' ? `nats://127.0.0.1:${config.natsPort}` : config.natsUrl;
}

export function connectOperator(config: Config): Promise<NatsLink> {
  return connectNats({
    url: operatorNatsUrl(config),
    name: 'dovetail-operator',
    clock: systemClock,
    log: silentLog,
    credentialsFile: config.natsCredentials === '' ? undefined : config.natsCredentials,
    nkeySeedFile: config.natsNkey === '' ? undefined : config.natsNkey,
    tlsCaFile: config.natsTlsCa === '' ? undefined : config.natsTlsCa,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
}

/** Rejects with UNAVAILABLE where no cluster has ever placed anything on this NATS. */
export async function placementOn(nats: NatsLink, url: string): Promise<PlacementTable> {
  const entry = await (await nats.keyValue(BUCKETS.cluster)).get(PLACEMENT_KEY);
  if (entry === null)
    throw new ServingError('UNAVAILABLE', 'edge', `no cluster at ${url} has placed its partitions yet`);
  return decodeTable(entry.value);
}

/** Numbers and ranges by comma: "0,4-7". Undefined for no text. Throws UsageError for other text. */
export function parsePartitions(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    if (from === undefined || Number(to ?? from) < Number(from))
      throw new UsageError(
        `--partitions must be numbers and ranges by comma, such as 0,4-7; got "${part.slice(0, 40)}"`,
      );
    for (let one = Number(from); one <= Number(to ?? from); one++) found.add(one);
  }
  return [...found].sort((a, b) => a - b);
}

/** Says how far something is on standard error, on one line where that is a terminal. */
export function sayProgress(text: string): void {
  if (process.stderr.isTTY === true) process.stderr.write(`\r\x1b[K${text}`);
}

/** Runs `act` for each item, `limit` at a time. */
export async function eachOf<T>(items: readonly T[], limit: number, act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items].reverse();
  const worker = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
