/**
 * Every error a caller can meet, in one table. Codes are gRPC's canonical names
 * (https://grpc.github.io/grpc/core/md_doc_statuscodes.html); match on `code`, not on the class.
 */

export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'DEADLINE_EXCEEDED'
  | 'UNAVAILABLE'
  | 'UNIMPLEMENTED'
  | 'CANCELLED'
  | 'DATA_LOSS'
  | 'INTERNAL';

/** Where in a request's life the error arose. */
export type Stage = 'edge' | 'route' | 'lookup' | 'queue' | 'run' | 'log';

type ErrorRule = {
  /** The code's number in gRPC and in our wire messages. */
  readonly number: number;
  /** Status of the human HTTP API (`/v1`). The `/v2` API maps by its own rules. */
  readonly http: number;
  /** Whether the router may try another owner or worker inside the deadline. */
  readonly routerRetries: boolean;
  readonly meaning: string;
};

/** The table behind README's "Errors"; a test holds the two against each other. */
export const ERROR_RULES: Readonly<Record<ErrorCode, ErrorRule>> = {
  INVALID_ARGUMENT: {
    number: 3,
    http: 400,
    routerRetries: false,
    meaning: 'The request is wrong; the message says what to change.',
  },
  NOT_FOUND: { number: 5, http: 404, routerRetries: false, meaning: 'No such model, version, view or route.' },
  FAILED_PRECONDITION: {
    number: 9,
    http: 503,
    routerRetries: true,
    meaning:
      'The placement or model list used was out of date, or a replica has not applied what a read asks for (min_seq); the router tries another.',
  },
  RESOURCE_EXHAUSTED: {
    number: 8,
    http: 429,
    routerRetries: false,
    meaning: 'A bounded queue or table is full; retry after the Retry-After header.',
  },
  DEADLINE_EXCEEDED: {
    number: 4,
    http: 504,
    routerRetries: false,
    meaning: 'The answer could not be made before the deadline; the stage says where time ran out.',
  },
  UNAVAILABLE: {
    number: 14,
    http: 503,
    routerRetries: true,
    meaning: 'No owner, worker or log can be reached, or the process is draining.',
  },
  UNIMPLEMENTED: {
    number: 12,
    http: 501,
    routerRetries: false,
    meaning: 'The protocol allows this; this server does not do it.',
  },
  CANCELLED: { number: 1, http: 499, routerRetries: false, meaning: 'The caller went away.' },
  DATA_LOSS: {
    number: 15,
    http: 503,
    routerRetries: true,
    meaning: 'A stored record is corrupt; another replica is tried.',
  },
  INTERNAL: {
    number: 13,
    http: 500,
    routerRetries: false,
    meaning: 'The model failed to run, or there is a bug; the request id finds it in the log.',
  },
};

const CODE_BY_NUMBER = new Map<number, ErrorCode>(
  Object.entries(ERROR_RULES).map(([code, rule]) => [rule.number, code as ErrorCode]),
);

export function codeFromNumber(number: number): ErrorCode {
  return CODE_BY_NUMBER.get(number) ?? 'INTERNAL';
}

export class ServingError extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;

  constructor(code: ErrorCode, stage: Stage, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ServingError';
    this.code = code;
    this.stage = stage;
  }

  get httpStatus(): number {
    return ERROR_RULES[this.code].http;
  }

  toJSON(): { error: { code: ErrorCode; stage: Stage; message: string } } {
    return { error: { code: this.code, stage: this.stage, message: this.message } };
  }
}

export function invalid(message: string, stage: Stage = 'edge'): ServingError {
  return new ServingError('INVALID_ARGUMENT', stage, message);
}

export function notFound(message: string, stage: Stage = 'edge'): ServingError {
  return new ServingError('NOT_FOUND', stage, message);
}

/** Whatever was thrown, as a ServingError: unknown failures are INTERNAL and keep their cause. */
export function asServingError(thrown: unknown, stage: Stage): ServingError {
  if (thrown instanceof ServingError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ServingError('INTERNAL', stage, message, { cause: thrown });
}
