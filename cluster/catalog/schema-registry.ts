/**
 * What each version of a view or stream has looked like in this cluster, in its key-value store. Rows that were stored
 * under a definition can only be read by one that it grew into, so a process whose definitions contradict what is known
 * does not start. Adding features at the end is compatible, in either order of upgrading; anything else is a new version.
 */
import { ServingError } from '../../proto/errors.ts';
import type { KeyValue } from '../key-value.ts';
import type { App } from './app.ts';
import type { Schema } from './schema.ts';

/** `hashes[i]`: of the layout with the first i + 1 features. `state`: of an aggregated view, what it keeps. */
type KnownSchema = {
  readonly features: readonly { readonly name: string; readonly signature: string }[];
  readonly hashes: readonly number[];
  readonly state: number | null;
};

/** Signatures are shown, not compared; a vocabulary may be long. */
const SIGNATURE_SHOWN_MAX = 80;

/**
 * Adds the app's definitions to those that the cluster knows. Rejects with FAILED_PRECONDITION where one contradicts
 * what is known, naming both sides and what to change; with DATA_LOSS where what is known cannot be read.
 */
export async function registerSchemas(keyValue: KeyValue, app: App): Promise<void> {
  for (const view of app.versions.values()) await register(keyValue, view, view.aggregation?.stateHash ?? null);
  for (const stream of app.streams.values()) await register(keyValue, stream, null);
}

async function register(keyValue: KeyValue, schema: Schema, state: number | null): Promise<void> {
  const key = schemaKey(schema);
  const mine = describe(schema, state);
  const bytes = new TextEncoder().encode(JSON.stringify(mine));
  for (;;) {
    const entry = await keyValue.get(key);
    if (entry === null) {
      if ((await keyValue.create(key, bytes)) !== null) return;
      continue;
    }
    const known = decode(key, entry.value);
    const problem = contradiction(known, mine);
    if (problem !== null) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'edge',
        `${schema.kind} '${schema.name}' version ${schema.version} ${problem}. Adding at the end is compatible; anything else needs another version (version: ${schema.version + 1})`,
      );
    }
    if (known.hashes.length >= mine.hashes.length) return;
    if ((await keyValue.update(key, bytes, entry.revision)) !== null) return;
  }
}

function schemaKey({ kind, name, version }: Schema): string {
  return `schemas/${kind}/${name}/${version}`;
}

function describe(schema: Schema, state: number | null): KnownSchema {
  const hashes = new Array<number>(schema.features.length);
  for (const [hash, count] of schema.grownFrom) hashes[count - 1] = hash;
  hashes[hashes.length - 1] = schema.schemaHash;
  const features = schema.features.map(({ name, signature }) => {
    return { name, signature: signature.slice(0, SIGNATURE_SHOWN_MAX) };
  });
  return { features, hashes, state };
}

/** What is wrong with `mine`, to follow the name of the view, or null. Pure. */
export function contradiction(known: KnownSchema, mine: KnownSchema): string | null {
  const common = Math.min(known.hashes.length, mine.hashes.length);
  for (let i = 0; i < common; i++) {
    if (known.hashes[i] === mine.hashes[i]) continue;
    const was = known.features[i];
    const is = mine.features[i]!;
    if (was === undefined || (was.name === is.name && was.signature === is.signature))
      return 'is about another entity, placement or stream here than in this cluster, or differs in what a text means';
    if (was.name === is.name)
      return `has '${is.name}' as ${is.signature}, but this cluster knows it as ${was.signature}`;
    return `has '${is.name}' where this cluster knows '${was.name}': names and order must stay`;
  }
  if (known.state !== mine.state)
    return 'keeps other state than in this cluster: its longest window, bucket, lateness or aggregated fields changed';
  return null;
}

function decode(key: string, bytes: Uint8Array): KnownSchema {
  try {
    const known = JSON.parse(new TextDecoder().decode(bytes)) as KnownSchema;
    if (Array.isArray(known.features) && Array.isArray(known.hashes)) return known;
  } catch {
    // Said below.
  }
  throw new ServingError(
    'DATA_LOSS',
    'edge',
    `what the cluster knows of a view ('${key}') cannot be read; delete that key to have it written anew`,
  );
}
