/**
 * The one file that knows the NATS client. Everything else sees the narrow ports it implements: the transport's wire,
 * key-value buckets with compare-and-set, the feature log, and request-reply services.
 */

import { readFile } from 'node:fs/promises';
import {
  type ConnectionOptions,
  type Consumer,
  type ConsumerMessages,
  connect,
  credsAuthenticator,
  DiscardPolicy,
  ErrorCode,
  Events,
  headers,
  type JetStreamClient,
  type JetStreamManager,
  type KV,
  type Msg,
  type NatsConnection,
  NatsError,
  nanos,
  nkeyAuthenticator,
  RetentionPolicy,
  StorageType,
} from 'nats';
import { ServingError } from '../proto/errors.ts';
import { FEATURE_LOG_STREAM, FEATURE_LOG_SUBJECTS, featureLogSubject } from '../proto/subjects.ts';
import { type Clock, sleep } from './clock.ts';
import type { KeyValue, KeyValueEntry, KeyValueListener } from './key-value.ts';
import type { Log } from './log.ts';
import type { Wire } from './transport/transport.ts';

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

export type LogState = {
  /** When the stream was created: a stream made anew has another. */
  readonly createdText: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
};

export type ServiceRequest = {
  readonly subject: string;
  readonly bytes: Uint8Array;
  header(name: string): string | undefined;
  respond(bytes: Uint8Array, headers?: Readonly<Record<string, string>>): void;
  /** Error headers as the NATS services framework has them (ADR-32), and a body. */
  respondError(
    numericCode: number,
    message: string,
    bytes: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): void;
};

/** Messages that one pull asks for, and how long the server keeps it open. */
const PULL_MESSAGES = 256;
const PULL_EXPIRES_MS = 10_000;
const PULL_RETRY_MS = 250;

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

export class NatsLink implements Wire {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #jetstream: JetStreamClient;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #connected = true;

  constructor(connection: NatsConnection, clock: Clock, log: Log) {
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
    this.#jetstream = connection.jetstream({ timeout: 5_000 });
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
    return new NatsKeyValue(kv, this.#log);
  }

  /** Opens the feature log, creating its stream where it is missing. */
  async featureLog(options: { replicas: number }): Promise<FeatureLog> {
    const manager = await this.#connection.jetstreamManager({ timeout: 5_000 });
    try {
      await manager.streams.info(FEATURE_LOG_STREAM);
    } catch (thrown) {
      if (!isApiError(thrown, 404)) throw thrown;
      await manager.streams.add({
        name: FEATURE_LOG_STREAM,
        subjects: [FEATURE_LOG_SUBJECTS],
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.New,
        num_replicas: options.replicas,
        duplicate_window: nanos(120_000),
        allow_direct: true,
      });
    }
    return new FeatureLog(this.#jetstream, manager, this.#clock, this.#log);
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
            respond: (bytes, extra) => {
              message.respond(bytes, extra === undefined ? undefined : { headers: natsHeaders(extra) });
            },
            respondError: (code, text, bytes, extra) => {
              message.respondError(
                code,
                oneLine(text),
                bytes,
                extra === undefined ? undefined : { headers: natsHeaders(extra) },
              );
            },
          });
        },
      });
    }
    return {
      stop: async () => {
        await service.stop();
      },
    };
  }

  /** Stops interest, finishes what is pending, flushes and closes. */
  async drain(): Promise<void> {
    if (this.#connection.isClosed()) return;
    try {
      await this.#connection.drain();
    } catch {
      await this.#connection.close();
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
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

class NatsKeyValue implements KeyValue {
  readonly #kv: KV;
  readonly #log: Log;

  constructor(kv: KV, log: Log) {
    this.#kv = kv;
    this.#log = log;
  }

  async get(key: string): Promise<KeyValueEntry | null> {
    const entry = await this.#reach(() => this.#kv.get(key));
    return entry === null || entry.operation !== 'PUT' ? null : { value: entry.value, revision: entry.revision };
  }

  async create(key: string, value: Uint8Array): Promise<number | null> {
    return this.#compareAndSet(() => this.#kv.create(key, value));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number | null> {
    return this.#compareAndSet(() => this.#kv.update(key, value, revision));
  }

  async delete(key: string, revision?: number): Promise<void> {
    await this.#compareAndSet(async () => {
      await this.#kv.delete(key, revision === undefined ? undefined : { previousSeq: revision });
      return 0;
    });
  }

  async watch(key: string, onEntry: KeyValueListener): Promise<{ stop(): void }> {
    const entries = await this.#reach(() => this.#kv.watch({ key }));
    void (async () => {
      try {
        for await (const entry of entries) {
          onEntry(entry.key, entry.operation === 'PUT' ? entry.value : null, entry.revision);
        }
      } catch (thrown) {
        this.#log.error({ err: thrown, key }, 'key-value watch ended');
      }
    })();
    return { stop: () => entries.stop() };
  }

  async #compareAndSet(write: () => Promise<number>): Promise<number | null> {
    return this.#reach(async () => {
      try {
        return await write();
      } catch (thrown) {
        if (isWrongSequence(thrown)) return null;
        throw thrown;
      }
    });
  }

  async #reach<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (thrown) {
      throw new ServingError('UNAVAILABLE', 'route', `the key-value store cannot be reached: ${reason(thrown)}`, {
        cause: thrown,
      });
    }
  }
}

