/**
 * Whether and where to send traces, decided from the options and OpenTelemetry's own environment variables
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/). Headers, timeout, compression and TLS files are read
 * by the exporter itself.
 */
import { invalid } from '../../proto/errors.ts';

/** The part of the requests without a parent that is traced where nothing else is said. */
export const SAMPLE_RATIO_DEFAULT = 0.01;

const QUEUE_SPANS_DEFAULT = 2048;
const BATCH_SPANS_DEFAULT = 512;

/** OpenTelemetry's default is 5 s; someone who just sent a request should not wait that long to see its trace. */
const EXPORT_PERIOD_MS_DEFAULT = 1000;

export type TracingSettings = {
  /** Full URL that spans are posted to. */
  readonly url: string;
  /** From 0 to 1. */
  readonly sampleRatio: number;
  /** Spans that may wait for export; more are dropped and counted. */
  readonly queueSpansMax: number;
  readonly batchSpansMax: number;
  readonly exportPeriodMs: number;
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings, or null when tracing is off: without an endpoint, with OTEL_SDK_DISABLED=true or
 * OTEL_TRACES_EXPORTER=none. `otlpEndpoint` is a base URL like OTEL_EXPORTER_OTLP_ENDPOINT and stands above it.
 * Throws INVALID_ARGUMENT for what cannot be followed.
 */
export function tracingSettings(
  options: { readonly otlpEndpoint?: string | undefined; readonly sampleRatio?: number | undefined },
  environment: Environment,
): TracingSettings | null {
  const read = (name: string) => environment[name]?.trim() || undefined;
  const url = endpoint(options.otlpEndpoint, read);
  if (url === null || read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null;
  if (read('OTEL_TRACES_EXPORTER') === 'none') return null;
  checkProtocol(read);
  const queueSpansMax = count('OTEL_BSP_MAX_QUEUE_SIZE', read) ?? QUEUE_SPANS_DEFAULT;
  return {
    url,
    sampleRatio: checkRatio('the trace sample ratio', options.sampleRatio ?? ratioOf(read)),
    queueSpansMax,
    batchSpansMax: Math.min(queueSpansMax, count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', read) ?? BATCH_SPANS_DEFAULT),
    exportPeriodMs: count('OTEL_BSP_SCHEDULE_DELAY', read) ?? EXPORT_PERIOD_MS_DEFAULT,
  };
}

type Read = (name: string) => string | undefined;

function endpoint(option: string | undefined, read: Read): string | null {
  if (option !== undefined && option !== '') return tracesUrl('the OTLP endpoint', option);
  const traces = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (traces !== undefined) return httpUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', traces).href;
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT');
  return base === undefined ? null : tracesUrl('OTEL_EXPORTER_OTLP_ENDPOINT', base);
}

/** A base URL gets the path of the signal; one for traces alone is used as it stands. */
function tracesUrl(what: string, base: string): string {
  const url = httpUrl(what, base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

function httpUrl(what: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw invalid(`${what} ${JSON.stringify(text)} must be a URL such as http://127.0.0.1:4318`);
}

function checkProtocol(read: Read): void {
  const protocol = read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    throw invalid(
      `OTLP protocol ${JSON.stringify(protocol)} is not supported: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and an HTTP endpoint (usually port 4318)`,
    );
  }
}

/** Only the root's decision: requests that come with a parent always follow it, as the `parentbased_` samplers do. */
function ratioOf(read: Read): number {
  const sampler = read('OTEL_TRACES_SAMPLER')?.replace(/^parentbased_/, '');
  if (sampler === undefined) return SAMPLE_RATIO_DEFAULT;
  if (sampler === 'always_on') return 1;
  if (sampler === 'always_off') return 0;
  if (sampler === 'traceidratio') {
    return checkRatio('OTEL_TRACES_SAMPLER_ARG', Number(read('OTEL_TRACES_SAMPLER_ARG') ?? 1));
  }
  throw invalid(`OTEL_TRACES_SAMPLER ${JSON.stringify(sampler)} must be always_on, always_off or traceidratio`);
}

function checkRatio(what: string, ratio: number): number {
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw invalid(`${what} must be a number from 0 to 1, not ${ratio}`);
}

function count(name: string, read: Read): number | undefined {
  const text = read(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalid(`${name} must be a whole number above 0, not ${JSON.stringify(text)}`);
}
