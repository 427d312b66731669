/** Where a command reads the feature log from: an archive on disk, or NATS. */

import { readSettings } from '../../cluster/cluster-settings.ts';
import { readConfig } from '../../cluster/config.ts';
import type { LogExtent, LoggedMessage, LogReader, LogStretch } from '../../cluster/nats/log-reader.ts';
import type { NatsLink } from '../../cluster/nats/nats-link.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { BUCKETS } from '../../proto/subjects.ts';
import type { CommandInput } from '../command.ts';
import { connectOperator, NATS_SETTINGS } from '../operator-nats.ts';
import { type ArchiveChoice, ArchiveReader } from './archive-reader.ts';

export type LogSource = {
  /** Of the cluster that wrote the log. */
  readonly partitions: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Messages that are no longer there: what they said is not known here. */
  readonly lost: number;
  /** For messages to people. */
  readonly name: string;
  /** An archive makes use of the choice, NATS sends everything. */
  read(stretch: LogStretch, choice: ArchiveChoice): AsyncIterable<LoggedMessage>;
  close(): Promise<void>;
};

/** Settings that `openLog` reads. */
export const LOG_SETTINGS = NATS_SETTINGS;

export const ARCHIVE_FLAG = {
  archive: { type: 'string', help: 'read an archive made by `dovetail archive`, not NATS' },
} as const;

/** The archive that `--archive` names, else the log in NATS. */
export async function openLogSource(input: CommandInput): Promise<LogSource> {
  const { archive } = input.flags;
  return archive === undefined ? natsSource(await openNatsLog(input)) : archiveSource(archive);
}

async function archiveSource(directory: string): Promise<LogSource> {
  const reader = await ArchiveReader.open(directory);
  const { partitions, first_seq, last_seq, lost } = reader.state;
  if (last_seq === 0)
    throw invalid(
      `the archive ${directory} holds nothing yet; run dovetail archive --out ${directory} to its end first`,
    );
  return {
    partitions,
    firstSeq: first_seq,
    lastSeq: last_seq,
    lost,
    name: `the archive ${directory}`,
    read: (stretch, choice) => reader.read(stretch, choice),
    close: async () => {},
  };
}

function natsSource({ partitions, extent, reader, nats }: NatsLog): LogSource {
  return {
    partitions,
    firstSeq: extent.firstSeq,
    lastSeq: extent.lastSeq,
    lost: extent.trimmed,
    name: 'the feature log',
    read: (stretch) => reader.read(stretch),
    close: () => nats.close(),
  };
}

export type NatsLog = {
  readonly nats: NatsLink;
  readonly reader: LogReader;
  readonly extent: LogExtent;
  readonly partitions: number;
};

/** Rejects with UNAVAILABLE without NATS, NOT_FOUND where there is no log in it. */
export async function openNatsLog(input: CommandInput): Promise<NatsLog> {
  const config = readConfig(input.flags, input.env);
  const nats = await connectOperator(config);
  try {
    const reader = await nats.logReader();
    const extent = await reader.extent();
    const settings = await readSettings(await nats.keyValue(BUCKETS.cluster));
    if (settings === null) {
      const why = 'this NATS holds a feature log and no settings of its cluster; give the --nats-url of the cluster';
      throw new ServingError('NOT_FOUND', 'log', why);
    }
    return { nats, reader, extent, partitions: settings.partitions };
  } catch (thrown) {
    await nats.close();
    throw thrown;
  }
}
