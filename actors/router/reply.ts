/** Puts a request's parts together into the one reply, rows in the order in which they were asked. Pure. */

import { mergeRows } from '../../cluster/catalog/select-rows.ts';
import type { PlannedOutput, ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import { ServingError } from '../../proto/errors.ts';
import { anyDefaulted, decodeFreshness, encodeFreshness, valueOfRow, withNames } from '../../proto/freshness.ts';
import type { Answer, Failure, Message, Timings } from '../../proto/letters.ts';
import type { Tensor } from '../../proto/tensor.ts';
import type { RouterRequest } from './request.ts';

/** The reply of a request all of whose parts are answered. Throws INTERNAL where they do not fit together. */
export function replyTo(request: RouterRequest, nowMs: number): Message & { readonly kind: 'predictReply' } {
  const { plan, parts } = request;
  const { manifest, version } = plan.spec;
  const totalUs = Math.round((nowMs - request.startMs) * 1_000);
  const alone = parts.length === 1 ? parts[0]!.answer! : null;
  const answers = alone === null ? parts.map((part) => part.answer!) : null;
  return {
    kind: 'predictReply',
    body: {
      id: request.callerId,
      requestId: request.requestId,
      requestNumber: request.requestNumber,
      failure: null,
      model: manifest.name,
      version,
      outputs: alone === null ? mergedOutputs(request, answers!) : outputsOf(plan, request.admitted.rows, alone),
      freshness: alone === null ? mergedFreshness(request, answers!) : namedFreshness(plan, alone.freshness),
      timings: alone === null ? slowest(answers!, totalUs) : timingsOf(alone, totalUs),
      traceId: request.traceId,
    },
  };
}

/** The reply of a request that could not be served. */
export function failureReply(request: RouterRequest, failure: Failure): Message {
  const { manifest, version } = request.plan.spec;
  return {
    kind: 'predictReply',
    body: {
      id: request.callerId,
      requestId: request.requestId,
      requestNumber: request.requestNumber,
      failure,
      model: manifest.name,
      version,
      outputs: [],
      freshness: null,
      timings: null,
      traceId: request.traceId,
    },
  };
}

function timingsOf({ shardUs, queueUs, runUs, batchRows }: Answer, totalUs: number): Timings {
  return { totalUs, shardUs, queueUs, runUs, batchRows };
}

/** Of the slowest part in each stage. */
function slowest(answers: readonly Answer[], totalUs: number): Timings {
  const timings = { totalUs, shardUs: 0, queueUs: 0, runUs: 0, batchRows: 0 };
  for (const { shardUs, queueUs, runUs, batchRows } of answers) {
    if (shardUs > timings.shardUs) timings.shardUs = shardUs;
    if (queueUs > timings.queueUs) timings.queueUs = queueUs;
    if (runUs > timings.runUs) timings.runUs = runUs;
    if (batchRows > timings.batchRows) timings.batchRows = batchRows;
  }
  return timings;
}

function outputsOf(plan: ServingPlan, rows: number, answer: Answer): Tensor[] {
  const { outputs } = plan;
  if (outputs.length === 1) return [tensorOf(plan, outputs[0]!, rows, answer.dims, answer.outputs[0]!)];
  let nextFree = 0;
  return outputs.map((output, i) => {
    const own = output.free ? answer.dims.slice(nextFree, nextFree + output.shape.length) : output.shape;
    if (output.free) nextFree += output.shape.length;
    return tensorOf(plan, output, rows, own, answer.outputs[i]!);
  });
}

/** `dims`: of a row, where the plan leaves them open. */
function tensorOf(
  plan: ServingPlan,
  output: PlannedOutput,
  rows: number,
  dims: readonly number[],
  data: Uint8Array,
): Tensor {
  const { name, datatype, free } = output;
  if (rows === 1 && !free) return { name, datatype, shape: output.oneRowShape, data };
  const own = free ? dims : output.shape;
  return { name, datatype, shape: plan.spec.batched ? [rows, ...own] : own, data };
}

function mergedOutputs(request: RouterRequest, answers: readonly Answer[]): Tensor[] {
  const { plan } = request;
  const { rows } = request.admitted;
  const [first] = answers;
  let nextFree = 0;
  for (const { name, free, shape } of plan.outputs) {
    if (!free) continue;
    const dimsOf = ({ dims }: Answer) => dims.slice(nextFree, nextFree + shape.length);
    const seen = dimsOf(first!);
    if (answers.some((answer) => dimsOf(answer).some((dimension, d) => dimension !== seen[d]))) {
      throw new ServingError(
        'INTERNAL',
        'route',
        `output '${name}' came in different shapes from different parts; ask for these rows one by one`,
      );
    }
    nextFree += shape.length;
  }
  const merged = plan.outputs.map(({ datatype }, i) =>
    mergeRows(
      answers.map((answer) => answer.outputs[i]!),
      datatype,
      rows,
      rowsOfParts(request),
    ),
  );
  return outputsOf(plan, rows, { ...first!, outputs: merged });
}

function rowsOfParts(request: RouterRequest): (readonly number[])[] {
  return request.parts.map((part) => part.rows!);
}

/** Names travel only where something fell back: they would be most of the bytes of a healthy answer. */
function namedFreshness(plan: ServingPlan, freshness: Uint8Array | null): Uint8Array | null {
  if (plan.reads.length === 0 || freshness === null) return null;
  return anyDefaulted(freshness) ? withNames(freshness, plan.featureNames) : freshness;
}

function mergedFreshness(request: RouterRequest, answers: readonly Answer[]): Uint8Array | null {
  const { plan } = request;
  if (plan.reads.length === 0) return null;
  const { rows } = request.admitted;
  const appliedSeq = new Array<number>(rows);
  const ageMs = new Array<number>(rows);
  const asOfMs = new Array<number>(rows);
  const everywhereSeq = plan.readsEverywhere ? new Array<number>(rows) : [];
  const indices = rowsOfParts(request);
  const parts = answers.map((answer) => decodeFreshness(answer.freshness!));
  parts.forEach((own, p) => {
    indices[p]!.forEach((row, i) => {
      appliedSeq[row] = own.appliedSeq[i]!;
      ageMs[row] = own.ageMs[i]!;
      asOfMs[row] = valueOfRow(own.asOfMs, i)!;
      if (plan.readsEverywhere) everywhereSeq[row] = valueOfRow(own.everywhereSeq, i)!;
    });
  });
  const rowBytes = Math.ceil(plan.featureNames.length / 8);
  const defaulted = mergedBits(
    parts.map((own) => own.defaulted),
    rowBytes,
    rows,
    indices,
  );
  const expired = mergedBits(
    parts.map((own) => own.expired),
    rowBytes,
    rows,
    indices,
  );
  const defaultedNames = defaulted.length === 0 ? [] : plan.featureNames;
  return encodeFreshness({ appliedSeq, ageMs, defaulted, defaultedNames, expired, everywhereSeq, asOfMs });
}

const NO_BITS = new Uint8Array(0);

/** One bitmap of all rows; empty where none has a bit set. */
function mergedBits(
  parts: readonly Uint8Array[],
  rowBytes: number,
  rows: number,
  indices: readonly (readonly number[])[],
): Uint8Array {
  const whole = parts.map((bits, p) => (bits.length > 0 ? bits : new Uint8Array(rowBytes * indices[p]!.length)));
  const merged = mergeRows(whole, 'UINT8', rows, indices);
  return merged.some((bits) => bits !== 0) ? merged : NO_BITS;
}
