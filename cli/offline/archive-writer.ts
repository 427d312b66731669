/** Adds messages of the log to an archive, a stretch at a time. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../../cluster/catalog/app.ts';
import type { LogExtent, LoggedMessage } from '../../cluster/nats/log-reader.ts';
import { ServingError } from '../../proto/errors.ts';
import { decodeRowBatch, type RowBatch } from '../../proto/row-batch.ts';
import {
  type ArchiveState,
  lockArchive,
  type Part,
  partPath,
  readState,
  removeUnfinished,
  writeState,
} from './archive-directory.ts';
import {
  type ArchiveColumn,
  columnsOf,
  datasetName,
  LAYOUT_METADATA,
  type Layout,
  layoutOf,
  RAW_COLUMNS,
  RAW_DATASET,
  STREAM_KEY_COLUMN,
} from './archive-layout.ts';
import { misfitOf, PartBuilder } from './archive-part.ts';
import { fileColumn, ParquetOutput } from './parquet-output.ts';

/** A stretch is written when it has this many rows, or so many bytes of messages. */
const STRETCH_ROWS = 50_000;
const STRETCH_BYTES = 32 * 1024 * 1024;

export type ArchiveOptions = {
  readonly directory: string;
  readonly app: App;
  readonly partitions: number;
};

export class ArchiveWriter {
  readonly #options: ArchiveOptions;
  readonly #lock: { release(): Promise<void> };
  readonly #builders = new Map<string, PartBuilder>();
  readonly #layouts = new Map<string, Layout>();
  #raw: unknown[][] = RAW_COLUMNS.map(() => []);
  #state: ArchiveState;
  #rows = 0;
  #bytes = 0;
  /** Sequences that were passed over since the last stretch was written. */
  #missed = 0;
  #fromSeq: number;
  #lastSeq: number;
  /** Rows written in this run, by data set. */
  readonly written = new Map<string, number>();

  private constructor(options: ArchiveOptions, lock: { release(): Promise<void> }, state: ArchiveState) {
    this.#options = options;
    this.#lock = lock;
    this.#state = state;
    this.#fromSeq = state.last_seq + 1;
    this.#lastSeq = state.last_seq;
  }

