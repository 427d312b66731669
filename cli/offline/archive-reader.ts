/** Reads an archive back as the log it was made of: the same messages, in order, as many data sets as are asked for. */
import { join } from 'node:path';
import type { LoggedMessage, LogStretch } from '../../cluster/nats/log-reader.ts';
import { ServingError } from '../../proto/errors.ts';
import { type ArchiveState, listParts, type Part, partPath, readState } from './archive-directory.ts';
import { columnsOf, LAYOUT_METADATA, type Layout, RAW_COLUMNS, RAW_DATASET } from './archive-layout.ts';
import { PartReader } from './archive-part.ts';
import { ParquetInput, type Slice } from './parquet-input.ts';

export type ArchiveChoice = {
  /** Of views and streams, `name@version`; null: all. Messages that were kept raw always come. */
  readonly datasets: ReadonlySet<string> | null;
  /** Keys whose rows are made again, as text; null: all. Messages that were kept raw come whole. */
  readonly wants: ((key: string) => boolean) | null;
};

export class ArchiveReader {
  readonly directory: string;
  readonly state: ArchiveState;

  private constructor(directory: string, state: ArchiveState) {
    this.directory = directory;
    this.state = state;
  }

  /** Rejects with NOT_FOUND where there is none. */
  static async open(directory: string): Promise<ArchiveReader> {
    const state = await readState(directory);
    if (state !== null) return new ArchiveReader(directory, state);
    throw new ServingError(
      'NOT_FOUND',
      'edge',
      `there is no archive in ${directory}; make one with: dovetail archive --out ${directory}`,
    );
  }

  async *read(stretch: LogStretch, choice: ArchiveChoice): AsyncGenerator<LoggedMessage> {
    const parts = (await listParts(this.directory, this.state.last_seq)).filter(({ dataset, firstSeq, lastSeq }) => {
      if (lastSeq < stretch.fromSeq || firstSeq > stretch.toSeq) return false;
      return dataset === RAW_DATASET || choice.datasets === null || choice.datasets.has(dataset);
    });
    let at = 0;
    while (at < parts.length) {
      // Parts of one stretch of the log begin together; their messages lie between each other's.
      const firstSeq = parts[at]!.firstSeq;
      const together: LoggedMessage[] = [];
      for (; at < parts.length && parts[at]!.firstSeq === firstSeq; at++)
        together.push(...(await this.#messagesOf(parts[at]!, choice)));
      together.sort((a, b) => a.seq - b.seq);
      for (const message of together) {
        if (message.seq < stretch.fromSeq || message.seq > stretch.toSeq) continue;
        if (stretch.partition === undefined || message.partition === stretch.partition) yield message;
      }
    }
  }

  async #messagesOf(part: Part, choice: ArchiveChoice): Promise<LoggedMessage[]> {
    const input = await ParquetInput.open(partPath(this.directory, part)).catch((thrown: unknown) => {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ServingError(
        'DATA_LOSS',
        'edge',
        `the archive is damaged: ${why}. Archive the log anew to another --out`,
      );
    });
    try {
      const messages: LoggedMessage[] = [];
      if (part.dataset === RAW_DATASET) {
        for await (const slice of input.slices(RAW_COLUMNS.map((column) => column.name)))
          messages.push(...rawMessages(slice));
        return messages;
      }
      const layout = layoutIn(input);
      const reader = new PartReader(layout, choice.wants);
      for await (const slice of input.slices(columnsOf(layout).map((column) => column.name)))
        messages.push(...reader.messages(slice));
      messages.push(...reader.end());
      return messages;
    } finally {
      await input.close();
    }
  }
}

function rawMessages(slice: Slice): LoggedMessage[] {
  const [seqs, partitions, created, , bytes] = RAW_COLUMNS.map(({ name }) => slice.column(name));
  return seqs!.map((seq, i) => ({
    seq: Number(seq),
    partition: Number(partitions![i]),
    createdMs: Number(created![i]),
    bytes: bytes![i] as Uint8Array,
  }));
}

function layoutIn(input: ParquetInput): Layout {
  try {
    const layout = JSON.parse(input.metadata(LAYOUT_METADATA) ?? '') as Layout;
    if (Array.isArray(layout.features) && Array.isArray(layout.hashes)) return layout;
  } catch {
    // Said below.
  }
  const why = `${join(input.path)} does not say what its columns are; it was not written by dovetail archive`;
  throw new ServingError('DATA_LOSS', 'edge', why);
}
