import { describe, expect, it } from 'vitest';
import { checkTimeoutMs } from '../../../../actors/router/gateway.ts';

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
