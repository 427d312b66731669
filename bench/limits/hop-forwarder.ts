/** First process of the forwarded-hops limit: passes the message and its reply subject on. */
import { connect } from 'nats';
import { childArgument, childReady } from '../child.ts';
import { FORWARD_MODEL_SUBJECT, FORWARD_SUBJECT } from './forwarded-hops.ts';

const { natsUrl } = childArgument<{ natsUrl: string }>();
const connection = await connect({ servers: natsUrl });
connection.subscribe(FORWARD_SUBJECT, {
  callback: (error, message) => {
    if (error === null) connection.publish(FORWARD_MODEL_SUBJECT, message.data, { reply: message.reply });
  },
});
await connection.flush();
childReady(null, () => connection.close());