  /**
   * Goes on where the archive ends. Rejects with FAILED_PRECONDITION for an archive of another log, and while another
   * process writes to it.
   */
  static async open(options: ArchiveOptions, extent: LogExtent): Promise<ArchiveWriter> {
    const { directory, partitions } = options;
    const lock = await lockArchive(directory);
    try {
      const known = await readState(directory);
      if (known !== null && known.stream_created !== extent.createdText) {
        const why = `${directory} archives the log created ${known.stream_created}, this one was created ${extent.createdText}; give another --out`;
        throw new ServingError('FAILED_PRECONDITION', 'edge', why);
      }
      const state = known ?? {
        format: 1,
        stream_created: extent.createdText,
        partitions,
        first_seq: 1,
        last_seq: 0,
        lost: 0,
      };
      await removeUnfinished(directory, state.last_seq);
      if (known === null) await writeState(directory, state);
      return new ArchiveWriter(options, lock, state);
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  }

  /** The next sequence that is to be added. */
  get nextSeq(): number {
    return this.#lastSeq + 1;
  }

  /** Messages that the log no longer had when they were to be archived; those of earlier runs too. */
  get lost(): number {
    return this.#state.lost;
  }

  /** Takes the next message; writes once there is enough. */
  async add(message: LoggedMessage): Promise<void> {
    const batch = decodeRowBatch(message.bytes);
    const layout = batch === null ? null : this.#layout(batch);
    const misfit = batch === null ? 'no batch of rows' : layout === null ? unknownOf(batch) : misfitOf(batch);
    if (misfit === null) this.#builder(layout!).add(message, batch!);
    else this.#addRaw(message, misfit);
    this.#rows += batch?.rows.length ?? 1;
    this.#bytes += message.bytes.byteLength;
    this.#missed += message.seq - this.#lastSeq - 1;
    this.#lastSeq = message.seq;
    if (this.#rows >= STRETCH_ROWS || this.#bytes >= STRETCH_BYTES) await this.flush();
  }

  /** Writes what has been added. `coveredSeq`: the log holds nothing else up to here. */
  async flush(coveredSeq = this.#lastSeq): Promise<void> {
    const { directory } = this.#options;
    if (coveredSeq < this.#fromSeq) return;
    const stretch = { firstSeq: this.#fromSeq, lastSeq: coveredSeq };
    for (const builder of this.#builders.values()) {
      if (builder.rows === 0) continue;
      const { layout } = builder;
      const metadata = { [LAYOUT_METADATA]: JSON.stringify(layout) };
      await this.#write({ dataset: datasetName(layout), ...stretch }, columnsOf(layout), builder.take(), metadata);
    }
    if (this.#raw[0]!.length > 0) {
      const values = this.#raw;
      this.#raw = RAW_COLUMNS.map(() => []);
      await this.#write({ dataset: RAW_DATASET, ...stretch }, RAW_COLUMNS, values, {});
    }
    const lost = this.#state.lost + this.#missed + coveredSeq - this.#lastSeq;
    this.#state = { ...this.#state, last_seq: coveredSeq, lost };
    await writeState(directory, this.#state);
    this.#fromSeq = coveredSeq + 1;
    this.#lastSeq = coveredSeq;
    this.#rows = 0;
    this.#bytes = 0;
    this.#missed = 0;
  }

  /** Without writing what was only added. */
  async close(): Promise<void> {
    await this.#lock.release();
  }

  async #write(
    part: Part,
    columns: readonly ArchiveColumn[],
    values: readonly (readonly unknown[])[],
    metadata: Readonly<Record<string, string>>,
  ): Promise<void> {
    await mkdir(join(this.#options.directory, part.dataset), { recursive: true });
    const fileColumns = columns.map(({ name, type }) => fileColumn(name, type));
    const output = new ParquetOutput(partPath(this.#options.directory, part), fileColumns, metadata);
    await output.write(values);
    await output.finish();
    this.written.set(part.dataset, (this.written.get(part.dataset) ?? 0) + values[0]!.length);
  }

  #layout(batch: RowBatch): Layout | null {
    const version = batch.version || 1;
    const { stream, view } = batch;
    const name = datasetName({ name: stream === '' ? view : stream, version });
    const key = stream === '' ? name : `stream ${name}`;
    let layout = this.#layouts.get(key) ?? null;
    if (layout === null) {
      layout = stream === '' ? this.#viewLayout(name) : this.#streamLayout(stream, version);
      // What a log can name is bounded by nobody.
      if (layout !== null) this.#layouts.set(key, layout);
    }
    return layout?.hashes.includes(batch.schemaHash) === true ? layout : null;
  }

  #viewLayout(name: string): Layout | null {
    const view = this.#options.app.versions.get(name);
    return view === undefined ? null : layoutOf(view, view.entity.key);
  }

  #streamLayout(name: string, version: number): Layout | null {
    const stream = this.#options.app.streams.get(name);
    return stream === undefined || stream.version !== version ? null : layoutOf(stream, STREAM_KEY_COLUMN);
  }

  #builder(layout: Layout): PartBuilder {
    const name = datasetName(layout);
    let builder = this.#builders.get(name);
    if (builder === undefined) {
      builder = new PartBuilder(layout);
      this.#builders.set(name, builder);
    }
    return builder;
  }

  #addRaw(message: LoggedMessage, why: string): void {
    const cells = [BigInt(message.seq), message.partition, BigInt(message.createdMs), why, message.bytes];
    for (let i = 0; i < cells.length; i++) this.#raw[i]!.push(cells[i]);
  }
}

function unknownOf({ view, stream, version, schemaHash }: RowBatch): string {
  const name = stream === '' ? `view ${view.slice(0, 80)}` : `stream ${stream.slice(0, 80)}`;
  return `${name} version ${version || 1} of schema ${schemaHash}, unknown here`;
}
