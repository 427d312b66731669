/** Reads that ask for more of the log than a shard has applied: they wait, are woken or refused, and stay bounded. */
import { describe, expect, it } from 'vitest';
import { featureShard, type ShardState } from '../../../../actors/feature-shard/feature-shard.ts';
import { WAITING_READS_MAX } from '../../../../actors/feature-shard/waiting-reads.ts';
import { codeFromNumber } from '../../../../proto/errors.ts';
import { type Message, type ReadBound, UNBOUND } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { app, featurePlan } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';

const KEY = new TextEncoder().encode('u1');
const EVERYWHERE = 4;

/** A shard whose partitions the test applies by hand. */
class Scene {
  readonly context = new RecordingContext();
  readonly applied = new Map<number, number>();
  readonly served = new Set([0, 1, 2, 3, EVERYWHERE]);
  readonly durations: number[] = [];
  looks = 0;
  readonly shard;
  #onApplied = () => {};

  constructor() {
    const plan = featurePlan();
    const state: ShardState = {
      partitions: EVERYWHERE,
      epoch: 3,
      serves: (partition) => this.served.has(partition),
      plan: (model) => (model === plan.key ? plan : undefined),
      lookup: () => null,
      appliedSeq: (partition) => {
        this.looks++;
        return this.applied.get(partition) ?? 0;
      },
      onApplied: (listener) => {
        this.#onApplied = listener;
      },
    };
    const observer = {
      enriched: (_rows: number, seconds: number) => this.durations.push(seconds),
      read() {},
      refused() {},
      span: () => {
        throw new Error('nothing here is sampled');
      },
    };
    this.shard = featureShard(state, app, observer)(this.context);
  }

  apply(partition: number, seq: number): void {
    this.applied.set(partition, seq);
    this.#onApplied();
    this.context.clock.finishTurn();
  }

  enrich(id: number, minSeq: readonly number[], minPartitions: readonly number[], budgetUs = 1_000_000): void {
    this.shard.receive({
      kind: 'enrich',
      body: {
        id,
        replyTo: 'router.1/router',
        model: featurePlan().key,
        budgetUs,
        epoch: 3,
        keys: [KEY],
        partitions: [1],
        inputs: [new Uint8Array(4), packBytes([KEY])],
        worker: 'worker.1/model-worker',
        trace: null,
        dims: [],
        minSeq,
        minPartitions,
        maxAgeMs: 0,
      },
    });
  }

  read(id: number, bound: Partial<ReadBound> = {}, budgetUs = 1_000_000): void {
    this.shard.receive({
      kind: 'readFeatures',
      body: {
        id,
        replyTo: 'router.1/gateway',
        view: 'profile',
        keys: [KEY],
        partitions: [1],
        epoch: 3,
        budgetUs,
        trace: null,
        schemaHash: 0,
        ...UNBOUND,
        ...bound,
      },
    });
  }

  /** Kinds and ids of what was sent since the last call; a failure as its code and message. */
  sent(): unknown[] {
    return this.context.take().map(({ message }) => {
      const why = failureOf(message);
      return why === null ? [message.kind, message.body.id] : [message.kind, message.body.id, ...why];
    });
  }
}

function failureOf(message: Message): [string, string] | null {
  if (!('failure' in message.body) || message.body.failure === null) return null;
  return [codeFromNumber(message.body.failure.code), message.body.failure.message];
}

