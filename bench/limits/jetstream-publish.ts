/** Limit: messages published to a JetStream stream like the feature log's, acknowledged, many in flight at a time. */
import { connect, createInbox, DiscardPolicy, nanos, RetentionPolicy, StorageType } from 'nats';
import type { BenchContext } from '../context.ts';

const STREAM = 'LIMIT_LOG';
const SUBJECT_ROOT = 'limit.log';

export type LogMessage = { readonly partition: number; readonly bytes: Uint8Array; readonly rows: number };

export type JetStreamPublish = {
  /** Rows acknowledged a second, publishing these messages over and over. */
  measure(messages: readonly LogMessage[], inFlight: number, durationMs: number): Promise<number>;
  stop(): Promise<void>;
};

export async function startJetStreamPublish({ clock, natsUrl }: BenchContext): Promise<JetStreamPublish> {
  const connection = await connect({ servers: natsUrl });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({
    name: STREAM,
    subjects: [`${SUBJECT_ROOT}.*`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    duplicate_window: nanos(120_000),
    allow_direct: true,
  });
  // Below the client's own `publish`, which makes errors and timers for each message: acknowledgements come in the order
  // of sending from one stream to one inbox, so that counting them is all that is needed.
  const inbox = createInbox();
  let acknowledged: (bytes: Uint8Array) => void = () => undefined;
  connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error === null) acknowledged(message.data);
    },
  });
  const measure = (messages: readonly LogMessage[], inFlight: number, durationMs: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const startMs = clock.nowMs();
      let sent = 0;
      let done = 0;
      let rows = 0;
      const send = (): void => {
        const { partition, bytes } = messages[sent++ % messages.length]!;
        connection.publish(`${SUBJECT_ROOT}.${partition}`, bytes, { reply: inbox });
      };
      acknowledged = (bytes) => {
        const answer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        if (!answer.includes('"seq":')) reject(new Error(`JetStream refused a message: ${answer.toString()}`));
        rows += messages[done++ % messages.length]!.rows;
        const spentMs = clock.nowMs() - startMs;
        if (spentMs < durationMs) send();
        else if (done === sent) resolve((rows / spentMs) * 1000);
      };
      for (let i = 0; i < inFlight; i++) send();
    });
  return {
    async measure(messages, inFlight, durationMs) {
      const perS = await measure(messages, inFlight, durationMs);
      // What was measured need not stay on the disk until the bench ends.
      await manager.streams.purge(STREAM);
      return perS;
    },
    async stop() {
      await connection.close();
    },
  };
}
