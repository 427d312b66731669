/**
 * Reads ModelInferRequest by hand: tensors as views into the message, typed contents as raw data, everything held to the
 * same rules as over HTTP. Generated code reads the same messages; a test holds both together.
 */
import { invalid } from '../../proto/errors.ts';
import type { ReadBound } from '../../proto/letters.ts';
import { checkModelReference, checkVersion } from '../../proto/names.ts';
import { checkByteLength, type DataType, isDataType, type Tensor } from '../../proto/tensor.ts';
import { describeJson, type JsonObject } from '../edge/json-text.ts';
import { PARAMETERS_MAX, TENSORS_MAX } from '../edge/limits.ts';
import {
  checkEchoedId,
  checkInputShape,
  checkTensorCount,
  checkTensorName,
  readBoundOfParameters,
  refuseClassification,
  refuseSequences,
  refuseSharedMemory,
  timeoutMsOfParameters,
} from '../edge/open-inference-rules.ts';
import { DELIMITED, FieldReader, notProtobuf, VARINT } from './field-reader.ts';
import { tensorFromContents } from './tensor-contents.ts';

export type GrpcInferRequest = {
  readonly model: string;
  /** Undefined: the router chooses. */
  readonly version: string | undefined;
  /** The caller's, given back with the answer; undefined when absent or empty. */
  readonly id: string | undefined;
  readonly inputs: readonly Tensor[];
  /** In the order asked for; undefined: every output of the model. */
  readonly outputs: readonly { readonly name: string }[] | undefined;
  /** From the parameter `timeout`, which is in µs; undefined when absent or 0. */
  readonly timeoutMs: number | undefined;
  /** From the parameters `min_seq` and `max_age_ms`. */
  readonly bound: ReadBound | undefined;
  /** Whether a stream's answer should say that it is the last one of its request. */
  readonly saysFinal: boolean;
};

type Input = {
  name: string;
  datatype: string;
  shape: number[];
  parameters: JsonObject;
  contents: Buffer[];
};

type Output = { name: string; parameters: JsonObject };

const NO_PARAMETERS: JsonObject = {};
/** Dimensions read of a shape: one more than any tensor has, so that the refusal can tell. */
const DIMENSIONS_READ_MAX = 64;

/** Enough of a request to say whose answer an error is: empty where the message does not say. */
export function idAndModelOf(message: Buffer): { id: string; model: string } {
  const found = { id: '', model: '' };
  try {
    const reader = new FieldReader(message);
    while (reader.next()) {
      if (reader.field === 1 && reader.wireType === DELIMITED) found.model = reader.text();
      else if (reader.field === 3 && reader.wireType === DELIMITED) found.id = reader.text();
      else reader.skip();
    }
  } catch {
    // The request's own reading says what is wrong with it.
  }
  return found;
}

/** Throws INVALID_ARGUMENT, or UNIMPLEMENTED for what the protocol has and this server has not. */
export function decodeInferRequest(message: Buffer): GrpcInferRequest {
  const reader = new FieldReader(message);
  let model = '';
  let version = '';
  let id = '';
  let parameters = NO_PARAMETERS;
  const inputs: Input[] = [];
  const outputs: Output[] = [];
  const raw: Buffer[] = [];
  while (reader.next()) {
    if (reader.wireType !== DELIMITED) {
      reader.skip();
      continue;
    }
    switch (reader.field) {
      case 1:
        model = reader.text();
        break;
      case 2:
        version = reader.text();
        break;
      case 3:
        id = reader.text();
        break;
      case 4:
        parameters = withParameter(parameters, reader.bytes());
        break;
      case 5:
        checkTensorCount('inputs', inputs.length + 1);
        inputs.push(readInput(reader.bytes()));
        break;
      case 6:
        checkTensorCount('outputs', outputs.length + 1);
        outputs.push(readOutput(reader.bytes()));
        break;
      case 7:
        // One more than there may be inputs is enough to see that they do not match.
        if (raw.length <= TENSORS_MAX) raw.push(reader.bytes());
        else reader.skip();
        break;
      default:
        reader.skip();
    }
  }
  checkModelReference(model);
  if (version !== '') checkVersion(version);
  refuseSequences(parameters);
  return {
    model,
    version: version === '' ? undefined : version,
    id: checkEchoedId(id),
    inputs: tensorsOf(inputs, raw),
    outputs: outputs.length === 0 ? undefined : wantedOutputs(outputs),
    timeoutMs: timeoutMsOfParameters(parameters),
    bound: readBoundOfParameters(parameters),
    saysFinal: parameters['triton_enable_empty_final_response'] === true,
  };
}

