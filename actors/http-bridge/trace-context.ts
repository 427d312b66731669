/**
 * The `traceparent` header, read as strictly as W3C Trace Context asks
 * (https://www.w3.org/TR/trace-context/#traceparent-header): whatever does not fit is ignored, never an error.
 */
import type { IncomingTrace } from '../router/gateway-port.ts';

const VERSION_00 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** Versions to come may add fields after another '-'; the first four keep their meaning. */
const VERSION_LATER = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED_FLAG = 1;

/** The caller's trace, or undefined where the header is absent, repeated, malformed or all zeros. */
export function parseTraceparent(header: string | readonly string[] | undefined): IncomingTrace | undefined {
  if (typeof header !== 'string') return undefined;
  const fields = header.startsWith('00-') ? VERSION_00.exec(header) : VERSION_LATER.exec(header);
  if (fields === null) return undefined;
  const [, traceId, parentSpanId, flags] = fields;
  if (traceId === undefined || parentSpanId === undefined || flags === undefined) return undefined;
  if (traceId === NO_TRACE || parentSpanId === NO_SPAN) return undefined;
  return { traceId, parentSpanId, sampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0 };
}

/** A version-00 header. `traceId` holds 32 and `spanId` 16 lower-case hex digits. */
export function formatTraceparent(traceId: string, spanId: string, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
