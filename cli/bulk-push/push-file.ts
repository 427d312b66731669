/**
 * Pushes a file: reads batches, keeps a few requests under way, and moves the saved position past what is acknowledged,
 * in the file's order. Stops where it is told to, or where the gateway stays away, with everything acknowledged saved.
 */
import { ServingError } from '../../proto/errors.ts';
import type { Position, RowBatch, RowFile } from '../row-files/row-file.ts';
import type { ProgressDisplay, ProgressFigures } from './progress-bar.ts';
import type { RefusedFile } from './refused-file.ts';
import type { Progress } from './saved-progress.ts';
import type { SentRows } from './send-rows.ts';

export type PushFileParts = {
  readonly file: RowFile;
  /** What an earlier run has done; null to begin at the start. */
  readonly from: Progress | null;
  readonly send: (batch: RowBatch) => Promise<SentRows>;
  /** Null where progress is not kept. */
  readonly save: ((progress: Progress) => Promise<void>) | null;
  readonly refusedFile: RefusedFile | null;
  readonly display: ProgressDisplay;
  /** Resolves when reading is to stop. */
  readonly stopped: Promise<void>;
  readonly nowMs: () => number;
  /** Of a stream: requests go one after the other, since an event that is overtaken by much newer ones counts as late. */
  readonly ordered: boolean;
};

export type PushedFile = { readonly progress: Progress; readonly complete: boolean };

const REQUESTS_IN_FLIGHT_MAX = 4;
const ORDERED_IN_FLIGHT_MAX = 1;
const SAVE_MS = 500;
const REFUSALS_SHOWN = 20;

type InFlight = { readonly batch: RowBatch; readonly sent: Promise<SentRows> };

export async function pushFile(parts: PushFileParts): Promise<PushedFile> {
  const push = new FilePush(parts);
  return push.run();
}

class FilePush {
  readonly #parts: PushFileParts;
  readonly #seqBefore: number;
  #position: Position;
  #accepted: number;
  #refused: number;
  #seqMax: number;
  #refusedFileBytes: number;
  #shown = 0;
  #savedMs: number;
  #unsaved = false;
  #stopping = false;

  constructor(parts: PushFileParts) {
    this.#parts = parts;
    const { from } = parts;
    this.#position = from?.position ?? { offset: 0, number: 1 };
    this.#accepted = from?.accepted ?? 0;
    this.#refused = from?.refused ?? 0;
    this.#seqMax = from?.seqMax ?? 0;
    this.#seqBefore = this.#seqMax;
    this.#refusedFileBytes = from?.refusedFileBytes ?? 0;
    // The first acknowledgement is saved at once.
    this.#savedMs = Number.NEGATIVE_INFINITY;
  }

  async run(): Promise<PushedFile> {
    const { file, from, display, stopped } = this.#parts;
    void stopped.then(() => {
      this.#stopping = true;
    });
    const batches = file.batches(from?.position ?? null)[Symbol.asyncIterator]();
    const inFlight: InFlight[] = [];
    const inFlightMax = this.#parts.ordered ? ORDERED_IN_FLIGHT_MAX : REQUESTS_IN_FLIGHT_MAX;
    let complete = false;
    try {
      while (!this.#stopping) {
        const next = await Promise.race([batches.next(), stopped]);
        if (next === undefined) break;
        if (next.done === true) {
          complete = true;
          break;
        }
        // Here, so that the next batch is read while requests are under way.
        while (inFlight.length >= inFlightMax) await this.#settle(inFlight.shift()!);
        const sent = this.#parts.send(next.value);
        // Looked at in order, below; until then its failure must not pass for one that nobody handles.
        sent.catch(() => {});
        inFlight.push({ batch: next.value, sent });
      }
      while (inFlight.length > 0) await this.#settle(inFlight.shift()!);
    } catch (thrown) {
      await Promise.allSettled(inFlight.map(({ sent }) => sent));
      await this.#save();
      throw thrown;
    } finally {
      display.end(this.#figures());
    }
    await this.#save();
    return { progress: this.#progress(), complete };
  }

  async #settle({ batch, sent }: InFlight): Promise<void> {
    const { accepted, refused, seqMin, seqMax } = await sent;
    // Rows are new to the log whenever they are sent; so a sequence of before is another log's.
    if (seqMin > 0 && seqMin <= this.#seqBefore) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'log',
        `the cluster's log is not the one that the first part of this file was pushed to (it gave sequence ${seqMin} after ${this.#seqBefore}); give --restart to push all of it again`,
      );
    }
    for (const { number, reason, text } of batch.bad) this.#refuse(number, 'INVALID_ARGUMENT', reason, text);
    for (const { row, code, reason } of refused) this.#refuse(row.number, code, reason, row.json);
    this.#accepted += accepted;
    this.#refused += batch.bad.length + refused.length;
    this.#seqMax = Math.max(this.#seqMax, seqMax);
    this.#position = batch.after;
    this.#unsaved = true;
    this.#parts.display.show(this.#figures());
    if (this.#parts.nowMs() - this.#savedMs >= SAVE_MS) await this.#save();
  }

  #refuse(number: number, code: string, reason: string, text: string): void {
    const { refusedFile, display, file } = this.#parts;
    refusedFile?.add(file.unit, { number, code, reason, text });
    this.#shown++;
    if (this.#shown <= REFUSALS_SHOWN) display.say(`${file.unit} ${number}: ${reason}`);
    else if (this.#shown === REFUSALS_SHOWN + 1) {
      const where = refusedFile === null ? 'give --refused <file> to have them all' : 'they are all in --refused';
      display.say(`more rows are refused; ${where}`);
    }
  }

  async #save(): Promise<void> {
    if (!this.#unsaved) return;
    this.#unsaved = false;
    // First, so that the position never is ahead of it.
    this.#refusedFileBytes = (await this.#parts.refusedFile?.flush()) ?? 0;
    await this.#parts.save?.(this.#progress());
    this.#savedMs = this.#parts.nowMs();
  }

  #progress(): Progress {
    return {
      position: this.#position,
      accepted: this.#accepted,
      refused: this.#refused,
      refusedFileBytes: this.#refusedFileBytes,
      seqMax: this.#seqMax,
    };
  }

  #figures(): ProgressFigures {
    const { endOffset } = this.#parts.file;
    const share = endOffset === null ? null : endOffset === 0 ? 1 : Math.min(1, this.#position.offset / endOffset);
    return { accepted: this.#accepted, refused: this.#refused, share };
  }
}
