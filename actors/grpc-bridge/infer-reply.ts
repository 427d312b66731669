/**
 * Writes ModelInferResponse and ModelStreamInferResponse by hand: outputs always raw, in the order of the outputs, since
 * clients read typed ones as empty.
 */
import type { Tensor } from '../../proto/tensor.ts';
import { WireWriter } from '../../proto/wire.ts';
import { freshnessParameters } from '../edge/infer-freshness.ts';
import { checkRequestedOutputs } from '../edge/open-inference-rules.ts';
import type { PredictResult } from '../router/gateway-port.ts';

/** Field number and wire type 2: everything here is text, bytes, messages and packed numbers. */
const field = (number: number): number => (number << 3) | 2;
const BOOL_PARAMETER = 1 << 3;
const INT64_PARAMETER = 2 << 3;
const STRING_PARAMETER = field(3);
const DOUBLE_PARAMETER = (4 << 3) | 1;

const NAME = field(1);
const DATATYPE = field(2);
const SHAPE = field(3);
const MODEL_NAME = field(1);
const MODEL_VERSION = field(2);
const ID = field(3);
const PARAMETERS = field(4);
const OUTPUTS = field(5);
const RAW_OUTPUT_CONTENTS = field(6);
const ERROR_MESSAGE = field(1);
const INFER_RESPONSE = field(2);

/** What a stream's writer keeps between answers. */
const KEPT_BYTES_MAX = 256 * 1024;

export class InferReplyWriter {
  readonly #writer = new WireWriter();

  /** Throws INVALID_ARGUMENT when an output is asked for that the answer has not. */
  response(result: PredictResult, id: string | undefined, wanted: readonly { readonly name: string }[] | undefined) {
    this.#writeAnswer(result, id, chosen(result, wanted), false);
    return this.#taken();
  }

  /** `saysFinal`: with the parameter that says it is the last answer of its request. */
  streamResponse(
    result: PredictResult,
    id: string | undefined,
    wanted: readonly { readonly name: string }[] | undefined,
    saysFinal: boolean,
  ): Buffer {
    const outputs = chosen(result, wanted);
    this.#writer.varint(INFER_RESPONSE);
    const start = this.#writer.open();
    this.#writeAnswer(result, id, outputs, saysFinal);
    this.#writer.close(start);
    return this.#taken();
  }

  /** Of a request that failed: what went wrong, and whose it was. */
  streamError(message: string, id: string, model: string): Buffer {
    this.#writer.listedText(ERROR_MESSAGE, message);
    this.#writer.varint(INFER_RESPONSE);
    const start = this.#writer.open();
    this.#writeIdentity(model, '', id);
    this.#writer.close(start);
    return this.#taken();
  }

  #writeIdentity(model: string, version: string, id: string): void {
    const writer = this.#writer;
    writer.text(MODEL_NAME, model);
    writer.text(MODEL_VERSION, version);
    writer.text(ID, id);
  }

  #writeAnswer(result: PredictResult, id: string | undefined, outputs: readonly Tensor[], saysFinal: boolean): void {
    const writer = this.#writer;
    this.#writeIdentity(result.model.name, result.model.version, id ?? '');
    for (const [name, value] of freshnessParameters(result.features)) this.#writeParameter(name, value);
    if (saysFinal) this.#writeParameter('triton_final_response', true);
    for (const { name, datatype, shape } of outputs) {
      writer.varint(OUTPUTS);
      const start = writer.open();
      writer.text(NAME, name);
      writer.text(DATATYPE, datatype);
      writer.packedUint32s(SHAPE, shape);
      writer.close(start);
    }
    for (const { data } of outputs) writer.bytes(RAW_OUTPUT_CONTENTS, data);
  }

  /** An entry of the map: its key, and a value that is a message of one field. */
  #writeParameter(name: string, value: boolean | number | string): void {
    const writer = this.#writer;
    writer.varint(PARAMETERS);
    const entry = writer.open();
    writer.text(field(1), name);
    writer.varint(field(2));
    const held = writer.open();
    if (typeof value === 'boolean') writer.whole(BOOL_PARAMETER, value ? 1 : 0);
    else if (typeof value === 'string') writer.listedText(STRING_PARAMETER, value);
    else if (Number.isSafeInteger(value) && value >= 0) writer.whole(INT64_PARAMETER, value);
    else writer.double(DOUBLE_PARAMETER, value);
    writer.close(held);
    writer.close(entry);
  }

  #taken(): Buffer {
    const bytes = this.#writer.copyOut(0);
    this.#writer.truncate(0);
    this.#writer.shrink(KEPT_BYTES_MAX);
    return bytes;
  }
}

function chosen(result: PredictResult, wanted: readonly { readonly name: string }[] | undefined): readonly Tensor[] {
  if (wanted === undefined) return result.outputs;
  checkRequestedOutputs(wanted, result.model.name, result.outputs);
  return wanted.map(({ name }) => result.outputs.find((output) => output.name === name)!);
}
