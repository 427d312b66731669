/** What the library wants to know of a service's methods, and generated messages in and out of their bytes. */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { notProtobuf } from './field-reader.ts';

type Kind = 'unary' | 'replies' | 'both';

const asIs = (bytes: Buffer): Buffer => bytes;

/** `kinds`: `unary`, `replies` for a stream of answers, `both` for streams both ways. Messages are left as bytes. */
export function methodsOf(service: string, kinds: Readonly<Record<string, Kind>>): ServiceDefinition {
  const methods: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  for (const [name, kind] of Object.entries(kinds)) {
    methods[name] = {
      path: `/${service}/${name}`,
      requestStream: kind === 'both',
      responseStream: kind !== 'unary',
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
  }
  return methods;
}

/** Throws INVALID_ARGUMENT for bytes that are no such message. */
export function decodedBy<T>(type: { decode(bytes: Uint8Array): T }, bytes: Buffer): T {
  try {
    return type.decode(bytes);
  } catch (thrown) {
    throw notProtobuf(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

export function encodedBy<T>(type: { encode(message: T): { finish(): Uint8Array } }, message: T): Buffer {
  const bytes = type.encode(message).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