describe('a read that asks for a sequence', () => {
  it('that is applied is answered at once', () => {
    const scene = new Scene();
    scene.apply(1, 95);
    scene.enrich(7, [95], [1]);
    scene.read(8, { minSeq: [94], minPartitions: [1] });
    expect(scene.sent()).toEqual([
      ['compute', 7],
      ['readFeaturesReply', 8],
    ]);
  });

  it('that is not applied yet waits for exactly that, of every partition it names, and looks only when some is applied', () => {
    const scene = new Scene();
    scene.apply(1, 90);
    scene.enrich(7, [95, 40], [1, EVERYWHERE]);
    scene.read(8, { minSeq: [92], minPartitions: [1] });
    scene.context.clock.advance(100);
    const { looks } = scene;
    scene.context.clock.advance(300);
    expect(scene.looks).toBe(looks);
    scene.apply(1, 91);
    expect(scene.sent()).toEqual([]);
    scene.apply(1, 95);
    expect(scene.sent()).toEqual([['readFeaturesReply', 8]]);
    scene.apply(EVERYWHERE, 40);
    expect(scene.sent()).toEqual([['compute', 7]]);
    scene.context.clock.advance(2_000);
    scene.apply(1, 200);
    expect(scene.sent()).toEqual([]);
  });

  it('takes what it waited from the budget that it hands on, and does not count it as time of the lookup', () => {
    const scene = new Scene();
    scene.enrich(7, [5], [1]);
    scene.context.clock.advance(300);
    scene.apply(1, 5);
    const [sent] = scene.context.take();
    expect(sent!.message.body).toMatchObject({ budgetUs: 700_000, shardUs: 300_000 });
    expect(scene.durations).toEqual([0]);
  });

  it('is refused after half of its time with what is applied and what was asked, for another owner to try', () => {
    const scene = new Scene();
    scene.apply(1, 90);
    scene.enrich(7, [95], [1]);
    scene.read(8, { minSeq: [91], minPartitions: [1] }, 100_000);
    scene.context.clock.advance(49);
    expect(scene.sent()).toEqual([]);
    scene.context.clock.advance(6);
    const conflict = (seq: number) => `partition 1 is applied here up to 90; you asked for at least ${seq} (min_seq)`;
    expect(scene.sent()).toEqual([['readFeaturesReply', 8, 'FAILED_PRECONDITION', conflict(91)]]);
    scene.context.clock.advance(460);
    expect(scene.sent()).toEqual([['answer', 7, 'FAILED_PRECONDITION', conflict(95)]]);
    scene.apply(1, 95);
    expect(scene.sent()).toEqual([]);
  });

  it('is refused when woken where the partition has gone to others meanwhile', () => {
    const scene = new Scene();
    scene.enrich(7, [5], [1]);
    scene.served.delete(1);
    scene.apply(1, 5);
    expect(scene.sent()).toEqual([
      ['answer', 7, 'FAILED_PRECONDITION', 'this shard does not own partition 1 at epoch 3'],
    ]);
  });

  it('is dropped without an answer once its caller has gone, and others go on waiting', () => {
    const scene = new Scene();
    scene.enrich(7, [5], [1]);
    scene.enrich(8, [5], [1]);
    scene.shard.receive({ kind: 'cancel', body: { id: 7, replyTo: 'router.1/router' } });
    scene.shard.receive({ kind: 'cancel', body: { id: 8, replyTo: 'router.2/router' } });
    scene.context.clock.finishTurn();
    scene.apply(1, 5);
    expect(scene.sent()).toEqual([['compute', 8]]);
  });

  it('is refused when the shard stops, so that it is read elsewhere', () => {
    const scene = new Scene();
    scene.read(8, { minSeq: [5], minPartitions: [1] });
    scene.shard.stop?.();
    expect(scene.sent()).toEqual([['readFeaturesReply', 8, 'UNAVAILABLE', 'this shard is stopping']]);
    scene.context.clock.advance(2_000);
    expect(scene.sent()).toEqual([]);
  });
});

describe('reads for sequences that never come', () => {
  it('fill a bounded table; the next is refused at once, and reads that ask for nothing go on', () => {
    const scene = new Scene();
    for (let id = 1; id <= WAITING_READS_MAX; id++) scene.read(id, { minSeq: [2 ** 53 - 1], minPartitions: [1] });
    expect(scene.sent()).toEqual([]);
    scene.read(0, { minSeq: [2 ** 53 - 1], minPartitions: [1] });
    expect(scene.sent()).toEqual([
      [
        'readFeaturesReply',
        0,
        'RESOURCE_EXHAUSTED',
        `${WAITING_READS_MAX} reads wait here for sequences that are not applied yet; try again later`,
      ],
    ]);
    scene.read(1);
    expect(scene.sent()).toEqual([['readFeaturesReply', 1]]);
    scene.context.clock.advance(510);
    expect(scene.context.take()).toHaveLength(WAITING_READS_MAX);
    scene.read(2, { minSeq: [9], minPartitions: [1] });
    expect(scene.sent()).toEqual([]);
  });
});
