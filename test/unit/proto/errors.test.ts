import { describe, expect, it } from 'vitest';
import {
  asServingError,
  codeFromNumber,
  ERROR_RULES,
  type ErrorCode,
  invalid,
  notFound,
  ServingError,
} from '../../../proto/errors.ts';

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC: Record<ErrorCode, number> = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
};

describe('the error table', () => {
  it('numbers each code as gRPC does, and finds it back by its number', () => {
    expect(Object.fromEntries(Object.entries(ERROR_RULES).map(([code, rule]) => [code, rule.number]))).toEqual(GRPC);
    for (const [code, number] of Object.entries(GRPC)) expect(codeFromNumber(number)).toBe(code);
  });

  it('calls a number that it does not know INTERNAL', () => {
    for (const number of [0, 2, 16, -1, 0xffff_ffff]) expect(codeFromNumber(number)).toBe('INTERNAL');
  });

  it('gives each code an HTTP error status and a sentence', () => {
    for (const rule of Object.values(ERROR_RULES)) {
      expect(rule.http).toBeGreaterThanOrEqual(400);
      expect(rule.http).toBeLessThan(600);
      expect(rule.meaning).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('lets the router retry only what another process may answer better', () => {
    const retried = Object.entries(ERROR_RULES).filter(([, rule]) => rule.routerRetries);
    expect(retried.map(([code]) => code).sort()).toEqual(['DATA_LOSS', 'FAILED_PRECONDITION', 'UNAVAILABLE']);
    // None of them is the caller's fault.
    for (const [, rule] of retried) expect(rule.http).toBeGreaterThanOrEqual(500);
  });
});

describe('ServingError', () => {
  it('knows its HTTP status and shows code, stage and message as JSON, nothing else', () => {
    const error = new ServingError('RESOURCE_EXHAUSTED', 'queue', 'full', { cause: new Error('secret') });
    expect(error.httpStatus).toBe(429);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      error: { code: 'RESOURCE_EXHAUSTED', stage: 'queue', message: 'full' },
    });
    expect(error.name).toBe('ServingError');
    expect((error.cause as Error).message).toBe('secret');
  });

  it('is made of anything thrown: itself as it is, all else INTERNAL with its cause', () => {
    const own = notFound('no such model');
    expect(asServingError(own, 'run')).toBe(own);
    const broken = new TypeError('x is not a function');
    const wrapped = asServingError(broken, 'run');
    expect([wrapped.code, wrapped.stage, wrapped.message]).toEqual(['INTERNAL', 'run', 'x is not a function']);
    expect(wrapped.cause).toBe(broken);
    expect(asServingError('text', 'log').message).toBe('text');
    expect(asServingError(undefined, 'log').message).toBe('undefined');
  });

  it('has a short way to be written for what callers get wrong', () => {
    expect([invalid('a').code, invalid('a').stage, invalid('a', 'log').stage]).toEqual([
      'INVALID_ARGUMENT',
      'edge',
      'log',
    ]);
    expect([notFound('b').code, notFound('b').stage, notFound('b', 'route').stage]).toEqual([
      'NOT_FOUND',
      'edge',
      'route',
    ]);
  });
});
