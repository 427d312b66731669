/** What the model says for each user: every answer of limits, peer and system is held against it, so none is hollow. */

import { loadBareModel } from './bare-model.ts';
import { featureTable, ROW_WIDTH, requestInputs, STORED_FEATURES, USERS } from './workload.ts';

/** float32 sums differ in their last bits between batch sizes. */
const TOLERANCE = 1e-5;
const INPUTS = requestInputs();

/** The whole input row of one user, [64] float32. */
export function inputRow(table: Float32Array, user: number): Float32Array {
  const row = new Float32Array(ROW_WIDTH);
  row.set(table.subarray(user * STORED_FEATURES, (user + 1) * STORED_FEATURES));
  row.set(INPUTS, STORED_FEATURES);
  return row;
}

/** The model's score for every user, index = user. */
export async function expectedScores(): Promise<Float32Array> {
  const table = featureTable();
  const rows = new Float32Array(USERS * ROW_WIDTH);
  for (let user = 0; user < USERS; user++) rows.set(inputRow(table, user), user * ROW_WIDTH);
  const model = await loadBareModel();
  const scores = Float32Array.from(await model.run(rows, USERS));
  await model.release();
  return scores;
}

/** Throws where a score is not the expected one. */
export function assertScore(what: string, user: number, score: number, expected: number): void {
  if (!(Math.abs(score - expected) <= TOLERANCE)) {
    throw new Error(`${what}: user ${user} got ${score}, the model says ${expected}`);
  }
}
