/**
 * BentoML's adaptive dispatcher, after `CorkDispatcher` and `Optimizer` in
 * `src/bentoml/_internal/marshal/dispatcher.py` of bentoml/BentoML (1.2 to 1.4, read 2026-11): service time is a
 * straight line a·n + b fitted by least squares to the last 50 batches, refreshed every 5 s; `wait` is the mean time
 * that the first of a batch waited. A controller wakes for the first request and then every millisecond. It gives up
 * the oldest request while w0 + a·n + b is over the maximum latency and there are others; holds while n is below the
 * maximum batch size and n·(wn + 1 ms + a) ≤ 0.95·wait; else sends. Sizes count requests, batches are cut by rows and a
 * request may be split between two. The first batches train it: eight and one of one request, then of two and three.
 *
 * Defaults of `@bentoml.api`: max_batch_size 100, here the engine's most rows where that is less; max_latency_ms 60000.
 * What we call best searches the maximum latency around the objective, half the
 * batch, and `traffic.max_concurrency`.
 */
import { Fifo, inTurn, NOTHING, type Piece, type Policy, type PolicyChoice, withLimit } from '../policy.ts';
import type { SimRequest } from '../traces.ts';

const TICK_MS = 1;
const DECAY = 0.95;
const SAMPLES_KEPT = 50;
const SAMPLES_SKIPPED = 2;
const REFRESH_MS = 5000;

export type BentoParameters = { readonly maxBatchSize: number; readonly maxLatencyMs: number };

type Sample = { readonly n: number; readonly ms: number; readonly waitMs: number };
type Waiting = { readonly request: SimRequest; readonly rows: number };

/** The line and the mean wait. */
class Optimizer {
  a: number;
  b: number;
  waitMs = 0;
  readonly #samples: Sample[] = [];
  #seen = 0;
  #refreshedMs = -Infinity;

  constructor(maxLatencyMs: number) {
    this.a = Math.min(2000, (maxLatencyMs * 2) / 30);
    this.b = Math.min(1000, maxLatencyMs / 30);
  }

