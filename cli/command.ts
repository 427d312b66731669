/** What a command is, how its arguments are read and what its exit codes mean. */
import { parseArgs } from 'node:util';
import { SETTINGS, type Setting, type SettingName } from '../cluster/config.ts';
import { ServingError } from '../proto/errors.ts';

export const EXIT = {
  ok: 0,
  /** The request was understood and failed: a model that is not there, a row that was refused. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The cluster, NATS or a port cannot be had. */
  unavailable: 3,
  /** A living process has the name: starting again changes nothing, so `up` does not. */
  nameTaken: 4,
  /** What the app or the settings say contradicts the cluster: starting again changes nothing either. */
  contradicted: 5,
  /** Interrupted once while starting, or twice while stopping. */
  interrupted: 130,
} as const;

export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  /** What it does, for someone who has not used it before. */
  readonly text: string;
  readonly examples: readonly string[];
  /** Settings (cluster/config.ts) that it takes. */
  readonly settings: readonly SettingName[];
  /** Flags of its own. */
  readonly flags: Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly help: string }>>;
  /** Names of positional arguments; those that may be left out end in `?`. */
  readonly positionals: readonly string[];
  /** Name of an argument that may follow them any number of times. */
  readonly more?: string;
  readonly run: (input: CommandInput) => Promise<number>;
};

export type CommandInput = {
  readonly positionals: readonly string[];
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly switches: ReadonlySet<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A command line that cannot be followed. */
export class UsageError extends Error {}

/** The name of this process, or of one that it needs, belongs to a living one. */
export class NameTakenError extends ServingError {
  constructor(message: string) {
    super('UNAVAILABLE', 'edge', message);
  }
}

/** Throws UsageError naming the flag or argument. */
export function readArguments(command: Command, args: readonly string[], env: CommandInput['env']): CommandInput {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const name of command.settings) options[SETTINGS[name].flag] = { type: 'string' };
  for (const [flag, { type }] of Object.entries(command.flags)) options[flag] = { type };
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message.split('. ')[0]! : String(thrown));
  }
  if (parsed.positionals.length > command.positionals.length && command.more === undefined) {
    throw new UsageError(`unexpected argument '${parsed.positionals[command.positionals.length]}'`);
  }
  const flags: Record<string, string | undefined> = {};
  const switches = new Set<string>();
  for (const [flag, value] of Object.entries(parsed.values)) {
    if (value === true) switches.add(flag);
    else if (typeof value === 'string') flags[flag] = value;
  }
  const missing = command.positionals[parsed.positionals.length];
  if (!switches.has('help') && missing !== undefined && !missing.endsWith('?')) {
    throw new UsageError(`missing <${missing}>`);
  }
  return { positionals: parsed.positionals, flags, switches, env };
}

export function helpOf(command: Command): string {
  const lines = [
    `dovetail ${command.name} — ${command.summary}`,
    '',
    `Usage: dovetail ${command.usage}`,
    '',
    command.text,
    '',
  ];
  const rows: [string, string][] = Object.entries(command.flags).map(([flag, { type, help }]) => [
    type === 'string' ? `--${flag} <value>` : `--${flag}`,
    help,
  ]);
  for (const name of command.settings) {
    const one: Setting<unknown> = SETTINGS[name];
    const { flag, help, env } = one;
    const value = one.shown ?? one.default;
    rows.push([`--${flag} <value>`, `${help} [${value === '' ? '' : `default ${value}; `}env ${env}]`]);
  }
  if (rows.length > 0) lines.push('Options:', ...table(rows), '');
  lines.push('Examples:', ...command.examples.map((example) => `  ${example}`), '');
  lines.push(
    'Exit codes: 0 done, 1 failed, 2 wrong command line, 3 cluster, NATS or port not available, 4 name taken, 5 app or settings contradict the cluster, 130 interrupted.',
  );
  return lines.join('\n');
}

function table(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

export function exitCodeOf(error: ServingError): number {
  if (error instanceof NameTakenError) return EXIT.nameTaken;
  if (error.code === 'FAILED_PRECONDITION') return EXIT.contradicted;
  return error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED' ? EXIT.unavailable : EXIT.failed;
}
