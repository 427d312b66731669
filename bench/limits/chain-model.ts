/** Third process of the bare chain: every row that has arrived is one batch; one message answers it. */
import { connect } from 'nats';
import { loadBareModel } from '../bare-model.ts';
import { childArgument, childReady } from '../child.ts';
import { ROW_WIDTH } from '../workload.ts';
import { CHAIN_OUTSTANDING_MAX, CHAIN_SUBJECTS } from './coalesced-chain.ts';
import { ANSWER_BYTES, asBuffer, ID_OFFSET, ROW_BYTES, SCORE_OFFSET, VALUES_BYTES, VALUES_OFFSET } from './frame.ts';

const { natsUrl } = childArgument<{ natsUrl: string }>();
const model = await loadBareModel();
const connection = await connect({ servers: natsUrl });

/** Two batches by turns: one fills while the other runs. */
type Batch = { readonly values: Float32Array; readonly bytes: Uint8Array; readonly ids: Uint32Array; rows: number };
let filling = newBatch();
let spare = newBatch();
let running = false;

function newBatch(): Batch {
  const values = new Float32Array(CHAIN_OUTSTANDING_MAX * ROW_WIDTH);
  return { values, bytes: new Uint8Array(values.buffer), ids: new Uint32Array(CHAIN_OUTSTANDING_MAX), rows: 0 };
}

async function runAll(): Promise<void> {
  while (filling.rows > 0) {
    const batch = filling;
    filling = spare;
    spare = batch;
    const scores = await model.run(batch.values.subarray(0, batch.rows * ROW_WIDTH), batch.rows);
    const answers = Buffer.allocUnsafe(batch.rows * ANSWER_BYTES);
    for (let row = 0; row < batch.rows; row++) {
      answers.writeUInt32LE(batch.ids[row]!, row * ANSWER_BYTES + ID_OFFSET);
      answers.writeFloatLE(scores[row]!, row * ANSWER_BYTES + SCORE_OFFSET);
    }
    batch.rows = 0;
    connection.publish(CHAIN_SUBJECTS.caller, answers);
  }
  running = false;
}

connection.subscribe(CHAIN_SUBJECTS.model, {
  callback: (error, message) => {
    if (error !== null) return;
    const rows = asBuffer(message.data);
    for (let at = 0; at < rows.length; at += ROW_BYTES) {
      const row = filling.rows++;
      filling.ids[row] = rows.readUInt32LE(at + ID_OFFSET);
      filling.bytes.set(rows.subarray(at + VALUES_OFFSET, at + VALUES_OFFSET + VALUES_BYTES), row * VALUES_BYTES);
    }
    if (running) return;
    running = true;
    // Once the turn's input is all in: several messages may have come in one read.
    setImmediate(() => void runAll());
  },
});
await connection.flush();
childReady(null, () => connection.close());
