/** Every metric that the actors feed, by name: the one place where what they observe becomes Prometheus series. */

import type { ShardObserver } from '../actors/feature-shard/feature-shard.ts';
import type { WorkerObserver } from '../actors/model-worker/model-worker.ts';
import type { ModelTallies } from '../actors/router/model-statistics.ts';
import type { RouterObserver } from '../actors/router/router.ts';
import type { Clock } from '../cluster/clock.ts';
import type { Log } from '../cluster/log.ts';
import type { Counter } from '../cluster/telemetry/metric-handles.ts';
import { LATENCY_BOUNDARIES_SECONDS, type MetricRegistry, ROWS_BOUNDARIES } from '../cluster/telemetry/metrics.ts';
import { idBytes } from '../cluster/telemetry/trace-context.ts';
import type { Tracer } from '../cluster/telemetry/tracing.ts';
import type { TransportMetrics } from '../cluster/transport/transport.ts';
import type { TraceContext } from '../proto/letters.ts';

export function transportMetrics(registry: MetricRegistry): TransportMetrics {
  const envelopes = registry.counter('dovetail_envelopes_total', 'NATS messages between processes.', ['direction']);
  const letters = registry.counter('dovetail_letters_total', 'Messages in them.', ['direction']);
  const bytes = registry.counter('dovetail_envelope_bytes_total', 'Bytes in them.', ['direction']);
  const dropped = registry.counter('dovetail_letters_dropped_total', 'Messages that could not be sent or read.', [
    'reason',
  ]);
  const out = { envelopes: envelopes.with('sent'), letters: letters.with('sent'), bytes: bytes.with('sent') };
  const into = {
    envelopes: envelopes.with('received'),
    letters: letters.with('received'),
    bytes: bytes.with('received'),
  };
  return {
    sent: (count, size) => {
      out.envelopes.add();
      out.letters.add(count);
      out.bytes.add(size);
    },
    received: (count, size) => {
      into.envelopes.add();
      into.letters.add(count);
      into.bytes.add(size);
    },
    dropped: (reason) => dropped.with(reason).add(),
  };
}

export function routerObserver(registry: MetricRegistry, log: Log, tallies: ModelTallies): RouterObserver {
  const requests = registry.counter('dovetail_requests_total', 'Predictions answered, by outcome.', [
    'model',
    'version',
    'code',
  ]);
  const seconds = registry.histogram(
    'dovetail_request_duration_seconds',
    'From the router taking a prediction to its reply.',
    LATENCY_BOUNDARIES_SECONDS,
    ['model'],
  );
  const rowsTotal = registry.counter('dovetail_request_rows_total', 'Rows predicted.', ['model']);
  const stage = registry.histogram(
    'dovetail_stage_duration_seconds',
    'Time of a prediction in each stage: shard, queue, run.',
    LATENCY_BOUNDARIES_SECONDS,
    ['model', 'stage'],
  );
  const retries = registry.counter('dovetail_retries_total', 'Further attempts, by what made them necessary.', [
    'reason',
  ]);
  const late = registry.counter('dovetail_late_answers_total', 'Answers to requests that had been answered already.');
  const handles = cachedBy((model: string) => ({
    seconds: seconds.with(model),
    rows: rowsTotal.with(model),
    shard: stage.with(model, 'shard'),
    queue: stage.with(model, 'queue'),
    run: stage.with(model, 'run'),
    ok: new Map<string, Counter>(),
  }));
  return {
    answered: (model, version, code, rows, took) => {
      tallies.answered(model, version, code, rows, took);
      const own = handles(model);
      if (code === 'OK') {
        let ok = own.ok.get(version);
        if (ok === undefined) {
          ok = requests.with(model, version, code);
          own.ok.set(version, ok);
        }
        ok.add();
      } else {
        requests.with(model, version, code).add();
      }
      own.seconds.record(took);
      if (rows > 0) own.rows.add(rows);
    },
    stages: (model, version, rows, answer) => {
      tallies.stages(model, version, rows, answer);
      const own = handles(model);
      if (answer.shardUs > 0) own.shard.record(answer.shardUs / 1e6);
      own.queue.record(answer.queueUs / 1e6);
      own.run.record(answer.runUs / 1e6);
    },
    retried: (reason) => retries.with(reason).add(),
    lateAnswer: () => late.add(),
    fault: (thrown) => log.error({ err: thrown }, 'the router failed on a request'),
  };
}

