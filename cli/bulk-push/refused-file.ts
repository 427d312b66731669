/** Refused rows as JSON lines, each with its number, its reason and its text: to be mended and pushed again. */
import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../command.ts';

export type Refusal = {
  readonly number: number;
  readonly code: string;
  readonly reason: string;
  readonly text: string;
};

export class RefusedFile {
  readonly #handle: FileHandle;
  #bytes: number;
  #pending: string[] = [];

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** `keptBytes`: of an earlier run; what stands behind them is written again, and 0 begins anew. */
  static async open(path: string, keptBytes: number): Promise<RefusedFile> {
    try {
      const handle = await open(path, keptBytes === 0 ? 'w' : 'r+');
      const { size } = await handle.stat();
      if (size < keptBytes) {
        await handle.close();
        throw new UsageError(
          `--refused ${path} holds ${size} bytes, less than the ${keptBytes} that an earlier run wrote; give --restart to push all of it again`,
        );
      }
      await handle.truncate(keptBytes);
      return new RefusedFile(handle, keptBytes);
    } catch (thrown) {
      if (thrown instanceof UsageError) throw thrown;
      throw new UsageError(`--refused cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  add(unit: string, { number, code, reason, text }: Refusal): void {
    this.#pending.push(`${JSON.stringify({ [unit]: number, code, reason, text })}\n`);
  }

  /** Writes what was added; how many bytes are there now, to stay. */
  async flush(): Promise<number> {
    if (this.#pending.length === 0) return this.#bytes;
    const bytes = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    let written = 0;
    while (written < bytes.byteLength) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        written,
        bytes.byteLength - written,
        this.#bytes + written,
      );
      written += bytesWritten;
    }
    await this.#handle.sync();
    this.#bytes += written;
    return this.#bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
