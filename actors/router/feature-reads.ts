/**
 * Reads features for people and services: keys are scattered to the owners of their partitions and gathered in order.
 * A refusal or a process that left costs another try elsewhere, inside the deadline.
 */

import type { ActorContext } from '../../cluster/actors/actor-system.ts';
import { versionKey, viewNames } from '../../cluster/catalog/app.ts';
import { inLayoutOf } from '../../cluster/catalog/materialize.ts';
import { readValue, recordBytes } from '../../cluster/catalog/record.ts';
import { type App, type Feature, findView, type View } from '../../cluster/catalog/views.ts';
import type { TimerHandle } from '../../cluster/clock.ts';
import { partitionOf } from '../../cluster/hash.ts';
import type { Random } from '../../cluster/random.ts';
import { codeFromNumber, ERROR_RULES, notFound, ServingError } from '../../proto/errors.ts';
import {
  errorOf,
  MIN_SEQ_WAIT_SHARE,
  type ReadBound,
  type ReadFeaturesReply,
  ROW_STATUS,
  UNBOUND,
} from '../../proto/letters.ts';
import { checkEntityKey, quoteShort } from '../../proto/names.ts';
import { chooseTarget, splitByOwner } from './choose.ts';
import type { FeatureReadRow, FeatureValue } from './gateway-port.ts';
import { checkReadBound, minSeqsOf } from './read-bound.ts';
import type { RoutingTable, Target } from './routing-table.ts';

type ReadCall = {
  readonly view: View;
  readonly features: readonly Feature[];
  readonly keys: readonly Uint8Array[];
  readonly texts: readonly string[];
  readonly partitions: readonly number[];
  readonly bound: ReadBound;
  readonly rows: (FeatureReadRow | undefined)[];
  readonly deadlineMs: number;
  readonly values: number;
  rowsLeft: number;
  timer: TimerHandle;
  lastFailure: string;
  settle: (result: readonly FeatureReadRow[] | ServingError) => void;
  done: boolean;
};

type ReadPart = { readonly call: ReadCall; readonly rows: readonly number[]; readonly target: Target };

const KEYS_MAX = 10_000;
/** Numbers and texts of one answer, and of all that are being put together: each takes some 50 bytes, and again as JSON. */
const VALUES_MAX = 1_000_000;
const VALUES_IN_FLIGHT_MAX = 4 * VALUES_MAX;
const KEYS_PER_PART_MAX = 512;
const RETRY_MS = 20;
const SILENCE_MS = 250;

export class FeatureReads {
  readonly #context: ActorContext;
  readonly #app: App;
  readonly #routing: RoutingTable;
  readonly #random: Random;
  readonly #parts = new Map<number, ReadPart>();
  readonly #calls = new Set<ReadCall>();
  #nextId = 1;
  #valuesInFlight = 0;

  constructor(context: ActorContext, app: App, routing: RoutingTable, random: Random) {
    this.#context = context;
    this.#app = app;
    this.#routing = routing;
    this.#random = random;
  }

  get views(): ReadonlyMap<string, View> {
    return this.#app.views;
  }

  /**
   * One row a key, in order, with the named features or all of them, as fresh as `bound` asks. Rejects with NOT_FOUND
   * (view), INVALID_ARGUMENT (keys, features, bound), RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED.
   */
  async read(
    viewName: string,
    texts: readonly string[],
    timeoutMs: number,
    featureNames?: readonly string[],
    bound: ReadBound = UNBOUND,
  ): Promise<readonly FeatureReadRow[]> {
    const view = findView(this.#app, viewName);
    if (view === undefined) throw notFound(`no view '${viewName}'; this app defines: ${viewNames(this.#app)}`);
    if (texts.length > KEYS_MAX)
      throw new ServingError(
        'INVALID_ARGUMENT',
        'edge',
        `${texts.length} keys in one read; at most ${KEYS_MAX} are allowed`,
      );
    const partitionCount = this.#routing.partitions;
    if (partitionCount === 0)
      throw new ServingError(
        'UNAVAILABLE',
        'route',
        'the placement of users is not known yet; the cluster is still starting',
      );
    checkReadBound(bound, texts.length, partitionCount);
    if (texts.length === 0) return [];
    const features = featureNames === undefined ? view.features : featureNames.map((name) => featureOf(view, name));
    const values = this.#checkValues(view, features, texts.length);
    const keys = texts.map((text) => keyOf(view, text));
    const partitions = keys.map((key) =>
      view.placement === 'everywhere' ? partitionCount : partitionOf(key, partitionCount),
    );
    return new Promise((resolve, reject) => {
      const call: ReadCall = {
        view,
        features,
        keys,
        texts,
        partitions,
        bound,
        rows: new Array<FeatureReadRow | undefined>(keys.length),
        deadlineMs: this.#context.clock.nowMs() + timeoutMs,
        values,
        rowsLeft: keys.length,
        timer: this.#context.after(timeoutMs, () => this.#expire(call, timeoutMs)),
        lastFailure: '',
        done: false,
        settle: (result) => (result instanceof ServingError ? reject(result) : resolve(result)),
      };
      this.#calls.add(call);
      this.#valuesInFlight += values;
      this.#scatter(
        call,
        keys.map((_, row) => row),
        [],
      );
    });
  }

