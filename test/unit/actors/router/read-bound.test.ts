/** `min_seq` and `max_age_ms` in the router: checked, told to the right shard, tried elsewhere, and ended in time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeatureReads } from '../../../../actors/router/feature-reads.ts';
import { checkReadBound, minSeqsOf } from '../../../../actors/router/read-bound.ts';
import { Router } from '../../../../actors/router/router.ts';
import { partitionOf } from '../../../../cluster/hash.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { TRACING_OFF } from '../../../../cluster/telemetry/tracing.ts';
import { type Enrich, errorOf, failedAnswer, failedRead, failure, type ReadBound } from '../../../../proto/letters.ts';
import { packBytes } from '../../../../proto/tensor.ts';
import { fp32 } from '../../../support/fake-gateway.ts';
import { app, featurePlan } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';
import { member, routingOf, table } from '../../../support/routing.ts';

const PARTITIONS = 4;
const OPTIONS = {
  attemptTimeoutMs: 150,
  attemptsMax: 3,
  partBytesMax: 1_000_000,
  requestTimeoutMs: 1_000,
  requestTimeoutMsMax: 60_000,
  requestsInFlightMax: 100,
  requestRowsMax: 100,
  requestElementsMax: 1_000,
};
const CONFLICT = failure('FAILED_PRECONDITION', 'lookup', 'partition 1 is applied here up to 90');

function bound(changes: Partial<ReadBound>): ReadBound {
  return { minSeq: [], minPartitions: [], maxAgeMs: 0, ...changes };
}

describe('a bound', () => {
  it.each<[Partial<ReadBound>, number, RegExp]>([
    [{ maxAgeMs: -1 }, 1, /max_age_ms must be/],
    [{ maxAgeMs: Number.NaN }, 1, /max_age_ms must be .*got NaN/],
    [{ maxAgeMs: Number.POSITIVE_INFINITY }, 1, /max_age_ms must be/],
    [{ minSeq: [2 ** 60] }, 1, /min_seq must be whole numbers/],
    [{ minSeq: [Number.NaN] }, 1, /min_seq must be whole numbers/],
    [{ minSeq: [-1] }, 1, /min_seq must be whole numbers/],
    [{ minSeq: [0.5] }, 1, /min_seq must be whole numbers/],
    [{ minSeq: [5] }, 3, /min_seq is given for 1 of 3 rows; give one number a row/],
    [{ minSeq: [1, 2, 3, 4] }, 3, /min_seq is given for 4 of 3 rows/],
    [{ minSeq: [1, 2], minPartitions: [1] }, 1, /2 sequences for 1 partitions/],
    [{ minPartitions: [1] }, 1, /0 sequences for 1 partitions/],
    [{ minSeq: [1], minPartitions: [PARTITIONS + 1] }, 1, /names partition 5; this cluster has 0 to 4/],
    [{ minSeq: new Array<number>(10_001).fill(0) }, 10_001, /10001 sequences in min_seq/],
  ])('that makes no sense is refused: %j', (changes, rows, message) => {
    expect(() => checkReadBound(bound(changes), rows, PARTITIONS)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  it('asks each message for the highest sequence of each partition that it touches, once, and of no other', () => {
    const partition = fc.nat({ max: PARTITIONS });
    const rowsOf = fc.array(fc.record({ partition: fc.nat({ max: PARTITIONS - 1 }), seq: fc.nat({ max: 9 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        rowsOf,
        fc.array(fc.record({ partition, seq: fc.nat({ max: 9 }) }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.infiniteStream(fc.boolean()),
        (rows, acks, everywhere, picks) => {
          const part = rows.flatMap((_, i) => (picks.next().value ? [i] : []));
          const partitions = part.map((row) => rows[row]!.partition);
          const wanted = (pairs: readonly { partition: number; seq: number }[]) => {
            const highest = new Map<number, number>();
            for (const one of pairs)
              if (one.seq > (highest.get(one.partition) ?? 0)) highest.set(one.partition, one.seq);
            return [...highest].sort();
          };
          const got = ({ minSeq, minPartitions }: Pick<ReadBound, 'minSeq' | 'minPartitions'>) =>
            minPartitions.map((own, i) => [own, minSeq[i]!]).sort();

          const numbers = bound({ minSeq: rows.map((row) => row.seq) });
          expect(got(minSeqsOf(numbers, part, partitions, null))).toEqual(wanted(part.map((row) => rows[row]!)));

          const pasted = bound({ minSeq: acks.map((ack) => ack.seq), minPartitions: acks.map((ack) => ack.partition) });
          const touched = new Set(everywhere ? [...partitions, PARTITIONS] : partitions);
          expect(got(minSeqsOf(pasted, part, partitions, everywhere ? PARTITIONS : null))).toEqual(
            wanted(acks.filter((ack) => touched.has(ack.partition))),
          );
        },
      ),
    );
  });
});

const KEY = new TextEncoder().encode('u1');
const OWN = partitionOf(KEY, PARTITIONS);

/** A router over two shards that own everything. */
function started() {
  const context = new RecordingContext();
  const plan = featurePlan();
  const members = [member('a', 'shard'), member('b', 'shard'), member('w', 'worker', { models: [plan.key] })];
  const routing = routingOf(members, table(1, new Array<string[]>(PARTITIONS + 1).fill(['a', 'b'])), plan.spec);
  const observer = { answered() {}, stages() {}, retried() {}, lateAnswer() {}, fault() {} };
  const router = new Router(context, routing, OPTIONS, observer, TRACING_OFF, seededRandom(1));
  const ask = (asked: Partial<ReadBound>): void => {
    const key = packBytes([KEY]);
    router.receive({
      kind: 'predict',
      body: {
        id: 1,
        replyTo: 'client.1/client',
        requestId: '',
        model: plan.spec.manifest.name,
        version: '',
        inputs: [
          { name: 'user_id', datatype: 'BYTES', shape: [1], data: key },
          fp32('amount', [1], [3]),
          { name: 'shop_id', datatype: 'BYTES', shape: [1], data: key },
        ],
        budgetUs: 0,
        trace: null,
        traceId: '',
        ...bound(asked),
      },
    });
  };
  /** What was sent to shards since the last call. */
  const enriched = (): { to: string; body: Enrich }[] =>
    context.take().flatMap(({ to, message }) => (message.kind === 'enrich' ? [{ to, body: message.body }] : []));
  return { context, router, routing, ask, enriched };
}

