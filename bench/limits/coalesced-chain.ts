/**
 * Limit of throughput: caller → feature stub → model → caller in three processes. Requests that leave in one turn of
 * the event loop share a NATS message; the model runs whatever has arrived as one batch. Nothing is validated, routed,
 * traced or encoded: what a system can approach, with these libraries, on this machine.
 */
import { connect, type NatsConnection } from 'nats';
import type { Clock } from '../../cluster/clock.ts';
import { startChild } from '../child.ts';
import type { BenchContext } from '../context.ts';
import { Histogram } from '../histogram.ts';
import { assertScore } from '../scores.ts';
import { REQUEST_INPUTS, requestInputs, userOf } from '../workload.ts';
import {
  ANSWER_BYTES,
  asBuffer,
  ID_OFFSET,
  INPUTS_OFFSET,
  Outbox,
  ROW_BYTES,
  SCORE_OFFSET,
  USER_OFFSET,
} from './frame.ts';

export const CHAIN_SUBJECTS = { caller: 'limit.chain.caller', stub: 'limit.chain.stub', model: 'limit.chain.model' };
export const CHAIN_OUTSTANDING_MAX = 1024;
/**
 * Measured on two cores: parts of 32 KiB let the next process start before the last row has left, and stay below the
 * 64 KiB that Node reads from a socket at once; 20 to 30 % more than one message of everything, or parts of 16 KiB.
 */
export const CHAIN_MESSAGE_BYTES_MAX = 32 * 1024;

export type ChainResult = { readonly ratePerS: number; readonly latency: Histogram };

export type CoalescedChain = {
  /** Closed loop with `outstanding` (up to 1024) requests; a fifth of `durationMs` more to warm up. */
  measure(outstanding: number, durationMs: number): Promise<ChainResult>;
  stop(): Promise<void>;
};

export async function startCoalescedChain(context: BenchContext): Promise<CoalescedChain> {
  const { clock, natsUrl } = context;
  const children = await Promise.all([
    startChild(context, import.meta.url, './chain-feature-stub', { natsUrl }),
    startChild(context, import.meta.url, './chain-model', { natsUrl }),
  ]);
  const connection = await connect({ servers: natsUrl });
  const caller = new ChainCaller(clock, connection, context.expected);
  await connection.flush();
  return {
    measure: (outstanding, durationMs) => caller.measure(outstanding, durationMs),
    async stop() {
      await connection.close();
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

/** The caller's hot loop: no promise, no allocation a request; a request's id is its slot in the tables. */
class ChainCaller {
  readonly #clock: Clock;
  readonly #expected: Float32Array;
  readonly #outbox: Outbox;
  readonly #inputBytes: Uint8Array;
  readonly #sentMs = new Float64Array(CHAIN_OUTSTANDING_MAX);
  readonly #user = new Uint32Array(CHAIN_OUTSTANDING_MAX);
  #latency = new Histogram();
  #index = 0;
  #unanswered = 0;
  #measureFromMs = 0;
  #stopAtMs = 0;
  #completed = 0;
  #resolve: () => void = () => undefined;
  #reject: (thrown: unknown) => void = () => undefined;

  constructor(clock: Clock, connection: NatsConnection, expected: Float32Array) {
    this.#clock = clock;
    this.#expected = expected;
    this.#outbox = new Outbox(CHAIN_MESSAGE_BYTES_MAX, (bytes) => connection.publish(CHAIN_SUBJECTS.stub, bytes));
    this.#inputBytes = new Uint8Array(requestInputs().buffer, 0, REQUEST_INPUTS * 4);
    connection.subscribe(CHAIN_SUBJECTS.caller, {
      callback: (error, message) => {
        if (error === null) this.#answers(asBuffer(message.data));
      },
    });
  }

  async measure(outstanding: number, durationMs: number): Promise<ChainResult> {
    if (outstanding > CHAIN_OUTSTANDING_MAX) throw new RangeError(`at most ${CHAIN_OUTSTANDING_MAX} outstanding`);
    const finished = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#latency = new Histogram();
    this.#completed = 0;
    this.#measureFromMs = this.#clock.nowMs() + durationMs / 5;
    this.#stopAtMs = this.#measureFromMs + durationMs;
    this.#unanswered = outstanding;
    for (let id = 0; id < outstanding; id++) this.#send(id, this.#clock.nowMs());
    await finished;
    return { ratePerS: (this.#completed / durationMs) * 1000, latency: this.#latency };
  }

  #send(id: number, nowMs: number): void {
    const user = userOf(this.#index++);
    const at = this.#outbox.reserve(ROW_BYTES);
    const buffer = this.#outbox.buffer;
    buffer.writeUInt32LE(id, at + ID_OFFSET);
    buffer.writeUInt32LE(user, at + USER_OFFSET);
    buffer.set(this.#inputBytes, at + INPUTS_OFFSET);
    this.#sentMs[id] = nowMs;
    this.#user[id] = user;
  }

  #answers(bytes: Buffer): void {
    const nowMs = this.#clock.nowMs();
    const measured = nowMs >= this.#measureFromMs && nowMs < this.#stopAtMs;
    for (let at = 0; at < bytes.length; at += ANSWER_BYTES) {
      const id = bytes.readUInt32LE(at + ID_OFFSET);
      const user = this.#user[id]!;
      try {
        assertScore('bare chain', user, bytes.readFloatLE(at + SCORE_OFFSET), this.#expected[user]!);
      } catch (thrown) {
        this.#reject(thrown);
      }
      if (measured) {
        this.#completed++;
        this.#latency.record(nowMs - this.#sentMs[id]!);
      }
      if (nowMs < this.#stopAtMs) this.#send(id, nowMs);
      else if (--this.#unanswered === 0) this.#resolve();
    }
  }
}
