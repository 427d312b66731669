/**
 * The `traceparent` header, read and written: the one place where trace identifiers enter and leave as text.
 * Source: W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/), section 3.2.
 */

export type TraceParent = {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the caller's own span, which is the parent of ours. */
  readonly parentSpanId: string;
  /** Whether the caller records this trace (bit 0 of the flags). */
  readonly sampled: boolean;
};

/** Length of version 00, `00-<trace id>-<parent id>-<flags>`, and of the part of later versions that we read. */
const LENGTH = 55;

// Digits are lower case only: upper case makes the header invalid by the specification.
const FIELDS = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

const ZERO_TRACE_ID = '0'.repeat(32);
const ZERO_SPAN_ID = '0'.repeat(16);

const SAMPLED_FLAG = 1;

/**
 * Reads a `traceparent`. Returns null for anything the specification calls invalid, so that the caller starts a new
 * trace: wrong lengths, upper case, version `ff`, ids of zeros, or anything after the flags in version 00. A version
 * above 00 may carry more fields after a dash; they are ignored, as are the flags we do not know.
 */
export function parseTraceparent(text: string): TraceParent | null {
  if (text.length < LENGTH) return null;
  const fields = FIELDS.exec(text.length === LENGTH ? text : text.slice(0, LENGTH));
  if (fields === null) return null;
  const [, version, traceId, parentSpanId, flags] = fields as unknown as [string, string, string, string, string];
  if (version === 'ff') return null;
  if (text.length > LENGTH && (version === '00' || text[LENGTH] !== '-')) return null;
  if (traceId === ZERO_TRACE_ID || parentSpanId === ZERO_SPAN_ID) return null;
  return { traceId, parentSpanId, sampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) === SAMPLED_FLAG };
}

/** Writes a version-00 `traceparent`. `traceId` is 32 and `spanId` 16 lower-case hex digits; neither is checked here. */
export function formatTraceparent(traceId: string, spanId: string, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Whether `text` may stand as a trace id: 32 lower-case hex digits, not all zero. */
export function isTraceId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text) && text !== ZERO_TRACE_ID;
}

/** Whether `text` may stand as a span id: 16 lower-case hex digits, not all zero. */
export function isSpanId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text) && text !== ZERO_SPAN_ID;
}

/** The bytes of an id in hex: 16 for a trace id, 8 for a span id, as messages between processes carry them. */
export function idBytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

/** An id's lower-case hex, whichever way it came. */
export function idHex(id: string | Uint8Array): string {
  if (typeof id === 'string') return id;
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
}
