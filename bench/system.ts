/**
 * The system as a user runs it: `dovetail up` in processes of its own, with an app made of the bench's workload. The
 * rest of the bench knows the cluster by this interface alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectClient, type DovetailClient, floatTensor, type Prediction, type Tensor, textTensor } from '../index.ts';
import type { BenchContext } from './context.ts';
import { DovetailUp } from './dovetail-up.ts';
import type { HttpTarget } from './http-load.ts';
import {
  benchModel,
  featureTable,
  MODEL_INPUT,
  MODEL_OUTPUT,
  REQUEST_INPUTS,
  requestInputs,
  STORED_FEATURES,
  USERS,
  userKey,
} from './workload.ts';

export interface SystemUnderTest {
  /**
   * Starts the cluster with a nats-server of its own, serving the model and users of `workload.ts`. Resolves once a
   * prediction about any user is answered with its stored features.
   */
  start(context: BenchContext): Promise<void>;
  /** One prediction by the NATS client about `user` (0 to USERS − 1). Rejects where the answer is an error. */
  natsPredict(user: number): Promise<Prediction>;
  /** The one number that the model says in it. */
  scoreOf(prediction: Prediction): number;
  /** Where the HTTP bridge listens and what is sent to it. Read after `start`. */
  readonly http: HttpTarget;
  /** Stops every process. Also called after a failed `start`. */
  stop(): Promise<void>;
}

const MODEL = 'bench';
const VIEW = 'profile';
const READY_MS_MAX = 60_000;
const ROWS_PER_PUSH = 1_000;
const PREDICT_TIMEOUT_MS = 10_000;

/** `colocate`: gateway, first shard and worker in one process, else a process a role. */
export function createSystem(colocate: boolean): SystemUnderTest {
  return new LocalCluster(colocate);
}

class LocalCluster implements SystemUnderTest {
  readonly #colocate: boolean;
  #up: DovetailUp | null = null;
  #client: DovetailClient | null = null;
  #stopUp: () => Promise<void> = async () => undefined;
  /** Made once; a caller's inputs differ from request to request, but making them is no work of the system's. */
  readonly #inputs: Tensor = floatTensor('inputs', 1, requestInputs());

  constructor(colocate: boolean) {
    this.#colocate = colocate;
  }

  async start(context: BenchContext): Promise<void> {
    const options = {
      app: writeApp(context.workDir),
      dataDir: join(context.workDir, this.#colocate ? 'system-colocated' : 'system'),
      flags: { 'request-timeout-ms': PREDICT_TIMEOUT_MS },
      colocate: this.#colocate,
    };
    // `stop` is called after a failed start too; this way it knows of processes that never became ready.
    this.#up = await DovetailUp.start(context, options, (stop) => {
      this.#stopUp = stop;
    });
    this.#client = await connectClient({ url: this.#up.natsUrl, timeoutMs: PREDICT_TIMEOUT_MS });
    await pushUsers(this.#client);
    await this.#servesStoredFeatures(context);
  }

  natsPredict(user: number): Promise<Prediction> {
    return this.#client!.predict(MODEL, [textTensor('user_id', [userKey(user)]), this.#inputs]);
  }

  scoreOf(prediction: Prediction): number {
    return scoreOf(prediction);
  }

  get http(): HttpTarget {
    const inputs = Array.from(requestInputs());
    return {
      host: '127.0.0.1',
      port: this.#up!.httpPort,
      path: `/v1/predict/${MODEL}`,
      // A list says rows in this API, so the fourteen values of the one row are a list in a list.
      body: (user) => JSON.stringify({ user_id: [userKey(user)], inputs: { inputs: [inputs] } }),
      score: (answer) => {
        const { outputs } = JSON.parse(answer.body.toString()) as { outputs: Record<string, (number | number[])[]> };
        const row = outputs[MODEL_OUTPUT]![0]!;
        return typeof row === 'number' ? row : row[0]!;
      },
    };
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    await this.#stopUp();
  }

  /** A pushed row is acknowledged by the log; the replicas apply it a moment later. */
  async #servesStoredFeatures(context: BenchContext): Promise<void> {
    const untilMs = context.clock.nowMs() + READY_MS_MAX;
    for (let user = 0; user < USERS; user += 1) {
      while (Math.abs(scoreOf(await this.natsPredict(user)) - context.expected[user]!) > 1e-4) {
        if (context.clock.nowMs() > untilMs)
          throw new Error(`the system still answers user ${user} without its features`);
      }
    }
  }
}

/** The one float of the one row. */
function scoreOf(prediction: Prediction): number {
  const { data } = prediction.outputs[0]!;
  SCORE_BYTES.set(data);
  return SCORE[0]!;
}

const SCORE = new Float32Array(1);
const SCORE_BYTES = new Uint8Array(SCORE.buffer);

function writeApp(workDir: string): string {
  const app = join(workDir, 'app');
  const version = join(app, 'models', MODEL, '1');
  mkdirSync(version, { recursive: true });
  writeFileSync(join(version, 'model.onnx'), benchModel());
  const stored = Array.from({ length: STORED_FEATURES }, (_, i) => ({ feature: `${VIEW}.f${i}` }));
  const manifest = {
    name: MODEL,
    entity: 'user',
    request: { inputs: { datatype: 'FP32', shape: [REQUEST_INPUTS] } },
    inputs: [{ name: MODEL_INPUT, columns: [...stored, { request: 'inputs' }] }],
    batch: { rows_max: 256 },
  };
  writeFileSync(join(app, 'models', MODEL, 'model.json'), JSON.stringify(manifest));
  const features = `import { defineApp, entity, float32, view } from 'dovetail';
const user = entity({ name: 'user', key: 'user_id' });
const features = Object.fromEntries(Array.from({ length: ${STORED_FEATURES} }, (_, i) => ['f' + i, float32()]));
export default defineApp({ views: [view({ name: '${VIEW}', entity: user, features })] });
`;
  writeFileSync(join(app, 'features.mjs'), features);
  return app;
}

async function pushUsers(client: DovetailClient): Promise<void> {
  const table = featureTable();
  for (let from = 0; from < USERS; from += ROWS_PER_PUSH) {
    const rows = Array.from({ length: ROWS_PER_PUSH }, (_, i) => {
      const user = from + i;
      const row: Record<string, unknown> = { user_id: userKey(user) };
      for (let f = 0; f < STORED_FEATURES; f++) row[`f${f}`] = table[user * STORED_FEATURES + f];
      return row;
    });
    for (const ack of await client.features.push(VIEW, rows))
      if ('error' in ack) throw new Error(`push: ${ack.error.message}`);
  }
}
