/** Whatever goes wrong at the edge, as a status and a body in the style of the API that was called. */
import { type ErrorCode, ServingError } from '../../proto/errors.ts';
import { feastErrorBody, UNPROCESSABLE } from '../edge/feast-errors.ts';
import { PATH_SEGMENT_CHARS_MAX } from '../edge/limits.ts';

/** A refusal that HTTP has its own status for (405, 408, 413, 431, …). */
export class HttpRefusal extends ServingError {
  readonly #status: number;

  constructor(status: number, code: ErrorCode, message: string) {
    super(code, 'edge', message);
    this.#status = status;
  }

  override get httpStatus(): number {
    return this.#status;
  }
}

export function bodyTooLarge(bytesMax: number): HttpRefusal {
  return new HttpRefusal(
    413,
    'INVALID_ARGUMENT',
    `the body is larger than ${bytesMax} bytes; send fewer rows a request, or raise the server's body limit`,
  );
}

/**
 * The Open Inference Protocol's own mapping (see the protocol's reference server): what is wrong with the request is
 * 400, and whatever a retry may cure, a queue timeout included, is UNAVAILABLE's 503.
 */
const OPEN_INFERENCE_STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  FAILED_PRECONDITION: 503,
  RESOURCE_EXHAUSTED: 503,
  DEADLINE_EXCEEDED: 503,
  UNAVAILABLE: 503,
  UNIMPLEMENTED: 501,
  CANCELLED: 400,
  DATA_LOSS: 503,
  INTERNAL: 500,
};

/** The routes that speak as Feast's feature server does, errors included. */
export const FEAST_PATHS = {
  get: '/get-online-features',
  push: '/push',
  write: '/write-to-online-store',
  materialize: '/materialize',
  materializeIncremental: '/materialize-incremental',
} as const;

const FEAST_PATH_LIST: readonly string[] = Object.values(FEAST_PATHS);

export type ErrorReply = { readonly status: number; readonly retryAfter: boolean; readonly body: string };

export function errorReply(url: string, requestId: string, error: ServingError): ErrorReply {
  if (isOpenInference(url)) {
    const status = error instanceof HttpRefusal ? error.httpStatus : OPEN_INFERENCE_STATUS[error.code];
    return { status, retryAfter: retryLater(status), body: JSON.stringify({ error: error.message }) };
  }
  if (isFeast(url)) {
    const wrong = error.code === 'INVALID_ARGUMENT' && !(error instanceof HttpRefusal);
    const status = wrong ? UNPROCESSABLE : error.httpStatus;
    return { status, retryAfter: retryLater(status), body: feastErrorBody(error, requestId) };
  }
  const status = error.httpStatus;
  return { status, retryAfter: retryLater(status), body: JSON.stringify({ ...error.toJSON(), request_id: requestId }) };
}

function isFeast(url: string): boolean {
  const query = url.indexOf('?');
  return FEAST_PATH_LIST.includes(query < 0 ? url : url.slice(0, query));
}

function isOpenInference(url: string): boolean {
  return url.startsWith('/v2') && (url.length === 3 || url[3] === '/' || url[3] === '?');
}

function retryLater(status: number): boolean {
  return status === 429 || status === 503;
}

/**
 * A thrown value as a ServingError that may be shown to the caller. The web framework's own refusals keep their
 * status; anything unknown becomes INTERNAL without its message, which may hold what only the log should.
 */
export function presentable(thrown: unknown, bodyBytesMax: number): ServingError {
  if (thrown instanceof ServingError) return thrown;
  if (thrown instanceof Error) {
    const { code, statusCode } = thrown as Error & { code?: unknown; statusCode?: unknown };
    if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return bodyTooLarge(bodyBytesMax);
    if (code === 'FST_ERR_BAD_URL') {
      return new HttpRefusal(
        400,
        'INVALID_ARGUMENT',
        'the path has a % that is not followed by two hex digits of UTF-8',
      );
    }
    if (code === 'FST_ERR_MAX_PARAM_LENGTH') {
      return new HttpRefusal(
        414,
        'INVALID_ARGUMENT',
        `a part of the path is longer than ${PATH_SEGMENT_CHARS_MAX} characters; names have at most 64`,
      );
    }
    if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
      return new HttpRefusal(400, 'INVALID_ARGUMENT', 'the body is not as long as Content-Length says');
    }
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return new HttpRefusal(statusCode, 'INVALID_ARGUMENT', 'the request was cut off or is not HTTP as it should be');
    }
  }
  return new ServingError('INTERNAL', 'edge', 'an unexpected failure; the request id finds it in the log', {
    cause: thrown,
  });
}

/** Errors below HTTP requests: what the parser could not read, or read too slowly. */
export function connectionRefusal(code: string | undefined): HttpRefusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new HttpRefusal(408, 'DEADLINE_EXCEEDED', 'the request was not sent completely in time');
  }
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpRefusal(431, 'INVALID_ARGUMENT', 'the headers are too long');
  return new HttpRefusal(400, 'INVALID_ARGUMENT', 'the request is not HTTP/1.1 as it should be');
}
