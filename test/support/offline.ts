/** What the tests of training sets and replay share: labels from questions, and what the online store answers to them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Replica } from '../../actors/feature-shard/replica.ts';
import type { LabelKeys, Labels } from '../../actors/offline/labels.ts';
import { ArchiveWriter } from '../../cli/offline/archive-writer.ts';
import { assemble } from '../../cluster/catalog/assemble.ts';
import { materialize } from '../../cluster/catalog/materialize.ts';
import { readValue, recordEventMs } from '../../cluster/catalog/record.ts';
import { compilePlan, type ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { View } from '../../cluster/catalog/views.ts';
import { partitionOf } from '../../cluster/hash.ts';
import { silentLog } from '../../cluster/log.ts';
import type { LogExtent, LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { decodeRowBatch } from '../../proto/row-batch.ts';
import { packBytes } from '../../proto/tensor.ts';
import { specOf, tensor } from './plans.ts';
import { anyHistory, app, PARTITIONS, placeOf, type Question, views } from './random-history.ts';

const utf8 = new TextEncoder();

function keysOf(texts: readonly (string | null)[]): LabelKeys {
  const distinct = [...new Set(texts.filter((text) => text !== null))];
  return {
    index: Int32Array.from(texts, (text) => (text === null ? -1 : distinct.indexOf(text))),
    distinct: distinct.map((text) => utf8.encode(text)),
  };
}

export function labelsOf(questions: readonly Question[]): Labels {
  return {
    count: questions.length,
    atMs: Float64Array.from(questions, (one) => one.atMs),
    keys: new Map([
      ['user_id', keysOf(questions.map((one) => one.user))],
      ['merchant_id', keysOf(questions.map((one) => one.merchant))],
    ]),
  };
}

/** All views' features among FP32 columns, whole ones among INT64 columns, and a request input and a transform behind them. */
export function modelPlan(): ServingPlan {
  const floats = [
    'profile.score',
    'profile.taste',
    'spend.sum_3s',
    'spend.mean_10s',
    'shop.risk',
    'takings.sum_3s',
    'profile.late',
  ];
  const whole = ['profile.visits', 'profile.vip', 'profile.tier', 'spend.count_3s', 'shop.open', 'takings.count_10s'];
  const columns = (names: readonly string[]) => names.map((feature) => ({ feature }));
  return compilePlan(
    specOf(
      {
        entity: 'user',
        request: { amount: { datatype: 'FP32' }, note: { datatype: 'BYTES', shape: [1] } },
        inputs: [
          { name: 'x', columns: [...columns(floats), { request: 'amount' }, { transform: 'blend' }] },
          { name: 'n', columns: columns(whole) },
        ],
      },
      [tensor('x', 'FP32', -1, 11), tensor('n', 'INT64', -1, 6)],
    ),
    app,
  );
}

/** One answer of the online store, and where it stood. */
export type Answer = {
  /** By `view__feature`, and `view__status`. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly floats: readonly number[];
  readonly whole: readonly bigint[];
  readonly seq: number;
  readonly everywhereSeq: number;
  /** Bytes of each view's row, in hex. */
  readonly rows: Readonly<Record<string, string>>;
};

