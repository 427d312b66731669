/**
 * Writes ModelInferResponse and ModelStreamInferResponse by hand: outputs always raw, in the order of the outputs, since
 * clients read typed ones as empty.
 */
import type { Tensor } from '../../proto/tensor.ts';
import { WireWriter } from '../../proto/wire.ts';
import { checkRequestedOutputs } from '../edge/open-inference-rules.ts';
import type { PredictResult } from '../router/gateway-port.ts';

/** Field number and wire type 2: everything here is text, bytes, messages and packed numbers. */
const field = (number: number): number => (number << 3) | 2;
const BOOL_PARAMETER = 1 << 3;

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
    this.#writeResponse(result.model.name, result.model.version, id ?? '', chosen(result, wanted), false);
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
    this.#writeResponse(result.model.name, result.model.version, id ?? '', outputs, saysFinal);
    this.#writer.close(start);
    return this.#taken();
  }

  /** Of a request that failed: what went wrong, and whose it was. */
  streamError(message: string, id: string, model: string): Buffer {
    this.#writer.listedText(ERROR_MESSAGE, message);
    this.#writer.varint(INFER_RESPONSE);
    const start = this.#writer.open();
    this.#writeResponse(model, '', id, [], false);
    this.#writer.close(start);
    return this.#taken();
  }

  #writeResponse(model: string, version: string, id: string, outputs: readonly Tensor[], saysFinal: boolean): void {
    const writer = this.#writer;
    writer.text(MODEL_NAME, model);
    writer.text(MODEL_VERSION, version);
    writer.text(ID, id);
    if (saysFinal) this.#writeFinal();
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
  #writeFinal(): void {
    const writer = this.#writer;
    writer.varint(PARAMETERS);
    const entry = writer.open();
    writer.text(field(1), 'triton_final_response');
    writer.varint(field(2));
    const value = writer.open();
    writer.uint32(BOOL_PARAMETER, 1);
    writer.close(value);
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