function tensorsOf(inputs: readonly Input[], raw: readonly Buffer[]): Tensor[] {
  if (inputs.length === 0) throw invalid("the infer request needs 'inputs', a list of tensors");
  if (raw.length > 0 && raw.length !== inputs.length) {
    const count = raw.length > TENSORS_MAX ? `more than ${TENSORS_MAX}` : raw.length;
    throw invalid(`${count} raw_input_contents for ${inputs.length} inputs; give one for each, or contents in each`);
  }
  const names = new Set<string>();
  const tensors = new Array<Tensor>(inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!;
    const name = checkTensorName(input.name, `inputs[${i}]`, names);
    const datatype = checkDataType(name, input.datatype);
    const shape = checkInputShape(name, input.shape);
    refuseSharedMemory(input.parameters, `input '${name}'`);
    if (raw.length === 0) {
      tensors[i] = tensorFromContents(name, datatype, shape, input.contents);
      continue;
    }
    if (input.contents.some((piece) => piece.length > 0)) {
      throw invalid(`input '${name}' has contents beside the request's raw_input_contents; leave one of them out`);
    }
    const tensor = { name, datatype, shape, data: raw[i]! };
    checkByteLength(tensor);
    tensors[i] = tensor;
  }
  return tensors;
}

function checkDataType(name: string, datatype: string): DataType {
  if (isDataType(datatype)) return datatype;
  throw invalid(
    `input '${name}': datatype ${describeJson(datatype)} is none of the protocol's; e.g. FP32, INT64, BYTES`,
  );
}

function wantedOutputs(outputs: readonly Output[]): { name: string }[] {
  const names = new Set<string>();
  return outputs.map((output, i) => {
    const name = checkTensorName(output.name, `outputs[${i}]`, names);
    refuseSharedMemory(output.parameters, `output '${name}'`);
    refuseClassification(output.parameters, `output '${name}'`);
    return { name };
  });
}

function readInput(message: Buffer): Input {
  const reader = new FieldReader(message);
  const input: Input = { name: '', datatype: '', shape: [], parameters: NO_PARAMETERS, contents: [] };
  while (reader.next()) {
    const delimited = reader.wireType === DELIMITED;
    if (reader.field === 1 && delimited) input.name = reader.text();
    else if (reader.field === 2 && delimited) input.datatype = reader.text();
    else if (reader.field === 3 && delimited) readShape(new FieldReader(reader.bytes()), input.shape);
    else if (reader.field === 3 && reader.wireType === VARINT) addDimension(reader, input.shape);
    else if (reader.field === 4 && delimited) input.parameters = withParameter(input.parameters, reader.bytes());
    else if (reader.field === 5 && delimited) input.contents.push(reader.bytes());
    else reader.skip();
  }
  return input;
}

function readShape(reader: FieldReader, shape: number[]): void {
  while (reader.left > 0) addDimension(reader, shape);
}

function addDimension(reader: FieldReader, shape: number[]): void {
  if (shape.length >= DIMENSIONS_READ_MAX) throw invalid(`an input has over ${DIMENSIONS_READ_MAX} dimensions`);
  shape.push(reader.int64());
}

function readOutput(message: Buffer): Output {
  const reader = new FieldReader(message);
  const output: Output = { name: '', parameters: NO_PARAMETERS };
  while (reader.next()) {
    if (reader.field === 1 && reader.wireType === DELIMITED) output.name = reader.text();
    else if (reader.field === 2 && reader.wireType === DELIMITED) {
      output.parameters = withParameter(output.parameters, reader.bytes());
    } else reader.skip();
  }
  return output;
}

/** The parameters with one more: an entry of a map field, of which the last of a key counts. */
function withParameter(before: JsonObject, message: Buffer): JsonObject {
  const after: Record<string, unknown> = before === NO_PARAMETERS ? Object.create(null) : (before as never);
  const reader = new FieldReader(message);
  let key = '';
  let value: unknown = '';
  while (reader.next()) {
    if (reader.field === 1 && reader.wireType === DELIMITED) key = reader.text();
    else if (reader.field === 2 && reader.wireType === DELIMITED) value = readParameter(reader.bytes());
    else reader.skip();
  }
  after[key] = value;
  if (Object.keys(after).length > PARAMETERS_MAX) throw invalid(`more than ${PARAMETERS_MAX} parameters in one place`);
  return after;
}

const PARAMETER_WIRE_TYPES: readonly number[] = [-1, 0, 0, 2, 1, 0];

/** The value of an InferParameter; the empty text, which stands for nothing, where it has none. */
function readParameter(message: Buffer): unknown {
  const reader = new FieldReader(message);
  let value: unknown = '';
  while (reader.next()) {
    const { field, wireType } = reader;
    if (field > 5) reader.skip();
    else if (wireType !== PARAMETER_WIRE_TYPES[field]) throw notProtobuf('a parameter is of the wrong wire type');
    else if (field === 1) value = reader.varint() !== 0;
    else if (field === 2) value = reader.int64();
    else if (field === 3) value = reader.text();
    else if (field === 4) value = reader.double();
    else value = reader.uint64();
  }
  return value;
}
