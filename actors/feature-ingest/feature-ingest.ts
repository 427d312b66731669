/**
 * The way in for features: rows and events are checked, grouped by partition and appended to the log. A row is
 * acknowledged, with its partition and sequence, once the log has it; what happens to it then is the shards' business.
 */

import { type App, viewNames } from '../../cluster/catalog/app.ts';
import type { Stream } from '../../cluster/catalog/streams.ts';
import { findView, type View } from '../../cluster/catalog/views.ts';
import type { Clock } from '../../cluster/clock.ts';
import { asServingError, invalid, notFound, ServingError } from '../../proto/errors.ts';
import type { LogRow } from '../../proto/row-batch.ts';
import { AppendQueue, type BatchHead } from './append-queue.ts';
import { type CheckedRow, checkDeletion, checkEvent, checkRow, type EventTarget } from './check-rows.ts';

/** The part of the feature log that pushing needs. */
export interface LogSink {
  append(partition: number, bytes: Uint8Array): Promise<number>;
}

type LogPosition = { readonly partition: number; readonly seq: number };

/** `also`: where else an event was logged that concerns several entities. */
export type RowAck =
  | (LogPosition & { readonly also?: readonly LogPosition[] })
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

type Group = {
  readonly source: BatchHead;
  readonly partition: number;
  readonly rows: LogRow[];
  readonly indices: number[];
  bytes: number;
};

/** Turns one given row into rows of the log, one a source or null. Throws what is wrong with it. */
type Check = (row: unknown, partitions: number, wallMs: number) => readonly (CheckedRow | null)[];

const ROW_OVERHEAD_BYTES = 24;

