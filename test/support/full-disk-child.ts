/**
 * A replica kept up with a log on a disk that gets full: `full-disk-child.ts <directory> <messages>`. Started with a
 * soft limit on the size of files, which whoever started it lifts when it has seen enough. Says once in a while, a line
 * of JSON each, what is acknowledged and what can be read.
 */
import { writeSync } from 'node:fs';
import { LogFollower } from '../../actors/feature-shard/log-follower.ts';
import type { LogSource } from '../../actors/feature-shard/log-source.ts';
import { isCommitFailure, type LogMessage, Replica } from '../../actors/feature-shard/replica.ts';
import { recordSeq } from '../../cluster/catalog/record.ts';
import { systemClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import { app, bigMessage, bigMessageKey, narrow } from './feature-log-writer.ts';

const [directory, count] = process.argv.slice(2);
const messages: LogMessage[] = Array.from({ length: Number(count) }, (_, i) => bigMessage(i + 1));
// A write past the limit then fails with EFBIG, as one to a full disk does with ENOSPC, instead of ending the process.
process.on('SIGXFSZ', () => {});
process.on('unhandledRejection', (reason) => {
  if (!isCommitFailure(reason)) throw reason;
});

const replica = new Replica({ directory: directory!, app, log: silentLog });
let delivered = 0;
let failures = 0;
const source: LogSource = {
  state: async () => ({ createdText: 'then', firstSeq: 1, lastSeq: messages.length }),
  lastSeqOf: async () => messages.length,
  usedPartitions: async () => new Set([0]),
  follow: async (_partition, fromSeq, onMessage) => {
    const run = async () => {
      for (const { seq, bytes } of messages.slice(fromSeq - 1)) {
        const room = onMessage(seq, bytes, messages.length - seq);
        delivered = seq;
        if (room !== undefined) await room;
      }
    };
    void run();
    return { stop: async () => {} };
  },
};
const follower = new LogFollower({
  replica,
  source,
  clock: systemClock,
  log: { ...silentLog, error: () => failures++ },
  transactionMessagesMax: 50,
  waitingMessagesMax: 100,
  onApplied: () => {},
  onCaughtUp: () => {},
});
await follower.assign(new Set([0]));
while (!follower.isCaughtUp(0)) {
  report();
  await new Promise((resolve) => systemClock.after(50, () => resolve(null)));
}
report();
await follower.stop();
await replica.close();

/** `newest`: sequence of the newest row that can be read; `unread`: rows up to the applied sequence that cannot. */
function report(): void {
  const applied = replica.appliedSeq(0);
  let newest = 0;
  let unread = 0;
  for (let seq = 1; seq <= messages.length; seq++) {
    const record = replica.lookup(narrow, 0, bigMessageKey(seq));
    if (record !== null) newest = Math.max(newest, recordSeq(record));
    else if (seq <= applied) unread++;
  }
  const { digest } = replica.cursor(0);
  writeSync(1, `${JSON.stringify({ applied, newest, unread, delivered, failures, digest })}\n`);
}
