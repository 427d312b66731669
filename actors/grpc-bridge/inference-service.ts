/**
 * GRPCInferenceService: what each method answers. Messages come as bytes, so that what cannot be read is refused in our
 * own words and not as an internal error of the library.
 */
import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { asServingError, ServingError } from '../../proto/errors.ts';
import { inference } from '../../proto/generated/inference.js';
import { checkModelReference, checkVersion } from '../../proto/names.ts';
import { GRPC_STREAMS_MAX } from '../edge/limits.ts';
import { modelConfig, repositoryIndex } from '../edge/model-config.ts';
import { EXTENSIONS } from '../edge/open-inference-rules.ts';
import { isRequestId } from '../edge/person-api.ts';
import type { Caller } from '../router/gateway-port.ts';
import { infer, setIdentity, termsOf } from './infer-call.ts';
import { decodeInferRequest } from './infer-request.ts';
import { InferStream, type StreamContext } from './infer-stream.ts';
import { decodedBy, encodedBy, methodsOf } from './service.ts';
import { METADATA, presentable, statusOf } from './status.ts';

export const INFERENCE_SERVICE = 'inference.GRPCInferenceService';

export type ServiceContext = StreamContext & { readonly version: string };

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void;

/** The service's definition, and how its methods are answered; `streams` are those open now. */
export const INFERENCE_METHODS = methodsOf(INFERENCE_SERVICE, {
  ServerLive: 'unary',
  ServerReady: 'unary',
  ModelReady: 'unary',
  ServerMetadata: 'unary',
  ModelMetadata: 'unary',
  ModelInfer: 'unary',
  ModelStreamInfer: 'both',
  ModelConfig: 'unary',
  ModelStatistics: 'unary',
  RepositoryIndex: 'unary',
});

export function inferenceService(context: ServiceContext, streams: Set<InferStream>): UntypedServiceImplementation {
  const { gateway, gate } = context;
  /** Methods that answer at once, out of what the gateway knows. */
  const told =
    (answer: (message: Buffer) => Buffer): Unary =>
    (call, done) => {
      let reply: Buffer;
      try {
        reply = answer(call.request);
      } catch (thrown) {
        fail(context, call.metadata, thrown, done);
        return;
      }
      done(null, reply);
    };
  return {
    ServerLive: told(() => encodedBy(inference.ServerLiveResponse, { live: true })),
    ServerReady: told(() =>
      encodedBy(inference.ServerReadyResponse, { ready: !gate.inFlight.draining && gateway.notReady().length === 0 }),
    ),
    ModelReady: told((message) => {
      const { name, version } = decodedBy(inference.ModelReadyRequest, message);
      return encodedBy(inference.ModelReadyResponse, { ready: isServed(context, name, version) });
    }),
    ServerMetadata: told(() =>
      encodedBy(inference.ServerMetadataResponse, {
        name: 'dovetail',
        version: context.version,
        extensions: [...EXTENSIONS],
      }),
    ),
    ModelMetadata: told((message) => {
      const { name, version } = checked(decodedBy(inference.ModelMetadataRequest, message));
      const model = gateway.describe(name, version);
      return encodedBy(inference.ModelMetadataResponse, {
        name: model.name,
        versions: [...model.versions],
        platform: model.platform,
        inputs: model.inputs.map((tensor) => ({ ...tensor, shape: [...tensor.shape] })),
        outputs: model.outputs.map((tensor) => ({ ...tensor, shape: [...tensor.shape] })),
      });
    }),
    ModelConfig: told((message) => {
      const { name, version } = checked(decodedBy(inference.ModelConfigRequest, message));
      const config = modelConfig(gateway.describe(name, version));
      const tensors = (list: (typeof config)['input']) =>
        list.map((tensor) => ({
          name: tensor.name,
          data_type: inference.DataType[tensor.data_type as keyof typeof inference.DataType],
          dims: [...tensor.dims],
        }));
      return encodedBy(inference.ModelConfigResponse, {
        config: { ...config, input: tensors(config.input), output: tensors(config.output) },
      });
    }),
    ModelStatistics: told((message) => {
      const { name, version } = decodedBy(inference.ModelStatisticsRequest, message);
      const asked = name === '' ? { name: undefined, version: undefined } : checked({ name, version });
      return encodedBy(inference.ModelStatisticsResponse, {
        model_stats: [...gateway.statistics(asked.name, asked.version)],
      });
    }),
    RepositoryIndex: told((message) => {
      const { ready } = decodedBy(inference.RepositoryIndexRequest, message);
      return encodedBy(inference.RepositoryIndexResponse, { models: repositoryIndex(gateway, ready) });
    }),
    ModelInfer: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      void answerInfer(context, call, done);
    },
    ModelStreamInfer: (call: ServerDuplexStream<Buffer, Buffer>) => openStream(context, streams, call),
  };
}

async function answerInfer(
  context: ServiceContext,
  call: ServerUnaryCall<Buffer, Buffer>,
  done: sendUnaryData<Buffer>,
): Promise<void> {
  const caller: Caller = { onGone: null };
  call.once('cancelled', () => caller.onGone?.());
  const metadata = new Metadata();
  let reply: Buffer;
  try {
    const request = decodeInferRequest(call.request);
    const result = await infer(context, request, termsOf(call.metadata, call.getDeadline()), false, caller);
    reply = context.replies.response(result, request.id, request.outputs);
    setIdentity(metadata, result);
  } catch (thrown) {
    fail(context, call.metadata, thrown, done);
    return;
  }
  call.sendMetadata(metadata);
  done(null, reply);
}

function openStream(
  context: ServiceContext,
  streams: Set<InferStream>,
  call: ServerDuplexStream<Buffer, Buffer>,
): void {
  const { gate } = context;
  const ticket = gate.ticketOf(call.metadata);
  const refusal = gate.inFlight.draining
    ? new ServingError('UNAVAILABLE', 'edge', 'this process is draining; open the stream to another one')
    : streams.size >= GRPC_STREAMS_MAX || ticket === undefined
      ? new ServingError('RESOURCE_EXHAUSTED', 'edge', `${streams.size} streams are open already; close some`)
      : null;
  if (refusal !== null || ticket === undefined) {
    call.emit('error', statusOf(refusal!, ''));
    return;
  }
  const stream = new InferStream(context, call, ticket, (over) => streams.delete(over));
  streams.add(stream);
  stream.start();
}

function fail(context: ServiceContext, metadata: Metadata, thrown: unknown, done: sendUnaryData<Buffer>): void {
  const error = presentable(thrown);
  const [requestId] = metadata.get(METADATA.requestId);
  // Anything may come in a header, and not everything may go out in one.
  const id = typeof requestId === 'string' && isRequestId(requestId) ? requestId : '';
  if (error.code === 'INTERNAL') context.onInternalError(error, id);
  done(statusOf(error, id));
}

/** Throws INVALID_ARGUMENT for names that are none; an empty version is none. */
function checked({ name, version }: { name: string; version: string }): { name: string; version: string | undefined } {
  checkModelReference(name);
  if (version === '') return { name, version: undefined };
  checkVersion(version);
  return { name, version };
}

/** Clients ask yes or no: what is not served, for whatever reason, is not ready. */
function isServed({ gateway }: ServiceContext, name: string, version: string): boolean {
  try {
    const asked = checked({ name, version });
    const { versions } = gateway.describe(asked.name, asked.version);
    return asked.version === undefined || versions.includes(asked.version);
  } catch (thrown) {
    if (asServingError(thrown, 'edge').code === 'INTERNAL') throw thrown;
    return false;
  }
}
