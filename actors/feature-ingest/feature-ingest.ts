/**
 * The way in for features: rows are checked, grouped by partition and appended to the log. A row is acknowledged, with
 * its partition and sequence, once the log has it; what happens to it then is the shards' business.
 */

import type { App, View } from '../../cluster/catalog/views.ts';
import type { Clock } from '../../cluster/clock.ts';
import { asServingError, notFound, ServingError } from '../../proto/errors.ts';
import { encodeRowBatch, type LogRow } from '../../proto/row-batch.ts';
import { checkRow } from './check-rows.ts';

/** The part of the feature log that pushing needs. */
export interface LogSink {
  append(partition: number, bytes: Uint8Array): Promise<number>;
}

export type RowAck =
  | { readonly partition: number; readonly seq: number }
  | { readonly error: { readonly code: string; readonly message: string } };

export type IngestOptions = {
  readonly app: App;
  readonly sink: LogSink;
  readonly clock: Clock;
  /** 0 while the cluster's settings are not known yet. */
  readonly partitions: () => number;
  readonly rowsPerMessageMax: number;
  readonly bytesPerMessageMax: number;
  /** Pushes under way; more are refused. */
  readonly rowsInFlightMax: number;
  readonly onPushed?: (view: string, accepted: number, rejected: number) => void;
};

type Group = { readonly partition: number; readonly rows: LogRow[]; readonly indices: number[]; bytes: number };

const ROW_OVERHEAD_BYTES = 24;

export class FeatureIngest {
  readonly #options: IngestOptions;
  #rowsInFlight = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /**
   * One acknowledgement or refusal a row, in order. Rejects as a whole with NOT_FOUND for an unknown view,
   * UNAVAILABLE before the cluster's settings are known, RESOURCE_EXHAUSTED while too many rows are under way.
   */
  async push(viewName: string, rows: readonly unknown[]): Promise<RowAck[]> {
    const { app, clock, rowsInFlightMax } = this.#options;
    const view = app.views.get(viewName);
    if (view === undefined)
      throw notFound(`no view '${viewName}'; this app defines: ${[...app.views.keys()].join(', ') || 'none'}`);
    const partitions = this.#options.partitions();
    if (partitions === 0)
      throw new ServingError('UNAVAILABLE', 'log', 'the cluster is still starting; push again in a moment');
    if (this.#rowsInFlight + rows.length > rowsInFlightMax) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        'log',
        `${this.#rowsInFlight} rows are being pushed here; push again later`,
      );
    }
    const acks = new Array<RowAck>(rows.length);
    const groups = this.#group(view, rows, partitions, clock.wallMs(), acks);
    this.#rowsInFlight += rows.length;
    try {
      await Promise.all(groups.map((group) => this.#append(view, group, acks)));
    } finally {
      this.#rowsInFlight -= rows.length;
    }
    const rejected = acks.filter((ack) => 'error' in ack).length;
    this.#options.onPushed?.(view.name, acks.length - rejected, rejected);
    return acks;
  }

  #group(view: View, rows: readonly unknown[], partitions: number, wallMs: number, acks: RowAck[]): Group[] {
    const { rowsPerMessageMax, bytesPerMessageMax } = this.#options;
    const open = new Map<number, Group>();
    const groups: Group[] = [];
    rows.forEach((raw, index) => {
      try {
        const { partition, row } = checkRow(view, raw, partitions, wallMs);
        const bytes = row.key.byteLength + row.values.byteLength + ROW_OVERHEAD_BYTES;
        let group = open.get(partition);
        if (group === undefined || group.rows.length >= rowsPerMessageMax || group.bytes + bytes > bytesPerMessageMax) {
          group = { partition, rows: [], indices: [], bytes: 0 };
          open.set(partition, group);
          groups.push(group);
        }
        group.rows.push(row);
        group.indices.push(index);
        group.bytes += bytes;
      } catch (thrown) {
        const error = asServingError(thrown, 'edge');
        acks[index] = { error: { code: error.code, message: error.message } };
      }
    });
    return groups;
  }

  async #append(view: View, group: Group, acks: RowAck[]): Promise<void> {
    let ack: RowAck;
    try {
      const bytes = encodeRowBatch({ view: view.name, schemaHash: view.schemaHash, rows: group.rows });
      ack = { partition: group.partition, seq: await this.#options.sink.append(group.partition, bytes) };
    } catch (thrown) {
      const error = asServingError(thrown, 'log');
      ack = { error: { code: error.code, message: error.message } };
    }
    for (const index of group.indices) acks[index] = ack;
  }
}
