import { describe, expect, it } from 'vitest';
import { SAMPLE_RATIO_DEFAULT, tracingSettings } from '../../../../cluster/telemetry/tracing-settings.ts';

const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('tracing', () => {
  it('is off without an endpoint, and when the environment says so', () => {
    expect(tracingSettings({}, {})).toBeNull();
    expect(tracingSettings({}, { OTEL_EXPORTER_OTLP_ENDPOINT: '  ' })).toBeNull();
    expect(tracingSettings({}, { ...BASE, OTEL_SDK_DISABLED: 'true' })).toBeNull();
    expect(tracingSettings({}, { ...BASE, OTEL_TRACES_EXPORTER: 'none' })).toBeNull();
  });

  it('posts to the path of traces under the base endpoint, and to the endpoint for traces as it stands', () => {
    const url = (environment: Record<string, string>, otlpEndpoint?: string) =>
      tracingSettings({ otlpEndpoint }, environment)?.url;
    expect(url(BASE)).toBe('http://collector:4318/v1/traces');
    expect(url({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://host/otlp/' })).toBe('https://host/otlp/v1/traces');
    expect(url({ ...BASE, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t:1/x' })).toBe('http://t:1/x');
    expect(url(BASE, 'http://chosen:4318')).toBe('http://chosen:4318/v1/traces');
  });

  it('samples by the option, else by the sampler of the environment, else by the default', () => {
    const ratio = (environment: Record<string, string>, sampleRatio?: number) =>
      tracingSettings({ sampleRatio }, { ...BASE, ...environment })?.sampleRatio;
    expect(ratio({})).toBe(SAMPLE_RATIO_DEFAULT);
    expect(ratio({ OTEL_TRACES_SAMPLER_ARG: '0.5' })).toBe(SAMPLE_RATIO_DEFAULT);
    expect(ratio({ OTEL_TRACES_SAMPLER: 'always_on' })).toBe(1);
    expect(ratio({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' })).toBe(0);
    expect(ratio({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' })).toBe(0.25);
    expect(ratio({ OTEL_TRACES_SAMPLER: 'traceidratio' })).toBe(1);
    expect(ratio({ OTEL_TRACES_SAMPLER: 'always_on' }, 0.125)).toBe(0.125);
  });

  it('never sends batches larger than its queue', () => {
    expect(tracingSettings({}, { ...BASE, OTEL_BSP_MAX_QUEUE_SIZE: '100' })).toMatchObject({
      queueSpansMax: 100,
      batchSpansMax: 100,
    });
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /must be a URL/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'not a url' }, /must be a URL/],
    [{ ...BASE, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /http\/protobuf/],
    [{ ...BASE, OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER/],
    [{ ...BASE, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }, /from 0 to 1/],
    [{ ...BASE, OTEL_BSP_MAX_QUEUE_SIZE: '-1' }, /OTEL_BSP_MAX_QUEUE_SIZE/],
  ])('refuses %j', (environment, message) => {
    expect(() => tracingSettings({}, environment)).toThrow(message);
  });
});
