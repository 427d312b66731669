/** Second process of the bare chain: writes the user's 50 features into each row and passes the rows on. */
import { connect } from 'nats';
import { childArgument, childReady } from '../child.ts';
import { featureTable, STORED_FEATURES } from '../workload.ts';
import { CHAIN_MESSAGE_BYTES_MAX, CHAIN_SUBJECTS } from './coalesced-chain.ts';
import { asBuffer, Outbox, ROW_BYTES, USER_OFFSET, VALUES_OFFSET } from './frame.ts';

const RECORD_BYTES = STORED_FEATURES * 4;

const { natsUrl } = childArgument<{ natsUrl: string }>();
const records = new Uint8Array(featureTable().buffer);
const connection = await connect({ servers: natsUrl });
const outbox = new Outbox(CHAIN_MESSAGE_BYTES_MAX, (bytes) => connection.publish(CHAIN_SUBJECTS.model, bytes));

connection.subscribe(CHAIN_SUBJECTS.stub, {
  callback: (error, message) => {
    if (error !== null) return;
    const rows = asBuffer(message.data);
    for (let at = 0; at < rows.length; at += ROW_BYTES) {
      const record = rows.readUInt32LE(at + USER_OFFSET) * RECORD_BYTES;
      const to = outbox.reserve(ROW_BYTES);
      outbox.buffer.set(rows.subarray(at, at + ROW_BYTES), to);
      outbox.buffer.set(records.subarray(record, record + RECORD_BYTES), to + VALUES_OFFSET);
    }
  },
});
await connection.flush();
childReady(null, () => connection.close());
