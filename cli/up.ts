/**
 * `dovetail up`: a whole cluster on this machine. Finds and starts NATS, starts a process a role, watches them, starts
 * again what dies, and at Ctrl-C drains and stops everything in order.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseDevice } from '../actors/model-worker/device.ts';
import { loadApp } from '../cluster/catalog/load-app.ts';
import { sleep, systemClock } from '../cluster/clock.ts';
import { type Config, configFlags, readConfig, type SettingName } from '../cluster/config.ts';
import { silentLog } from '../cluster/log.ts';
import { connectNats } from '../cluster/nats/nats-link.ts';
import { type NatsServerProcess, startNatsServer } from '../cluster/nats-server/launch.ts';
import { locateNatsServer } from '../cluster/nats-server/locate.ts';
import { tryListen } from '../cluster/nats-server/probe.ts';
import { systemRandom } from '../cluster/random.ts';
import { ServingError } from '../proto/errors.ts';
import { ChildProcess } from './child-process.ts';
import { claimStart } from './claim-names.ts';
import { type Command, type CommandInput, EXIT, UsageError } from './command.ts';
import { exampleRequest } from './example-request.ts';
import { nodeCommand } from './node.ts';
import { packageEntry, packageRoot } from './package-files.ts';
import { type Progress, StartProgress } from './start-progress.ts';

const UP_SETTINGS: readonly SettingName[] = [...nodeCommand.settings, 'natsPort', 'shards', 'workers', 'devices'];

export const upCommand: Command = {
  name: 'up',
  summary: 'start a whole cluster on this machine, NATS included',
  usage: 'up [--app <directory>] [options]',
  text: [
    'Starts NATS (unless --nats-url names one), one gateway, the feature-shards and a model-worker per GPU, or one on the',
    'CPU; loads the app; writes "ready" when it answers. What dies is started again. Ctrl-C drains and stops everything;',
    'the data stays in --data-dir for the next start.',
  ].join('\n'),
  examples: [
    'dovetail up',
    'dovetail up --app ./my-app --http-port 18000',
    'dovetail up --colocate',
    'dovetail up --nats-url nats://127.0.0.1:4222 --shards 3 --devices "cuda:0;cuda:1"',
  ],
  settings: UP_SETTINGS,
  flags: {
    colocate: {
      type: 'boolean',
      help: 'the gateway, the first shard and the first worker in one process: no hops between them, and they fail together',
    },
  },
  positionals: [],
  run: runUp,
};

/** A gateway that does not answer a question about itself within this time is asked again. */
const ANSWER_MS_MAX = 5_000;

async function runUp(input: CommandInput): Promise<number> {
  const clock = systemClock;
  const config = withAppPath(readConfig(input.flags, input.env));
  const interrupt = interruptions();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  checkDevices(config);
  const colocate = input.switches.has('colocate');
  await checkPorts(config, colocate);
  // Every child loads it; what is wrong with it is better said once.
  await loadApp(config.app, packageEntry());
  const started: Cluster = { nats: null, claim: null, children: [] };
  try {
    const natsUrl = await startNats(config, started, say);
    const specs = await processSpecs(config, natsUrl, colocate);
    const names = specs.flatMap((spec) => spec.members);
    if (config.natsUrl !== '') {
      const claimed = claimOnGivenNats(config, names).then((claim) => {
        started.claim = claim;
      });
      claimed.catch(() => {});
      if ((await Promise.race([claimed, interrupt.first.then(() => 'interrupted')])) === 'interrupted') {
        return EXIT.interrupted;
      }
    }
    for (const spec of specs) {
      started.children.push(new ChildProcess({ ...spec, clock, say, ipc: true }));
    }
    const outcome = await Promise.race([
      waitReady(config, names, say).then(() => 'ready' as const),
      interrupt.first.then(() => 'interrupted' as const),
      natsDied(started),
      givenUp(started),
    ]);
    if (outcome === 'interrupted') return EXIT.interrupted;
    // From here on the processes' own heartbeats say whose the names are.
    await started.claim?.release();
    await sayReady(config, natsUrl, say);
    await Promise.race([interrupt.first, natsDied(started), givenUp(started)]);
    say('stopping: draining the gateway, then workers, shards and NATS');
    return EXIT.ok;
  } finally {
    await stopAll(started);
  }
}

type Cluster = {
  nats: NatsServerProcess | null;
  /** Keeps other starts off the NATS that was given, until this one is ready. */
  claim: { release(): Promise<void> } | null;
  children: ChildProcess[];
};

