import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkEntityKey,
  checkModelReference,
  checkName,
  checkVersion,
  ENTITY_KEY_BYTES_MAX,
  isName,
  isVersion,
  quoteShort,
  showShort,
} from '../../../proto/names.ts';

const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  'a/b',
  'a\\b',
  'a.b',
  'a b',
  'a*',
  'a>',
  '1a',
  '_a',
  '-a',
  'é',
  'a\n',
  'a\0',
  `a${'x'.repeat(64)}`,
];

describe('names', () => {
  it('start with a letter and hold at most 64 letters, digits, _ or -', () => {
    for (const name of ['a', 'Z9', 'fraud-model_2', 'x'.repeat(64)]) {
      expect(isName(name)).toBe(true);
      expect(() => checkName('model', name)).not.toThrow();
    }
  });

  it('leave no way into a path, a subject or a label', () => {
    for (const name of HOSTILE) {
      expect(isName(name)).toBe(false);
      expect(() => checkName('model', name)).toThrow(/^model name ".* must start with a letter/s);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6 }), (text) => {
        if (isName(text)) expect(text).not.toMatch(/[^A-Za-z0-9_-]/);
      }),
    );
  });
});

describe('versions', () => {
  it('are whole numbers from 1, without signs, zeros in front or other digits', () => {
    for (const version of ['1', '10', '9'.repeat(18)]) {
      expect(isVersion(version)).toBe(true);
      expect(() => checkVersion(version)).not.toThrow();
    }
    for (const version of ['', '0', '01', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '１', '9'.repeat(19)]) {
      expect(isVersion(version)).toBe(false);
      expect(() => checkVersion(version)).toThrow(/must be a whole number from 1/);
    }
  });

  it('of models may stand behind their names, by number or by alias', () => {
    for (const version of ['7', 'champion', 'challenger', 'previous']) {
      expect(() => checkVersion(version)).not.toThrow();
      expect(() => checkModelReference(`fraud@${version}`)).not.toThrow();
    }
    expect(() => checkModelReference('fraud')).not.toThrow();
    for (const hostile of [...HOSTILE, '@1', 'fraud@', 'fraud@0', 'fraud@best', 'fraud@1@2', 'fraud@champion\n']) {
      expect(() => checkModelReference(hostile), hostile).toThrow(/must/);
    }
  });
});

describe('entity keys', () => {
  it('may be any text of 1 to 512 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 128 }), (text) => {
        expect(() => checkEntityKey('user_id', Buffer.from(text))).not.toThrow();
      }),
    );
    expect(() => checkEntityKey('user_id', new Uint8Array(ENTITY_KEY_BYTES_MAX).fill(97))).not.toThrow();
  });

  it('are refused when empty, too long or not UTF-8, each with its reason', () => {
    expect(() => checkEntityKey('user_id', new Uint8Array(0))).toThrow('user_id must not be empty');
    expect(() => checkEntityKey('user_id', new Uint8Array(ENTITY_KEY_BYTES_MAX + 1).fill(97))).toThrow(
      'user_id has 513 bytes; at most 512 are allowed',
    );
    for (const bytes of [[0xff], [97, 0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]]) {
      expect(() => checkEntityKey('user_id', Uint8Array.from(bytes))).toThrow('user_id is not valid UTF-8');
    }
  });

  it('pass or fail as a strict decoder says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), (key) => {
        const isUtf8 = Buffer.from(key).equals(Buffer.from(Buffer.from(key).toString('utf8')));
        if (isUtf8) expect(() => checkEntityKey('k', key)).not.toThrow();
        else expect(() => checkEntityKey('k', key)).toThrow('not valid UTF-8');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('text in error messages', () => {
  it('is quoted and cut', () => {
    expect(quoteShort('a"b\n')).toBe('"a\\"b\\n"');
    expect(quoteShort('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
    expect(quoteShort('x'.repeat(5000))).toBe(`"${'x'.repeat(80)}…"`);
  });

  it('shows any JSON value without running what it holds', () => {
    expect([1, true, null, undefined, 'a'].map(showShort)).toEqual(['1', 'true', 'null', 'undefined', '"a"']);
    expect(showShort(JSON.parse('{"toString": 1}'))).toBe('an object');
    expect(showShort(JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`))).toBe('a list');
  });
});
