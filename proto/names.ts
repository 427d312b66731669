/**
 * Names become file paths, NATS subjects and metric labels, so they are held to one narrow alphabet; entity keys are
 * any text, held to a length.
 */
import { invalid } from './errors.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const VERSION = /^[1-9][0-9]{0,17}$/;

export const ENTITY_KEY_BYTES_MAX = 512;

/** `what` names the thing in the error: "model", "view". Throws INVALID_ARGUMENT. */
export function checkName(what: string, name: string): void {
  if (!NAME.test(name)) {
    throw invalid(
      `${what} name ${quoteShort(name)} must start with a letter and hold at most 64 letters, digits, '_' or '-'`,
    );
  }
}

/** A name, or `name@version`. Throws INVALID_ARGUMENT. */
export function checkVersionedName(what: string, reference: string): void {
  if (isVersionedName(reference)) return;
  const at = reference.indexOf('@');
  checkName(what, at < 0 ? reference : reference.slice(0, at));
  if (at >= 0 && !VERSION.test(reference.slice(at + 1)))
    throw invalid(`${what} version ${quoteShort(reference.slice(at + 1))} must be a whole number from 1`);
}

export function isName(name: string): boolean {
  return NAME.test(name);
}

/** Names that point at one of a model's versions. */
export const VERSION_ALIASES = ['champion', 'challenger', 'previous'] as const;
export type VersionAlias = (typeof VERSION_ALIASES)[number];

/** What a caller may ask for: a version or an alias of one. Throws INVALID_ARGUMENT. */
export function checkVersion(version: string): void {
  if (VERSION.test(version) || VERSION_ALIASES.includes(version as VersionAlias)) return;
  throw invalid(
    `model version ${quoteShort(version)} must be a whole number from 1, or one of ${VERSION_ALIASES.join(', ')}`,
  );
}

/** What a caller may ask for: a model, or `model@version` where the version may be an alias. Throws INVALID_ARGUMENT. */
export function checkModelReference(reference: string): void {
  if (NAME.test(reference)) return;
  const at = reference.indexOf('@');
  checkName('model', at < 0 ? reference : reference.slice(0, at));
  checkVersion(reference.slice(at + 1));
}

/** Whether the text is a name or `name@version`. */
export function isVersionedName(reference: string): boolean {
  const at = reference.indexOf('@');
  return at < 0 ? NAME.test(reference) : NAME.test(reference.slice(0, at)) && VERSION.test(reference.slice(at + 1));
}

export function isVersion(version: string): boolean {
  return VERSION.test(version);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws INVALID_ARGUMENT for keys that are empty, over 512 bytes or not UTF-8. */
export function checkEntityKey(entity: string, key: Uint8Array): void {
  if (key.byteLength === 0) throw invalid(`${entity} must not be empty`);
  if (key.byteLength > ENTITY_KEY_BYTES_MAX) {
    throw invalid(`${entity} has ${key.byteLength} bytes; at most ${ENTITY_KEY_BYTES_MAX} are allowed`);
  }
  for (let i = 0; i < key.byteLength; i++) {
    if (key[i]! > 127) {
      checkUtf8(entity, key);
      return;
    }
  }
}

function checkUtf8(entity: string, key: Uint8Array): void {
  try {
    strictUtf8.decode(key);
  } catch {
    throw invalid(`${entity} is not valid UTF-8`);
  }
}

/** For error messages: hostile text, quoted and cut. */
export function quoteShort(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** For error messages: any value out of parsed JSON, in a few words. `String` would run, and may fail on, its fields. */
export function showShort(value: unknown): string {
  if (typeof value === 'string') return quoteShort(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, 80);
}
