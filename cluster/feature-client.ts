/** The features half of the client for services: rows pushed and read over NATS, in the JSON that people use. */
import { ServingError } from '../proto/errors.ts';
import { GET_SUBJECT_ROOT, PUSH_SUBJECT_ROOT } from '../proto/subjects.ts';
import { versionKey } from './catalog/app.ts';
import type { Stream } from './catalog/streams.ts';
import type { View } from './catalog/views.ts';
import type { NatsLink } from './nats/nats-link.ts';

/** How fresh the features of a call must be. */
export type ReadOptions = {
  /**
   * Read your writes: what must be applied where the features are read. What `features.push` acknowledged, as it came;
   * or the sequence of the one row; or one a row (0: none). Waited for within the call's time, then DEADLINE_EXCEEDED.
   */
  readonly minSeq?: number | readonly number[] | readonly PushAck[];
  /** Older rows count as expired, whatever their view's ttl. */
  readonly maxAgeMs?: number;
  readonly timeoutMs?: number;
};

/** `also`: where else an event was logged that concerns several entities. */
export type PushAck =
  | {
      readonly partition: number;
      readonly seq: number;
      readonly also?: readonly { readonly partition: number; readonly seq: number }[];
    }
  | { readonly error: { readonly code: string; readonly message: string } };

/** What may be pushed: to a definition, rows as it says; to a name, whatever the cluster then makes of them. */
export type RowsFor<Target> = readonly (Target extends View<infer Row>
  ? Row
  : Target extends Stream<string, infer Event>
    ? Event
    : Readonly<Record<string, unknown>>)[];

/** An int64 beyond 2^53 as text; text that is coded by hash as its code. */
type ReadValue<Pushed> =
  NonNullable<Pushed> extends readonly number[]
    ? readonly number[]
    : NonNullable<Pushed> extends boolean
      ? boolean
      : bigint extends Pushed
        ? number | string
        : string extends Pushed
          ? string | number
          : NonNullable<Pushed>;

type AnyValue = number | boolean | string | readonly number[] | null;

type ValuesOf<Target> =
  Target extends View<infer Row>
    ? [Row] extends [never]
      ? Readonly<Record<string, AnyValue>>
      : { readonly [Name in Exclude<keyof Row, 'event_time'>]-?: ReadValue<Row[Name]> | null }
    : Readonly<Record<string, AnyValue>>;

/** A row of a view as it was read: what `/v1/features/<view>:get` answers. */
export type FeatureRow<Target = string> = {
  readonly key: string;
  /** False where nothing is stored, or what is stored is too old. */
  readonly found: boolean;
  readonly values: ValuesOf<Target>;
  readonly partition: number;
  readonly applied_seq: number;
  readonly everywhere_seq: number | null;
  readonly as_of_ms: number;
  readonly age_ms: number | null;
  readonly event_time_ms: number | null;
  readonly defaulted: readonly string[];
  readonly expired: readonly string[];
};

const ROWS_PER_PUSH = 10_000;
/** For what a message carries besides its rows. */
const PAYLOAD_MARGIN_BYTES = 1_024;
/** Pushing and reading many rows may take longer than a prediction. */
const PATIENCE_MS_MIN = 5_000;
/** An answer at the deadline still has to travel. */
const GRACE_MS = 50;

export class FeatureClient {
  readonly #nats: NatsLink;
  readonly #timeoutMs: number;

  /** `timeoutMs`: of calls that name none. */
  constructor(nats: NatsLink, timeoutMs: number) {
    this.#nats = nats;
    this.#timeoutMs = timeoutMs;
  }

  /** Rows of a view or events of a stream, by name or by definition. One acknowledgement or error a row, in order. Rejects with ServingError where a whole push is refused. */
  async push<Target extends string | View | Stream>(to: Target, rows: RowsFor<Target>): Promise<readonly PushAck[]> {
    const acks: PushAck[] = [];
    const view = nameOf(to);
    for (const part of parts(rows, this.#nats.payloadBytesMax - PAYLOAD_MARGIN_BYTES)) {
      const reply = await this.#json(`${PUSH_SUBJECT_ROOT}.${view}`, `{"rows":[${part.join(',')}]}`, this.#timeoutMs);
      acks.push(...(reply as { acks: PushAck[] }).acks);
    }
    return acks;
  }

  /** One row a key, in order. Rejects with ServingError. */
  async get<Target extends string | View>(
    from: Target,
    keys: readonly string[],
    options: ReadOptions = {},
  ): Promise<readonly FeatureRow<Target>[]> {
    const { minSeq, maxAgeMs, timeoutMs = this.#timeoutMs } = options;
    const body = JSON.stringify({ keys, min_seq: minSeq, max_age_ms: maxAgeMs, timeout_ms: timeoutMs });
    const reply = await this.#json(`${GET_SUBJECT_ROOT}.${nameOf(from)}`, body, timeoutMs);
    return (reply as { rows: FeatureRow<Target>[] }).rows;
  }

  /** The cluster keeps the deadline and says what it waited for; the one here is for the day when nobody answers. */
  async #json(subject: string, body: string, timeoutMs: number): Promise<unknown> {
    const bytes = new TextEncoder().encode(body);
    const patienceMs = Math.max(timeoutMs + GRACE_MS, PATIENCE_MS_MIN);
    const reply = await this.#nats.request(subject, bytes, { timeoutMs: patienceMs });
    const parsed = JSON.parse(new TextDecoder().decode(reply.bytes)) as {
      error?: { code: never; stage: never; message: string };
    };
    if (parsed.error !== undefined) throw new ServingError(parsed.error.code, parsed.error.stage, parsed.error.message);
    return parsed;
  }
}

function nameOf(target: string | View | Stream): string {
  if (typeof target === 'string') return target;
  return target.kind === 'view' ? versionKey(target) : target.name;
}

/** Rows as JSON in as few messages as the server's limit and the number of rows in a push allow. */
function* parts(rows: readonly unknown[], bytesMax: number): Generator<string[]> {
  let part: string[] = [];
  let bytes = 0;
  for (const row of rows) {
    const text = JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
    const size = Buffer.byteLength(text) + 1;
    if (part.length > 0 && (bytes + size > bytesMax || part.length === ROWS_PER_PUSH)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(text);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
