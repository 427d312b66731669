/**
 * The model-worker: queues requests per model, runs them in batches on its one device and answers the router that sent
 * them. When to run what is the batcher's decision; this file acts on it.
 */

import type { ActorContext, Behaviour } from '../../cluster/actors/actor-system.ts';
import { Cancellations, type IsCancelled } from '../../cluster/actors/cancellations.ts';
import type { TimerHandle } from '../../cluster/clock.ts';
import { asServingError, ServingError } from '../../proto/errors.ts';
import { type Answer, type Compute, failedAnswer, failureOf, type Message } from '../../proto/letters.ts';
import type { Queued } from './batcher.ts';
import { DeviceTurns } from './device-turns.ts';
import type { QueuedCompute, RunShare, ServedModel } from './served-model.ts';

export interface WorkerObserver {
  /** A batch ran. `queueSeconds`: of its oldest request. */
  ran(model: string, rows: number, requests: number, runSeconds: number, queueSeconds: number): void;
  failed(model: string, code: string): void;
  /** A run failed; its requests are run one by one. */
  batchFailed(model: string, thrown: unknown): void;
  /** Called with the sampled requests of a batch only. */
  batchSpans(
    model: string,
    rows: number,
    sampled: readonly { request: Compute; arrivedMs: number }[],
    startMs: number,
    endMs: number,
  ): void;
}

/** The models this worker serves, by `name/version`. Versions come and go while it runs. */
export type ServedModels = ReadonlyMap<string, ServedModel>;

/** A refused run that costs less than this is not worth a timer of its own. */
const TIMER_SLACK_MS = 1;

export function modelWorker(models: ServedModels, observer: WorkerObserver): (context: ActorContext) => Behaviour {
  return (context) => new ModelWorker(context, models, observer);
}