type ProcessSpec = {
  /** For people: its members' names. */
  readonly name: string;
  readonly members: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** The example ships with the package, so its default path holds wherever the command is run from. */
function withAppPath(config: Config): Config {
  const here = resolve(config.app);
  const app = config.app === 'examples/fraud' ? join(packageRoot(), config.app) : here;
  return { ...config, app, dataDir: resolve(config.dataDir) };
}

async function checkPorts(config: Config, colocate: boolean): Promise<void> {
  if (config.httpPort === 0)
    throw new UsageError('--http-port must be from 1 to 65535 here: it is where readiness is asked');
  const needed: [number, string, string][] = [
    [config.httpPort, config.host, '--http-port'],
    [config.grpcPort, config.host, '--grpc-port'],
  ];
  const processes = 1 + config.shards + config.workers - (colocate ? 2 : 0);
  if (config.metricsPort !== 0) {
    for (let i = 0; i < processes; i++) needed.push([config.metricsPort + i, config.host, '--metrics-port']);
  }
  for (const [port, host, flag] of needed) {
    if (port !== 0 && !(await isFree(host, port))) {
      const what = flag === '--metrics-port' ? `${flag} (it needs ${processes} ports from there on)` : flag;
      throw new ServingError('UNAVAILABLE', 'edge', `port ${port} is taken; free it or choose another with ${what}`);
    }
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  return (await tryListen(host, port)) === undefined;
}

async function startNats(config: Config, started: Cluster, say: (line: string) => void): Promise<string> {
  if (config.natsUrl !== '') return config.natsUrl;
  const { path } = await locateNatsServer({ clock: systemClock, progress: say });
  const dataDir = join(config.dataDir, 'nats');
  mkdirSync(dataDir, { recursive: true });
  started.nats = await startNatsServer({ path, port: config.natsPort, dataDir, clock: systemClock });
  return started.nats.url;
}

/**
 * Rejects with UNAVAILABLE where the given NATS cannot be reached, with NameTakenError where another cluster runs there
 * under the same names or is starting.
 */
async function claimOnGivenNats(config: Config, names: readonly string[]): Promise<{ release(): Promise<void> }> {
  const nats = await connectNats({
    url: config.natsUrl,
    name: 'dovetail-up',
    clock: systemClock,
    log: silentLog,
    credentialsFile: config.natsCredentials === '' ? undefined : config.natsCredentials,
    nkeySeedFile: config.natsNkey === '' ? undefined : config.natsNkey,
    tlsCaFile: config.natsTlsCa === '' ? undefined : config.natsTlsCa,
    connectTimeoutMs: 5_000,
  });
  const advice = 'stop that cluster, or give this one a NATS of its own (another --nats-url, or none)';
  try {
    const start = await claimStart({ nats, clock: systemClock, random: systemRandom, config, names, advice });
    return {
      release: async () => {
        await start.release();
        await nats.close();
      },
    };
  } catch (thrown) {
    await nats.close();
    throw thrown;
  }
}

async function processSpecs(config: Config, natsUrl: string, colocate: boolean): Promise<ProcessSpec[]> {
  const specs: ProcessSpec[] = [];
  let metricsPort = config.metricsPort;
  const shared = configFlags(
    { ...config, natsUrl },
    nodeCommand.settings.filter((name) => name !== 'metricsPort' && name !== 'httpPort' && name !== 'grpcPort'),
  );
  const add = (members: readonly string[], extra: string[], env: Record<string, string> = {}) => {
    const port = String(metricsPort === 0 ? 0 : metricsPort++);
    const roles = members.map((member) => member.split('-')[0]).join(',');
    const names = members.join(',');
    const args = ['node', '--role', roles, '--name', names, '--metrics-port', port, ...extra, ...shared];
    specs.push({ name: members.join('+'), members, args, env });
  };
  const http = ['--http-port', String(config.httpPort), '--grpc-port', String(config.grpcPort)];
  const [first, ...others] = (await chooseDevices(config)).map((device) => ({
    flags: ['--device', device],
    env: deviceEnv(device),
  }));
  if (colocate) {
    add(['gateway-1', 'shard-1', 'worker-1'], [...http, ...first!.flags], first!.env);
  } else {
    add(['gateway-1'], http);
    add(['shard-1'], []);
  }
  for (let i = 2; i <= config.shards; i++) add([`shard-${i}`], []);
  if (!colocate) add(['worker-1'], first!.flags, first!.env);
  for (const [i, { flags, env }] of others.entries()) add([`worker-${i + 2}`], flags, env);
  return specs;
}

/** A CUDA process sees its own GPU alone. */
function deviceEnv(device: string): Record<string, string> {
  const parsed = parseDevice(device);
  return parsed.kind === 'cuda' ? { CUDA_VISIBLE_DEVICES: String(parsed.index) } : {};
}

function checkDevices(config: Config): void {
  if (config.devices === '') return;
  try {
    for (const device of devicesOf(config)) parseDevice(device);
  } catch (thrown) {
    throw new UsageError(`--devices: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function devicesOf(config: Config): string[] {
  return config.devices.split(';').map((device) => device.trim());
}

/** Those asked for; else one CUDA device a GPU where ONNX Runtime has its CUDA libraries; else the CPU. */
async function chooseDevices(config: Config): Promise<string[]> {
  if (config.devices !== '') return devicesOf(config);
  const gpus = await countGpus();
  if (gpus > 0 && (await hasCudaProvider())) return Array.from({ length: gpus }, (_, i) => `cuda:${i}`);
  return Array.from({ length: config.workers }, () => 'cpu');
}

async function countGpus(): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['-L'], { timeout: 5_000 });
    return stdout.split('\n').filter((line) => line.startsWith('GPU ')).length;
  } catch {
    return 0;
  }
}

async function hasCudaProvider(): Promise<boolean> {
  const { cudaProviderInstalled } = await import('../actors/model-worker/onnx-engine.ts');
  return cudaProviderInstalled();
}

/** Rejects with UNAVAILABLE once the cluster no longer comes on. */
async function waitReady(config: Config, members: readonly string[], say: (line: string) => void): Promise<void> {
  const url = `http://${config.host}:${config.httpPort}`;
  const progress = new StartProgress(members, systemClock.nowMs());
  for (;;) {
    const cluster = await clusterAt(url);
    if (cluster !== null && everyMemberReady(cluster, members.length) && (await isReady(url))) return;
    const { giveUp, say: line } = progress.look(cluster, systemClock.nowMs());
    if (giveUp !== null) {
      throw new ServingError('UNAVAILABLE', 'edge', `${giveUp}. Run again with --log-level info to see why`);
    }
    if (line !== null) say(line);
    await sleep(systemClock, 50);
  }
}

/** What the gateway says of the cluster; null while it does not answer. */
async function clusterAt(url: string): Promise<Progress> {
  try {
    const response = await fetch(`${url}/v1/cluster`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return response.status === 200 ? ((await response.json()) as Progress) : null;
  } catch {
    return null;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const health = await fetch(`${url}/v2/health/ready`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return health.status === 200;
  } catch {
    return false;
  }
}

function everyMemberReady(cluster: NonNullable<Progress>, members: number): boolean {
  return cluster.members.filter((member) => member.state === 'alive' && member.ready).length >= members;
}

async function sayReady(config: Config, natsUrl: string, say: (line: string) => void): Promise<void> {
  const url = `http://${config.host}:${config.httpPort}`;
  process.stdout.write('ready\n');
  say('');
  say(`  HTTP     ${url}   (Open Inference Protocol at /v2, people at /v1)`);
  if (config.grpcPort !== 0) say(`  gRPC     ${config.host}:${config.grpcPort}   (Open Inference Protocol)`);
  say(`  NATS     ${natsUrl}   (dovetail.predict.<model>)`);
  if (config.metricsPort !== 0)
    say(`  metrics  http://${config.host}:${config.metricsPort}/metrics and the next ports, one a process`);
  say(`  data     ${config.dataDir}`);
  // Only a courtesy: what happens to a model in just this moment must not end the cluster.
  const example = await exampleRequest(url).catch(() => null);
  if (example !== null) say(`\nAsk it:\n\n${example}`);
  say('\nCtrl-C drains and stops everything.');
}

function natsDied(started: Cluster): Promise<never> {
  return new Promise((_, reject) => {
    void started.nats?.exited.then(({ code, signal }) => {
      reject(
        new ServingError(
          'UNAVAILABLE',
          'edge',
          `nats-server ended (${signal ?? `exit code ${code}`}); see ${started.nats?.logFile}`,
        ),
      );
    });
  });
}

function givenUp(started: Cluster): Promise<never> {
  return Promise.race(started.children.map((child) => child.gaveUp));
}

/** The gateway first, so that what is in flight can still be answered by the others. */
async function stopAll(started: Cluster): Promise<void> {
  const role = (prefix: string) => started.children.filter((child) => child.name.startsWith(prefix));
  await started.claim?.release();
  for (const prefix of ['gateway', 'worker', 'shard']) await Promise.all(role(prefix).map((child) => child.stop()));
  await started.nats?.stop();
}

/** The first SIGINT or SIGTERM asks for an orderly stop; the second ends at once, children included. */
function interruptions(): { readonly first: Promise<void> } {
  let seen = 0;
  const first = new Promise<void>((resolve) => {
    const onSignal = () => {
      seen++;
      if (seen === 1) resolve();
      else process.exit(EXIT.interrupted);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  return { first };
}
