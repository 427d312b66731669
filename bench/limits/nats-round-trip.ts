/** Limit: one NATS request and its reply between two processes, one at a time. */
import { connect } from 'nats';
import { type Child, startChild } from '../child.ts';
import type { BenchContext } from '../context.ts';
import { closedLoop, type LoadResult } from '../load.ts';
import { ROW_BYTES } from './frame.ts';

export type RoundTrip = {
  measure(durationMs: number): Promise<LoadResult>;
  stop(): Promise<void>;
};

export const ROUND_TRIP_SUBJECT = 'limit.echo';

export async function startRoundTrip(context: BenchContext): Promise<RoundTrip> {
  const { clock, natsUrl } = context;
  const echo: Child = await startChild(context, import.meta.url, './nats-echo', { natsUrl });
  const connection = await connect({ servers: natsUrl });
  const payload = new Uint8Array(ROW_BYTES);
  return {
    measure: (durationMs) =>
      closedLoop({
        clock,
        outstanding: 1,
        warmUpMs: durationMs / 5,
        durationMs,
        send: async () => {
          await connection.request(ROUND_TRIP_SUBJECT, payload);
        },
      }),
    async stop() {
      await connection.close();
      await echo.stop();
    },
  };
}
