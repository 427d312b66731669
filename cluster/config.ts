/**
 * Every setting in one place: its unit (in the name), default, why, environment variable and command-line flag. A value
 * comes from the flag, else the environment, else the default. Checked once, at start.
 */
import { invalid, type ServingError } from '../proto/errors.ts';
import { isName } from '../proto/names.ts';
import { durationMs } from './catalog/schema.ts';

export type Setting<T> = {
  readonly flag: string;
  readonly env: string;
  readonly default: T;
  readonly help: string;
  /** The default as people write it, where that is not as it is. */
  readonly shown?: string;
  /** Throws INVALID_ARGUMENT through `problem` for text that is no such value. */
  readonly parse: (text: string, problem: (wanted: string) => ServingError) => T;
};

function whole(min: number, max: number): Setting<number>['parse'] {
  return (text, problem) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < min || value > max) throw problem(`a whole number from ${min} to ${max}`);
    return value;
  };
}

const text: Setting<string>['parse'] = (value) => value;

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** In milliseconds; written with a unit, or as a plain number of milliseconds. 0 is always allowed. */
function durationOrZero(minMs: number, maxMs: number): Setting<number>['parse'] {
  return (value, problem) => {
    const [, number, unit] = /^(\d+)(ms|s|m|h|d)?$/.exec(value.trim()) ?? [];
    const ms = Number(number) * UNITS_MS[(unit ?? 'ms') as keyof typeof UNITS_MS];
    if (ms === 0 || (ms >= minMs && ms <= maxMs)) return ms;
    throw problem(`0, or a duration from ${minMs / 1_000}s to ${maxMs / 86_400_000}d such as 90s, 15m, 6h or 7d`);
  };
}

/** Text such as `7d`, `12h`, `10m`, `30s`, or a whole number of milliseconds, as ms. */
function duration(minMs: number, maxMs: number): Setting<number>['parse'] {
  return (value, problem) => {
    const wrong = () => problem(`a duration such as 7d, 12h, 10m or 30s, from ${minMs} to ${maxMs} ms`);
    const trimmed = value.trim();
    let ms: number;
    try {
      ms = durationMs('', /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed);
    } catch {
      throw wrong();
    }
    if (!(ms >= minMs && ms <= maxMs)) throw wrong();
    return ms;
  };
}

const DAY_MS = 86_400_000;

const port = whole(0, 65_535);

function oneOf<T extends string>(values: readonly T[]): Setting<T>['parse'] {
  return (value, problem) => {
    if (!(values as readonly string[]).includes(value)) throw problem(`one of ${values.join(', ')}`);
    return value as T;
  };
}

function setting<T>(
  flag: string,
  defaultValue: T,
  parse: Setting<T>['parse'],
  help: string,
  env = `DOVETAIL_${flag.replaceAll('-', '_').toUpperCase()}`,
): Setting<T> {
  return { flag, env, default: defaultValue, help, parse };
}

