/** What JetStream's errors mean to us. */
import { NatsError } from 'nats';

export function isApiError(thrown: unknown, code: number): boolean {
  return thrown instanceof NatsError && thrown.api_error?.code === code;
}

/** "wrong last sequence": the compare of a compare-and-set failed. */
export function isWrongSequence(thrown: unknown): boolean {
  return thrown instanceof NatsError && thrown.api_error?.err_code === 10_071;
}

export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