describe('a prediction with min_seq', () => {
  it('tells the shard what it must have applied of its row and of the views everywhere, and how old rows may be', () => {
    const { ask, enriched } = started();
    ask({ minSeq: [95], maxAgeMs: 60_000 });
    expect(enriched()[0]!.body).toMatchObject({ minSeq: [95], minPartitions: [OWN], maxAgeMs: 60_000 });
    ask({ minSeq: [95, 7, 8], minPartitions: [OWN, (OWN + 1) % PARTITIONS, PARTITIONS] });
    expect(enriched()[0]!.body).toMatchObject({ minSeq: [95, 8], minPartitions: [OWN, PARTITIONS], maxAgeMs: 0 });
    ask({});
    expect(enriched()[0]!.body).toMatchObject({ minSeq: [], minPartitions: [], maxAgeMs: 0 });
  });

  it('does not take a shard that waits for silent, and tries the other owner when it refuses', () => {
    const { context, router, ask, enriched } = started();
    ask({ minSeq: [95] });
    const [first] = enriched();
    context.clock.advance(500);
    expect(enriched()).toEqual([]);
    router.receive(failedAnswer(first!.body.id, CONFLICT));
    const [second] = enriched();
    expect(second!.to).not.toBe(first!.to);
    expect(second!.body).toMatchObject({ minSeq: [95], minPartitions: [OWN], budgetUs: 500_000 });
  });

  it('ends at its deadline with what was applied and that it was the lookup, however often it was refused', () => {
    const { context, router, ask } = started();
    ask({ minSeq: [95] });
    let asked = 0;
    const replies: unknown[] = [];
    for (let ms = 0; ms < 1_010; ms++) {
      for (const { message } of context.take()) {
        if (message.kind === 'predictReply') replies.push(errorOf(message.body.failure!).toJSON().error);
        if (message.kind !== 'enrich') continue;
        asked++;
        const { id, budgetUs } = message.body;
        context.after(budgetUs / 2_000, () => router.receive(failedAnswer(id, CONFLICT)));
      }
      context.clock.advance(1);
    }
    const message = 'm/1: nobody could serve it within 1000 ms; last refusal: partition 1 is applied here up to 90';
    expect(replies).toEqual([{ code: 'DEADLINE_EXCEEDED', stage: 'lookup', message: expect.any(String) }]);
    expect((replies[0] as { message: string }).message.replace('no answer came', 'nobody could serve it')).toBe(
      message,
    );
    // Waits that halve: not asked again and again.
    expect(asked).toBeGreaterThan(2);
    expect(asked).toBeLessThan(15);
  });

  it('tells the shard too when its caller goes away', () => {
    const { context, router, ask, enriched } = started();
    ask({ minSeq: [95] });
    const [sent] = enriched();
    router.receive({ kind: 'cancel', body: { id: 1, replyTo: 'client.1/client' } });
    context.clock.finishTurn();
    const told = context.take().filter(({ message }) => message.kind === 'cancel');
    expect(told.map(({ to, message }) => [to, message.body.id])).toContainEqual([sent!.to, sent!.body.id]);
  });
});

describe('a read of a view with min_seq', () => {
  it('waits for its shard past the usual silence, tries the other owner, and says in the end what was applied', async () => {
    const { context, routing } = started();
    const reads = new FeatureReads(context, app, routing, seededRandom(1));
    const failed = expect(
      reads.read('profile', ['u1'], 1_000, undefined, bound({ minSeq: [95], maxAgeMs: 5 })),
    ).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      stage: 'lookup',
      message: expect.stringMatching(/; last refusal: partition 1 is applied here up to 90$/),
    });
    const askedNow = () =>
      context
        .take()
        .flatMap(({ to, message }) => (message.kind === 'readFeatures' ? [{ to, body: message.body }] : []));
    const [first] = askedNow();
    expect(first!.body).toMatchObject({ minSeq: [95], minPartitions: [OWN], maxAgeMs: 5 });
    context.clock.advance(500);
    expect(askedNow()).toEqual([]);
    const refused = failedRead(first!.body.id, CONFLICT);
    if (refused.kind === 'readFeaturesReply') reads.onReply(refused.body);
    const [second] = askedNow();
    expect(second!.to).not.toBe(first!.to);
    context.clock.advance(500);
    await failed;
  });

  it('is refused where it makes no sense, before anybody is asked', async () => {
    const { context, routing } = started();
    const reads = new FeatureReads(context, app, routing, seededRandom(1));
    await expect(reads.read('profile', ['a', 'b'], 500, undefined, bound({ minSeq: [1] }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'min_seq is given for 1 of 2 rows; give one number a row, or what push acknowledged',
    });
    expect(context.take()).toEqual([]);
  });
});
