import { describe, expect, it } from 'vitest';
import { Cancellations, type IsCancelled } from '../../../../cluster/actors/cancellations.ts';
import { RecordingContext } from '../../../support/recording-context.ts';

describe('cancellations', () => {
  it('of one turn are applied together at its end, each to its own sender and number, and then forgotten', () => {
    const context = new RecordingContext();
    const applied: IsCancelled[] = [];
    const cancellations = new Cancellations(context, (isCancelled) => applied.push(isCancelled));
    for (const [replyTo, id] of [
      ['a.1/client', 1],
      ['b.1/client', 2],
      ['a.1/client', 3],
    ] as const) {
      cancellations.add({ id, replyTo });
    }
    expect(applied).toEqual([]);
    context.clock.finishTurn();
    expect(applied).toHaveLength(1);
    const hits = ['a.1/client', 'b.1/client', 'c.1/client'].map((replyTo) =>
      [1, 2, 3].filter((id) => applied[0]!(replyTo, id)),
    );
    expect(hits).toEqual([[1, 3], [2], []]);
    cancellations.add({ id: 9, replyTo: 'b.1/client' });
    context.clock.finishTurn();
    expect([applied[1]!('b.1/client', 2), applied[1]!('b.1/client', 9)]).toEqual([false, true]);
  });
});
