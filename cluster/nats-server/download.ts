/** Fetches one file over HTTP(S), bounded in time to connect, time in all, size and redirects. */
import type { Clock } from '../clock.ts';

export type DownloadLimits = {
  /** Until each server on the way has answered with its headers. */
  readonly connectTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly bytesMax: number;
};

export type FetchLike = (
  url: string,
  init: { readonly redirect: 'manual'; readonly signal: AbortSignal },
) => Promise<Response>;

const REDIRECTS_MAX = 5;

/**
 * The body of `url`. Redirects are followed here rather than by fetch, so that each server gets its own time to
 * answer, and so that none leads from https to http. Rejects with an Error whose message says what happened.
 */
export async function download(
  fetch: FetchLike,
  clock: Clock,
  url: string,
  limits: DownloadLimits,
): Promise<Uint8Array> {
  const abort = new AbortController();
  const total = clock.after(limits.totalTimeoutMs, () => {
    abort.abort(new Error(`not complete within ${limits.totalTimeoutMs / 1000} s`));
  });
  try {
    const response = await followRedirects(fetch, clock, url, limits.connectTimeoutMs, abort);
    return await readBounded(response, limits.bytesMax, abort.signal);
  } catch (thrown) {
    throw abort.signal.aborted ? abort.signal.reason : plainNetworkError(thrown);
  } finally {
    total.cancel();
    // Lets go of the connection where the body was not read to its end.
    abort.abort();
  }
}

async function followRedirects(
  fetch: FetchLike,
  clock: Clock,
  firstUrl: string,
  connectTimeoutMs: number,
  abort: AbortController,
): Promise<Response> {
  let url = firstUrl;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    const host = new URL(url).host;
    const connect = clock.after(connectTimeoutMs, () => {
      abort.abort(new Error(`${host} did not answer within ${connectTimeoutMs / 1000} s`));
    });
    let response: Response;
    try {
      response = await untilAborted(fetch(url, { redirect: 'manual', signal: abort.signal }), abort.signal);
    } finally {
      connect.cancel();
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) {
      if (response.status !== 200) throw new Error(`${host} answered with status ${response.status}`);
      return response;
    }
    const next = new URL(location, url);
    if (next.protocol !== 'https:' && next.protocol !== new URL(firstUrl).protocol) {
      throw new Error(`${host} redirects to ${next.protocol}//${next.host}, which is not encrypted`);
    }
    await response.body?.cancel();
    url = next.href;
  }
  throw new Error(`more than ${REDIRECTS_MAX} redirects`);
}

async function readBounded(response: Response, bytesMax: number, signal: AbortSignal): Promise<Uint8Array> {
  const tooLarge = () => new Error(`the file is larger than ${bytesMax} bytes`);
  if (Number(response.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge();
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error('the answer has no body');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await untilAborted(reader.read(), signal);
    if (done) break;
    bytes += value.byteLength;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}

/** Settles as soon as the signal fires, also where the promise itself does not listen to it. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** fetch reports every network trouble as "fetch failed"; the reason is in its cause. */
function plainNetworkError(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const cause = thrown.cause;
  if (!(cause instanceof Error)) return thrown;
  const first = cause instanceof AggregateError && cause.errors[0] instanceof Error ? cause.errors[0] : cause;
  return new Error(first.message === '' ? thrown.message : first.message, { cause: thrown });
}
