/**
 * A gateway whose features are real: rows are checked and packed as ingest does, stored as records and read back with
 * the views' own types, times to live and nulls. In memory, at a time that tests set.
 */
import { checkRow } from '../../actors/feature-ingest/check-rows.ts';
import type { FeatureReadOptions, FeatureReadRow, FeatureRow, PushAck } from '../../actors/router/gateway-port.ts';
import { encodeRecord, readValue, recordBytes, recordEventMs } from '../../cluster/catalog/record.ts';
import type { App, View } from '../../cluster/catalog/views.ts';
import { asServingError, notFound, type ServingError } from '../../proto/errors.ts';
import { FakeGateway } from './fake-gateway.ts';

const PARTITIONS = 8;

export class FeatureTableGateway extends FakeGateway {
  readonly #app: App;
  readonly #records = new Map<string, Uint8Array>();
  wallMs = Date.UTC(2026, 1, 28, 12);
  /** What rows of these keys are refused with, as by a log that takes no more. */
  readonly refuse = new Map<string, ServingError>();
  /** `view`, number of keys and options of each read. */
  readonly reads: { readonly view: string; readonly keys: number; readonly options: FeatureReadOptions }[] = [];
  #nextSeq = 1;

  constructor(app: App) {
    super();
    this.#app = app;
  }

  override views(): ReadonlyMap<string, View> {
    return this.#app.views;
  }

  override async push(viewName: string, rows: readonly FeatureRow[]): Promise<readonly PushAck[]> {
    if (this.failure !== undefined) throw this.failure;
    const view = this.#view(viewName);
    return rows.map((raw): PushAck => {
      try {
        const { partition, row } = checkRow(view, raw, PARTITIONS, this.wallMs);
        const key = Buffer.from(row.key).toString();
        const refusal = this.refuse.get(key);
        if (refusal !== undefined) throw refusal;
        const seq = this.#nextSeq++;
        this.#records.set(`${view.name}/${key}`, encodeRecord(view, row.eventMs, seq, row.values));
        return { partition, seq };
      } catch (thrown) {
        const { code, message } = asServingError(thrown, 'edge');
        return { error: { code, message } };
      }
    });
  }

  override async get(
    viewName: string,
    keys: readonly string[],
    options: FeatureReadOptions = {},
  ): Promise<readonly FeatureReadRow[]> {
    if (this.failure !== undefined) throw this.failure;
    const view = this.#view(viewName);
    this.reads.push({ view: viewName, keys: keys.length, options });
    return keys.map((key) => this.#read(view, key, options.features ?? [...view.featureByName.keys()]));
  }

  #read(view: View, key: string, features: readonly string[]): FeatureReadRow {
    const stored = this.#records.get(`${view.name}/${key}`);
    const record = stored === undefined ? null : recordBytes(stored);
    const eventMs = record === null ? null : recordEventMs(record);
    const ageMs = eventMs === null ? null : Math.max(0, this.wallMs - eventMs);
    const found = ageMs !== null && (view.ttlMs === 0 || ageMs <= view.ttlMs);
    const values: Record<string, FeatureReadRow['values'][string]> = {};
    const defaulted: string[] = [];
    for (const name of features) {
      const feature = view.featureByName.get(name)!;
      const value = found ? readValue(view, feature, record!) : null;
      values[name] = value ?? feature.default;
      if (value === null) defaulted.push(`${view.name}.${name}`);
    }
    return {
      key,
      found,
      values,
      partition: 0,
      applied_seq: 1,
      everywhere_seq: null,
      as_of_ms: this.wallMs,
      age_ms: ageMs,
      event_time_ms: eventMs,
      defaulted,
      expired: ageMs !== null && !found ? defaulted : [],
    };
  }

  #view(name: string): View {
    const view = this.#app.views.get(name);
    if (view === undefined) throw notFound(`no view '${name}'`);
    return view;
  }
}
