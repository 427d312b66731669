/** Any message that actors can send, for property tests, and the comparison of a decoded message with the original. */
import fc from 'fast-check';
import { decodeFreshness, encodeFreshness, type RowFreshness } from '../../proto/freshness.ts';
import type { Message, Timings, TraceContext } from '../../proto/letters.ts';
import { DATA_TYPE_NUMBER, DATA_TYPES, type Tensor } from '../../proto/tensor.ts';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 24 });
const text = fc.string({ unit: 'binary', maxLength: 12 });
const double = fc.double({ noNaN: true });
const uint32s = fc.array(uint32, { maxLength: 4 });
const doubles = fc.array(double, { maxLength: 4 });
const byteLists = fc.array(bytes, { maxLength: 4 });

function orNull<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.option(arbitrary, { nil: null });
}

/** What a request asks of freshness. */
const bound = { minSeq: doubles, minPartitions: uint32s, maxAgeMs: double };
const failure = orNull(fc.record({ code: uint32, stage: text, message: text }));
const trace: fc.Arbitrary<TraceContext | null> = orNull(
  fc.record({
    traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    spanId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
);
export const rowFreshness: fc.Arbitrary<RowFreshness> = fc.record({
  appliedSeq: doubles,
  ageMs: doubles,
  defaulted: bytes,
  defaultedNames: fc.array(text, { maxLength: 3 }),
  expired: bytes,
  everywhereSeq: doubles,
  asOfMs: doubles,
});
const freshness: fc.Arbitrary<Uint8Array | null> = orNull(rowFreshness.map(encodeFreshness));
const timings: fc.Arbitrary<Timings | null> = orNull(
  fc.record({ totalUs: uint32, shardUs: uint32, queueUs: uint32, runUs: uint32, batchRows: uint32 }),
);
const tensors: fc.Arbitrary<Tensor[]> = fc.array(
  fc.record({ name: text, datatype: fc.constantFrom(...DATA_TYPES), shape: uint32s, data: bytes }),
  { maxLength: 3 },
);

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant('predict' as const),
    body: fc.record({
      id: uint32,
      replyTo: text,
      requestId: text,
      model: text,
      version: text,
      inputs: tensors,
      budgetUs: uint32,
      trace,
      traceId: text,
      ...bound,
    }),
  }),
  fc.record({
    kind: fc.constant('predictReply' as const),
    body: fc.record({
      id: uint32,
      requestId: text,
      failure,
      model: text,
      version: text,
      outputs: tensors,
      freshness,
      timings,
      traceId: text,
      requestNumber: uint32,
    }),
  }),
  fc.record({
    kind: fc.constant('enrich' as const),
    body: fc.record({
      id: uint32,
      replyTo: text,
      model: text,
      budgetUs: uint32,
      epoch: uint32,
      keys: byteLists,
      partitions: uint32s,
      inputs: byteLists,
      worker: text,
      trace,
      dims: uint32s,
      ...bound,
    }),
  }),
  fc.record({
    kind: fc.constant('compute' as const),
    body: fc.record({
      id: uint32,
      replyTo: text,
      model: text,
      budgetUs: uint32,
      rows: uint32,
      inputs: byteLists,
      trace,
      dims: uint32s,
      freshness,
      shardUs: uint32,
    }),
  }),
  fc.record({
    kind: fc.constant('answer' as const),
    body: fc.record({
      id: uint32,
      failure,
      outputs: byteLists,
      dims: uint32s,
      freshness,
      shardUs: uint32,
      queueUs: uint32,
      runUs: uint32,
      batchRows: uint32,
      backlogUs: uint32,
      epoch: uint32,
    }),
  }),
  fc.record({
    kind: fc.constant('readFeatures' as const),
    body: fc.record({
      id: uint32,
      replyTo: text,
      view: text,
      keys: byteLists,
      partitions: uint32s,
      epoch: uint32,
      budgetUs: uint32,
      trace,
      schemaHash: uint32,
      ...bound,
    }),
  }),
  fc.record({
    kind: fc.constant('readFeaturesReply' as const),
    body: fc.record({
      id: uint32,
      failure,
      records: byteLists,
      appliedSeq: doubles,
      epoch: uint32,
      statuses: bytes,
      eventMs: doubles,
      asOfMs: double,
    }),
  }),
  fc.record({ kind: fc.constant('cancel' as const), body: fc.record({ id: uint32, replyTo: text }) }),
);

/**
 * A decoded message as a plain object with the fields of `like`: decoded ones are class instances whose absent fields
 * stand on the prototype, and whose bytes are views into the envelope.
 */
export function plain(like: unknown, decoded: unknown): unknown {
  if (decoded === undefined || decoded === null) return decoded;
  if (decoded instanceof Uint8Array) return Uint8Array.from(decoded);
  if (Array.isArray(decoded)) {
    const original = Array.isArray(like) ? like : [];
    return decoded.map((item, i) => plain(original[i], item));
  }
  if (typeof decoded !== 'object' || typeof like !== 'object' || like === null) return decoded;
  const fields = decoded as Record<string, unknown>;
  return Object.fromEntries(Object.entries(like).map(([name, value]) => [name, plain(value, fields[name])]));
}

/** An answer with nothing in it but its number. */
export function answer(id: number, outputs: Uint8Array[] = []): Message {
  return {
    kind: 'answer',
    body: {
      id,
      failure: null,
      outputs,
      dims: [],
      freshness: null,
      shardUs: 0,
      queueUs: 0,
      runUs: 0,
      batchRows: 0,
      backlogUs: 0,
      epoch: 0,
    },
  };
}

/** A request that must be answered to `replyTo`. */
export function compute(id: number, replyTo: string): Message {
  return {
    kind: 'compute',
    body: {
      id,
      replyTo,
      model: 'm/1',
      budgetUs: 1000,
      rows: 1,
      inputs: [],
      trace: null,
      dims: [],
      freshness: null,
      shardUs: 0,
    },
  };
}

/** A message's body as the generated codec takes it: datatypes by number, freshness as a message. */
export function generatedForm(body: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (name === 'freshness' && value instanceof Uint8Array) return [name, decodeFreshness(value)];
      return [name, isTensors(name, value) ? value.map(generatedTensor) : value];
    }),
  );
}

function isTensors(name: string, value: unknown): value is Tensor[] {
  return (name === 'inputs' || name === 'outputs') && Array.isArray(value) && !(value[0] instanceof Uint8Array);
}

/** A tensor as the generated codec takes it. */
export function generatedTensor({ name, datatype, shape, data }: Tensor) {
  return { name, datatype: DATA_TYPE_NUMBER[datatype], shape: [...shape], data };
}
