/** Puts a request's parts together into the one reply, rows in the order in which they were asked. Pure. */

import { rowShape } from '../../cluster/catalog/model-spec.ts';
import { mergeRows } from '../../cluster/catalog/select-rows.ts';
import { ServingError } from '../../proto/errors.ts';
import type { Answer, Message, RowFreshness, Timings, WireTensor } from '../../proto/letters.ts';
import { DATA_TYPE_NUMBER } from '../../proto/tensor.ts';
import type { RouterRequest } from './request.ts';

/** The reply of a request all of whose parts are answered. */
export function replyTo(request: RouterRequest, nowMs: number): Message {
  const { plan } = request;
  const answers = request.parts.map((part) => part.answer!);
  return {
    kind: 'predictReply',
    body: {
      id: request.callerId,
      requestId: request.requestId,
      failure: null,
      model: plan.spec.manifest.name,
      version: plan.spec.version,
      outputs: outputsOf(request, answers),
      freshness: freshnessOf(request, answers),
      timings: timingsOf(answers, Math.round((nowMs - request.startMs) * 1_000)),
      traceId: request.traceId,
    },
  };
}

/** Of the slowest part in each stage. */
function timingsOf(answers: readonly Answer[], totalUs: number): Timings {
  const timings = { totalUs, shardUs: 0, queueUs: 0, runUs: 0, batchRows: 0 };
  for (const { shardUs, queueUs, runUs, batchRows } of answers) {
    if (shardUs > timings.shardUs) timings.shardUs = shardUs;
    if (queueUs > timings.queueUs) timings.queueUs = queueUs;
    if (runUs > timings.runUs) timings.runUs = runUs;
    if (batchRows > timings.batchRows) timings.batchRows = batchRows;
  }
  return timings;
}

function outputsOf(request: RouterRequest, answers: readonly Answer[]): WireTensor[] {
  const { spec } = request.plan;
  const rows = request.admitted.rows;
  let nextFree = 0;
  return spec.outputs.map((output, i) => {
    let own = rowShape(output, spec.batched);
    if (own.some((dimension) => dimension < 0)) {
      const seen = answers[0]!.dims.slice(nextFree, nextFree + own.length);
      const odd = answers.find((answer) =>
        answer.dims.slice(nextFree, nextFree + seen.length).some((dimension, d) => dimension !== seen[d]),
      );
      if (odd !== undefined) {
        throw new ServingError(
          'INTERNAL',
          'route',
          `output '${output.name}' came in different shapes from different parts; ask for these rows one by one`,
        );
      }
      nextFree += own.length;
      own = seen;
    }
    const parts = answers.map((answer) => answer.outputs[i]!);
    return {
      name: output.name,
      datatype: DATA_TYPE_NUMBER[output.datatype],
      shape: spec.batched ? [rows, ...own] : [...own],
      data: parts.length === 1 ? parts[0]! : mergeRows(parts, output.datatype, rows, rowsOfParts(request)),
    };
  });
}

function rowsOfParts(request: RouterRequest): (readonly number[])[] {
  return request.parts.map((part) => part.rows!);
}

function freshnessOf(request: RouterRequest, answers: readonly Answer[]): RowFreshness | null {
  const { plan } = request;
  if (plan.reads.length === 0) return null;
  if (answers.length === 1) return named(answers[0]!.freshness!, plan.featureNames);
  const rows = request.admitted.rows;
  const appliedSeq = new Array<number>(rows);
  const ageMs = new Array<number>(rows);
  const indices = rowsOfParts(request);
  answers.forEach((answer, p) => {
    indices[p]!.forEach((row, i) => {
      appliedSeq[row] = answer.freshness!.appliedSeq[i]!;
      ageMs[row] = answer.freshness!.ageMs[i]!;
    });
  });
  const bitmaps = answers.map((answer, p) => {
    const { defaulted } = answer.freshness!;
    if (defaulted.length > 0) return defaulted;
    return new Uint8Array(Math.ceil(plan.featureNames.length / 8) * indices[p]!.length);
  });
  const defaulted = mergeRows(bitmaps, 'UINT8', rows, indices);
  return named({ appliedSeq, ageMs, defaulted, defaultedNames: [] }, plan.featureNames);
}

const NO_BITS = new Uint8Array(0);

/** Names travel only where something fell back: they would be most of the bytes of a healthy answer. */
function named(freshness: RowFreshness, featureNames: readonly string[]): RowFreshness {
  const { appliedSeq, ageMs, defaulted, defaultedNames } = freshness;
  if (defaulted.length === 0 && defaultedNames.length === 0) return freshness;
  if (defaulted.length === 0 || defaulted.every((bits) => bits === 0))
    return { appliedSeq, ageMs, defaulted: NO_BITS, defaultedNames: [] };
  return { appliedSeq, ageMs, defaulted, defaultedNames: featureNames as string[] };
}