  log(sample: Sample, nowMs: number): void {
    if (this.#seen++ < SAMPLES_SKIPPED) return;
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
    if (nowMs - this.#refreshedMs < REFRESH_MS) return;
    this.#refreshedMs = nowMs;
    this.refresh();
  }

  refresh(): void {
    const count = this.#samples.length;
    if (count === 0) return;
    let n = 0;
    let ms = 0;
    let waitMs = 0;
    for (const sample of this.#samples) {
      n += sample.n / count;
      ms += sample.ms / count;
      waitMs += sample.waitMs / count;
    }
    let covariance = 0;
    let variance = 0;
    for (const sample of this.#samples) {
      covariance += (sample.n - n) * (sample.ms - ms);
      variance += (sample.n - n) ** 2;
    }
    // Where all batches had one size, least squares of least norm shares the time between slope and intercept.
    const slope = variance > 1e-9 ? covariance / variance : (ms * n) / (n * n + 1);
    this.a = Math.max(0.001, slope);
    this.b = Math.max(0, ms - slope * n);
    this.waitMs = Math.max(0, waitMs);
  }
}

/** Batches of training: how many, of which size, and whether the line is refreshed afterwards. */
const TRAINING = [
  { batches: 8, size: 1, refresh: false },
  { batches: 1, size: 1, refresh: true },
  { batches: 1, size: 2, refresh: true },
  { batches: 1, size: 3, refresh: true },
] as const;

export class BentoPolicy implements Policy {
  readonly #parameters: BentoParameters;
  readonly #optimizer: Optimizer;
  readonly #queue = new Fifo<Waiting>();
  #dropped: SimRequest[] = [];
  #stage = 0;
  #stageBatches = 0;
  #training = false;
  #sentFirstMs = 0;
  #sentMs = 0;
  askAtMs = Infinity;

  constructor(parameters: BentoParameters) {
    this.#parameters = parameters;
    this.#optimizer = new Optimizer(parameters.maxLatencyMs);
  }

  arrive(request: SimRequest, nowMs: number): boolean {
    this.#queue.push({ request, rows: request.rows });
    // Between ticks the controller sleeps; it is woken only where it waits for a first request.
    if (this.askAtMs === Infinity) this.askAtMs = nowMs;
    return true;
  }

  next(nowMs: number, deviceFree: boolean): readonly Piece[] | null {
    if (nowMs < this.askAtMs) return null;
    this.askAtMs = nowMs + TICK_MS;
    for (;;) {
      const first = this.#queue.first();
      if (first === undefined) {
        this.askAtMs = Infinity;
        return null;
      }
      const waitedFirstMs = nowMs - first.request.arrivedMs;
      const stage = TRAINING[this.#stage];
      const verdict =
        stage === undefined
          ? this.#judge(nowMs, waitedFirstMs, deviceFree)
          : this.#train(stage.size, waitedFirstMs, deviceFree);
      if (verdict === 'hold') return null;
      if (verdict === 'drop') {
        this.#queue.shift();
        this.#dropped.push(first.request);
        continue;
      }
      this.#training = stage !== undefined;
      this.#sentMs = nowMs;
      this.#sentFirstMs = first.request.arrivedMs;
      return this.#take();
    }
  }

  finished(batch: readonly Piece[], nowMs: number, serviceMs: number): void {
    const waitMs = this.#training ? 0 : this.#sentMs - this.#sentFirstMs;
    this.#optimizer.log({ n: batch.length, ms: serviceMs, waitMs }, nowMs);
    const stage = TRAINING[this.#stage];
    if (!this.#training || stage === undefined || ++this.#stageBatches < stage.batches) return;
    if (stage.refresh) this.#optimizer.refresh();
    this.#stage++;
    this.#stageBatches = 0;
  }

  takeDropped(): readonly SimRequest[] {
    if (this.#dropped.length === 0) return NOTHING;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  #judge(nowMs: number, waitedFirstMs: number, deviceFree: boolean): 'hold' | 'drop' | 'send' {
    const { maxLatencyMs, maxBatchSize } = this.#parameters;
    const { a, b, waitMs } = this.#optimizer;
    const n = this.#queue.length;
    if (n > 1 && waitedFirstMs + a * n + b >= maxLatencyMs) return 'drop';
    if (!deviceFree) return n === 1 && waitedFirstMs >= maxLatencyMs ? 'drop' : 'hold';
    const waitedLastMs = nowMs - this.#queue.last()!.request.arrivedMs;
    if (n < maxBatchSize && n * (waitedLastMs + TICK_MS + a) <= waitMs * DECAY) return 'hold';
    return 'send';
  }

  #train(size: number, waitedFirstMs: number, deviceFree: boolean): 'hold' | 'drop' | 'send' {
    const { maxLatencyMs } = this.#parameters;
    const { a, b } = this.#optimizer;
    const n = this.#queue.length;
    if (n > 8 && waitedFirstMs >= maxLatencyMs) return 'drop';
    const waitMs = Math.min(maxLatencyMs * 0.95, (2 * size + 1) * a + b);
    if (size > 1 && n < size && size * a + b + waitedFirstMs <= waitMs) return 'hold';
    return deviceFree ? 'send' : 'hold';
  }

  #take(): readonly Piece[] {
    const { maxBatchSize } = this.#parameters;
    const pieces: Piece[] = [];
    let rows = 0;
    for (let first = this.#queue.first(); first !== undefined && rows < maxBatchSize; first = this.#queue.first()) {
      const taken = Math.min(first.rows, maxBatchSize - rows);
      pieces.push({ request: first.request, rows: taken });
      rows += taken;
      if (taken < first.rows) this.#queue.replaceFirst({ request: first.request, rows: first.rows - taken });
      else this.#queue.shift();
    }
    return pieces;
  }
}

export function bentomlChoices(batchRowsMax: number): PolicyChoice[] {
  const choice = (maxBatchSize: number, latencyShare: number | null, requestsMax: number): PolicyChoice => ({
    system: 'BentoML',
    parameters:
      `max_batch_size ${maxBatchSize}, max_latency ` +
      (latencyShare === null ? '60000 ms' : `${latencyShare} of the objective`) +
      (requestsMax === Infinity ? '' : `, max_concurrency ${requestsMax}`),
    isDefault: latencyShare === null,
    answersAtDeadline: false,
    make: (trace) => {
      const maxLatencyMs = latencyShare === null ? 60_000 : latencyShare * trace.objectiveMs;
      return inTurn(trace, () => withLimit(new BentoPolicy({ maxBatchSize, maxLatencyMs }), requestsMax));
    },
  });
  const choices = [choice(Math.min(100, batchRowsMax), null, Infinity)];
  for (const share of [1.2, 1, 0.85, 0.7]) {
    choices.push(choice(batchRowsMax, share, Infinity), choice(batchRowsMax / 2, share, Infinity));
    choices.push(choice(batchRowsMax, share, 2 * batchRowsMax));
  }
  return choices;
}
