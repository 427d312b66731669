/** What a request must keep to before its model is looked at. Pure. */
import { invalid } from '../../proto/errors.ts';
import type { Predict } from '../../proto/letters.ts';

/** Of each text that a request carries beside its inputs: names hold 64, ids 128, addresses two names. */
const TEXT_CHARS_MAX = 256;

/** Throws INVALID_ARGUMENT for texts too long to be what they stand for; the edges have limits of their own below this. */
export function checkTexts({ requestId, model, version, traceId, replyTo }: Predict): void {
  checkText('request id', requestId);
  checkText('model name', model);
  checkText('version', version);
  checkText('trace id', traceId);
  checkText('reply address', replyTo);
}

function checkText(what: string, text: string): void {
  if (text.length <= TEXT_CHARS_MAX) return;
  throw invalid(`the ${what} has ${text.length} characters; at most ${TEXT_CHARS_MAX} are allowed`, 'route');
}

/**
 * Refuses a timeout that the cluster would not keep (`requestTimeoutMsMax`), whichever edge and field it came by.
 * Throws INVALID_ARGUMENT naming the longest one.
 */
export function checkTimeoutMs(timeoutMs: number | undefined, maxMs: number): void {
  if (timeoutMs === undefined || timeoutMs <= maxMs) return;
  throw invalid(
    `a timeout of ${timeoutMs} ms is longer than this cluster allows: at most ${maxMs} ms (--request-timeout-ms-max)`,
  );
}
