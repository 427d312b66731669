/** Reads and compares versions of nats-server binaries. */
import type { RunCommand } from './run-command.ts';

/** Major, minor, patch. A pre-release tag is dropped: it never decides what we configure. */
export type NatsServerVersion = readonly [number, number, number];

/** The oldest server that our tests run on. JetStream before it lacks features that the cluster relies on. */
export const VERSION_MIN: NatsServerVersion = [2, 9, 0];

/** `sync_interval: always` in the jetstream block is refused as an unknown field by servers older than this. */
export const VERSION_WITH_SYNC_ALWAYS: NatsServerVersion = [2, 10, 0];

/** From what `nats-server --version` prints ("nats-server: v2.9.10"); undefined for any other text. */
export function parseVersion(text: string): NatsServerVersion | undefined {
  const match = /\bv?(\d{1,6})\.(\d{1,6})\.(\d{1,6})/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function formatVersion(version: NatsServerVersion): string {
  return version.join('.');
}

export function isAtLeast(version: NatsServerVersion, least: NatsServerVersion): boolean {
  for (let i = 0; i < 3; i++) {
    const difference = version[i]! - least[i]!;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** A usable version, or why this binary cannot be used. */
export type VersionCheck = { readonly version: NatsServerVersion } | { readonly problem: string };

/** Runs `path --version` (at most 10 s). Never rejects: a binary that doesn't run is a problem, not a failure. */
export async function checkBinary(run: RunCommand, path: string): Promise<VersionCheck> {
  const result = await run(path, ['--version'], { timeoutMs: 10_000 });
  if (result.code !== 0) return { problem: `${path} does not run: ${result.failure}` };
  const version = parseVersion(result.stdout) ?? parseVersion(result.stderr);
  if (version === undefined) return { problem: `${path} --version does not say a nats-server version` };
  if (!isAtLeast(version, VERSION_MIN)) {
    return { problem: `${path} is ${formatVersion(version)}; ${formatVersion(VERSION_MIN)} or newer is needed` };
  }
  return { version };
}