/** A setting in ms that people write as `7d`, `12h`, `10m` or `30s`. `shown`: the default as such. */
function durationSetting(flag: string, shown: string, bounds: [minMs: number, maxMs: number], help: string) {
  return { ...setting(flag, durationMs(flag, shown), duration(...bounds), help), shown };
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export const SETTINGS = {
  app: setting('app', 'examples/fraud', text, 'directory of the app: features.ts and models/'),
  dataDir: setting('data-dir', '.dovetail', text, 'where this machine keeps its replicas and the NATS log'),
  cluster: setting('cluster', 'dovetail', text, 'name of the cluster, shown in status'),
  host: setting('host', '127.0.0.1', text, 'address that HTTP, gRPC and metrics listen on'),
  httpPort: setting('http-port', 8000, port, 'port of the HTTP bridge'),
  grpcPort: setting('grpc-port', 8001, port, 'port of the gRPC bridge; 0: any that is free'),
  metricsPort: setting(
    'metrics-port',
    9464,
    port,
    'port of the first process’s /metrics; `up` gives the others the next ones',
  ),
  natsPort: setting('nats-port', 4222, port, 'port for the NATS server that `up` starts'),
  natsUrl: setting(
    'nats-url',
    '',
    text,
    'use this NATS instead of starting one (nats://host:4222, several by comma)',
    'NATS_URL',
  ),
  natsCredentials: setting('nats-creds', '', text, 'file with NATS user credentials'),
  natsNkey: setting('nats-nkey', '', text, 'file with a NATS nkey seed'),
  natsTlsCa: setting('nats-tls-ca', '', text, 'file with the certificate authority of a TLS NATS server'),
  logLevel: setting(
    'log-level',
    'warn' as (typeof LOG_LEVELS)[number],
    oneOf(LOG_LEVELS),
    'debug, info, warn, error or silent',
  ),
  shards: setting('shards', 2, whole(1, 64), 'feature-shards that `up` starts'),
  workers: setting('workers', 1, whole(1, 64), 'model-workers that `up` starts where there is no GPU'),
  devices: setting(
    'devices',
    '',
    text,
    'devices for the workers, by semicolon: "cpu", "cpu:0-1", "cuda:0;cuda:1", "webgpu:0"; default: each GPU, else cpu',
  ),
  workerThreads: setting(
    'worker-threads',
    1,
    whole(1, 256),
    'threads of ONNX Runtime within one run; more helps large models only',
  ),
  // 256 partitions spread evenly over tens of shards and cost a table of 2 KB; the number is fixed once a cluster exists.
  partitions: setting(
    'partitions',
    256,
    whole(1, 16_384),
    'partitions of the users; fixed when the cluster is created',
  ),
  replicas: setting('replicas', 2, whole(1, 8), 'feature-shards that hold each partition'),
  logReplicas: setting(
    'log-replicas',
    1,
    whole(1, 5),
    'copies of the feature log in the NATS cluster; fixed when the log is created',
  ),
  snapshotIntervalMs: setting(
    'snapshot-interval',
    900_000,
    durationOrZero(1_000, 366 * 86_400_000),
    'time between snapshots of a partition that has changed, such as 15m; 0: none but those that are asked for',
  ),
  snapshotsKept: setting('snapshots-kept', 2, whole(1, 100), 'snapshots kept of each partition'),
  // Above a minute, so that what is trimmed is never what a live replica is just reading.
  logRetentionMs: setting(
    'log-retention',
    0,
    durationOrZero(60_000, 3_660 * 86_400_000),
    'age from which the feature log is trimmed, as far as stored snapshots cover it, such as 7d; 0: never',
  ),
  deadLetterAgeMs: durationSetting(
    'dead-letter-age',
    '30d',
    [60_000, 3_650 * DAY_MS],
    'how long the dead-letter stream keeps what could not be applied',
  ),
  deadLetterBytesMax: setting(
    'dead-letter-bytes-max',
    268_435_456,
    whole(1_048_576, 1_099_511_627_776),
    'bytes that the dead-letter stream holds',
  ),
  sweepIntervalMs: durationSetting(
    'sweep-interval',
    '10m',
    [1_000, 20 * DAY_MS],
    'time between searches for rows past their ttl',
  ),
  // A row that is older than its deletion stays deleted for as long as the tombstone is kept.
  tombstoneRetentionMs: durationSetting(
    'tombstone-retention',
    '7d',
    [60_000, 3_650 * DAY_MS],
    'how old a deletion is before its trace is removed',
  ),
  // Seconds of work for a replica: far above what bulk loads leave waiting for a moment.
  lagMessagesMax: setting(
    'lag-messages-max',
    100_000,
    whole(1, 1_000_000_000),
    'messages of a partition that a shard may be behind before routers prefer another',
  ),
  requestTimeoutMs: setting('request-timeout-ms', 1_000, whole(1, 600_000), 'deadline of a request that names none'),
  requestTimeoutMsMax: setting(
    'request-timeout-ms-max',
    60_000,
    whole(1, 600_000),
    'longest deadline that a request may name',
  ),
  // Far above a healthy answer (about a millisecond), far below the time it takes to notice a death by heartbeats.
  attemptTimeoutMs: setting(
    'attempt-timeout-ms',
    150,
    whole(5, 60_000),
    'silence after which the router asks another process as well',
  ),
  attemptsMax: setting(
    'attempts-max',
    3,
    whole(1, 10),
    'processes that the router tries for one request because of silence',
  ),
  requestsInFlightMax: setting(
    'requests-in-flight-max',
    16_384,
    whole(1, 1_000_000),
    'requests a router holds; more are refused',
  ),
  requestRowsMax: setting('request-rows-max', 4_096, whole(1, 1_000_000), 'rows in one request'),
  requestElementsMax: setting('request-elements-max', 4_194_304, whole(1, 268_435_456), 'elements in one input'),
  bodyBytesMax: setting(
    'body-bytes-max',
    4_194_304,
    whole(1_024, 268_435_456),
    'bytes of an HTTP body or a gRPC message',
  ),
  queueRowsMax: setting('queue-rows-max', 16_384, whole(1, 10_000_000), 'rows waiting for one model on a worker'),
  mailboxMessagesMax: setting('mailbox-messages-max', 65_536, whole(16, 10_000_000), 'messages waiting for one actor'),
  // Large enough to carry a few hundred requests, small enough that none waits long for the rest to be encoded.
  envelopeBytesMax: setting(
    'envelope-bytes-max',
    65_536,
    whole(1_024, 8_388_608),
    'an envelope this large is sent before the turn ends',
  ),
  localLinks: setting(
    'local-links',
    'on' as 'on' | 'off',
    oneOf(['on', 'off'] as const),
    'Unix sockets between processes of one machine, instead of NATS',
  ),
  heartbeatMs: setting('heartbeat-ms', 100, whole(10, 10_000), 'time between heartbeats'),
  suspectAfterMs: setting('suspect-after-ms', 300, whole(20, 60_000), 'silence after which a process is avoided'),
  deadAfterMs: setting('dead-after-ms', 700, whole(50, 120_000), 'silence after which a process is given up'),
  leaseMs: setting('lease-ms', 1_500, whole(200, 60_000), 'how long leadership lasts without renewal'),
  drainMs: setting('drain-ms', 5_000, whole(0, 600_000), 'time for requests in flight to finish at shutdown'),
  traceSampleRatio: setting(
    'trace-sample-ratio',
    '',
    text,
    'share of requests traced, 0 to 1 (default: OTEL_TRACES_SAMPLER, else 0.01)',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;

export type Config = { readonly [K in SettingName]: (typeof SETTINGS)[K]['default'] };

/** Throws INVALID_ARGUMENT naming the flag or variable and what it must be. `flags`: as typed, without the dashes. */
export function readConfig(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const config: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const flagText = flags[one.flag];
    const source = flagText === undefined ? one.env : `--${one.flag}`;
    const given = flagText ?? emptyAsAbsent(env[one.env]);
    config[name] =
      given === undefined
        ? one.default
        : one.parse(given, (wanted) => invalid(`${source} must be ${wanted}, got "${given.slice(0, 80)}"`));
  }
  checkRelations(config as Config);
  return config as Config;
}

function emptyAsAbsent(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function checkRelations(config: Config): void {
  if (!(config.heartbeatMs < config.suspectAfterMs && config.suspectAfterMs < config.deadAfterMs)) {
    throw invalid(
      `--heartbeat-ms (${config.heartbeatMs}) < --suspect-after-ms (${config.suspectAfterMs}) < --dead-after-ms (${config.deadAfterMs}) must hold, or healthy processes are given up`,
    );
  }
  if (config.requestTimeoutMs > config.requestTimeoutMsMax) {
    throw invalid(
      `--request-timeout-ms (${config.requestTimeoutMs}) must not exceed --request-timeout-ms-max (${config.requestTimeoutMsMax})`,
    );
  }
  if (!isName(config.cluster))
    throw invalid(
      `--cluster "${config.cluster.slice(0, 80)}" must start with a letter and hold letters, digits, '_' or '-'`,
    );
}

/** The flags and environment that hand this configuration to a child process. */
export function configFlags(config: Config, names: readonly SettingName[]): string[] {
  return names.flatMap((name) => (config[name] === '' ? [] : [`--${SETTINGS[name].flag}`, String(config[name])]));
}
