/**
 * Limit of unloaded latency: client → forwarder → model → client, three one-way NATS hops in three processes with the
 * client's reply subject passed along, and one run of the real model. One request at a time.
 */
import { connect, createInbox } from 'nats';
import { startChild } from '../child.ts';
import type { BenchContext } from '../context.ts';
import { closedLoop, type LoadResult } from '../load.ts';
import { assertScore, inputRow } from '../scores.ts';
import { featureTable, userOf } from '../workload.ts';
import { asBuffer, ROW_BYTES, SCORE_OFFSET, VALUES_OFFSET } from './frame.ts';

export const FORWARD_SUBJECT = 'limit.forward';
export const FORWARD_MODEL_SUBJECT = 'limit.model';

const USERS_ASKED = 64;

export type ForwardedHops = {
  measure(durationMs: number): Promise<LoadResult>;
  stop(): Promise<void>;
};

export async function startForwardedHops(context: BenchContext): Promise<ForwardedHops> {
  const { clock, natsUrl, expected } = context;
  const children = await Promise.all([
    startChild(context, import.meta.url, './hop-forwarder', { natsUrl }),
    startChild(context, import.meta.url, './hop-model', { natsUrl }),
  ]);
  const connection = await connect({ servers: natsUrl });
  const users = Array.from({ length: USERS_ASKED }, (_, index) => userOf(index));
  const table = featureTable();
  const frames = users.map((user) => frameOf(inputRow(table, user)));
  const inbox = createInbox();
  let answered: (score: number) => void = () => undefined;
  connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error === null) answered(asBuffer(message.data).readFloatLE(SCORE_OFFSET));
    },
  });
  const send = async (index: number): Promise<void> => {
    const which = index % USERS_ASKED;
    const answer = new Promise<number>((resolve) => {
      answered = resolve;
    });
    connection.publish(FORWARD_SUBJECT, frames[which]!, { reply: inbox });
    assertScore('forwarded hops', users[which]!, await answer, expected[users[which]!]!);
  };
  return {
    measure: (durationMs) => closedLoop({ clock, outstanding: 1, warmUpMs: durationMs / 5, durationMs, send }),
    async stop() {
      await connection.close();
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

function frameOf(row: Float32Array): Uint8Array {
  const frame = new Uint8Array(ROW_BYTES);
  frame.set(new Uint8Array(row.buffer), VALUES_OFFSET);
  return frame;
}