  /** Values that the answer would hold. Throws where they are more than one answer, or all under way, may have. */
  #checkValues(view: View, features: readonly Feature[], keys: number): number {
    const perKey = features.reduce((sum, feature) => sum + feature.defaultCells.length, 0);
    const values = keys * perKey;
    if (values > VALUES_MAX)
      throw new ServingError(
        'INVALID_ARGUMENT',
        'edge',
        `${keys} keys of '${view.name}' are ${values} values; at most ${VALUES_MAX} are answered at once, so ask for at most ${Math.floor(VALUES_MAX / perKey)} keys`,
      );
    if (this.#valuesInFlight + values > VALUES_IN_FLIGHT_MAX)
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        'edge',
        `${this.#valuesInFlight} values are being read here; read again later, or fewer keys at a time`,
      );
    return values;
  }

  /** Reads under way are answered with UNAVAILABLE. */
  stop(): void {
    const stopping = new ServingError('UNAVAILABLE', 'edge', 'this gateway is stopping');
    for (const call of [...this.#calls]) this.#settle(call, stopping);
  }

  onReply(reply: ReadFeaturesReply): void {
    const part = this.#parts.get(reply.id);
    if (part === undefined) return;
    this.#parts.delete(reply.id);
    part.target.outstanding--;
    const { call } = part;
    if (call.done) return;
    if (reply.failure !== null && reply.failure !== undefined) {
      const error = errorOf(reply.failure);
      call.lastFailure = error.message;
      if (ERROR_RULES[codeFromNumber(reply.failure.code)].routerRetries) this.#again(part, [part.target.node]);
      else this.#settle(call, error);
      return;
    }
    let unreadable = false;
    part.rows.forEach((row, i) => {
      if (call.rows[row] !== undefined) return;
      const read = readRow(call, row, reply, i);
      unreadable ||= read === null;
      if (read === null) return;
      call.rows[row] = read;
      call.rowsLeft--;
    });
    if (unreadable) {
      // Defaults in their place would pass for what is stored.
      call.lastFailure = `'${part.target.node}' serves a newer definition of view '${call.view.name}' than this gateway knows; restart the gateway with the app's new version`;
      this.#again(part, [part.target.node]);
    } else if (call.rowsLeft === 0) this.#settle(call, call.rows as FeatureReadRow[]);
  }

  #scatter(call: ReadCall, rows: readonly number[], avoid: readonly string[]): void {
    if (call.done) return;
    const groups = splitByOwner(
      rows.map((row) => call.partitions[row]!),
      (partition) => this.#routing.owners(partition),
      KEYS_PER_PART_MAX,
      avoid,
      this.#random,
    );
    for (const group of groups) {
      const own = group.rows.map((i) => rows[i]!);
      const target = group.target ?? chooseTarget(this.#routing.owners(call.partitions[own[0]!]!), avoid, this.#random);
      if (target === null || !this.#send(call, own, target)) this.#later(call, own);
    }
  }

  #send(call: ReadCall, rows: readonly number[], target: Target): boolean {
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    const part: ReadPart = { call, rows, target };
    const partitions = rows.map((row) => call.partitions[row]!);
    const asked = call.bound.minSeq.length === 0 ? UNBOUND : minSeqsOf(call.bound, rows, partitions, null);
    const leftMs = call.deadlineMs - this.#context.clock.nowMs();
    const sent = this.#context.tell(target.address, {
      kind: 'readFeatures',
      body: {
        id,
        replyTo: this.#context.selfText,
        view: versionKey(call.view),
        keys: rows.map((row) => call.keys[row]!),
        partitions,
        epoch: this.#routing.epoch,
        budgetUs: Math.max(1, Math.round(leftMs * 1_000)),
        trace: null,
        schemaHash: call.view.schemaHash,
        minSeq: asked.minSeq,
        minPartitions: asked.minPartitions,
        maxAgeMs: call.bound.maxAgeMs,
      },
    });
    if (!sent) return false;
    this.#parts.set(id, part);
    target.outstanding++;
    // A shard that waits for a sequence says so in the end; it is not silent before.
    const waitMs = asked.minSeq.length === 0 ? 0 : leftMs * MIN_SEQ_WAIT_SHARE;
    this.#context.after(SILENCE_MS + waitMs, () => {
      if (!this.#parts.delete(id)) return;
      target.outstanding--;
      this.#again(part, [target.node]);
    });
    return true;
  }

  #again(part: ReadPart, avoid: readonly string[]): void {
    const missing = part.rows.filter((row) => part.call.rows[row] === undefined);
    const elsewhere = this.#routing
      .owners(part.call.partitions[part.rows[0]!]!)
      .some((owner) => !avoid.includes(owner.node));
    if (elsewhere) this.#scatter(part.call, missing, avoid);
    else this.#later(part.call, missing);
  }

  #later(call: ReadCall, rows: readonly number[]): void {
    this.#context.after(RETRY_MS, () => this.#scatter(call, rows, []));
  }

  #expire(call: ReadCall, timeoutMs: number): void {
    const last = call.lastFailure === '' ? '' : `; last refusal: ${call.lastFailure}`;
    this.#settle(
      call,
      new ServingError(
        'DEADLINE_EXCEEDED',
        'lookup',
        `${call.rowsLeft} of ${call.keys.length} keys of '${call.view.name}' were not read within ${timeoutMs} ms${last}`,
      ),
    );
  }

  #settle(call: ReadCall, result: readonly FeatureReadRow[] | ServingError): void {
    if (call.done) return;
    call.done = true;
    this.#calls.delete(call);
    this.#valuesInFlight -= call.values;
    call.timer.cancel();
    call.settle(result);
  }
}

