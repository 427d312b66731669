/**
 * Refusals as Feast's feature server writes them, since its SDK builds its own exceptions from them. What is wrong with
 * the body's shape is FastAPI's `{"detail": […]}`; everything else is a JSON string that holds JSON, with `module`,
 * `class` and `message`. Both carry our code, stage and request id beside Feast's fields.
 */
import { type ErrorCode, ServingError } from '../../proto/errors.ts';

/** Exceptions of `feast.errors` that the SDK raises by these names. `FeastError` is the base of all. */
export type FeastClass =
  | 'FeastError'
  | 'FeastObjectNotFoundException'
  | 'FeatureNameCollisionError'
  | 'FeatureServiceNotFoundException'
  | 'FeatureViewNotFoundException'
  | 'FeatureViewVersionNotFound'
  | 'PushSourceNotFoundException';

export type RefusedRow = { readonly row: number; readonly code: string; readonly message: string };

/** What a write did with its rows, where it refused any. */
export type WriteOutcome = {
  readonly accepted: number;
  readonly rejected: number;
  /** The first of them. */
  readonly rows: readonly RefusedRow[];
};

/** FastAPI's status for a body that is not as it must be, and Feast's for an unknown push source. */
export const UNPROCESSABLE = 422;

/** A refusal with a class of its own in Feast. */
export class FeastRefusal extends ServingError {
  readonly feastClass: FeastClass;
  readonly outcome: WriteOutcome | undefined;

  constructor(code: ErrorCode, feastClass: FeastClass, message: string, outcome?: WriteOutcome) {
    super(code, outcome === undefined ? 'edge' : 'log', message);
    this.feastClass = feastClass;
    this.outcome = outcome;
  }

  override get httpStatus(): number {
    return this.feastClass === 'PushSourceNotFoundException' ? UNPROCESSABLE : super.httpStatus;
  }
}

/** A body whose shape is wrong, at `place`, e.g. `['entities', 'user_id']`. */
export class FeastBodyFault extends ServingError {
  readonly place: readonly (string | number)[];

  constructor(place: readonly (string | number)[], message: string) {
    super('INVALID_ARGUMENT', 'edge', message);
    this.place = place;
  }
}

/** Wrong values, as an exception of Feast's base class. */
export function feastInvalid(message: string): FeastRefusal {
  return new FeastRefusal('INVALID_ARGUMENT', 'FeastError', message);
}

/** The body of an error answer. */
export function feastErrorBody(error: ServingError, requestId: string): string {
  const ours = { ...error.toJSON(), request_id: requestId };
  if (error.code === 'INVALID_ARGUMENT' && !(error instanceof FeastRefusal)) {
    const place = error instanceof FeastBodyFault ? error.place : [];
    return JSON.stringify({ detail: [{ type: 'value_error', loc: ['body', ...place], msg: error.message }], ...ours });
  }
  const refusal = error instanceof FeastRefusal ? error : undefined;
  // Twice: the SDK reads the answer as a JSON string, then that string as JSON.
  return JSON.stringify(
    JSON.stringify({
      module: 'feast.errors',
      class: refusal?.feastClass ?? 'FeastError',
      message: error.message,
      code: error.code,
      stage: error.stage,
      request_id: requestId,
      ...refusal?.outcome,
    }),
  );
}
