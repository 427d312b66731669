/**
 * A file's cells as JSON, by the type of the feature they are for. What does not fit its type goes as it is, as text: the
 * gateway refuses it, with its reason. Pure.
 */
import { KEY_TYPE, TIME_TYPE } from './target.ts';

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LOOSE_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const TRUE = new Set(['true', 't', 'yes', 'y', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', '0']);

/** A cell of a text file; null for an empty one, which says nothing. */
export function textCellJson(type: string, text: string): string | null {
  if (text === '') return null;
  if (type === KEY_TYPE) return JSON.stringify(text);
  if (type === TIME_TYPE || isNumeric(type)) return numberJson(type, text) ?? JSON.stringify(text);
  if (type === 'bool') return boolJson(text) ?? JSON.stringify(text);
  return listJson(text) ?? JSON.stringify(text);
}

/** A value as a Parquet file or a JSON text holds it; null where there is none. */
export function valueJson(type: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (type === KEY_TYPE) return JSON.stringify(typeof value === 'string' ? value : (plainJson(value) ?? ''));
  if (type === TIME_TYPE && value instanceof Date) return String(value.getTime());
  if (type === 'bool' && (value === 0 || value === 1 || value === 0n || value === 1n)) {
    return Number(value) === 1 ? 'true' : 'false';
  }
  return plainJson(value);
}

/** As `JSON.stringify`, with whole numbers beyond 2^53 as they are, times as text, and NaN as what it is, not as null. */
export function plainJson(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) return `"${value}"`;
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : objectJson(value);
    default:
      return null;
  }
}

function objectJson(value: object): string {
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const cells = Array.from(value as ArrayLike<unknown>, (one) => plainJson(one) ?? 'null');
    return `[${cells.join(',')}]`;
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '"Invalid Date"' : JSON.stringify(value);
  const members: string[] = [];
  for (const [name, one] of Object.entries(value)) {
    const json = plainJson(one);
    if (json !== null) members.push(`${JSON.stringify(name)}:${json}`);
  }
  return `{${members.join(',')}}`;
}

function isNumeric(type: string): boolean {
  return /^(?:u?int|float)\d+$/.test(type);
}

function numberJson(type: string, text: string): string | null {
  if (JSON_NUMBER.test(text)) return whole(type, text);
  const trimmed = text.trim();
  if (!LOOSE_NUMBER.test(trimmed)) return null;
  const sign = trimmed.startsWith('-') ? '-' : '';
  const [mantissa = '', exponent] = trimmed.replace(/^[+-]/, '').split(/[eE]/);
  const [before = '', after = ''] = mantissa.split('.');
  const fraction = after === '' ? '' : `.${after}`;
  const power = exponent === undefined ? '' : `e${exponent}`;
  return whole(type, `${sign}${before.replace(/^0+(?=\d)/, '') || '0'}${fraction}${power}`);
}

/** `3.0` for a whole number is 3: tables with gaps in them write their integers so. */
function whole(type: string, json: string): string {
  return type.includes('int') && /\.0+$/.test(json) ? json.slice(0, json.indexOf('.')) : json;
}

function boolJson(text: string): string | null {
  const lower = text.trim().toLowerCase();
  if (TRUE.has(lower)) return 'true';
  return FALSE.has(lower) ? 'false' : null;
}

/** A list or object that a cell spells out, on one line. */
function listJson(text: string): string | null {
  const first = text.trimStart()[0];
  if (first !== '[' && first !== '{') return null;
  try {
    JSON.parse(text);
    return text.replace(/[\r\n]+/g, ' ');
  } catch {
    return null;
  }
}
