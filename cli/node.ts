/** `dovetail node`: one process of a cluster, in one role. `up` starts these; on more machines you start them yourself. */
import { readConfig } from '../cluster/config.ts';
import { ServingError } from '../proto/errors.ts';
import { checkName } from '../proto/names.ts';
import { type ClusterProcess, type Role, startClusterProcess } from './cluster-process.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { type RunningRole, startGatewayRole } from './gateway-role.ts';
import { startShardRole } from './shard-role.ts';
import { startWorkerRole } from './worker-role.ts';

const ROLES: readonly Role[] = ['gateway', 'shard', 'worker'];

export const nodeCommand: Command = {
  name: 'node',
  summary: 'run one process of a cluster, in one role',
  usage: 'node --role gateway|shard|worker --nats-url <url> [options]',
  text: [
    'Joins the cluster on the given NATS. A gateway answers HTTP and NATS callers and routes; a shard keeps and reads',
    'features; a worker runs models on one device. Every process loads the same --app. Give each process a --name of',
    'its own that stays the same across restarts: a shard finds its replica by it.',
    'Writes "ready" to standard output when it takes requests. SIGTERM or SIGINT drains and stops it.',
  ].join('\n'),
  examples: [
    'dovetail node --role gateway --nats-url nats://nats-1:4222 --name gateway-1 --host 0.0.0.0',
    'dovetail node --role shard --nats-url nats://nats-1:4222 --name shard-1 --data-dir /var/lib/dovetail',
    'dovetail node --role worker --nats-url nats://nats-1:4222 --name worker-gpu0 --device cuda:0',
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
    'metricsPort',
    'logLevel',
    'workerThreads',
    'partitions',
    'replicas',
    'logReplicas',
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
    role: { type: 'string', help: 'gateway, shard or worker' },
    name: { type: 'string', help: 'name in the cluster, stable across restarts [default <role>-1]' },
    device: { type: 'string', help: 'for a worker: cpu, cpu:0-3 (pinned to cores), cuda:0, webgpu:0 [default cpu]' },
  },
  positionals: [],
  run: runNode,
};

async function runNode(input: CommandInput): Promise<number> {
  const role = input.flags['role'] as Role | undefined;
  if (role === undefined || !ROLES.includes(role)) throw new UsageError(`--role must be one of ${ROLES.join(', ')}`);
  const config = readConfig(input.flags, input.env);
  if (config.natsUrl === '')
    throw new UsageError('--nats-url (or NATS_URL) must name the NATS of the cluster, e.g. nats://127.0.0.1:4222');
  const name = input.flags['name'] ?? `${role}-1`;
  checkName('--name', name);
  const stop = stopSignal();
  const cluster = await startClusterProcess(config, role, name, config.metricsPort);
  let running: RunningRole | null = null;
  try {
    running = await startRole(cluster, role, input.flags['device'] ?? 'cpu');
    void announceReady(cluster, stop);
    await Promise.race([stop, cluster.fatal]);
    return EXIT.ok;
  } catch (thrown) {
    if (thrown instanceof ServingError) throw thrown;
    throw new ServingError('UNAVAILABLE', 'edge', thrown instanceof Error ? thrown.message : String(thrown), {
      cause: thrown,
    });
  } finally {
    // Without NATS there is nobody to finish for, and each step would wait for its timeout.
    cluster.nats.onConnectionChange((connected) => {
      if (!connected) void cluster.nats.close();
    });
    if (!cluster.nats.connected) await cluster.nats.close();
    await running?.stop();
    await cluster.stop();
  }
}

function startRole(cluster: ClusterProcess, role: Role, device: string): Promise<RunningRole> {
  if (role === 'gateway') return startGatewayRole(cluster);
  if (role === 'shard') return startShardRole(cluster);
  return startWorkerRole(cluster, device);
}

/** Says so once, unless the process ends before it was ready. */
async function announceReady(cluster: ClusterProcess, stop: Promise<void>): Promise<void> {
  let over = false;
  void Promise.race([stop, cluster.fatal])
    .catch(() => {})
    .then(() => {
      over = true;
    });
  while (!cluster.standing.ready && !over) await new Promise<void>((resolve) => cluster.clock.after(20, resolve));
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
