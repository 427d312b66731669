/**
 * Archive, training sets and replay as commands over a real log: through JetStream and through files on disk they say
 * the same as a replica did.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ParquetInput } from '../../cli/offline/parquet-input.ts';
import type { LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { decodeRowBatch, encodeRowBatch } from '../../proto/row-batch.ts';
import { BUCKETS, SETTINGS_KEY } from '../../proto/subjects.ts';
import { dovetail } from '../support/cluster.ts';
import { NatsFixture } from '../support/nats-fixture.ts';
import { archived, longHistory, OnlineStores } from '../support/offline.ts';
import { MERCHANTS, PARTITIONS, type Question, T0, USERS, views } from '../support/random-history.ts';

// Each starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const APP = 'test/support/history-app';
let scratch: string;
let online: OnlineStores;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'offline-commands-'));
  online = await OnlineStores.make();
});
afterAll(async () => {
  await online.remove();
  await rm(scratch, { recursive: true, force: true });
});

describe('the commands', () => {
  it('make training sets and replays from JetStream and from an archive that equal what a replica answered', async () => {
    const fixture = await NatsFixture.start();
    try {
      const link = await fixture.connect();
      const log = await link.featureLog({ replicas: 1 });
      const settings = { cluster: 'test', partitions: PARTITIONS, replicas: 1 };
      await (await link.keyValue(BUCKETS.cluster)).create(SETTINGS_KEY, Buffer.from(JSON.stringify(settings)));
      const sent = longHistory().map((message) => moved(message, Date.now() - T0 - 8_000));
      for (const { partition, bytes } of sent) {
        await log.append(partition, bytes);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      // As JetStream has it, times included.
      const history: LoggedMessage[] = [];
      const reader = await link.logReader();
      for await (const message of reader.read({ fromSeq: 1, toSeq: 1e9 })) history.push(message);
      expect(history.map(({ bytes }) => Buffer.from(bytes))).toEqual(sent.map(({ bytes }) => Buffer.from(bytes)));
      const questions = history.flatMap(({ createdMs }, i): Question[] =>
        [-1, 0, 1, 3_000, 9_000].map((by, k) => {
          return { user: USERS[(i + k) % 4]!, merchant: MERCHANTS[(i + k) % 3]!, atMs: createdMs + by };
        }),
      );
      const answers = await online.answers(history, questions);
      const nats = ['--app', APP, '--nats-url', fixture.url];
      const archive = join(scratch, 'cli-archive');
      const made = await dovetail(['archive', '--out', archive, ...nats]);
      expect(made.code, made.stderr).toBe(0);
      const again = await dovetail(['archive', '--out', archive, ...nats]);
      expect(JSON.parse(again.stdout)).toMatchObject({ messages: 0, last_seq: history.length });
      const labels = join(scratch, 'labels.jsonl');
      await writeFile(labels, questions.map(labelLine).join('\n'));
      const features = views.map((view) => view.name).join(',');
      for (const from of [nats, ['--app', APP, '--archive', archive]]) {
        const out = join(scratch, 'train.parquet');
        const run = await dovetail(['training-set', '--labels', labels, '--features', features, '--out', out, ...from]);
        expect(run.code, run.stderr).toBe(0);
        const rows = await parquetRows(out);
        expect(rows).toHaveLength(questions.length);
        rows.forEach((row, i) => {
          const { user, merchant, atMs } = questions[i]!;
          const label = { user_id: user, merchant_id: merchant, event_time: BigInt(atMs), n: BigInt(i) };
          // Codes of text are whole numbers of 64 bits in a table.
          const town = BigInt(answers[i]!.values['profile__town'] as number);
          expect(row).toMatchObject({ ...label, ...answers[i]!.values, profile__town: town });
        });
        const i = answers.findIndex(({ values }) => values['spend__status'] === 'present');
        const { user } = questions[i]!;
        const { seq, rows: bytes } = answers[i]!;
        const at = ['--seq', String(seq), '--at', String(questions[i]!.atMs)];
        const replay = await dovetail(['replay', '--view', 'spend', '--key', user!, ...at, ...from]);
        expect(replay.code, replay.stderr).toBe(0);
        expect(JSON.parse(replay.stdout)).toMatchObject({ view: 'spend', seq, bytes: bytes['spend'] });
      }
    } finally {
      await fixture.stop();
    }
  });

  it('refuse hostile labels, naming the file, the row and what to do', async () => {
    const archive = join(scratch, 'small-archive');
    await archived(archive, longHistory(), 100);
    const cases: [string, string, string][] = [
      ['no-key.csv', 'who,event_time\nu1,1\n', "has no column 'user_id'; it has who, event_time"],
      ['no-time.jsonl', '{"user_id":"u1"}\n', "has no column 'event_time'"],
      [
        'bad-time.csv',
        'user_id,event_time\nu1,2026-01-01T00:00:00Z\nu2,yesterday\n',
        "row 2 of the labels: 'event_time'",
      ],
      ['no-zone.csv', 'user_id,event_time\nu1,2026-01-01 00:00:00\n', 'no time zone'],
      ['null-time.jsonl', '{"user_id":"u1","event_time":null}\n', 'every label needs its moment'],
      ['list-key.jsonl', '{"user_id":["u1"],"event_time":1}\n', "'user_id' must be text or a whole number"],
      ['ragged.csv', 'user_id,event_time\nu1,1,2\n', 'Invalid Record Length'],
      ['not.jsonl', '{"user_id":\n', 'line 1 is not JSON'],
      ['clash.csv', 'user_id,event_time,profile__score\nu1,1,2\n', "column 'profile__score' has the name"],
      ['half.parquet', 'PAR1', 'is no Parquet file'],
      ['labels.xlsx', 'x', 'must end in .parquet'],
      ['empty.csv', '', 'has no column'],
    ];
    for (const [name, text, message] of cases) {
      const labels = join(scratch, name);
      await writeFile(labels, text);
      const out = join(scratch, 'refused.parquet');
      const run = await dovetail([
        'training-set',
        '--labels',
        labels,
        '--features',
        'profile.score',
        '--out',
        out,
        '--app',
        APP,
        '--archive',
        archive,
      ]);
      expect(run.stderr).toContain(message);
      expect([1, 2]).toContain(run.code);
      await expect(readFile(out)).rejects.toThrow();
    }
  });
});

/** With its rows at other times, which real clocks are compared with. */
function moved({ partition, bytes }: LoggedMessage, byMs: number): { partition: number; bytes: Uint8Array } {
  const batch = decodeRowBatch(bytes);
  if (batch === null) return { partition, bytes };
  const rows = batch.rows.map(({ key, values, op, idA, idB, eventMs }) => {
    return { key, values, op, idA, idB, eventMs: eventMs + byMs };
  });
  return { partition, bytes: encodeRowBatch({ ...batch, rows }) };
}

function labelLine({ user, merchant, atMs }: Question, n: number): string {
  return JSON.stringify({ n, user_id: user, merchant_id: merchant, event_time: atMs });
}

async function parquetRows(path: string): Promise<Record<string, unknown>[]> {
  const input = await ParquetInput.open(path);
  const names = input.columns.map((column) => column.name);
  const rows: Record<string, unknown>[] = [];
  for await (const slice of input.slices(names)) {
    const columns = names.map((name) => slice.column(name));
    for (let i = 0; i < slice.rows; i++) rows.push(Object.fromEntries(names.map((name, c) => [name, columns[c]![i]])));
  }
  await input.close();
  return rows;
}
