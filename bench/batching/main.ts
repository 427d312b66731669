/** `npm run sim:batching`: the batcher against its rivals and an offline bound, in simulated time. */
import { writeFileSync } from 'node:fs';
import { UsageError } from '../options.ts';
import { type Comparison, compareAll } from './compare.ts';
import { parseOptions, USAGE } from './options.ts';
import { detailTable, flatNumbers, goodputTable, summary } from './report.ts';

function main(): void {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const comparisons: Comparison[] = [];
  for (const comparison of compareAll(options.seconds, options.seed)) {
    comparisons.push(comparison);
    process.stderr.write(`${comparison.curve} ${comparison.trace}: ${comparison.requests} requests\n`);
  }
  process.stdout.write(
    [
      `Goodput: rows finished in time, per cent of those asked for (seed ${options.seed}, ${options.seconds} s). Rivals: with`,
      'the best parameters found on the very trace / with their defaults.',
      '',
      goodputTable(comparisons),
      '',
      summary(comparisons),
      '',
      detailTable(comparisons),
      '',
    ].join('\n'),
  );
  if (options.jsonFile !== null) {
    const numbers = { seed: options.seed, seconds: options.seconds, ...flatNumbers(comparisons) };
    writeFileSync(options.jsonFile, `${JSON.stringify(numbers, null, 2)}\n`);
  }
}

try {
  main();
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  process.stderr.write(`${thrown.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
