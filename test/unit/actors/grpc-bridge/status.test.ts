import { describe, expect, it } from 'vitest';
import { GRPC_ERROR_BYTES_MAX } from '../../../../actors/edge/limits.ts';
import { errorText, METADATA, presentable, statusOf } from '../../../../actors/grpc-bridge/status.ts';
import { ERROR_RULES, type ErrorCode, ServingError } from '../../../../proto/errors.ts';

describe('errors as gRPC statuses', () => {
  it('keep code, text and stage', () => {
    for (const [code, { number }] of Object.entries(ERROR_RULES)) {
      const status = statusOf(new ServingError(code as ErrorCode, 'queue', 'why: 100 % ü'), 'r-1');
      expect(status).toMatchObject({ code: number, details: 'why: 100 % ü' });
      expect(status.metadata.get(METADATA.stage)).toEqual(['queue']);
      expect(status.metadata.get(METADATA.requestId)).toEqual(['r-1']);
    }
    expect(statusOf(new ServingError('NOT_FOUND', 'edge', 'x'), '').metadata.get(METADATA.requestId)).toEqual([]);
  });

  it.each([
    ['long', 'x'.repeat(100_000)],
    ['long and not ASCII', '☃'.repeat(100_000)],
    ['of halves of surrogate pairs', '\ud800'.repeat(100_000)],
    ['short with half of a pair', 'a\udc00b'],
  ])('fit into a header where they are %s', (_what, text) => {
    const said = errorText(new ServingError('INTERNAL', 'run', text));
    expect(Buffer.byteLength(said)).toBeLessThanOrEqual(GRPC_ERROR_BYTES_MAX + 3);
    // What the library does with it, and what throws for text that is not well-formed.
    expect(encodeURI(said).length).toBeLessThan(3 * GRPC_ERROR_BYTES_MAX + 30);
    expect(said.length).toBeGreaterThan(2);
  });

  it('say nothing of what only the log should hold', () => {
    const error = presentable(new Error('password=1234'));
    expect(error.code).toBe('INTERNAL');
    expect(error.message).not.toContain('1234');
    expect((error.cause as Error).message).toBe('password=1234');
  });
});