/** Real replicas in a scratch directory; `remove` when done. */
export class OnlineStores {
  readonly #directory: string;
  #opened = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async make(): Promise<OnlineStores> {
    return new OnlineStores(await mkdtemp(join(tmpdir(), 'offline-')));
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** What a replica answers at each question's moment, having applied exactly the messages created by then. */
  async answers(history: readonly LoggedMessage[], questions: readonly Question[]): Promise<Answer[]> {
    const directory = join(this.#directory, String(this.#opened++));
    const replica = new Replica({ directory, app, log: silentLog });
    const answers = new Array<Answer>(questions.length);
    let applied = 0;
    const order = questions.map((_, i) => i).sort((a, b) => questions[a]!.atMs - questions[b]!.atMs);
    for (const i of order) {
      const question = questions[i]!;
      const due = history.slice(applied).filter((message) => message.createdMs <= question.atMs);
      applied += due.length;
      if (due.length > 0) await replica.apply(due);
      answers[i] = answerOf(replica, question);
    }
    await replica.close();
    await rm(directory, { recursive: true, force: true });
    return answers;
  }
}

const plan = modelPlan();

function answerOf(replica: Replica, { user, merchant, atMs }: Question): Answer {
  const values: Record<string, unknown> = {};
  const rows: Record<string, string> = {};
  for (const view of views) {
    const key = view.entity.name === 'user' ? user : merchant;
    rows[view.name] = key === null ? '' : readView(replica, view, key, atMs, values);
    if (key === null) readNothing(view, values);
  }
  const userKey = utf8.encode(user ?? '');
  const amount = new Uint8Array(Float32Array.of(atMs % 97).buffer);
  // What a request carries, in the plan's order.
  const inputs = plan.requestInputs.map((input) => {
    if (input.name === 'note') return packBytes([utf8.encode(noteOf(atMs))]);
    return input.name === 'amount' ? amount : packBytes([utf8.encode(merchant ?? '')]);
  });
  const request = {
    keys: [userKey],
    partitions: [partitionOf(userKey, PARTITIONS)],
    inputs,
    rows: 1,
    wallMs: atMs,
    maxAgeMs: 0,
  };
  const assembled = assemble(plan, request, PARTITIONS, (view, partition, key) => replica.lookup(view, partition, key));
  const [x, n] = assembled.inputs.map((bytes) => bytes.slice());
  return {
    values,
    floats: [...new Float32Array(x!.buffer)],
    whole: [...new BigInt64Array(n!.buffer)],
    seq: replica.appliedSeq(partitionOf(userKey, PARTITIONS)),
    everywhereSeq: replica.appliedSeq(PARTITIONS),
    rows,
  };
}

/** Some text, for a request. */
export function noteOf(atMs: number): string {
  return 'ü'.repeat(atMs % 4);
}

function readNothing(view: View, values: Record<string, unknown>): void {
  values[`${view.name}__status`] = 'missing';
  for (const feature of view.features) values[`${view.name}__${feature.name}`] = feature.default;
}

/** As the shard reads; returns the row's bytes behind its header. */
function readView(replica: Replica, view: View, key: string, atMs: number, values: Record<string, unknown>): string {
  readNothing(view, values);
  const row = materialize(view, replica.lookup(view, placeOf(view, key), utf8.encode(key)), atMs);
  if (row === null) return '';
  const bytes = Buffer.from(row.bytes.slice(24, row.length)).toString('hex');
  if (view.ttlMs !== 0 && atMs - recordEventMs(row) > view.ttlMs) {
    values[`${view.name}__status`] = 'expired';
    return bytes;
  }
  values[`${view.name}__status`] = 'present';
  for (const feature of view.features) {
    const value = readValue(view, feature, row);
    if (value !== null) values[`${view.name}__${feature.name}`] = value;
  }
  return bytes;
}

export async function* inMemory(history: readonly LoggedMessage[]): AsyncGenerator<LoggedMessage> {
  yield* history;
}

export const extentOf = (history: readonly LoggedMessage[]): LogExtent => ({
  createdText: 'one log',
  firstSeq: 1,
  lastSeq: history.length,
  trimmed: 0,
});

export async function archived(
  directory: string,
  history: readonly LoggedMessage[],
  flushEvery: number,
): Promise<void> {
  const writer = await ArchiveWriter.open({ directory, app, partitions: PARTITIONS }, extentOf(history));
  for (const message of history.slice(writer.nextSeq - 1)) {
    await writer.add(message);
    if (message.seq % flushEvery === 0) await writer.flush();
  }
  await writer.flush();
  await writer.close();
}

/** One history that has something of everything. */
export function longHistory(): LoggedMessage[] {
  return fc.sample(anyHistory(40), { seed: 7, numRuns: 60 }).find((one) => {
    return (
      one.length > 30 && one.some((message) => decodeRowBatch(message.bytes)?.view === 'profile' && message.seq < 5)
    );
  })!;
}
