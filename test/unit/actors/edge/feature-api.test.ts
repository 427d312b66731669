/** Bodies of the feature routes. */
import { describe, expect, it } from 'vitest';
import { parsePush, parseRead, pushReply, readReplyJson } from '../../../../actors/edge/feature-api.ts';
import type { PushAck } from '../../../../actors/router/gateway-port.ts';

const refused = (code: string): PushAck => ({ error: { code, message: `because ${code}` } });

describe('pushed rows', () => {
  it('are acknowledged in the order given, also around rows that are not objects', () => {
    const request = parsePush({ rows: [{ user_id: 'a' }, 5, { user_id: 'b' }, null, { user_id: 'c' }] });
    expect(request.rows).toEqual([{ user_id: 'a' }, { user_id: 'b' }, { user_id: 'c' }]);
    const reply = pushReply(request, [
      { partition: 1, seq: 10 },
      refused('INVALID_ARGUMENT'),
      { partition: 3, seq: 4 },
    ]);
    const body = JSON.parse(reply.body);
    expect(reply.status).toBe(200);
    expect(body).toMatchObject({ accepted: 2, rejected: 3 });
    expect(body.acks.map((ack: PushAck & { row?: number }) => ('error' in ack ? ack.row : ack.seq))).toEqual([
      10, 1, 2, 3, 4,
    ]);
    expect(body.acks[1].error.message).toMatch(/must be an object.*got 5/);
  });

  it.each<[string[], number]>([
    [['INVALID_ARGUMENT', 'INVALID_ARGUMENT'], 400],
    [['UNAVAILABLE', 'UNAVAILABLE'], 503],
    [['RESOURCE_EXHAUSTED'], 429],
    [['UNAVAILABLE', 'INVALID_ARGUMENT'], 400],
    [['SOMETHING_NEW'], 400],
  ])('that are all refused with %j give status %i', (codes, status) => {
    const request = parsePush({ rows: codes.map(() => ({})) });
    expect(pushReply(request, codes.map(refused)).status).toBe(status);
  });

  it('that the gateway forgot are reported as not acknowledged', () => {
    const reply = pushReply(parsePush({ rows: [{}, {}] }), [{ partition: 0, seq: 1 }]);
    expect(JSON.parse(reply.body).acks[1].error.code).toBe('INTERNAL');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no rows', { rows: [] }, /list of 1 to 10000, got none/],
    ['rows missing', {}, /'rows' must be a list.*got nothing/],
    ['an object', { rows: { a: 1 } }, /got an object/],
    ['10,001 rows', { rows: new Array(10_001).fill({}) }, /10001 rows; at most 10000.*split/],
    ['another field', { rows: [{}], row: 1 }, /unknown field "row"/],
  ])('as %s are refused', (_, body, message) => {
    expect(() => parsePush(body)).toThrow(message);
  });
});

describe('read keys', () => {
  it('are texts, with an optional deadline', () => {
    expect(parseRead({ keys: ['a', 'b'], timeout_ms: 20 })).toEqual({ keys: ['a', 'b'], timeoutMs: 20 });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ keys: ['a', ''] }, /keys\[1\] has 0 bytes; 1 to 512 are allowed/],
    [{ keys: [7] }, /keys\[0\] must be a string, got 7/],
    [{ keys: ['x'.repeat(513)] }, /keys\[0\] has 513 bytes; 1 to 512 are allowed/],
    [{ keys: ['é'.repeat(257)] }, /keys\[0\] has 514 bytes; 1 to 512 are allowed/],
    [{ keys: ['a', 'half \ud800'] }, /keys\[1\] holds half of a surrogate pair/],
    [{ keys: 'a' }, /'keys' must be a list/],
    [{ keys: ['a'], timeout_ms: '5' }, /timeout_ms/],
  ])('like %j are refused', (body, message) => {
    expect(() => parseRead(body)).toThrow(message);
  });

  it('may have 512 bytes, in whatever characters', () => {
    const keys = ['x'.repeat(512), 'é'.repeat(256), '𝄞'.repeat(128)];
    expect(parseRead({ keys }).keys).toEqual(keys);
  });

  it('give values with whole numbers as numbers where exact, else as digits', () => {
    const row = {
      key: 'a',
      found: true,
      partition: 1,
      applied_seq: 2,
      everywhere_seq: null,
      as_of_ms: 9,
      age_ms: null,
      event_time_ms: null,
      defaulted: [],
      expired: [],
    };
    const values = { small: 5n, large: 2n ** 60n + 1n, negative: -(2n ** 53n), text: 'x', none: null };
    expect(JSON.parse(readReplyJson([{ ...row, values }])).rows[0].values).toEqual({
      small: 5,
      large: '1152921504606846977',
      negative: '-9007199254740992',
      text: 'x',
      none: null,
    });
  });
});
