/**
 * Applies a seeded log to a replica until it is killed or done: `replica-child.ts <directory> <seed> <messages>`.
 * After each transaction it says on standard output up to which sequence everything is committed.
 */
import { writeSync } from 'node:fs';
import { Replica } from '../../actors/feature-shard/replica.ts';
import { silentLog } from '../../cluster/log.ts';
import { below, systemRandom } from '../../cluster/random.ts';
import { app, seededLog } from './feature-log-writer.ts';

const [directory, seed, messages] = process.argv.slice(2);
const log = seededLog(Number(seed), Number(messages));
const replica = new Replica({ directory: directory!, app, log: silentLog });
let done = replica.highestAppliedSeq();
while (done < log.length) {
  const size = 1 + below(systemRandom, 40);
  await replica.apply(log.slice(done, done + size));
  done = Math.min(log.length, done + size);
  writeSync(1, `${done}\n`);
}
await replica.close();
writeSync(1, 'done\n');
