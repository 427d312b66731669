/**
 * How far a file has been pushed, in a small file beside it: written anew and renamed, so that it is whole whenever the
 * process ends, and never ahead of what the log has acknowledged.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ServingError } from '../../proto/errors.ts';
import { UsageError } from '../command.ts';
import type { Position } from '../row-files/row-file.ts';
import { openFile } from '../row-files/text-source.ts';

/** What must be the same for a position to mean anything. */
export type PushIdentity = {
  /** The gateway's address, and the view or stream. */
  readonly url: string;
  readonly target: string;
  readonly file: FileIdentity;
  /** Format, columns: as text, to be compared. */
  readonly options: string;
};

export type FileIdentity = {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** SHA-256 of its first 64 KiB. */
  readonly headSha256: string;
};

export type Progress = {
  readonly position: Position;
  readonly accepted: number;
  readonly refused: number;
  /** Bytes of the file of refused rows that belong to what is before the position. */
  readonly refusedFileBytes: number;
  /** The highest sequence of the log among them; 0: none. */
  readonly seqMax: number;
};

type Saved = { readonly version: 1; readonly of: PushIdentity; readonly progress: Progress };

const HEAD_BYTES = 64 * 1024;
const SAVED_BYTES_MAX = 64 * 1024;

/** Throws UsageError for a file that cannot be read. */
export async function identifyFile(path: string): Promise<FileIdentity> {
  const handle = await openFile(path);
  try {
    const { size, mtimeMs } = await handle.stat();
    const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
    const { bytesRead } = await handle.read(head, 0, head.byteLength, 0);
    const headSha256 = createHash('sha256').update(head.subarray(0, bytesRead)).digest('hex');
    return { path: resolve(path), bytes: size, modifiedMs: mtimeMs, headSha256 };
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a whole file: its rows are the same rows wherever it lies. */
export async function contentSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await openFile(path);
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

export function progressPath(file: string, target: string): string {
  return `${file}.${target}.push-progress`;
}

export class SavedProgress {
  readonly path: string;
  readonly #of: PushIdentity;

  constructor(path: string, of: PushIdentity) {
    this.path = path;
    this.#of = of;
  }

  /**
   * What was saved, or null where nothing was. Throws INVALID_ARGUMENT for the progress of something else, with what
   * differs and what to do.
   */
  async load(): Promise<Progress | null> {
    const saved = await this.#read();
    if (saved === null) return null;
    const was = saved.of;
    const is = this.#of;
    if (
      was.file.bytes !== is.file.bytes ||
      was.file.modifiedMs !== is.file.modifiedMs ||
      was.file.headSha256 !== is.file.headSha256
    ) {
      const then = `${was.file.bytes} bytes of ${new Date(was.file.modifiedMs).toISOString()}`;
      const now = `${is.file.bytes} bytes of ${new Date(is.file.modifiedMs).toISOString()}`;
      throw this.#refusal(`${is.file.path} has changed since a part of it was pushed (${then}; now ${now})`);
    }
    if (was.url !== is.url) throw this.#refusal(`a part of the file was pushed to ${was.url}, not to ${is.url}`);
    if (was.target !== is.target) throw this.#refusal(`a part of the file was pushed to '${was.target}'`);
    if (was.options !== is.options) {
      throw this.#refusal(`a part of the file was pushed with other options (${was.options}; now ${is.options})`);
    }
    return saved.progress;
  }

  /** Resolves once it would outlive a crash of the machine. */
  async save(progress: Progress): Promise<void> {
    const saved: Saved = { version: 1, of: this.#of, progress };
    const fresh = `${this.path}.${process.pid}.tmp`;
    let handle: FileHandle | null = null;
    try {
      handle = await open(fresh, 'w', 0o644);
      await handle.writeFile(`${JSON.stringify(saved, null, 2)}\n`);
      await handle.sync();
      await handle.close();
      handle = null;
      await rename(fresh, this.path);
    } catch (thrown) {
      await handle?.close().catch(() => {});
      await rm(fresh, { force: true }).catch(() => {});
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ServingError(
        'INVALID_ARGUMENT',
        'edge',
        `the progress cannot be saved (${why}); give --progress a path that can be written, or --progress none`,
      );
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  async #read(): Promise<Saved | null> {
    let text: string;
    try {
      if ((await stat(this.path)).size > SAVED_BYTES_MAX) throw this.#refusal(`${this.path} is no progress of a push`);
      text = await readFile(this.path, 'utf8');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
      if (thrown instanceof ServingError) throw thrown;
      throw new UsageError(`the progress in ${this.path} cannot be read: ${(thrown as Error).message}`);
    }
    const saved = parseSaved(text);
    if (saved === null) throw this.#refusal(`${this.path} is no progress of a push`);
    return saved;
  }

  #refusal(why: string): ServingError {
    return new ServingError('INVALID_ARGUMENT', 'edge', `${why}; give --restart to push all of it again`);
  }
}

function parseSaved(text: string): Saved | null {
  try {
    const saved = JSON.parse(text) as Saved;
    const { position, accepted, refused, refusedFileBytes, seqMax } = saved.progress;
    const counts = [position.offset, position.number, accepted, refused, refusedFileBytes, seqMax];
    const whole = counts.every((count) => Number.isSafeInteger(count) && count >= 0);
    return saved.version === 1 && typeof saved.of.file === 'object' && whole ? saved : null;
  } catch {
    return null;
  }
}
