/** The archive of the feature log: nothing is lost in it, whatever the log holds and however often a run dies. */
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArchiveReader } from '../../cli/offline/archive-reader.ts';
import { ArchiveWriter } from '../../cli/offline/archive-writer.ts';
import type { LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { decodeRowBatch } from '../../proto/row-batch.ts';
import { archived, extentOf, longHistory } from '../support/offline.ts';
import { anyHistory, app, PARTITIONS } from '../support/random-history.ts';

const ALL = { datasets: null, wants: null };
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'archive-test-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function readBack(directory: string): Promise<LoggedMessage[]> {
  const reader = await ArchiveReader.open(directory);
  const messages: LoggedMessage[] = [];
  for await (const message of reader.read({ fromSeq: 1, toSeq: 1e9 }, ALL)) messages.push(message);
  return messages;
}

/** What a message says, byte for byte of each row; undecodable ones as they are. */
function meaning({ partition, seq, createdMs, bytes }: LoggedMessage) {
  const batch = decodeRowBatch(bytes);
  const rows = batch?.rows.map(({ key, values, ...row }) => {
    return { ...row, key: Buffer.from(key).toString('hex'), values: Buffer.from(values).toString('hex') };
  });
  const said = batch === null ? Buffer.from(bytes).toString('hex') : { ...batch, version: batch.version || 1, rows };
  return { partition, seq, createdMs, said };
}

/** A message that decodes to no row leaves nothing in the archive, and does nothing in a replica. */
const hasRows = ({ bytes }: LoggedMessage) => decodeRowBatch(bytes)?.rows.length !== 0;

describe('the archive', () => {
  it('gives back every message as it was, however it was cut into files', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory(30), fc.integer({ min: 1, max: 12 }), async (history, flushEvery) => {
        const directory = await mkdtemp(join(scratch, 'archive-'));
        // In two runs, of which the second goes on.
        await archived(directory, history.slice(0, history.length / 2), flushEvery);
        await archived(directory, history, flushEvery);
        const back = await readBack(directory);
        const kept = history.filter((message) => hasRows(message) || decodeRowBatch(message.bytes)?.view === '');
        expect(back.map(meaning).filter(({ said }) => typeof said === 'string' || said.rows!.length > 0)).toStrictEqual(
          kept.map(meaning).filter(({ said }) => typeof said === 'string' || said.rows!.length > 0),
        );
        await rm(directory, { recursive: true, force: true });
      }),
      { numRuns: 25 },
    );
  });

  it('removes what a run that died had begun, and writes it again', async () => {
    const history = longHistory();
    const directory = await mkdtemp(join(scratch, 'archive-'));
    await archived(directory, history.slice(0, 10), 5);
    const dataset = join(directory, 'profile@1');
    await writeFile(join(dataset, '.part-000000000011-000000000020.parquet.tmp'), 'half a file');
    await writeFile(join(dataset, 'part-000000000011-000000000020.parquet'), 'a file whose stretch was not finished');
    // The lock of a process that is gone.
    await writeFile(
      join(directory, 'archive.lock'),
      JSON.stringify({ pid: 999999999, host: hostname(), startedMs: 0 }),
    );
    await archived(directory, history, 100);
    expect((await readBack(directory)).map((message) => message.seq)).toStrictEqual(
      history.filter(hasRows).map((message) => message.seq),
    );
    expect((await readdir(dataset)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('counts what was trimmed before it could be archived', async () => {
    const history = longHistory();
    const directory = await mkdtemp(join(scratch, 'archive-'));
    const trimmed = history.filter(({ seq }) => seq > 3 && seq !== 7 && seq !== 8);
    const writer = await ArchiveWriter.open({ directory, app, partitions: PARTITIONS }, extentOf(history));
    for (const message of trimmed) {
      await writer.add(message);
      if (message.seq === 6) await writer.flush();
    }
    await writer.flush(history.length + 2);
    await writer.close();
    expect((await ArchiveReader.open(directory)).state).toMatchObject({ lost: 7, last_seq: history.length + 2 });
    expect((await readBack(directory)).map((message) => message.seq)).toEqual(
      trimmed.filter(hasRows).map((message) => message.seq),
    );
  });

  it('refuses another log, a second writer and a damaged file, and says what to do', async () => {
    const history = longHistory();
    const directory = await mkdtemp(join(scratch, 'archive-'));
    await archived(directory, history, 100);
    const options = { directory, app, partitions: PARTITIONS };
    const extent = extentOf(history);
    await expect(ArchiveWriter.open(options, { ...extent, createdText: 'another' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('give another --out'),
    });
    const writer = await ArchiveWriter.open(options, extent);
    await expect(ArchiveWriter.open(options, extent)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await writer.close();
    const [part] = await readdir(join(directory, 'profile@1'));
    await truncate(join(directory, 'profile@1', part!), 100);
    await expect(readBack(directory)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('another --out'),
    });
    await expect(ArchiveReader.open(scratch)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('dovetail archive --out'),
    });
  });
});
