/** What is pushed while a message is on its way travels in the next one. */
import { describe, expect, it } from 'vitest';
import { AppendQueue, type BatchHead } from '../../../../actors/feature-ingest/append-queue.ts';
import { decodeRowBatch, type LogRow } from '../../../../proto/row-batch.ts';

const head = (view: string): BatchHead => {
  return { key: view, view, version: 1, schemaHash: 7, stream: '', entity: '', everywhere: false };
};
const row = (name: string): LogRow => {
  return { key: Buffer.from(name), eventMs: 1, values: new Uint8Array(2), op: 0, idA: 0, idB: 0 };
};

/** A log whose acknowledgements wait until they are let go, in order. */
function slowLog(limits: { rows?: number; bytes?: number } = {}) {
  const sent: string[] = [];
  const held: { resolve: (seq: number) => void; reject: (error: Error) => void }[] = [];
  const queue = new AppendQueue({
    rowsPerMessageMax: limits.rows ?? 100,
    bytesPerMessageMax: limits.bytes ?? 10_000,
    append: (partition, bytes) => {
      const { view, rows } = decodeRowBatch(bytes)!;
      sent.push(`${partition} ${view}: ${rows.map((one) => Buffer.from(one.key).toString()).join(',')}`);
      return new Promise((resolve, reject) => held.push({ resolve, reject }));
    },
  });
  const add = (partition: number, view: string, ...names: string[]) =>
    queue.add(head(view), partition, names.map(row), names.length * 10);
  return { sent, held, add };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the queue in front of the log', () => {
  it('sends the first rows at once, and those that come meanwhile together, in their order', async () => {
    const { sent, held, add } = slowLog();
    const acks = [add(1, 'v', 'a'), add(1, 'v', 'b', 'c'), add(1, 'v', 'd')];
    await turn();
    expect(sent).toEqual(['1 v: a']);
    held[0]!.resolve(5);
    await turn();
    expect(sent).toEqual(['1 v: a', '1 v: b,c,d']);
    held[1]!.resolve(9);
    expect(await Promise.all(acks)).toEqual([5, 9, 9]);
  });

  it('keeps partitions and views apart: none waits for another', async () => {
    const { sent, add } = slowLog();
    void add(1, 'v', 'a');
    void add(2, 'v', 'b');
    void add(1, 'w', 'c');
    await turn();
    expect(sent).toEqual(['1 v: a', '2 v: b', '1 w: c']);
  });

  it('starts another message where one would hold too many rows or bytes', async () => {
    for (const limits of [{ rows: 2 }, { bytes: 20 }]) {
      const { sent, held, add } = slowLog(limits);
      void add(1, 'v', 'a');
      for (const name of ['b', 'c', 'd']) void add(1, 'v', name);
      for (let i = 0; i < 3; i++) {
        await turn();
        held[i]?.resolve(i);
      }
      expect(sent).toEqual(['1 v: a', '1 v: b,c', '1 v: d']);
    }
  });

  it('tells those of a message that the log refused, and goes on with the next', async () => {
    const { sent, held, add } = slowLog({ rows: 1 });
    const acks = [add(1, 'v', 'a'), add(1, 'v', 'b'), add(1, 'v', 'c')];
    const settled = Promise.allSettled(acks);
    await turn();
    held[0]!.resolve(1);
    await turn();
    held[1]!.reject(new Error('full'));
    await turn();
    held[2]!.resolve(3);
    expect((await settled).map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(sent).toEqual(['1 v: a', '1 v: b', '1 v: c']);
    // Nothing is left behind: the next is sent at once again.
    void add(1, 'v', 'd');
    await turn();
    expect(sent).toHaveLength(4);
  });
});