/**
 * One row of the call from entry `i` of a shard's reply: what is too old was judged there, at the moment it names. Null
 * where the shard's definition of the view is not ours, nor one that ours grew from.
 */
function readRow(call: ReadCall, row: number, reply: ReadFeaturesReply, i: number): FeatureReadRow | null {
  const { view } = call;
  const status = reply.statuses[i];
  const found = status === ROW_STATUS.found;
  const record = found ? inLayoutOf(view, recordBytes(reply.records[i]!)) : NO_RECORD;
  if (record === null) return null;
  const stored = found || status === ROW_STATUS.expired;
  const values: Record<string, FeatureValue> = {};
  const defaulted: string[] = [];
  for (const feature of call.features) {
    const value = found ? readValue(view, feature, record) : null;
    values[feature.name] = value ?? feature.default;
    if (value === null) defaulted.push(`${view.name}.${feature.name}`);
  }
  const appliedSeq = reply.appliedSeq[i]!;
  return {
    key: call.texts[row]!,
    found,
    values,
    partition: call.partitions[row]!,
    applied_seq: appliedSeq,
    everywhere_seq: view.placement === 'everywhere' ? appliedSeq : null,
    as_of_ms: reply.asOfMs,
    age_ms: stored ? Math.max(0, reply.asOfMs - reply.eventMs[i]!) : null,
    event_time_ms: stored ? reply.eventMs[i]! : null,
    defaulted,
    expired: status === ROW_STATUS.expired ? defaulted : NOTHING,
  };
}

const NOTHING: readonly string[] = [];
const NO_RECORD = recordBytes(new Uint8Array(0));

function featureOf(view: View, name: string): Feature {
  const feature = view.featureByName.get(name);
  if (feature !== undefined) return feature;
  throw new ServingError('INVALID_ARGUMENT', 'edge', `view '${view.name}' has no feature ${quoteShort(name)}`);
}

function keyOf(view: View, text: string): Uint8Array {
  if (typeof text !== 'string' || !text.isWellFormed())
    throw new ServingError('INVALID_ARGUMENT', 'edge', `${view.entity.key} must be well-formed text`);
  const key = new TextEncoder().encode(text);
  checkEntityKey(view.entity.key, key);
  return key;
}
