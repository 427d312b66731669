/**
 * What a cluster would serve, in memory: rows and events go in, and the model's input comes out, through the very
 * functions by which the gateway checks what is pushed, a shard applies the log and builds a model's input. Training
 * rows are read from it at the moment of each payment.
 */
import { checkEvent, checkRow } from '../../actors/feature-ingest/check-rows.ts';
import { applyRow, applyStreamEvent, type RowOutcome } from '../../cluster/catalog/apply-row.ts';
import { assemble } from '../../cluster/catalog/assemble.ts';
import { type RecordBytes, recordBytes } from '../../cluster/catalog/record.ts';
import type { ServingPlan } from '../../cluster/catalog/serving-plan.ts';
import type { App, View } from '../../cluster/catalog/views.ts';
import { packBytes } from '../../proto/tensor.ts';

const PARTITIONS = 1;

export class MemoryStore {
  readonly #app: App;
  readonly #plan: ServingPlan;
  readonly #records = new Map<string, RecordBytes>();
  #seq = 0;

  constructor(app: App, plan: ServingPlan) {
    this.#app = app;
    this.#plan = plan;
  }

  /**
   * Takes one row of a view or event of a stream, as `POST /v1/features/{name}:push` does at `atMs` (ms since 1970).
   * Throws INVALID_ARGUMENT as that does.
   */
  push(name: string, row: unknown, atMs: number): void {
    this.#seq += 1;
    const stream = this.#app.streams.get(name);
    if (stream === undefined) {
      const view = this.#app.views.get(name)!;
      const { row: logged } = checkRow(view, row, PARTITIONS, atMs);
      this.#settle(view, logged.key, applyRow(view, this.#lookup(view, logged.key), logged, this.#seq));
      return;
    }
    for (const view of this.#app.views.values()) {
      if (view.aggregation?.stream !== stream) continue;
      const target = { entity: view.entity, everywhere: view.placement === 'everywhere' };
      const [checked] = checkEvent(stream, [target], row, PARTITIONS, atMs);
      const { key, values } = checked!.row;
      const stored = this.#lookup(view, key);
      this.#settle(view, key, applyStreamEvent(view.aggregation, stored, checked!.row, values, this.#seq));
    }
  }

  /** The model's first input for one request, as of `atMs`: float32, in the order of the manifest's columns. */
  modelInput(userId: string, inputs: Readonly<Record<string, string | number>>, atMs: number): Float32Array {
    const { requestInputs } = this.#plan;
    const assembled = assemble(
      this.#plan,
      {
        keys: [utf8(userId)],
        partitions: [0],
        inputs: requestInputs.map(({ name, datatype }) => {
          const value = inputs[name]!;
          return datatype === 'BYTES'
            ? packBytes([utf8(String(value))])
            : new Uint8Array(Float32Array.of(Number(value)).buffer);
        }),
        rows: 1,
        wallMs: atMs,
        maxAgeMs: 0,
      },
      PARTITIONS,
      (view, _partition, key) => this.#lookup(view, key),
    );
    return new Float32Array(assembled.inputs[0]!.slice().buffer);
  }

  #lookup(view: View, key: Uint8Array): RecordBytes | null {
    return this.#records.get(recordKey(view, key)) ?? null;
  }

  #settle(view: View, key: Uint8Array, outcome: RowOutcome): void {
    if (outcome.kind === 'put') this.#records.set(recordKey(view, key), recordBytes(outcome.record));
  }
}

function recordKey(view: View, key: Uint8Array): string {
  return `${view.id}/${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
