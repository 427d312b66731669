/** `dovetail archive`: the feature log as Parquet files, from where the last run ended. */
import { loadApp } from '../cluster/catalog/load-app.ts';
import { sleep, systemClock } from '../cluster/clock.ts';
import { readConfig } from '../cluster/config.ts';
import { ServingError } from '../proto/errors.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { ArchiveWriter } from './offline/archive-writer.ts';
import { LOG_SETTINGS, openNatsLog } from './offline/log-source.ts';
import { progress } from './offline/progress.ts';
import { packageEntry } from './package-files.ts';

export const archiveCommand: Command = {
  name: 'archive',
  summary: 'copy the feature log to Parquet files',
  usage: 'archive --out <dir> [--follow] [--app <dir>] [--nats-url <url>]',
  text: [
    'Writes a directory for each view and stream, <dir>/<view>@<version>/part-<first>-<last>.parquet: a row for each row',
    'or event of the log, with the key, event_time and each feature in its own type, and beside them where it stands in',
    'the log (_seq, _partition, _row), when the log took it (_created_ms), whether it is a put, delete or expire (_op),',
    'and _raw where the columns alone would not give the same bytes again. Rows of definitions that the app does not know',
    'are kept as they are, in <dir>/raw. Running it again adds what is new; archive.json says how far it goes.',
  ].join('\n'),
  examples: [
    'dovetail archive --out history',
    'dovetail archive --out history --follow --every-s 300',
    `duckdb -c "select * from 'history/user_profile@1/*.parquet' limit 5"`,
  ],
  settings: ['app', ...LOG_SETTINGS],
  flags: {
    out: { type: 'string', help: 'directory of the archive' },
    follow: { type: 'boolean', help: 'go on until interrupted' },
    'every-s': { type: 'string', help: 'with --follow: seconds between files [default 60]' },
  },
  positionals: [],
  run: runArchive,
};

async function runArchive(input: CommandInput): Promise<number> {
  const directory = input.flags['out'];
  if (directory === undefined) throw new UsageError('give --out, the directory of the archive');
  const everyMs = 1_000 * everySeconds(input.flags['every-s']);
  const app = await loadApp(readConfig(input.flags, input.env).app, packageEntry());
  const { nats, reader, extent, partitions } = await openNatsLog(input);
  const interrupted = interruption(input.switches.has('follow'));
  const report = progress();
  try {
    const writer = await ArchiveWriter.open({ directory, app, partitions }, extent);
    try {
      let messages = 0;
      const follow = input.switches.has('follow');
      const catchUp = async () => {
        const { lastSeq } = await reader.extent();
        for await (const message of reader.read({ fromSeq: writer.nextSeq, toSeq: lastSeq })) {
          await writer.add(message);
          messages++;
          report(() => `archived up to ${writer.nextSeq - 1} of ${lastSeq}`);
          if (interrupted.yes) break;
        }
        await writer.flush(interrupted.yes ? undefined : lastSeq);
      };
      for (;;) {
        try {
          await catchUp();
        } catch (thrown) {
          // A log that does not answer now will; a disk that is full needs somebody.
          if (!follow || !(thrown instanceof ServingError) || thrown.stage !== 'log') throw thrown;
          process.stderr.write(`${thrown.message}; trying again in ${everyMs / 1_000} s\n`);
        }
        if (!follow || interrupted.yes) break;
        await Promise.race([sleep(systemClock, everyMs), interrupted.comes]);
        if (interrupted.yes) break;
      }
      report(null);
      if (writer.lost > 0)
        process.stderr.write(
          `${writer.lost} messages had been trimmed from the log before they were archived; archive more often than --log-retention says\n`,
        );
      const rows = Object.fromEntries([...writer.written].sort());
      process.stdout.write(
        `${JSON.stringify({ out: directory, last_seq: writer.nextSeq - 1, messages, lost: writer.lost, rows })}\n`,
      );
      return EXIT.ok;
    } finally {
      await writer.close();
    }
  } finally {
    interrupted.forget();
    await nats.close();
  }
}

function everySeconds(text: string | undefined): number {
  const seconds = Number(text ?? 60);
  if (!(seconds >= 1 && seconds <= 86_400)) throw new UsageError(`--every-s must be 1 to 86400, got "${text}"`);
  return seconds;
}

/** With `--follow` an interrupt ends the run in good order; without, it ends it as usual: what is whole is kept. */
function interruption(follow: boolean) {
  const state = { yes: false, comes: Promise.resolve(), forget: () => {} };
  if (!follow) return { ...state, comes: new Promise<void>(() => {}) };
  state.comes = new Promise<void>((resolve) => {
    const onSignal = () => {
      state.yes = true;
      resolve();
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    state.forget = () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    };
  });
  return state;
}
