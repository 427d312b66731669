/** Which features a read gives, and when the rows they came from were true. */
import { describe, expect, it } from 'vitest';
import { FeatureReads } from '../../../../actors/router/feature-reads.ts';
import { encodeRecord, packValues } from '../../../../cluster/catalog/record.ts';
import { seededRandom } from '../../../../cluster/random.ts';
import { type ReadFeatures, ROW_STATUS } from '../../../../proto/letters.ts';
import { app, profile } from '../../../support/plans.ts';
import { RecordingContext } from '../../../support/recording-context.ts';
import { member, routingOf, table } from '../../../support/routing.ts';

/** One partition, owned by one shard. */
function start() {
  const context = new RecordingContext();
  const routing = routingOf([member('a', 'shard')], table(3, [['a'], ['a']]));
  return { context, reads: new FeatureReads(context, app, routing, seededRandom(1)) };
}

function asked(context: RecordingContext): ReadFeatures {
  const [first] = context.take();
  if (first?.message.kind !== 'readFeatures') throw new Error('nothing was asked');
  return first.message.body;
}

describe('a read', () => {
  it('says when each row was true, expired or not, and null where nothing is stored', async () => {
    const { context, reads } = start();
    const rows = reads.read('profile', ['fresh', 'expired', 'nobody'], 500);
    const { id } = asked(context);
    const asOfMs = context.clock.wallMs();
    const times = [asOfMs - 1_234, asOfMs - 3_600_001];
    const record = encodeRecord(profile, times[0]!, 5, packValues(profile, { spend: 1 }, []));
    reads.onReply({
      id,
      failure: null,
      records: [record, new Uint8Array(0), new Uint8Array(0)],
      appliedSeq: [1, 1, 1],
      epoch: 3,
      statuses: Uint8Array.of(ROW_STATUS.found, ROW_STATUS.expired, ROW_STATUS.missing),
      eventMs: [...times, -1],
      asOfMs,
    });
    expect((await rows).map(({ found, event_time_ms }) => [found, event_time_ms])).toEqual([
      [true, times[0]],
      [false, times[1]],
      [false, null],
    ]);
  });

  it('gives the named features only, and says of those alone which were defaults', async () => {
    const { context, reads } = start();
    const rows = reads.read('profile', ['a'], 500, ['vip', 'spend']);
    const record = encodeRecord(profile, context.clock.wallMs(), 5, packValues(profile, { spend: 2.5, visits: 3 }, []));
    const statuses = Uint8Array.of(ROW_STATUS.found);
    const asOfMs = context.clock.wallMs();
    const reply = { records: [record], appliedSeq: [1], epoch: 3, statuses, eventMs: [asOfMs], asOfMs };
    reads.onReply({ id: asked(context).id, failure: null, ...reply });
    expect(await rows).toMatchObject([{ values: { vip: false, spend: 2.5 }, defaulted: ['profile.vip'] }]);
    expect(Object.keys((await rows)[0]!.values)).toEqual(['vip', 'spend']);
  });

  it('refuses a feature that the view has not, before it asks anybody', async () => {
    const { context, reads } = start();
    await expect(reads.read('profile', ['a'], 500, ['spend', 'nope'])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'view \'profile\' has no feature "nope"',
    });
    expect(context.take()).toEqual([]);
  });
});
