/** The process that answers the round-trip limit: sends back what came. */
import { connect } from 'nats';
import { childArgument, childReady } from '../child.ts';
import { ROUND_TRIP_SUBJECT } from './nats-round-trip.ts';

const { natsUrl } = childArgument<{ natsUrl: string }>();
const connection = await connect({ servers: natsUrl });
connection.subscribe(ROUND_TRIP_SUBJECT, {
  callback: (error, message) => {
    if (error === null) message.respond(message.data);
  },
});
await connection.flush();
childReady(null, () => connection.close());