/** The log of feature rows: one stream, a subject a partition. */
export class FeatureLog {
  readonly #clock: Clock;
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #log: Log;

  constructor(jetstream: JetStreamClient, manager: JetStreamManager, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#jetstream = jetstream;
    this.#manager = manager;
    this.#log = log;
  }

  /** Resolves with the sequence once the stream has the bytes: from then on they are not lost. */
  async append(partition: number, bytes: Uint8Array): Promise<number> {
    try {
      const ack = await this.#jetstream.publish(featureLogSubject(partition), bytes, { timeout: 5_000 });
      return ack.seq;
    } catch (thrown) {
      throw new ServingError(
        'UNAVAILABLE',
        'log',
        `the feature log did not acknowledge: ${reason(thrown)}. Push the rows again`,
        {
          cause: thrown,
        },
      );
    }
  }

  async state(): Promise<LogState> {
    const stream = await this.#manager.streams.info(FEATURE_LOG_STREAM);
    return { createdText: String(stream.created), firstSeq: stream.state.first_seq, lastSeq: stream.state.last_seq };
  }

  /** Sequence of a partition's newest message; 0 when it has none. */
  async lastSeqOf(partition: number): Promise<number> {
    try {
      const message = await this.#manager.streams.getMessage(FEATURE_LOG_STREAM, {
        last_by_subj: featureLogSubject(partition),
      });
      return message.seq;
    } catch (thrown) {
      if (isApiError(thrown, 404)) return 0;
      throw thrown;
    }
  }

  /** Partitions that hold at least one message. */
  async usedPartitions(): Promise<Set<number>> {
    const stream = await this.#manager.streams.info(FEATURE_LOG_STREAM, { subjects_filter: FEATURE_LOG_SUBJECTS });
    const used = new Set<number>();
    for (const subject of Object.keys(stream.state.subjects ?? {})) {
      const partition = Number(subject.slice(subject.lastIndexOf('.') + 1));
      if (Number.isInteger(partition)) used.add(partition);
    }
    return used;
  }

  /**
   * Follows one partition from `fromSeq` on, in order, without gaps. A promise from `onMessage` is waited for before
   * more is pulled, so a slow reader holds at most one pull's worth. `pending`: how many messages are still to come.
   */
  async follow(
    partition: number,
    fromSeq: number,
    onMessage: (seq: number, bytes: Uint8Array, pending: number) => Promise<void> | undefined,
  ): Promise<{ stop(): Promise<void> }> {
    const consumer: Consumer = await this.#jetstream.consumers.get(FEATURE_LOG_STREAM, {
      // One filter subject as text, which servers before 2.10 understand too.
      filterSubjects: featureLogSubject(partition) as unknown as string[],
      opt_start_seq: fromSeq,
    });
    let stopped = false;
    let current: ConsumerMessages | null = null;
    const pull = async () => {
      while (!stopped) {
        try {
          current = await consumer.fetch({ max_messages: PULL_MESSAGES, expires: PULL_EXPIRES_MS });
          for await (const message of current) {
            const room = onMessage(message.seq, message.data, message.info.pending);
            if (room !== undefined) await room;
          }
        } catch (thrown) {
          if (stopped) return;
          this.#log.warn({ err: thrown, partition }, 'reading the feature log failed; trying again');
          await sleep(this.#clock, PULL_RETRY_MS);
        }
      }
    };
    const done = pull();
    return {
      stop: async () => {
        stopped = true;
        await current?.close();
        await done;
        await consumer.delete().catch((thrown: unknown) => {
          this.#log.debug({ err: thrown, partition }, 'log consumer was gone already');
        });
      },
    };
  }
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

function isApiError(thrown: unknown, code: number): boolean {
  return thrown instanceof NatsError && thrown.api_error?.code === code;
}

/** JetStream's "wrong last sequence": the compare of a compare-and-set failed. */
function isWrongSequence(thrown: unknown): boolean {
  return thrown instanceof NatsError && thrown.api_error?.err_code === 10_071;
}

function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
