/** Packed bodies: unpacked within a bound, refused when they are not what the header says. */
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chooseCoding, packAnswer, unpackBody } from '../../../../actors/http-bridge/content-coding.ts';

const text = Buffer.from('{"inputs":[]}'.repeat(50));

describe('a packed request body', () => {
  it('comes out as it went in', async () => {
    expect(await unpackBody('gzip', gzipSync(text), 4096)).toEqual(text);
    expect(await unpackBody(' Deflate', deflateSync(text), 4096)).toEqual(text);
    expect(await unpackBody('identity', text, 4096)).toBe(text);
  });

  it('that unpacks to more than the bound is 413, without taking the memory', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.byteLength).toBeLessThan(60_000);
    await expect(unpackBody('gzip', bomb, 65_536)).rejects.toMatchObject({ httpStatus: 413, code: 'INVALID_ARGUMENT' });
  });

  it('exactly as long as the bound is accepted', async () => {
    expect((await unpackBody('gzip', gzipSync(text), text.byteLength)).byteLength).toBe(text.byteLength);
    await expect(unpackBody('gzip', gzipSync(text), text.byteLength - 1)).rejects.toMatchObject({ httpStatus: 413 });
  });

  it.each([
    ['gzip', Buffer.from('not gzip')],
    ['gzip', gzipSync(text).subarray(0, 20)],
    ['deflate', deflateRawSync(text)],
    ['gzip', Buffer.alloc(0)],
  ])('that is not %s is INVALID_ARGUMENT', async (coding, body) => {
    await expect(unpackBody(coding, body, 4096)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', httpStatus: 400 });
  });

  it.each(['br', 'gzip, gzip', 'x', ''])('under coding %j is 415', async (coding) => {
    await expect(unpackBody(coding, text, 4096)).rejects.toMatchObject({ httpStatus: 415 });
  });
});

describe('the coding of an answer', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['deflate, gzip', 'gzip'],
    ['gzip;q=0.2, deflate;q=0.8', 'deflate'],
    ['gzip;q=0', null],
    ['*', 'gzip'],
    ['*;q=0.5, gzip;q=0', 'deflate'],
    ['br, zstd', null],
    ['gzip;q=banana', null],
    ['GZIP', 'gzip'],
  ] as const)('for Accept-Encoding %j is %j', (header, coding) => {
    expect(chooseCoding(header)).toBe(coding);
  });

  it('is really applied', async () => {
    expect(gunzipSync(await packAnswer('gzip', text))).toEqual(text);
    expect(inflateSync(await packAnswer('deflate', text.toString()))).toEqual(text);
  });
});
