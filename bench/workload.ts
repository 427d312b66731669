/**
 * What limits, peer and system all serve: one model, one set of users. 50 stored features and 14 request inputs make
 * the 64 columns of a 64-256-128-1 perceptron. Everything follows from the index, so that each process makes its own.
 */
import { seededRandom } from '../cluster/random.ts';
import { seededMlp } from '../examples/support/onnx-writer.ts';

export const STORED_FEATURES = 50;
export const REQUEST_INPUTS = 14;
export const ROW_WIDTH = STORED_FEATURES + REQUEST_INPUTS;
export const USERS = 10_000;
export const MODEL_INPUT = 'features';
export const MODEL_OUTPUT = 'score';

const MODEL_SEED = 64_256;
const FEATURE_SEED = 50;
const INPUT_SEED = 14;
/** Coprime with USERS: walking by it visits every user before one returns. */
const USER_STRIDE = 7919;

/** ONNX bytes: `features` [batch, 64] float32 → `score` [batch, 1] float32. */
export function benchModel(): Uint8Array {
  return seededMlp({
    sizes: [ROW_WIDTH, 256, 128, 1],
    seed: MODEL_SEED,
    inputName: MODEL_INPUT,
    outputName: MODEL_OUTPUT,
  });
}

/** The user that request `index` is about, 0 to USERS − 1. */
export function userOf(index: number): number {
  return (index * USER_STRIDE) % USERS;
}

export function userKey(user: number): string {
  return `u${user}`;
}

/** Stored features of every user: [USERS, 50], row-major, in [−1, 1). */
export function featureTable(): Float32Array {
  const random = seededRandom(FEATURE_SEED);
  return Float32Array.from({ length: USERS * STORED_FEATURES }, () => random.next() * 2 - 1);
}

/** The 14 values that every request carries. */
export function requestInputs(): Float32Array {
  const random = seededRandom(INPUT_SEED);
  return Float32Array.from({ length: REQUEST_INPUTS }, () => random.next() * 2 - 1);
}
