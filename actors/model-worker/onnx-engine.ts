/** ONNX Runtime behind the engine port. The only file that knows it. `run` blocks its thread for the whole batch. */
import './no-telemetry.ts';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ort from 'onnxruntime-node';
import type { TensorSpec } from '../../cluster/catalog/model-spec.ts';
import type { Clock } from '../../cluster/clock.ts';
import { invalid, ServingError } from '../../proto/errors.ts';
import { bytesElements, type DataType, packBytes } from '../../proto/tensor.ts';
import { type Device, formatDevice } from './device.ts';
import type { Engine, EngineTensor, LoadedModel } from './engine.ts';

type OrtType = ort.Tensor.Type;
type NumericArray = ort.Tensor.DataTypeMap[Exclude<OrtType, 'string'>];
type ArrayMaker = new (buffer: ArrayBufferLike, offset: number, length: number) => NumericArray;

type TypeRule = { readonly datatype: DataType; readonly array: ArrayMaker | null; readonly bytes: number };

const TYPES: Readonly<Partial<Record<OrtType, TypeRule>>> = {
  bool: { datatype: 'BOOL', array: Uint8Array as ArrayMaker, bytes: 1 },
  uint8: { datatype: 'UINT8', array: Uint8Array as ArrayMaker, bytes: 1 },
  uint16: { datatype: 'UINT16', array: Uint16Array as ArrayMaker, bytes: 2 },
  uint32: { datatype: 'UINT32', array: Uint32Array as ArrayMaker, bytes: 4 },
  uint64: { datatype: 'UINT64', array: BigUint64Array as ArrayMaker, bytes: 8 },
  int8: { datatype: 'INT8', array: Int8Array as ArrayMaker, bytes: 1 },
  int16: { datatype: 'INT16', array: Int16Array as ArrayMaker, bytes: 2 },
  int32: { datatype: 'INT32', array: Int32Array as ArrayMaker, bytes: 4 },
  int64: { datatype: 'INT64', array: BigInt64Array as ArrayMaker, bytes: 8 },
  float16: { datatype: 'FP16', array: Uint16Array as ArrayMaker, bytes: 2 },
  float32: { datatype: 'FP32', array: Float32Array as ArrayMaker, bytes: 4 },
  float64: { datatype: 'FP64', array: Float64Array as ArrayMaker, bytes: 8 },
  string: { datatype: 'BYTES', array: null, bytes: 0 },
};

const ORT_TYPE_OF = new Map<DataType, OrtType>(
  Object.entries(TYPES).map(([type, rule]) => [rule.datatype, type as OrtType]),
);

/**
 * Holds its models on the thread that calls it. `threads`: of ONNX Runtime within one run.
 * Throws UNAVAILABLE where this installation of ONNX Runtime lacks what the device needs.
 */
export function onnxEngine(device: Device, threads: number, clock: Pick<Clock, 'nowMs'>): Engine {
  const backend = ort.listSupportedBackends().find((one) => one.name === device.kind);
  if (backend === undefined) {
    throw new ServingError(
      'UNAVAILABLE',
      'run',
      `this build of onnxruntime-node has no '${device.kind}' provider; use device "cpu"`,
    );
  }
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: [provider(device)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  };
  return {
    load: async (modelPath) => {
      let session: ort.InferenceSession;
      const startMs = clock.nowMs();
      try {
        session = await ort.InferenceSession.create(modelPath, options);
      } catch (thrown) {
        throw loadError(thrown, device);
      }
      return new OnnxModel(session, clock.nowMs() - startMs);
    },
  };
}

function provider(device: Device): ort.InferenceSession.ExecutionProviderConfig {
  if (device.kind === 'cpu') return 'cpu';
  // The process sees only its own card (CUDA_VISIBLE_DEVICES), so within it the card has index 0.
  if (device.kind === 'cuda')
    return { name: 'cuda', deviceId: process.env['CUDA_VISIBLE_DEVICES'] === undefined ? device.index : 0 };
  if (device.index > 0) {
    throw new ServingError(
      'UNAVAILABLE',
      'run',
      `device ${formatDevice(device)} cannot be chosen: ONNX Runtime takes the system's own choice of WebGPU adapter; use "webgpu:0"`,
    );
  }
  return 'webgpu';
}

