/**
 * Appends to the log, one message of a partition and kind at a time: what is pushed while one is on its way travels
 * together in the next. A lone row waits for nothing; under load messages grow by themselves, which is what the log, its
 * followers and their transactions are quick with. Also keeps the order of what is pushed to one partition.
 */
import { encodeRowBatch, type LogRow, type RowBatch } from '../../proto/row-batch.ts';

/** What a message says of its rows; `key` tells one from another. */
export type BatchHead = Omit<RowBatch, 'rows'> & { readonly key: string };

type Message = {
  readonly rows: LogRow[];
  bytes: number;
  readonly settled: Promise<number>;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: unknown) => void;
};

type Lane = { readonly head: BatchHead; readonly partition: number; readonly waiting: Message[]; sending: boolean };

export type AppendQueueOptions = {
  readonly append: (partition: number, bytes: Uint8Array) => Promise<number>;
  readonly rowsPerMessageMax: number;
  readonly bytesPerMessageMax: number;
};

export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the sequence once the log has the rows, all of them in one message. `bytes`: what they take, about.
   * More rows than a message may hold must not be given. Bounded by whoever calls.
   */
  add(head: BatchHead, partition: number, rows: readonly LogRow[], bytes: number): Promise<number> {
    const key = `${partition} ${head.key}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { head, partition, waiting: [], sending: false };
      this.#lanes.set(key, lane);
    }
    const { rowsPerMessageMax, bytesPerMessageMax } = this.#options;
    let message = lane.waiting.at(-1);
    if (
      message === undefined ||
      message.rows.length + rows.length > rowsPerMessageMax ||
      message.bytes + bytes > bytesPerMessageMax
    ) {
      message = newMessage();
      lane.waiting.push(message);
    }
    for (const row of rows) message.rows.push(row);
    message.bytes += bytes;
    if (!lane.sending) void this.#send(key, lane);
    return message.settled;
  }

  async #send(key: string, lane: Lane): Promise<void> {
    lane.sending = true;
    for (let message = lane.waiting.shift(); message !== undefined; message = lane.waiting.shift()) {
      try {
        const bytes = encodeRowBatch({ ...lane.head, rows: message.rows });
        message.resolve(await this.#options.append(lane.partition, bytes));
      } catch (thrown) {
        message.reject(thrown);
      }
    }
    this.#lanes.delete(key);
  }
}

function newMessage(): Message {
  const { promise, resolve, reject } = withResolvers<number>();
  return { rows: [], bytes: 0, settled: promise, resolve, reject };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
