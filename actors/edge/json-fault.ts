/**
 * Finds where a text stops being JSON (RFC 8259). The engine's parser is fast but says the position only sometimes;
 * this runs after it has failed, so speed does not matter here.
 */

export type JsonFault = { readonly offset: number; readonly reason: string };

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class FaultFound {
  readonly fault: JsonFault;
  constructor(offset: number, reason: string) {
    this.fault = { offset, reason };
  }
}

/** The first fault, or null when the text is JSON. Expects nesting to be bounded already: it recurses. */
export function findJsonFault(text: string): JsonFault | null {
  try {
    const end = skipSpace(text, value(text, skipSpace(text, 0)));
    return end === text.length ? null : { offset: end, reason: `${show(text, end)} after the end of the value` };
  } catch (thrown) {
    if (thrown instanceof FaultFound) return thrown.fault;
    throw thrown;
  }
}

function value(text: string, at: number): number {
  const first = text[at];
  if (first === '{') return members(text, at);
  if (first === '[') return elements(text, at);
  if (first === '"') return string(text, at);
  for (const literal of ['true', 'false', 'null']) {
    if (text.startsWith(literal, at)) return at + literal.length;
  }
  for (const literal of ['NaN', 'Infinity', '-Infinity']) {
    if (text.startsWith(literal, at)) {
      throw new FaultFound(at, `${literal} is not JSON; for FP32 and FP64 write "${literal}" in quotes or send binary`);
    }
  }
  NUMBER.lastIndex = at;
  if (!NUMBER.test(text)) throw new FaultFound(at, `${show(text, at)} where a value must stand`);
  return NUMBER.lastIndex;
}

function members(text: string, open: number): number {
  let at = skipSpace(text, open + 1);
  if (text[at] === '}') return at + 1;
  for (;;) {
    if (text[at] !== '"') throw new FaultFound(at, `${show(text, at)} where a field's name in quotes must stand`);
    at = skipSpace(text, string(text, at));
    if (text[at] !== ':') throw new FaultFound(at, `${show(text, at)} where ':' must stand`);
    at = skipSpace(text, value(text, skipSpace(text, at + 1)));
    if (text[at] === '}') return at + 1;
    if (text[at] !== ',') throw new FaultFound(at, `${show(text, at)} where ',' or '}' must stand`);
    at = skipSpace(text, at + 1);
  }
}

function elements(text: string, open: number): number {
  let at = skipSpace(text, open + 1);
  if (text[at] === ']') return at + 1;
  for (;;) {
    at = skipSpace(text, value(text, at));
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') throw new FaultFound(at, `${show(text, at)} where ',' or ']' must stand`);
    at = skipSpace(text, at + 1);
  }
}

function string(text: string, open: number): number {
  let at = open + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (Number.isNaN(code)) throw new FaultFound(at, 'the text ends inside a string');
    if (code === 0x22) return at + 1;
    if (code < 0x20) throw new FaultFound(at, 'a control character inside a string must be escaped');
    if (code === 0x5c) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) throw new FaultFound(at, 'an escape that JSON does not have');
      at = ESCAPE.lastIndex;
    } else at++;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
}

function show(text: string, at: number): string {
  return at >= text.length ? 'the text ends' : JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
}
