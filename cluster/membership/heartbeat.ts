/** What a process says about itself several times a second, and the check of what others say. */
import { invalid } from '../../proto/errors.ts';
import { isName, quoteShort } from '../../proto/names.ts';
import { PARTITIONS_MAX } from '../hash.ts';
import { WEIGHT_MAX } from '../placement/rendezvous.ts';
import { sameBits } from './bitset.ts';
import { incarnationOf } from './incarnation.ts';

export type Heartbeat = {
  /** name.incarnation: unique per start. */
  readonly node: string;
  /** Stable across restarts. */
  readonly name: string;
  /** 'gateway', 'shard', 'worker'. */
  readonly role: string;
  /** Fit to take requests. */
  readonly ready: boolean;
  /** Draining; the last heartbeat of this start. */
  readonly leaving: boolean;
  /** Placement epoch this process acts on; 0 before it has one. */
  readonly epoch: number;
  /** name/version of each model ready here. */
  readonly models: readonly string[];
  /** Partitions whose replica here is fit to serve (bitset.ts); bit `partitions` is the `everywhere` log. */
  readonly caughtUp: Uint8Array;
  /** Requests waiting here. */
  readonly queueDepth: number;
  /** Empty where the process has no device. */
  readonly device: string;
  /** Empty where it serves none. */
  readonly httpUrl: string;
  readonly metricsUrl: string;
  /** Share of the partitions relative to other shards. */
  readonly weight: number;
  readonly pid: number;
  /** Where processes of the same machine may connect directly; empty where they can't. */
  readonly localEndpoint: string;
  /** Why this process cannot serve what it should, for people; empty or absent when it can. */
  readonly trouble?: string;
  /** Serves from a replica that is far behind the log: others are preferred. */
  readonly lagging?: boolean;
};

export const MODELS_MAX = 4096;
const TEXT_CHARS_MAX = 512;
const CAUGHT_UP_BYTES_MAX = Math.ceil((PARTITIONS_MAX + 1) / 8);

/** Throws INVALID_ARGUMENT for a heartbeat that no process of ours would send. Returns its incarnation. */
export function checkHeartbeat(heartbeat: Heartbeat): string {
  const { node, name } = heartbeat;
  if (!isName(name)) throw invalid(`heartbeat has the member name ${quoteShort(name)}`);
  const incarnation = incarnationOf(node, name);
  if (incarnation === null) throw invalid(`heartbeat of '${name}' has the node ${quoteShort(node)}`);
  const refuse = (what: string): never => {
    throw invalid(`heartbeat of '${node}' has ${what} out of bounds`);
  };
  if (!isName(heartbeat.role)) refuse('a role');
  for (const text of [heartbeat.device, heartbeat.httpUrl, heartbeat.metricsUrl, heartbeat.localEndpoint]) {
    if (text.length > TEXT_CHARS_MAX) refuse('a device or URL');
  }
  if ((heartbeat.trouble ?? '').length > TEXT_CHARS_MAX) refuse('a trouble');
  if (heartbeat.models.length > MODELS_MAX) refuse('a model list');
  for (const model of heartbeat.models) if (model.length > TEXT_CHARS_MAX) refuse('a model name');
  if (heartbeat.caughtUp.byteLength > CAUGHT_UP_BYTES_MAX) refuse('a set of partitions');
  if (!(heartbeat.weight >= 0 && heartbeat.weight <= WEIGHT_MAX)) refuse('a weight');
  return incarnation;
}

/** Whether they say the same about everything but load (`queueDepth`), which changes all the time. */
export function sameStanding(a: Heartbeat, b: Heartbeat): boolean {
  return (
    a.node === b.node &&
    a.role === b.role &&
    a.ready === b.ready &&
    a.leaving === b.leaving &&
    a.epoch === b.epoch &&
    a.weight === b.weight &&
    a.device === b.device &&
    a.httpUrl === b.httpUrl &&
    a.metricsUrl === b.metricsUrl &&
    a.pid === b.pid &&
    a.localEndpoint === b.localEndpoint &&
    (a.trouble ?? '') === (b.trouble ?? '') &&
    (a.lagging === true) === (b.lagging === true) &&
    a.models.length === b.models.length &&
    a.models.every((model, i) => model === b.models[i]) &&
    sameBits(a.caughtUp, b.caughtUp)
  );
}
