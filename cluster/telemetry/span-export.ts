/**
 * Counts what becomes of finished spans. The SDK's batch processor drops spans silently, when its queue is full and
 * when the collector cannot be reached; here each span ends in exactly one count.
 */
import type { core, tracing as sdk } from '@opentelemetry/sdk-node';
import type { Labelled } from './labelled.ts';
import type { Counter } from './metric-handles.ts';
import type { MetricRegistry } from './metrics.ts';

export type DropReason = 'queue_full' | 'export_failed' | 'shutdown' | 'invalid_trace';

// The values of the SDK's enum; a test holds them against the SDK.
export const EXPORT_SUCCESS: core.ExportResultCode.SUCCESS = 0;
export const EXPORT_FAILED: core.ExportResultCode.FAILED = 1;

export class SpanCounts {
  readonly #queueSpansMax: number;
  readonly #exported: Counter;
  readonly #dropped: Labelled<Counter, readonly ['reason']>;
  /** Handed to the batch processor, not yet to the exporter. */
  #queued = 0;
  #exporting = 0;

  constructor(registry: MetricRegistry, queueSpansMax: number) {
    this.#queueSpansMax = queueSpansMax;
    this.#exported = registry.counter('dovetail_trace_spans_exported_total', 'Spans that the collector accepted.');
    this.#dropped = registry.counter('dovetail_trace_spans_dropped_total', 'Spans lost before the collector.', [
      'reason',
    ]);
    registry.observeGauge('dovetail_trace_spans_queued', 'Spans waiting for export.', [], (report) =>
      report(this.#queued + this.#exporting),
    );
  }

  /** Whether one more span may queue; a refusal is counted. */
  admit(): boolean {
    if (this.#queued >= this.#queueSpansMax) {
      this.drop('queue_full', 1);
      return false;
    }
    this.#queued++;
    return true;
  }

  drop(reason: DropReason, spans: number): void {
    this.#dropped.with(reason).add(spans);
  }

  exportStarted(spans: number): void {
    this.#queued -= spans;
    this.#exporting += spans;
  }

  exportEnded(spans: number, accepted: boolean): void {
    // After a shutdown that ran out of time, late results were already counted as lost.
    const counted = Math.min(spans, this.#exporting);
    this.#exporting -= counted;
    if (accepted) this.#exported.add(counted);
    else this.drop('export_failed', counted);
  }

  /** Counts what is still on its way as lost. */
  abandon(): void {
    this.drop('shutdown', this.#queued + this.#exporting);
    this.#queued = 0;
    this.#exporting = 0;
  }
}

/**
 * The exporter with its results counted. `warn` is called when exports begin to fail and when they work again, not for
 * each failure: a collector that is down must not flood the log.
 */
export function countingExporter(
  inner: sdk.SpanExporter,
  counts: SpanCounts,
  url: string,
  warn: (message: string) => void,
): sdk.SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      counts.exportStarted(spans.length);
      const finish = (result: core.ExportResult) => {
        const accepted = result.code === EXPORT_SUCCESS;
        counts.exportEnded(spans.length, accepted);
        if (failing === accepted) {
          failing = !accepted;
          warn(accepted ? `traces reach ${url} again` : `traces do not reach ${url}: ${reasonOf(result.error)}`);
        }
        done(result);
      };
      try {
        inner.export(spans, finish);
      } catch (thrown) {
        finish({ code: EXPORT_FAILED, error: thrown instanceof Error ? thrown : new Error(String(thrown)) });
      }
    },
    shutdown: () => inner.shutdown(),
    forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
  };
}

/** A refused connection to a name with several addresses is an AggregateError, whose own message is empty. */
function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  return error?.message || String(error?.code ?? 'unknown error');
}