class ModelWorker implements Behaviour {
  readonly #context: ActorContext;
  readonly #models: ServedModels;
  readonly #observer: WorkerObserver;
  readonly #cancellations: Cancellations;
  /** Whether a model runs on this thread: one at a time. Those with threads of their own run beside it. */
  #inlineRunning = false;
  #pumpScheduled = false;
  /** Whose turn it is among the models that run on this thread. */
  readonly #turns = new DeviceTurns<ServedModel>();
  /** Per running model: when the next deadline in its queue passes. */
  readonly #timers = new Map<ServedModel, TimerHandle>();
  #stopped = false;
  readonly #pumpNow = (): void => {
    this.#pumpScheduled = false;
    this.#pump();
  };

  constructor(context: ActorContext, models: ServedModels, observer: WorkerObserver) {
    this.#context = context;
    this.#models = models;
    this.#observer = observer;
    this.#cancellations = new Cancellations(context, (isCancelled) => this.#onCancelled(isCancelled));
  }

  receive(message: Message): void {
    if (message.kind === 'cancel') this.#cancellations.add(message.body);
    if (message.kind !== 'compute') return;
    const request = message.body;
    const model = this.#models.get(request.model);
    if (model === undefined) {
      this.#fail(
        request,
        new ServingError('FAILED_PRECONDITION', 'queue', `model ${request.model} is not loaded on this worker`),
      );
      return;
    }
    this.#enqueue(model, request);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    for (const model of this.#models.values()) {
      for (const queued of model.batcher.drain()) {
        this.#fail(queued.item.request, new ServingError('UNAVAILABLE', 'queue', 'the worker is stopping'));
      }
    }
  }

  #enqueue(model: ServedModel, request: Compute): void {
    let shapeKey: string;
    try {
      shapeKey = model.shapeKey(request);
    } catch (thrown) {
      this.#fail(request, asServingError(thrown, 'queue'));
      return;
    }
    const arrivedMs = this.#context.clock.nowMs();
    const verdict = model.batcher.enqueue({
      item: { request, arrivedMs },
      rows: request.rows,
      arrivedMs,
      deadlineMs: arrivedMs + request.budgetUs / 1_000,
      shapeKey,
    });
    if (verdict === 'queued') this.#schedulePump(model);
    else this.#fail(request, refusalError(verdict.refused, model, request.rows));
  }

  /** What arrives in the same envelope is queued before anything is decided. */
  #schedulePump(model: ServedModel): void {
    if (this.#pumpScheduled || !this.#mayRun(model)) return;
    this.#pumpScheduled = true;
    this.#context.endOfTurn(this.#pumpNow);
  }

  /** A model runs one batch at a time, and this thread one model. */
  #mayRun(model: ServedModel): boolean {
    return !model.batcher.running && (model.ownThread || !this.#inlineRunning);
  }

  #pump(): void {
    if (this.#stopped) return;
    const nowMs = this.#context.clock.nowMs();
    const inline: ServedModel[] = [];
    for (const model of this.#models.values()) {
      if (model.ownThread) this.#decide(model, nowMs);
      else if (!model.batcher.running) inline.push(model);
    }
    while (!this.#inlineRunning) {
      const next = this.#turns.next(inline, nowMs);
      if (next === undefined) return;
      this.#decide(next, nowMs);
    }
  }

  #decide(model: ServedModel, nowMs: number): void {
    if (!this.#mayRun(model)) return;
    const decision = model.batcher.decide(nowMs);
    for (const queued of decision.late) this.#answerLate(queued);
    if (decision.kind === 'dispatch') void this.#run(model, decision.items, decision.rows);
  }

  async #run(model: ServedModel, items: readonly Queued<QueuedCompute>[], rows: number): Promise<void> {
    const startMs = this.#context.clock.nowMs();
    if (!model.ownThread) this.#inlineRunning = true;
    const requests = items.map((queued) => queued.item.request);
    this.#sweepWhileRunning(model);
    try {
      const shares = await model.run(requests, rows).catch((thrown: unknown) => {
        this.#observer.batchFailed(model.key, thrown);
        // Alone, it is the one at fault.
        if (requests.length === 1) this.#fail(requests[0]!, runError(model, thrown));
        return null;
      });
      if (shares === null) {
        if (requests.length > 1) await this.#runOneByOne(model, requests);
        return;
      }
      const endMs = this.#context.clock.nowMs();
      model.batcher.completed(endMs, rows, endMs - startMs);
      const queueSeconds = (startMs - items[0]!.item.arrivedMs) / 1_000;
      this.#observer.ran(model.key, rows, items.length, (endMs - startMs) / 1_000, queueSeconds);
      this.#answerAll(model, items, shares, rows, startMs, endMs);
    } catch (thrown) {
      // A bug of ours. Thrown where the supervisor sees it: this actor starts afresh, its queue is refused.
      this.#context.endOfTurn(() => {
        throw thrown;
      });
    } finally {
      const nowMs = this.#context.clock.nowMs();
      if (model.batcher.running) model.batcher.failed(nowMs);
      if (!model.ownThread) this.#turns.ran(model, nowMs - startMs);
      this.#afterRun(model);
    }
  }

  /** A batch failed: each request runs by itself, so that only the one at fault is told so. */
  async #runOneByOne(model: ServedModel, requests: readonly Compute[]): Promise<void> {
    for (const request of requests) {
      const startMs = this.#context.clock.nowMs();
      try {
        const [share] = await model.run([request], request.rows);
        const endMs = this.#context.clock.nowMs();
        this.#answer({ request, arrivedMs: startMs }, share!, request.rows, startMs, endMs, 0);
      } catch (thrown) {
        this.#fail(request, runError(model, thrown));
      }
    }
  }

  /** Engines that do not block answer what expires while a batch runs at its deadline, not when the batch ends. */
  #sweepWhileRunning(model: ServedModel): void {
    const nowMs = this.#context.clock.nowMs();
    const decision = model.batcher.decide(nowMs);
    for (const queued of decision.late) this.#answerLate(queued);
    if (decision.kind !== 'wait') return;
    const timer = this.#context.after(Math.max(TIMER_SLACK_MS, decision.untilMs - nowMs), () => {
      if (model.batcher.running) this.#sweepWhileRunning(model);
    });
    this.#timers.set(model, timer);
  }

  /** Back through the event loop, so that requests that came in meanwhile join the next batch. */
  #afterRun(model: ServedModel): void {
    this.#timers.get(model)?.cancel();
    this.#timers.delete(model);
    if (!model.ownThread) this.#inlineRunning = false;
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    this.#context.afterInput(this.#pumpNow);
  }

  #answerAll(
    model: ServedModel,
    items: readonly Queued<QueuedCompute>[],
    shares: readonly RunShare[],
    rows: number,
    startMs: number,
    endMs: number,
  ): void {
    let sampled: QueuedCompute[] | null = null;
    const backlogUs = Math.round(model.batcher.backlogMs(endMs) * 1_000);
    for (let i = 0; i < items.length; i++) {
      const { item } = items[i]!;
      this.#answer(item, shares[i]!, rows, startMs, endMs, backlogUs);
      if (item.request.trace !== null) {
        sampled ??= [];
        sampled.push(item);
      }
    }
    if (sampled !== null) this.#observer.batchSpans(model.key, rows, sampled, startMs, endMs);
  }

  #answer(
    item: QueuedCompute,
    share: RunShare,
    batchRows: number,
    startMs: number,
    endMs: number,
    backlogUs: number,
  ): void {
    const { request, arrivedMs } = item;
    const body: Answer = {
      id: request.id,
      failure: null,
      outputs: share.outputs,
      dims: share.dims,
      freshness: request.freshness,
      shardUs: request.shardUs,
      queueUs: Math.round((startMs - arrivedMs) * 1_000),
      runUs: Math.round((endMs - startMs) * 1_000),
      batchRows,
      backlogUs,
      epoch: 0,
    };
    this.#context.reply(request.replyTo, { kind: 'answer', body });
  }

  #answerLate(queued: Queued<QueuedCompute>): void {
    const { request } = queued.item;
    this.#fail(
      request,
      new ServingError(
        'DEADLINE_EXCEEDED',
        'queue',
        `${request.model}: the deadline passes before a batch could finish`,
      ),
    );
  }

  /** Nobody waits for these any more: they leave the queue without an answer. What runs already runs on. */
  #onCancelled(isCancelled: IsCancelled): void {
    for (const model of this.#models.values()) {
      const left = model.batcher.cancel(({ request }) => isCancelled(request.replyTo, request.id));
      for (const _ of left) this.#observer.failed(model.key, 'CANCELLED');
    }
  }

  #fail(request: Compute, error: ServingError): void {
    this.#observer.failed(request.model, error.code);
    this.#context.reply(request.replyTo, failedAnswer(request.id, failureOf(error)));
  }
}

function runError(model: ServedModel, thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return new ServingError('INTERNAL', 'run', `model ${model.key} failed to run: ${said.slice(0, 500)}`, {
    cause: thrown,
  });
}

function refusalError(refused: 'full' | 'too_late' | 'too_large', model: ServedModel, rows: number): ServingError {
  switch (refused) {
    case 'full':
      return new ServingError('RESOURCE_EXHAUSTED', 'queue', `the queue of ${model.key} is full; try again later`);
    case 'too_late':
      return new ServingError('DEADLINE_EXCEEDED', 'queue', `${model.key} cannot answer before the deadline`);
    case 'too_large':
      return new ServingError(
        'INVALID_ARGUMENT',
        'queue',
        `${rows} rows in one request; ${model.key} takes at most ${model.spec.batched ? model.spec.manifest.batchRowsMax : 1}`,
      );
  }
}
