import { describe, expect, it } from 'vitest';
import { checkTexts, checkTimeoutMs } from '../../../../actors/router/check-predict.ts';
import { UNBOUND } from '../../../../proto/letters.ts';

describe('a timeout', () => {
  it('up to the longest that the cluster keeps is taken, a longer one refused with what that is, none left alone', () => {
    for (const timeoutMs of [undefined, 0.5, 59_999, 60_000])
      expect(() => checkTimeoutMs(timeoutMs, 60_000)).not.toThrow();
    expect(() => checkTimeoutMs(60_000.5, 60_000)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message:
          'a timeout of 60000.5 ms is longer than this cluster allows: at most 60000 ms (--request-timeout-ms-max)',
      }),
    );
  });
});

describe('the texts of a request', () => {
  const predict = {
    id: 1,
    replyTo: 'client.1/client',
    requestId: 'r'.repeat(256),
    model: 'm',
    version: '',
    inputs: [],
    budgetUs: 0,
    trace: null,
    traceId: '',
    ...UNBOUND,
  };

  it('are taken up to their limit and refused beyond it, by name and length, not repeated', () => {
    expect(() => checkTexts(predict)).not.toThrow();
    for (const field of ['requestId', 'model', 'version', 'traceId', 'replyTo'] as const) {
      expect(() => checkTexts({ ...predict, [field]: 'x'.repeat(257) })).toThrow(
        /^the [a-z ]+ has 257 characters; at most 256 are allowed$/,
      );
    }
  });
});
