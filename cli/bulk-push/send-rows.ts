/**
 * Rows to the gateway as JSON lines, until each is acknowledged or refused for good. What a moment's wait may cure (a
 * gateway that is full, restarts, or has no log) is sent again for a bounded time; a body that is too large is halved.
 */
import { ServingError } from '../../proto/errors.ts';
import type { FileRow } from '../row-files/row-file.ts';

export type RefusedRow = { readonly row: FileRow; readonly code: string; readonly reason: string };

export type SentRows = {
  readonly accepted: number;
  readonly refused: readonly RefusedRow[];
  /** The least and the highest sequence that the log gave; 0 where it took nothing. */
  readonly seqMin: number;
  readonly seqMax: number;
};

export type SendOptions = {
  /** `http://host:port/v1/features/<view>:push`. */
  readonly url: string;
  /** How long rows are sent again without any progress, ms. */
  readonly retryMs: number;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told of each wait, with what is waited for. */
  readonly onRetry: (reason: string) => void;
};

/** A request that is not answered within this time has failed. */
const ANSWER_MS_MAX = 60_000;
const WAIT_MS_MIN = 200;
const WAIT_MS_MAX = 5_000;
const TRANSIENT: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'INTERNAL',
]);
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

type Answer = {
  readonly accepted: number;
  readonly refused: readonly {
    readonly row: number;
    readonly error: { readonly code: string; readonly message: string };
  }[];
  readonly sequences: Readonly<Record<string, number>>;
};

type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly retryAfterMs: number }
  | { readonly kind: 'later'; readonly reason: string; readonly retryAfterMs: number }
  | { readonly kind: 'too large'; readonly reason: string };

/**
 * `asOfMs`: the event time of rows that name none; the same whenever they are sent again, so that they do not overtake
 * later ones. Rejects with UNAVAILABLE when nothing went on for `retryMs`, and with the gateway's own error where sending
 * again would change nothing.
 */
export async function sendRows(options: SendOptions, rows: readonly FileRow[], asOfMs: number): Promise<SentRows> {
  let left = rows;
  let accepted = 0;
  let seqMin = 0;
  let seqMax = 0;
  const refused: RefusedRow[] = [];
  let sinceMs = options.nowMs();
  let waitMs = WAIT_MS_MIN;
  while (left.length > 0) {
    const reply = await post(options.url, left, asOfMs);
    if (reply.kind === 'too large') {
      if (left.length === 1) {
        refused.push({ row: left[0]!, code: 'INVALID_ARGUMENT', reason: reply.reason });
        break;
      }
      const middle = left.length >> 1;
      const halves = [await sendRows(options, left.slice(0, middle), asOfMs)];
      halves.push(await sendRows(options, left.slice(middle), asOfMs));
      for (const half of halves) {
        accepted += half.accepted;
        refused.push(...half.refused);
        if (half.seqMin > 0) seqMin = seqMin === 0 ? half.seqMin : Math.min(seqMin, half.seqMin);
        seqMax = Math.max(seqMax, half.seqMax);
      }
      break;
    }
    let reason: string;
    if (reply.kind === 'answer') {
      const { answer } = reply;
      accepted += answer.accepted;
      for (const seq of Object.values(answer.sequences)) {
        seqMin = seqMin === 0 ? seq : Math.min(seqMin, seq);
        seqMax = Math.max(seqMax, seq);
      }
      const again: FileRow[] = [];
      for (const { row, error } of answer.refused) {
        const sent = left[row];
        if (sent === undefined) throw strange(options.url, `it refuses row ${row} of ${left.length}`);
        if (TRANSIENT.has(error.code)) again.push(sent);
        else refused.push({ row: sent, code: error.code, reason: error.message });
      }
      if (again.length === 0) break;
      if (again.length < left.length) {
        sinceMs = options.nowMs();
        waitMs = WAIT_MS_MIN;
      }
      reason = answer.refused.find(({ error }) => TRANSIENT.has(error.code))!.error.message;
      left = again;
    } else {
      reason = reply.reason;
    }
    if (options.nowMs() - sinceMs >= options.retryMs) {
      throw new ServingError(
        'UNAVAILABLE',
        'edge',
        `${reason}; given up after ${Math.round(options.retryMs / 1_000)} s`,
      );
    }
    options.onRetry(reason);
    await options.sleep(Math.min(WAIT_MS_MAX, Math.max(waitMs, reply.retryAfterMs)));
    waitMs = Math.min(WAIT_MS_MAX, waitMs * 2);
  }
  return { accepted, refused, seqMin, seqMax };
}

async function post(url: string, rows: readonly FileRow[], asOfMs: number): Promise<Reply> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}?as_of=${asOfMs}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'accept-encoding': 'identity' },
      body: rows.map((row) => row.json).join('\n'),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    text = await response.text();
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    return { kind: 'later', reason: `no gateway answers at ${new URL(url).origin} (${why})`, retryAfterMs: 0 };
  }
  const body = jsonOf(text);
  const retryAfterMs = Math.max(0, Number(response.headers.get('retry-after') ?? 0) * 1_000 || 0);
  if (isAnswer(body)) return { kind: 'answer', answer: body, retryAfterMs };
  const error = (body as { error?: { code?: string; message?: string } } | null)?.error;
  const reason = error?.message ?? `the gateway answers ${response.status}: ${text.slice(0, 200)}`;
  if (response.status === 413) return { kind: 'too large', reason };
  if (TRANSIENT_STATUS.has(response.status)) return { kind: 'later', reason, retryAfterMs };
  throw new ServingError(response.status === 404 ? 'NOT_FOUND' : 'INVALID_ARGUMENT', 'edge', reason);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAnswer(body: unknown): body is Answer {
  const { accepted, refused, sequences } = (body ?? {}) as Partial<Answer>;
  return typeof accepted === 'number' && Array.isArray(refused) && typeof sequences === 'object';
}

function strange(url: string, why: string): ServingError {
  return new ServingError('INTERNAL', 'edge', `${url} does not answer as a gateway does: ${why}`);
}
