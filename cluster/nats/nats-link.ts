/**
 * The connection to NATS. This folder alone knows the NATS client; everything else sees the narrow ports implemented
 * here: the transport's wire, key-value buckets with compare-and-set, the feature log, request-reply services.
 */

import { readFile } from 'node:fs/promises';
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  ErrorCode,
  Events,
  headers,
  type JetStreamClient,
  type Msg,
  type NatsConnection,
  NatsError,
  nkeyAuthenticator,
  StorageType,
} from 'nats';
import { ServingError } from '../../proto/errors.ts';
import type { Clock } from '../clock.ts';
import type { KeyValue } from '../key-value.ts';
import type { Log } from '../log.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Wire } from '../transport/transport.ts';
import { AckedPublisher } from './acked-publisher.ts';
import { reason } from './api-errors.ts';
import { type DeadLetterBounds, DeadLetterStream } from './dead-letter-stream.ts';
import { type FeatureLog, featureLogState, type LogState, openFeatureLog } from './feature-log.ts';
import { LogReader, SILENCE_MS_MAX } from './log-reader.ts';
import { NatsKeyValue, storeOf } from './nats-key-value.ts';
import { NatsObjectStore } from './nats-object-store.ts';

export type NatsOptions = {
  /** One or more, comma-separated: nats://host:4222 */
  readonly url: string;
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly credentialsFile?: string | undefined;
  readonly nkeySeedFile?: string | undefined;
  readonly tlsCaFile?: string | undefined;
  readonly connectTimeoutMs: number;
};

export type ServiceRequest = {
  readonly subject: string;
  readonly bytes: Uint8Array;
  header(name: string): string | undefined;
  /** False when it cannot be sent: longer than the server takes, or no connection. */
  respond(bytes: Uint8Array, headers?: Readonly<Record<string, string>>): boolean;
  /** Error headers as the NATS services framework has them (ADR-32), and a body. False as for `respond`. */
  respondError(
    numericCode: number,
    message: string,
    bytes: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): boolean;
};

export async function connectNats(options: NatsOptions): Promise<NatsLink> {
  const connectionOptions: ConnectionOptions = {
    servers: options.url.split(',').map((server) => server.trim()),
    name: options.name,
    timeout: options.connectTimeoutMs,
    // The cluster outlives any restart of its NATS servers; requests meanwhile fail at their own deadlines.
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
    pingInterval: 10_000,
    noEcho: false,
  };
  if (options.credentialsFile !== undefined) {
    connectionOptions.authenticator = credsAuthenticator(await readFile(options.credentialsFile));
  } else if (options.nkeySeedFile !== undefined) {
    connectionOptions.authenticator = nkeyAuthenticator(await readFile(options.nkeySeedFile));
  }
  if (options.tlsCaFile !== undefined) connectionOptions.tls = { caFile: options.tlsCaFile };
  let connection: NatsConnection;
  try {
    connection = await connect(connectionOptions);
  } catch (thrown) {
    throw new ServingError(
      'UNAVAILABLE',
      'edge',
      `cannot connect to NATS at ${options.url}: ${reason(thrown)}. Start a server there or give another --nats-url`,
      { cause: thrown },
    );
  }
  return new NatsLink(connection, options.clock, options.log);
}

/** How long the feature log may take to acknowledge, ms. */
const LOG_ACK_MS_MAX = 5_000;

export class NatsLink implements Wire {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #jetstream: JetStreamClient;
  readonly #publisher: AckedPublisher;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #connected = true;
  #closing = false;

  constructor(connection: NatsConnection, clock: Clock, log: Log) {
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
    this.#jetstream = connection.jetstream({ timeout: 5_000 });
    this.#publisher = new AckedPublisher(connection, clock, LOG_ACK_MS_MAX);
    void this.#followStatus();
  }

  get connected(): boolean {
    return this.#connected;
  }

  get payloadBytesMax(): number {
    return this.#connection.info?.max_payload ?? 1_048_576;
  }