export class FeatureIngest {
  readonly #options: IngestOptions;
  readonly #targets: ReadonlyMap<string, readonly EventTarget[]>;
  readonly #queue: AppendQueue;
  #rowsInFlight = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#targets = targetsOf(options.app);
    const { sink, rowsPerMessageMax, bytesPerMessageMax } = options;
    this.#queue = new AppendQueue({
      append: (partition, bytes) => sink.append(partition, bytes),
      rowsPerMessageMax,
      bytesPerMessageMax,
    });
  }

  /**
   * Rows of a view, or events of a stream. One acknowledgement or refusal a row, in order. Rejects as a whole with
   * NOT_FOUND for an unknown name, INVALID_ARGUMENT for a view that a stream fills, UNAVAILABLE before the cluster's
   * settings are known, RESOURCE_EXHAUSTED while too many rows are under way.
   */
  async push(name: string, rows: readonly unknown[]): Promise<RowAck[]> {
    const { app } = this.#options;
    const stream = app.streams.get(name);
    if (stream !== undefined) {
      const targets = this.#targets.get(name)!;
      const sources = targets.map((target) => eventsOf(stream, target));
      return this.#pushAll(name, sources, rows, (row, partitions, wallMs) =>
        checkEvent(stream, targets, row, partitions, wallMs),
      );
    }
    const view = this.#view(name);
    if (view.aggregation !== null) {
      const { name: fills } = view.aggregation.stream;
      throw invalid(`view '${name}' is filled by the events of stream '${fills}'; push those to '${fills}'`);
    }
    return this.#pushAll(name, [rowsOf(view)], rows, (row, partitions, wallMs) => [
      checkRow(view, row, partitions, wallMs),
    ]);
  }

  /**
   * Deletes what is stored for these keys as of `eventTime` (as in a row; now where it is left out): what is newer
   * stays, what is older does not come back. Acknowledges and rejects as `push`.
   */
  async delete(name: string, keys: readonly unknown[], eventTime?: unknown): Promise<RowAck[]> {
    const view = this.#view(name);
    return this.#pushAll(name, [rowsOf(view)], keys, (key, partitions, wallMs) => [
      checkDeletion(view, key, eventTime, partitions, wallMs),
    ]);
  }

  #view(name: string): View {
    const { app } = this.#options;
    const view = findView(app, name);
    if (view !== undefined) return view;
    const streams = app.streams.size === 0 ? '' : `, and streams: ${[...app.streams.keys()].join(', ')}`;
    throw notFound(`no view '${name}'; this app defines: ${viewNames(app)}${streams}`);
  }

  async #pushAll(
    name: string,
    sources: readonly BatchHead[],
    rows: readonly unknown[],
    check: Check,
  ): Promise<RowAck[]> {
    const { clock, rowsInFlightMax } = this.#options;
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
    const acks = new Array<RowAck | undefined>(rows.length);
    const groups = this.#group(sources, rows, check, partitions, clock.wallMs(), acks);
    this.#rowsInFlight += rows.length;
    try {
      await Promise.all(groups.map((group) => this.#append(group, acks)));
    } finally {
      this.#rowsInFlight -= rows.length;
    }
    const settled = acks as RowAck[];
    const rejected = settled.filter((ack) => 'error' in ack).length;
    this.#options.onPushed?.(name, settled.length - rejected, rejected);
    return settled;
  }

  #group(
    sources: readonly BatchHead[],
    rows: readonly unknown[],
    check: Check,
    partitions: number,
    wallMs: number,
    acks: (RowAck | undefined)[],
  ): Group[] {
    const { rowsPerMessageMax, bytesPerMessageMax } = this.#options;
    const open = sources.map(() => new Map<number, Group>());
    const groups: Group[] = [];
    rows.forEach((raw, index) => {
      try {
        check(raw, partitions, wallMs).forEach((checked, of) => {
          if (checked === null) return;
          const { partition, row } = checked;
          const bytes = row.key.byteLength + row.values.byteLength + ROW_OVERHEAD_BYTES;
          let group = open[of]!.get(partition);
          if (
            group === undefined ||
            group.rows.length >= rowsPerMessageMax ||
            group.bytes + bytes > bytesPerMessageMax
          ) {
            group = { source: sources[of]!, partition, rows: [], indices: [], bytes: 0 };
            open[of]!.set(partition, group);
            groups.push(group);
          }
          group.rows.push(row);
          group.indices.push(index);
          group.bytes += bytes;
        });
      } catch (thrown) {
        acks[index] = refusal(asServingError(thrown, 'edge'));
      }
    });
    return groups;
  }

  async #append(group: Group, acks: (RowAck | undefined)[]): Promise<void> {
    let ack: RowAck;
    const { source, partition, rows, bytes } = group;
    try {
      ack = { partition, seq: await this.#queue.add(source, partition, rows, bytes) };
    } catch (thrown) {
      ack = refusal(asServingError(thrown, 'log'));
    }
    for (const index of group.indices) acks[index] = both(acks[index], ack);
  }
}

/** One answer to an event that was logged in several places: acknowledged only where all are. */
function both(known: RowAck | undefined, ack: RowAck): RowAck {
  if (known === undefined) return ack;
  if ('error' in known) return known;
  if ('error' in ack) return ack;
  return { ...known, also: [...(known.also ?? []), { partition: ack.partition, seq: ack.seq }] };
}

function refusal({ code, message }: ServingError): RowAck {
  return { error: { code, message } };
}

function rowsOf({ name, version, schemaHash }: View): BatchHead {
  return { key: `${name}@${version}`, view: name, version, schemaHash, stream: '', entity: '', everywhere: false };
}

function eventsOf({ name, version, schemaHash }: Stream, target: EventTarget): BatchHead {
  const { entity, everywhere } = target;
  const key = `${name} ${entity.name} ${everywhere}`;
  return { key, view: '', version, schemaHash, stream: name, entity: entity.name, everywhere };
}

function targetsOf(app: App): ReadonlyMap<string, readonly EventTarget[]> {
  const targets = new Map<string, EventTarget[]>();
  for (const { aggregation, entity, placement } of app.versions.values()) {
    if (aggregation === null) continue;
    const everywhere = placement === 'everywhere';
    const known = targets.get(aggregation.stream.name) ?? [];
    if (!known.some((one) => one.entity.name === entity.name && one.everywhere === everywhere))
      known.push({ entity, everywhere });
    targets.set(aggregation.stream.name, known);
  }
  return targets;
}
