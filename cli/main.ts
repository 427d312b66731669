#!/usr/bin/env node
/** The `dovetail` command: finds the subcommand, reads its arguments, turns what goes wrong into a message and an exit code. */
import { ServingError } from '../proto/errors.ts';
import { archiveCommand } from './archive.ts';
import { type Command, EXIT, exitCodeOf, helpOf, readArguments, UsageError } from './command.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { demoCommand } from './demo.ts';
import { nodeCommand } from './node.ts';
import { packageVersion } from './package-files.ts';
import { predictCommand } from './predict.ts';
import { pushCommand } from './push.ts';
import { replayCommand } from './replay.ts';
import { restoreCommand } from './restore.ts';
import { rolloutCommand } from './rollout.ts';
import { snapshotCommand } from './snapshot.ts';
import { statusCommand } from './status.ts';
import { trainingSetCommand } from './training-set.ts';
import { upCommand } from './up.ts';

const COMMANDS: readonly Command[] = [
  upCommand,
  nodeCommand,
  predictCommand,
  pushCommand,
  statusCommand,
  rolloutCommand,
  archiveCommand,
  trainingSetCommand,
  snapshotCommand,
  restoreCommand,
  replayCommand,
  deadLettersCommand,
  demoCommand,
];

function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  return [
    'dovetail — real-time predictions from an actor-based cluster: features beside the model, an answer in about a millisecond',
    '',
    'Usage: dovetail <command> [options]',
    '',
    'Commands:',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'Start here:',
    '  dovetail up                    a whole cluster on this machine, with the fraud example',
    '  dovetail predict fraud --help  how to ask it',
    '  dovetail <command> --help      more about a command',
  ].join('\n');
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return EXIT.ok;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    process.stderr.write(`dovetail: no command '${name}'; there are: ${COMMANDS.map((one) => one.name).join(', ')}\n`);
    return EXIT.usage;
  }
  try {
    if (rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(`${helpOf(command)}\n`);
      return EXIT.ok;
    }
    return await command.run(readArguments(command, rest, process.env));
  } catch (thrown) {
    if (thrown instanceof UsageError) {
      process.stderr.write(
        `dovetail ${name}: ${thrown.message}\nUsage: dovetail ${command.usage}\nMore: dovetail ${name} --help\n`,
      );
      return EXIT.usage;
    }
    if (thrown instanceof ServingError) {
      process.stderr.write(`dovetail ${name}: ${thrown.message}\n`);
      return thrown.code === 'INVALID_ARGUMENT' && thrown.message.startsWith('--') ? EXIT.usage : exitCodeOf(thrown);
    }
    process.stderr.write(
      `dovetail ${name}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
    );
    return EXIT.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
// Handles that a library left open must not keep a finished command from ending.
if (process.exitCode !== EXIT.ok) process.exit();