  onConnectionChange(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    if (!this.#connected) return false;
    try {
      this.#connection.publish(subject, bytes);
      return true;
    } catch (thrown) {
      this.#log.warn({ err: thrown, subject }, 'publish failed');
      return false;
    }
  }

  subscribe(subject: string, onBytes: (bytes: Uint8Array) => void, queueGroup?: string): { stop(): void } {
    const subscription = this.#connection.subscribe(subject, {
      ...(queueGroup === undefined ? {} : { queue: queueGroup }),
      callback: (error, message) => {
        if (error === null) onBytes(message.data);
      },
    });
    return { stop: () => subscription.unsubscribe() };
  }

  /** Resolves once the server has processed everything sent so far, subscriptions included. */
  async flush(): Promise<void> {
    await this.#connection.flush();
  }

  /**
   * One request, one reply. Rejects with UNAVAILABLE when nobody listens and DEADLINE_EXCEEDED after `timeoutMs`;
   * error headers of the services framework are left to the caller to read.
   */
  async request(
    subject: string,
    bytes: Uint8Array,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
  ): Promise<{ bytes: Uint8Array; header(name: string): string | undefined }> {
    try {
      const message = await this.#connection.request(subject, bytes, {
        timeout: options.timeoutMs,
        ...(options.headers === undefined ? {} : { headers: natsHeaders(options.headers) }),
      });
      return { bytes: message.data, header: (name) => headerOf(message, name) };
    } catch (thrown) {
      if (thrown instanceof NatsError && thrown.code === ErrorCode.NoResponders) {
        throw new ServingError('UNAVAILABLE', 'edge', `nobody answers on ${subject}: is the cluster running?`, {
          cause: thrown,
        });
      }
      if (thrown instanceof NatsError && thrown.code === ErrorCode.Timeout) {
        throw new ServingError('DEADLINE_EXCEEDED', 'edge', `no answer on ${subject} within ${options.timeoutMs} ms`, {
          cause: thrown,
        });
      }
      throw new ServingError('UNAVAILABLE', 'edge', `request on ${subject} failed: ${reason(thrown)}`, {
        cause: thrown,
      });
    }
  }

  /** Opens a bucket, creating it where it is missing. */
  async keyValue(bucket: string): Promise<KeyValue> {
    const kv = await this.#jetstream.views.kv(bucket, { history: 1, timeout: 5_000 });
    const keyValue = new NatsKeyValue(kv, await storeOf(kv), this.#clock, this.#log, () => this.#closing);
    this.onConnectionChange((connected) => {
      if (connected) void keyValue.checkStore();
    });
    return keyValue;
  }

  /** Opens a bucket of objects, creating it, with `replicas` copies, where it is missing. */
  async objectStore(bucket: string, options: { replicas: number }): Promise<ObjectStore> {
    const objects = await this.#jetstream.views.os(bucket, { replicas: options.replicas, storage: StorageType.File });
    const manager = await this.#connection.jetstreamManager({ timeout: 5_000 });
    return new NatsObjectStore(objects, this.#jetstream, manager, bucket, () => this.flush());
  }

  /** Opens the feature log, creating its stream, with `replicas` copies, where it is missing. */
  async featureLog(options: { replicas: number }): Promise<FeatureLog> {
    const manager = await this.#connection.jetstreamManager({ timeout: 5_000 });
    return openFeatureLog(this.#publisher, this.#jetstream, manager, options.replicas, this.#clock, this.#log);
  }

  /** For reading the feature log from outside the cluster; creates nothing. `silenceMsMax`: then a read gives up. */
  async logReader(silenceMsMax = SILENCE_MS_MAX): Promise<LogReader> {
    const manager = await this.#connection.jetstreamManager({ timeout: 5_000 });
    return new LogReader(this.#jetstream, manager, this.#clock, silenceMsMax);
  }

  /** Where the feature log stands, or null where there is none; does not make one. */
  async featureLogState(): Promise<LogState | null> {
    const manager = await this.#connection.jetstreamManager({ timeout: 5_000 });
    return featureLogState(manager);
  }

  /** The dead-letter stream; it is made when something is parked, within these bounds. */
  async deadLetters(bounds: DeadLetterBounds): Promise<DeadLetterStream> {
    // Without asking first whether JetStream is there: that is found out when something is parked.
    const manager = await this.#connection.jetstreamManager({ timeout: 2_000, checkAPI: false });
    return new DeadLetterStream(this.#jetstream, manager, bounds);
  }

  /** Registers a NATS micro service, which `$SRV.PING` and `nats micro ls` find. */
  async service(options: {
    name: string;
    version: string;
    description: string;
    queueGroup: string;
    endpoints: readonly { name: string; subject: string; handle: (request: ServiceRequest) => void }[];
  }): Promise<{ stop(): Promise<void> }> {
    const service = await this.#connection.services.add({
      name: options.name,
      version: options.version,
      description: options.description,
      queue: options.queueGroup,
    });
    for (const endpoint of options.endpoints) {
      service.addEndpoint(endpoint.name, {
        subject: endpoint.subject,
        queue: options.queueGroup,
        handler: (error, message) => {
          if (error !== null) return;
          endpoint.handle({
            subject: message.subject,
            bytes: message.data,
            header: (name) => (message.headers?.has(name) ? message.headers.get(name) : undefined),
            respond: (bytes, extra) => this.#sent(() => message.respond(bytes, publishOptions(extra))),
            respondError: (code, text, bytes, extra) =>
              this.#sent(() => message.respondError(code, oneLine(text), bytes, publishOptions(extra))),
          });
        },
      });
    }
    return {
      stop: async () => {
        if (!this.#connection.isClosed()) await service.stop();
      },
    };
  }

  /** Stops interest, finishes what is pending, flushes and closes. */
  async drain(): Promise<void> {
    if (this.#connection.isClosed()) return;
    this.#closing = true;
    try {
      await this.#connection.drain();
    } catch {
      await this.#connection.close();
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#connection.close();
  }

  #sent(send: () => boolean): boolean {
    try {
      return send();
    } catch (thrown) {
      this.#log.warn({ err: thrown }, 'an answer could not be sent');
      return false;
    }
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === Events.Disconnect) this.#setConnected(false);
      else if (status.type === Events.Reconnect) this.#setConnected(true);
      else if (status.type === Events.Error) this.#log.warn({ detail: status.data }, 'NATS reports an error');
    }
    this.#setConnected(false);
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    if (connected) this.#log.info({}, 'NATS connected again');
    else this.#log.warn({}, 'NATS disconnected');
    for (const listener of this.#listeners) listener(connected);
  }
}

function publishOptions(fields: Readonly<Record<string, string>> | undefined) {
  return fields === undefined ? undefined : { headers: natsHeaders(fields) };
}

function natsHeaders(fields: Readonly<Record<string, string>>) {
  const built = headers();
  for (const [name, value] of Object.entries(fields)) built.set(name, value);
  return built;
}

function headerOf(message: Msg, name: string): string | undefined {
  return message.headers?.has(name) ? message.headers.get(name) : undefined;
}

/** Header values end at a line break; hostile text in an error must not start another header. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').slice(0, 1_000);
}
