/**
 * `dovetail node`: one process of a cluster, in one role or several. `up` starts these; on more machines you start them
 * yourself.
 */
import { sleep, systemClock } from '../cluster/clock.ts';
import { readConfig } from '../cluster/config.ts';
import { ServingError } from '../proto/errors.ts';
import { checkName } from '../proto/names.ts';
import { type ClusterProcess, type Role, startClusterProcess } from './cluster-process.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { type RunningRole, startGatewayRole } from './gateway-role.ts';
import { createHost } from './host.ts';
import { startShardRole } from './shard-role.ts';
import { startWorkerRole } from './worker-role.ts';

const ROLES: readonly Role[] = ['gateway', 'shard', 'worker'];

export const nodeCommand: Command = {
  name: 'node',
  summary: 'run one process of a cluster, in one role or several',
  usage: 'node --role gateway|shard|worker --nats-url <url> [options]',
  text: [
    'Joins the cluster on the given NATS. A gateway answers HTTP, gRPC and NATS callers and routes; a shard keeps and reads',
    'features; a worker runs models on one device. Every process loads the same --app. Give each process a --name of',
    'its own that stays the same across restarts: a shard finds its replica by it.',
    'Several roles by comma share the process: a request then passes them without a hop, and they fail together.',
    'Writes "ready" to standard output when it takes requests. SIGTERM or SIGINT drains and stops it.',
  ].join('\n'),
  examples: [
    'dovetail node --role gateway --nats-url nats://nats-1:4222 --name gateway-1 --host 0.0.0.0',
    'dovetail node --role shard --nats-url nats://nats-1:4222 --name shard-1 --data-dir /var/lib/dovetail',
    'dovetail node --role worker --nats-url nats://nats-1:4222 --name worker-gpu0 --device cuda:0',
    'dovetail node --role gateway,shard,worker --nats-url nats://nats-1:4222 --name gateway-2,shard-2,worker-2',
  ],
  settings: [
    'app',
    'natsUrl',
    'natsCredentials',
    'natsNkey',
    'natsTlsCa',
    'dataDir',
    'cluster',
    'host',
    'httpPort',
    'grpcPort',
    'metricsPort',
    'logLevel',
    'workerThreads',
    'partitions',
    'replicas',
    'snapshotIntervalMs',
    'snapshotsKept',
    'logRetentionMs',
    'logReplicas',
    'deadLetterAgeMs',
    'deadLetterBytesMax',
    'sweepIntervalMs',
    'tombstoneRetentionMs',
    'lagMessagesMax',
    'requestTimeoutMs',
    'requestTimeoutMsMax',
    'attemptTimeoutMs',
    'attemptsMax',
    'requestsInFlightMax',
    'requestRowsMax',
    'requestElementsMax',
    'bodyBytesMax',
    'queueRowsMax',
    'mailboxMessagesMax',
    'envelopeBytesMax',
    'localLinks',
    'heartbeatMs',
    'suspectAfterMs',
    'deadAfterMs',
    'leaseMs',
    'drainMs',
    'traceSampleRatio',
  ],
  flags: {
    role: { type: 'string', help: 'gateway, shard or worker, or several of them by comma' },
    name: { type: 'string', help: 'name in the cluster, stable across restarts, one a role [default <role>-1]' },
    device: { type: 'string', help: 'for a worker: cpu, cpu:0-3 (pinned to cores), cuda:0, webgpu:0 [default cpu]' },
  },
  positionals: [],
  run: runNode,
};

async function runNode(input: CommandInput): Promise<number> {
  const members = membersOf(input.flags['role'], input.flags['name']);
  const config = readConfig(input.flags, input.env);
  if (config.natsUrl === '')
    throw new UsageError('--nats-url (or NATS_URL) must name the NATS of the cluster, e.g. nats://127.0.0.1:4222');
  const stop = stopSignal();
  const host = createHost(config, members.length);
  const started: Member[] = [];
  try {
    for (const { role, name } of members) {
      const cluster = await startClusterProcess(host, role, name);
      const member: Member = { cluster, running: null };
      started.push(member);
      const starting = startRole(cluster, role, input.flags['device'] ?? 'cpu');
      // A start may take long (models are loaded and warmed up): a stop does not wait for it.
      const begun = await Promise.race([starting, stop.then(() => null), cluster.fatal]);
      if (begun === null) {
        starting.catch(() => {});
        return EXIT.interrupted;
      }
      member.running = begun;
    }
    const fatal = Promise.race(started.map(({ cluster }) => cluster.fatal));
    void announceReady(
      started.map(({ cluster }) => cluster),
      Promise.race([stop, fatal]),
    );
    await Promise.race([stop, fatal]);
    return EXIT.ok;
  } catch (thrown) {
    if (thrown instanceof ServingError) throw thrown;
    throw new ServingError('UNAVAILABLE', 'edge', thrown instanceof Error ? thrown.message : String(thrown), {
      cause: thrown,
    });
  } finally {
    // In the order in which a request passes them, so that what is in flight can still be answered.
    for (const role of STOP_ORDER) {
      for (const { cluster, running } of started) if (cluster.role === role) await stopMember(cluster, running);
    }
    await host.stop();
  }
}

type Member = { readonly cluster: ClusterProcess; running: RunningRole | null };

const STOP_ORDER: readonly Role[] = ['gateway', 'worker', 'shard'];

async function stopMember(cluster: ClusterProcess, running: RunningRole | null): Promise<void> {
  // Without NATS there is nobody to finish for, and each step would wait for its timeout.
  cluster.nats.onConnectionChange((connected) => {
    if (!connected) void cluster.nats.close();
  });
  if (!cluster.nats.connected) await cluster.nats.close();
  await running?.stop();
  await cluster.stop();
}

/** Each role with its name. Throws UsageError for roles that are none, come twice, or names that do not match them. */
function membersOf(roleText: string | undefined, nameText: string | undefined): { role: Role; name: string }[] {
  const roles = (roleText ?? '').split(',') as Role[];
  if (!roles.every((role) => ROLES.includes(role)) || new Set(roles).size !== roles.length) {
    throw new UsageError(`--role must be one of ${ROLES.join(', ')}, or several of them by comma`);
  }
  const names = nameText === undefined ? roles.map((role) => `${role}-1`) : nameText.split(',');
  if (names.length !== roles.length) {
    throw new UsageError(`--name must give ${roles.length} names by comma, one for each role; got ${names.length}`);
  }
  for (const name of names) checkName('--name', name);
  if (new Set(names).size !== names.length) throw new UsageError('--name must not give the same name twice');
  return roles.map((role, i) => ({ role, name: names[i]! }));
}

function startRole(cluster: ClusterProcess, role: Role, device: string): Promise<RunningRole> {
  if (role === 'gateway') return startGatewayRole(cluster);
  if (role === 'shard') return startShardRole(cluster);
  return startWorkerRole(cluster, device);
}

/** Says so once every member is ready, unless the process ends before. */
async function announceReady(members: readonly ClusterProcess[], end: Promise<void>): Promise<void> {
  let over = false;
  void end
    .catch(() => {})
    .then(() => {
      over = true;
    });
  const ready = () => members.every(({ standing }) => standing.ready);
  while (!ready() && !over) await sleep(systemClock, 20);
  if (!over) process.stdout.write('ready\n');
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = () => {
      if (stopping) process.exit(EXIT.interrupted);
      stopping = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    // A parent that dies without a word must not leave its children behind.
    process.on('disconnect', onSignal);
    // Listening keeps the channel, and with it a process that has stopped, alive.
    process.channel?.unref();
  });
}
