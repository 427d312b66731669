/** Content codings of bodies, both ways: gzip, and deflate with zlib framing (RFC 9110, 8.4.1). */
import { deflate, gunzip, gzip, inflate, type ZlibOptions } from 'node:zlib';
import { invalid } from '../../proto/errors.ts';
import { bodyTooLarge, HttpRefusal } from './edge-errors.ts';

export type Coding = 'gzip' | 'deflate';

/** Fast rather than small: the answer's latency counts. */
const ANSWER_OPTIONS: ZlibOptions = { level: 1 };

/**
 * The body as the client meant it. At most `bytesMax` bytes come out of a packed body, however small it was. Throws
 * 413 beyond that, 415 for other codings and INVALID_ARGUMENT for bytes that are not what the header says.
 */
export function unpackBody(header: string, body: Buffer, bytesMax: number): Promise<Buffer> {
  const coding = header.trim().toLowerCase();
  if (coding === 'identity') return Promise.resolve(body);
  if (coding !== 'gzip' && coding !== 'deflate') {
    return Promise.reject(
      new HttpRefusal(
        415,
        'INVALID_ARGUMENT',
        'Content-Encoding must be gzip, deflate or identity, and only one of them',
      ),
    );
  }
  const unpack = coding === 'gzip' ? gunzip : inflate;
  return new Promise((resolve, reject) => {
    unpack(body, { maxOutputLength: bytesMax }, (error, plain) => {
      if (error === null) resolve(plain);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') reject(bodyTooLarge(bytesMax));
      else reject(invalid(`the body is not ${coding}, as Content-Encoding says`));
    });
  });
}

export function packAnswer(coding: Coding, plain: string | Buffer): Promise<Buffer> {
  const pack = coding === 'gzip' ? gzip : deflate;
  return new Promise((resolve, reject) => {
    pack(plain, ANSWER_OPTIONS, (error, packed) => (error === null ? resolve(packed) : reject(error)));
  });
}

/** The coding that Accept-Encoding likes best; null: send as is. Ties go to gzip; a malformed weight counts as 0. */
export function chooseCoding(header: string | undefined): Coding | null {
  if (header === undefined || header === '') return null;
  let gzipWeight: number | undefined;
  let deflateWeight: number | undefined;
  let anyWeight = 0;
  for (const part of header.split(',')) {
    const [name = '', ...parameters] = part.split(';');
    const weight = weightOf(parameters);
    const coding = name.trim().toLowerCase();
    if (coding === 'gzip' || coding === 'x-gzip') gzipWeight = weight;
    else if (coding === 'deflate') deflateWeight = weight;
    else if (coding === '*') anyWeight = weight;
  }
  const forGzip = gzipWeight ?? anyWeight;
  const forDeflate = deflateWeight ?? anyWeight;
  if (forGzip <= 0 && forDeflate <= 0) return null;
  return forGzip >= forDeflate ? 'gzip' : 'deflate';
}

function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=');
    if (name?.trim().toLowerCase() !== 'q') continue;
    const weight = Number(value);
    return weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}
