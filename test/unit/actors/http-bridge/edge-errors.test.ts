/** Statuses and bodies of errors, in the style of each API. */
import { describe, expect, it } from 'vitest';
import { connectionRefusal, errorReply, HttpRefusal, presentable } from '../../../../actors/http-bridge/edge-errors.ts';
import { ERROR_RULES, type ErrorCode, ServingError } from '../../../../proto/errors.ts';

const codes = Object.keys(ERROR_RULES) as ErrorCode[];

describe('an error reply', () => {
  it.each<[ErrorCode, number]>([
    ['INVALID_ARGUMENT', 400],
    ['NOT_FOUND', 404],
    ['FAILED_PRECONDITION', 503],
    ['RESOURCE_EXHAUSTED', 503],
    ['DEADLINE_EXCEEDED', 503],
    ['UNAVAILABLE', 503],
    ['UNIMPLEMENTED', 501],
    ['CANCELLED', 400],
    ['DATA_LOSS', 503],
    ['INTERNAL', 500],
  ])('under /v2 has for %s the status %i and only the message', (code, status) => {
    const reply = errorReply('/v2/models/m/infer', 'r', new ServingError(code, 'queue', 'the reason'));
    expect(reply).toEqual({ status, retryAfter: status === 503, body: '{"error":"the reason"}' });
  });

  it.each(codes)(
    'under /v1 has for %s the status of the error table, the code, the stage and the request id',
    (code) => {
      const reply = errorReply('/v1/predict/m', 'r-1', new ServingError(code, 'queue', 'the reason'));
      expect(reply.status).toBe(ERROR_RULES[code].http);
      expect(reply.retryAfter).toBe([429, 503].includes(reply.status));
      expect(JSON.parse(reply.body)).toEqual({
        error: { code, stage: 'queue', message: 'the reason' },
        request_id: 'r-1',
      });
    },
  );

  it('keeps the status that HTTP has for it, under both', () => {
    const error = new HttpRefusal(413, 'INVALID_ARGUMENT', 'too large');
    expect(errorReply('/v2', 'r', error).status).toBe(413);
    expect(errorReply('/v1/cluster', 'r', error).status).toBe(413);
  });

  it.each(['/v2', '/v2/', '/v2?x=1'])('to %s is in the style of /v2', (url) => {
    expect(JSON.parse(errorReply(url, 'r', new ServingError('NOT_FOUND', 'edge', 'm')).body)).toEqual({ error: 'm' });
  });

  it.each(['/', '/v20', '/v1/v2', '/V2'])('to %s is in the style of /v1', (url) => {
    expect(JSON.parse(errorReply(url, 'r', new ServingError('NOT_FOUND', 'edge', 'm')).body).request_id).toBe('r');
  });
});

describe('what was thrown', () => {
  it('is shown as it is when it is a ServingError', () => {
    const error = new ServingError('UNAVAILABLE', 'route', 'no owner');
    expect(presentable(error, 10)).toBe(error);
  });

  it.each([new TypeError('cannot read secret of undefined'), 'text', undefined, null])(
    'is INTERNAL without its message when it is %s',
    (thrown) => {
      const error = presentable(thrown, 10);
      expect(error).toMatchObject({ code: 'INTERNAL', cause: thrown });
      expect(error.message).not.toMatch(/secret|text|undefined/);
    },
  );

  it('names the limit when the framework found the body too large', () => {
    const error = presentable(
      Object.assign(new Error(), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }),
      1234,
    );
    expect(error.httpStatus).toBe(413);
    expect(error.message).toContain('1234 bytes');
  });
});

describe('a broken connection', () => {
  it.each([
    ['ERR_HTTP_REQUEST_TIMEOUT', 408],
    ['HPE_HEADER_OVERFLOW', 431],
    ['HPE_INVALID_METHOD', 400],
    [undefined, 400],
  ])('for %s is answered %i', (code, status) => {
    expect(connectionRefusal(code).httpStatus).toBe(status);
  });
});