export function shardObserver(registry: MetricRegistry, tracer: Tracer): ShardObserver {
  const lookup = registry.histogram(
    'dovetail_lookup_duration_seconds',
    'Reading the features of one request from the replica and building its model inputs.',
    LATENCY_BOUNDARIES_SECONDS,
    ['kind'],
  );
  const enriched = lookup.with('predict');
  const read = lookup.with('get');
  const rowsRead = registry.counter('dovetail_lookup_rows_total', 'Rows looked up.');
  const refused = registry.counter('dovetail_shard_refusals_total', 'Requests that the shard refused.', ['code']);
  return {
    enriched: (rows, seconds) => {
      enriched.record(seconds);
      rowsRead.add(rows);
    },
    read: (rows, seconds) => {
      read.record(seconds);
      rowsRead.add(rows);
    },
    refused: (code) => refused.with(code).add(),
    span: (name, parent, startMs, endMs, attributes): TraceContext => {
      const spanId = tracer.span({ name, parent, startMs, endMs, attributes });
      return { traceId: parent.traceId, spanId: idBytes(spanId) };
    },
  };
}

/** A model whose runs fail is logged once in so long. */
const FAILURES_LOG_MS = 10_000;

export function workerObserver(
  registry: MetricRegistry,
  tracer: Tracer,
  log: Log,
  clock: Pick<Clock, 'nowMs'>,
): WorkerObserver {
  const batchRows = registry.histogram('dovetail_batch_rows', 'Rows in a run.', ROWS_BOUNDARIES, ['model']);
  const batchRequests = registry.histogram('dovetail_batch_requests', 'Requests in a run.', ROWS_BOUNDARIES, ['model']);
  const run = registry.histogram('dovetail_run_duration_seconds', 'One run of the model.', LATENCY_BOUNDARIES_SECONDS, [
    'model',
  ]);
  const queue = registry.histogram(
    'dovetail_batch_queue_duration_seconds',
    'Wait of the oldest request in a batch.',
    LATENCY_BOUNDARIES_SECONDS,
    ['model'],
  );
  const failures = registry.counter('dovetail_worker_failures_total', 'Requests that the worker could not answer.', [
    'model',
    'code',
  ]);
  const batchFailures = registry.counter('dovetail_failed_runs_total', 'Runs of the model that failed.', ['model']);
  const loggedMs = new Map<string, number>();
  const throttled = (model: string): boolean => {
    const nowMs = clock.nowMs();
    if (nowMs - (loggedMs.get(model) ?? Number.NEGATIVE_INFINITY) < FAILURES_LOG_MS) return true;
    loggedMs.set(model, nowMs);
    return false;
  };
  return {
    ran: (model, rows, requests, runSeconds, queueSeconds) => {
      batchRows.with(model).record(rows);
      batchRequests.with(model).record(requests);
      run.with(model).record(runSeconds);
      queue.with(model).record(queueSeconds);
    },
    failed: (model, code) => failures.with(model, code).add(),
    batchFailed: (model, thrown) => {
      batchFailures.with(model).add();
      // Callers decide how often this happens: the counter has them all, the log one in a while.
      if (throttled(model)) return;
      log.warn({ err: thrown, model }, 'a run failed; its requests are run one by one');
    },
    batchSpans: (model, rows, sampled, startMs, endMs) => {
      const queued = sampled.map(({ request, arrivedMs }) => {
        const trace = request.trace!;
        const spanId = tracer.span({
          name: 'queue',
          kind: 'consumer',
          parent: trace,
          startMs: arrivedMs,
          endMs: startMs,
          attributes: { 'dovetail.model': model },
        });
        return { traceId: trace.traceId, spanId };
      });
      // The batch lies in the first request's trace and links to all; the others' traces point at it.
      const [first, ...others] = queued;
      const batchId = tracer.span({
        name: 'batch',
        parent: first!,
        startMs,
        endMs,
        attributes: { 'dovetail.model': model, 'dovetail.batch_rows': rows },
        links: queued,
      });
      for (const other of others) {
        tracer.span({
          name: 'batch',
          parent: other,
          startMs,
          endMs,
          attributes: { 'dovetail.model': model, 'dovetail.batch_rows': rows },
          links: [{ traceId: first!.traceId, spanId: batchId }],
        });
      }
    },
  };
}

/** Label lookups cost more than what is recorded, so each model's handles are looked up once. */
function cachedBy<T>(make: (model: string) => T): (model: string) => T {
  const made = new Map<string, T>();
  return (model) => {
    let handles = made.get(model);
    if (handles === undefined) {
      handles = make(model);
      made.set(model, handles);
    }
    return handles;
  };
}
