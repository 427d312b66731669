/** Text files as records: opened at a place, a byte order mark passed over, read no faster than they are used. */
import { type FileHandle, open } from 'node:fs/promises';
import { invalid } from '../../proto/errors.ts';
import { UsageError } from '../command.ts';
import { RecordSplitter, type TextRecord } from './record-splitter.ts';
import { type Position, ROW_BYTES_MAX } from './row-file.ts';

const CHUNK_BYTES = 256 * 1024;
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const OTHER_MARKS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xff, 0xfe]), 'UTF-16'],
  [Buffer.from([0xfe, 0xff]), 'UTF-16'],
  [Buffer.from([0x1f, 0x8b]), 'packed by gzip'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'packed by zstd'],
  [Buffer.from('PK\u0003\u0004'), 'a ZIP archive (or a spreadsheet)'],
  [Buffer.from('PAR1'), 'Parquet'],
];

export interface TextSource {
  readonly endOffset: number | null;
  /** Records in order, as many at a time as one piece of the file has. */
  records(from: Position | null, delimiter: number | null): AsyncGenerator<TextRecord[]>;
  close(): Promise<void>;
}

/** Throws UsageError for a file that cannot be read or is no text. */
export async function openTextFile(path: string): Promise<TextSource> {
  const handle = await openFile(path);
  let endOffset: number;
  try {
    endOffset = (await handle.stat()).size;
    const head = Buffer.alloc(8);
    const { bytesRead } = await handle.read(head, 0, head.byteLength, 0);
    checkText(head.subarray(0, bytesRead), path);
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
  return {
    endOffset,
    records: (from, delimiter) => cut(chunksOf(handle, from?.offset ?? 0, endOffset, path), from, delimiter),
    close: () => handle.close(),
  };
}

/** Up to `end`, where the file ended when it was opened: what is written behind that is another file's business. */
async function* chunksOf(handle: FileHandle, start: number, end: number, path: string): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    // A new one each time: records are parts of it.
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0) throw invalid(`${path} has become shorter while it was read`);
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

/** Standard input, or another stream of bytes: read once, from its start. */
export function textStream(stream: AsyncIterable<Buffer> & { destroy?: () => unknown }, name: string): TextSource {
  return {
    endOffset: null,
    records: (_from, delimiter) => cut(checked(stream, name), null, delimiter),
    close: async () => {
      stream.destroy?.();
    },
  };
}

export async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (thrown) {
    throw new UsageError(`--file cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function* checked(stream: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of stream) {
    if (first) checkText(chunk, name);
    first = false;
    yield chunk;
  }
}

async function* cut(
  chunks: AsyncIterable<Buffer>,
  from: Position | null,
  delimiter: number | null,
): AsyncGenerator<TextRecord[]> {
  const start = from ?? { offset: 0, number: 1 };
  let splitter: RecordSplitter | null = null;
  for await (let chunk of chunks) {
    if (splitter === null) {
      const marked = start.offset === 0 && chunk.subarray(0, MARK.byteLength).equals(MARK);
      if (marked) chunk = chunk.subarray(MARK.byteLength);
      const offset = marked ? MARK.byteLength : start.offset;
      splitter = new RecordSplitter({ offset, number: start.number }, { delimiter, recordBytesMax: ROW_BYTES_MAX });
    }
    const records = splitter.push(chunk);
    if (records.length > 0) yield records;
  }
  const last = splitter?.end() ?? [];
  if (last.length > 0) yield last;
}

function checkText(head: Buffer, name: string): void {
  for (const [mark, what] of OTHER_MARKS) {
    if (!head.subarray(0, mark.byteLength).equals(mark)) continue;
    const remedy =
      what === 'Parquet' ? 'give --format parquet' : 'give its text, in UTF-8, as --file - with --format csv or jsonl';
    throw new UsageError(`${name} is ${what}, not a text file in UTF-8; ${remedy}`);
  }
}
