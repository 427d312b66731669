/** The port through which a shard reads the feature log. */
import type { LogState } from './bootstrap.ts';
import type { HeartbeatSource } from './log-heartbeat.ts';

/** The part of the feature log that a follower needs. */
export interface LogSource {
  state(): Promise<LogState>;
  lastSeqOf(partition: number): Promise<number>;
  usedPartitions(): Promise<Set<number>>;
  /** Without it nothing is confirmed after following began. */
  readonly counts?: HeartbeatSource['counts'];
  follow(
    partition: number,
    fromSeq: number,
    onMessage: (seq: number, bytes: Uint8Array, pending: number) => Promise<void> | undefined,
  ): Promise<{ stop(): Promise<void> }>;
}
