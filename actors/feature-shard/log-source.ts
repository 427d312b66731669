/** What a follower of the feature log is given: the port through which it reads, and how it applies what it reads. */
import type { ApplyQueueOptions } from './apply-queue.ts';
import type { Bootstrap, LogState } from './bootstrap.ts';
import type { HeartbeatSource } from './log-heartbeat.ts';
import type { ApplyResult, Replica } from './replica.ts';

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
    /** Whether many partitions are followed, which then may be read together. */
    together: boolean,
  ): Promise<{ stop(): Promise<void> }>;
}

export type FollowerOptions = Omit<ApplyQueueOptions, 'replica' | 'onApplied' | 'onCorrupt' | 'onShortage'> & {
  readonly replica: Replica;
  readonly source: LogSource;
  readonly onApplied: (result: ApplyResult, messages: number, seconds: number) => void;
  /** Called whenever `isCaughtUp` may have changed. */
  readonly onCaughtUp: () => void;
  /** From how many partitions on they are read together; never where it is left out. */
  readonly togetherMin?: number;
  /** Brings partitions to where the log can take them on; without it, the log must have everything. */
  readonly bootstrap?: Pick<Bootstrap, 'check' | 'prepare'>;
  /** What is stored contradicts what is to be applied; nothing is served any more. */
  readonly onDamage?: (why: string) => void;
};
