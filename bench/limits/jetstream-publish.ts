/** Limit: messages published to a JetStream stream like the feature log's, acknowledged, many in flight at a time. */
import { connect, DiscardPolicy, nanos, RetentionPolicy, StorageType } from 'nats';
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
  const jetstream = connection.jetstream({ timeout: 5_000 });
  return {
    async measure(messages, inFlight, durationMs) {
      const startMs = clock.nowMs();
      let next = 0;
      let rows = 0;
      const lane = async (): Promise<void> => {
        while (clock.nowMs() - startMs < durationMs) {
          const message = messages[next++ % messages.length]!;
          await jetstream.publish(`${SUBJECT_ROOT}.${message.partition}`, message.bytes);
          rows += message.rows;
        }
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
      const perS = (rows / (clock.nowMs() - startMs)) * 1000;
      // What was measured need not stay on the disk until the bench ends.
      await manager.streams.purge(STREAM);
      return perS;
    },
    async stop() {
      await connection.close();
    },
  };
}