function loadError(thrown: unknown, device: Device): ServingError {
  const said = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0]!.slice(0, 500);
  const providerMissing = /provider|libonnxruntime_providers|CUDA|adapter|WebGPU/i.test(said) && device.kind !== 'cpu';
  if (providerMissing) {
    const how =
      device.kind === 'webgpu' || cudaProviderInstalled()
        ? 'is its driver installed?'
        : 'its libraries are not in this installation: reinstall with `npm install onnxruntime-node --onnxruntime-node-install=cuda12`';
    return new ServingError('UNAVAILABLE', 'run', `device ${formatDevice(device)} cannot be used: ${said}; ${how}`, {
      cause: thrown,
    });
  }
  return new ServingError('INVALID_ARGUMENT', 'run', `not a loadable ONNX model: ${said}`, { cause: thrown });
}

class OnnxModel implements LoadedModel {
  readonly platform = 'onnxruntime_onnx';
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly loadMs: number;
  readonly ownThread = false;
  /** A crash of the engine on this thread is the end of the process: nobody is left to be told. */
  readonly lost = new Promise<ServingError>(() => {});
  readonly #session: ort.InferenceSession;

  constructor(session: ort.InferenceSession, loadMs: number) {
    this.#session = session;
    this.loadMs = loadMs;
    this.inputs = session.inputMetadata.map((metadata) => specOf('input', metadata));
    this.outputs = session.outputMetadata.map((metadata) => specOf('output', metadata));
  }

  async run(inputs: readonly EngineTensor[]): Promise<EngineTensor[]> {
    const feeds: Record<string, ort.Tensor> = {};
    for (let i = 0; i < inputs.length; i++) feeds[this.inputs[i]!.name] = toOrt(inputs[i]!);
    const results = await this.#session.run(feeds);
    return this.outputs.map((output) => fromOrt(output.name, results[output.name]));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function specOf(side: 'input' | 'output', metadata: ort.InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor) {
    throw invalid(
      `${side} '${metadata.name}' is not a tensor (a sequence or map, such as scikit-learn's ZipMap); ` +
        "export the model without it, e.g. options={'zipmap': False}",
      'run',
    );
  }
  const rule = TYPES[metadata.type];
  if (rule === undefined)
    throw invalid(`${side} '${metadata.name}' has type ${metadata.type}, which is not supported`, 'run');
  return {
    name: metadata.name,
    datatype: rule.datatype,
    shape: metadata.shape.map((dimension) => (typeof dimension === 'number' && dimension >= 0 ? dimension : -1)),
  };
}

function toOrt(tensor: EngineTensor): ort.Tensor {
  const type = ORT_TYPE_OF.get(tensor.datatype)!;
  const rule = TYPES[type]!;
  if (rule.array === null) {
    return new ort.Tensor('string', bytesElements(tensor.data).map(decodeText), tensor.shape);
  }
  const { buffer, byteOffset, byteLength } = tensor.data;
  const array = new rule.array(buffer, byteOffset, byteLength / rule.bytes);
  return new ort.Tensor(type as 'float32', array as Float32Array, tensor.shape);
}

function fromOrt(name: string, value: ort.OnnxValue | undefined): EngineTensor {
  const rule = value === undefined ? undefined : TYPES[(value as ort.Tensor).type];
  if (value === undefined || rule === undefined) {
    throw new ServingError('INTERNAL', 'run', `the run gave no usable value for output '${name}'`);
  }
  const tensor = value as ort.Tensor;
  if (tensor.type === 'string') {
    const elements = (tensor.data as string[]).map((text) => Buffer.from(text, 'utf8'));
    return { datatype: 'BYTES', shape: tensor.dims, data: packBytes(elements) };
  }
  const array = tensor.data as NumericArray;
  return {
    datatype: rule.datatype,
    shape: tensor.dims,
    data: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  };
}

const textDecoder = new TextDecoder();

function decodeText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/** Whether this installation has the CUDA provider's libraries, which the package fetches only when asked to. */
export function cudaProviderInstalled(): boolean {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const binaries = join(dirname(entry), '..', 'bin');
  if (!existsSync(binaries)) return false;
  return readdirSync(binaries).some((api) =>
    existsSync(join(binaries, api, process.platform, process.arch, 'libonnxruntime_providers_cuda.so')),
  );
}
