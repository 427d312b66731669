/**
 * One entry of the dead-letter stream: what a replica could not apply of one message of the log, and why. A line of JSON
 * that a person can read, a line break, and the bytes as they are.
 */
import { invalid } from './errors.ts';

export type DeadLetter = {
  readonly partition: number;
  /** Sequence of the message in the log. */
  readonly seq: number;
  /** When it was parked, ms since the Unix epoch. */
  readonly parkedMs: number;
  /** Empty where the message does not say. */
  readonly view: string;
  readonly stream: string;
  /** Rows of the message by what is wrong with them; without rows: all of it. */
  readonly reasons: readonly { readonly why: string; readonly rows: readonly number[] }[];
  /** Rows that `reasons` has no room to name. */
  readonly rowsLeftOut: number;
  /**
   * `rows`: a row batch of the bad rows. `message`: the message as it was. `none`: it is too long to be kept beside its
   * description; the log has it.
   */
  readonly holds: 'rows' | 'message' | 'none';
  readonly bytes: Uint8Array;
};

const LINE_BREAK = 0x0a;
const HEADER_BYTES_MAX = 256 * 1024;
const ID = /^(\d{1,5})\.(\d{1,16})$/;

/** How people name an entry: `<partition>.<seq>`. */
export function deadLetterId({ partition, seq }: { readonly partition: number; readonly seq: number }): string {
  return `${partition}.${seq}`;
}

/** Throws INVALID_ARGUMENT for text that is no such name. */
export function parseDeadLetterId(text: string): { partition: number; seq: number } {
  const match = ID.exec(text);
  if (match === null)
    throw invalid(`'${text.slice(0, 40)}' names no dead letter; write <partition>.<seq>, such as 17.4711`);
  return { partition: Number(match[1]), seq: Number(match[2]) };
}

export function encodeDeadLetter({ bytes, ...header }: DeadLetter): Uint8Array {
  return Buffer.concat([Buffer.from(JSON.stringify(header), 'utf8'), Buffer.of(LINE_BREAK), bytes]);
}

/** Throws INVALID_ARGUMENT for bytes that are no entry. `bytes` of the result is a view into them. */
export function decodeDeadLetter(encoded: Uint8Array): DeadLetter {
  const end = encoded.subarray(0, HEADER_BYTES_MAX).indexOf(LINE_BREAK);
  const header = end < 0 ? null : parse(Buffer.from(encoded.subarray(0, end)).toString('utf8'));
  if (header === null) throw invalid('an entry of the dead-letter stream is in a form that this version does not know');
  return { ...header, bytes: encoded.subarray(end + 1) };
}

type Header = Omit<DeadLetter, 'bytes'>;

function parse(text: string): Header | null {
  try {
    const header = JSON.parse(text) as Header;
    const numbers = [header.partition, header.seq, header.parkedMs, header.rowsLeftOut];
    if (!numbers.every((value) => Number.isFinite(value) && value >= 0)) return null;
    if (typeof header.view !== 'string' || typeof header.stream !== 'string') return null;
    if (!['rows', 'message', 'none'].includes(header.holds) || !Array.isArray(header.reasons)) return null;
    const said = header.reasons.every(({ why, rows }) => typeof why === 'string' && rows.every(Number.isInteger));
    return said ? header : null;
  } catch {
    return null;
  }
}
