/** Second process of the forwarded-hops limit: runs the model on the one row and answers the client directly. */
import { connect } from 'nats';
import { loadBareModel } from '../bare-model.ts';
import { childArgument, childReady } from '../child.ts';
import { ROW_WIDTH } from '../workload.ts';
import { FORWARD_MODEL_SUBJECT } from './forwarded-hops.ts';
import { ANSWER_BYTES, SCORE_OFFSET, VALUES_BYTES, VALUES_OFFSET } from './frame.ts';

const { natsUrl } = childArgument<{ natsUrl: string }>();
const model = await loadBareModel();
const connection = await connect({ servers: natsUrl });

async function answer(frame: Uint8Array, reply: string): Promise<void> {
  // A copy, because a float32 view must start at a multiple of four.
  const row = new Float32Array(ROW_WIDTH);
  new Uint8Array(row.buffer).set(frame.subarray(VALUES_OFFSET, VALUES_OFFSET + VALUES_BYTES));
  const scores = await model.run(row, 1);
  const bytes = Buffer.alloc(ANSWER_BYTES);
  bytes.writeFloatLE(scores[0]!, SCORE_OFFSET);
  connection.publish(reply, bytes);
}

connection.subscribe(FORWARD_MODEL_SUBJECT, {
  callback: (error, message) => {
    if (error === null && message.reply !== undefined) void answer(message.data, message.reply);
  },
});
await connection.flush();
childReady(null, () => connection.close());
