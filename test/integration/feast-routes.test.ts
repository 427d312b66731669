/** Feast's routes over real sockets: bodies, statuses and errors as its own feature server writes them. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bool, defineApp, entity, float32, int64, view } from '../../cluster/catalog/views.ts';
import { ServingError } from '../../proto/errors.ts';
import { FeatureTableGateway } from '../support/feature-table.ts';
import { type Answer, TestEdge } from '../support/test-edge.ts';

const user = entity({ name: 'user', key: 'user_id' });
const app = defineApp({
  views: [
    view({
      name: 'profile',
      version: 2,
      entity: user,
      ttl: '1h',
      features: { spend: float32({ default: 9 }), visits: int64(), vip: bool({ default: true }) },
    }),
    view({
      name: 'shops',
      entity: entity({ name: 'shop', key: 'shop_id' }),
      features: { rating: float32(), visits: int64() },
    }),
  ],
});

const NO_TIME = '1970-01-01T00:00:00Z';
const ALL = ['profile:spend', 'profile:visits', 'profile:vip'];

let gateway: FeatureTableGateway;
let edge: TestEdge;
beforeEach(async () => {
  gateway = new FeatureTableGateway(app);
  edge = await TestEdge.start({ gateway, bodyBytesMax: 64 * 1024 });
});
afterEach(() => edge.bridge.close());

const read = (body: object, headers?: Record<string, string>) => edge.post('/get-online-features', body, headers);
const push = (df: object, rest: object = {}) => edge.post('/push', { push_source_name: 'profile', df, ...rest });
const write = (feature_view_name: string, df: object) =>
  edge.post('/write-to-online-store', { feature_view_name, df, allow_registry_cache: false });

/** What the SDK makes of an error answer: an exception's class and message, and ours beside it. */
function raised({ text }: Answer): { module: string; class: string; message: string; [field: string]: unknown } {
  const inner: unknown = JSON.parse(text);
  expect(inner).toBeTypeOf('string');
  return JSON.parse(inner as string);
}

async function stored(): Promise<void> {
  const rows = {
    user_id: ['fresh', 'old', 'gaps'],
    spend: [5, 1.5, null],
    visits: [12, 1, 3],
    vip: [false, true, null],
    event_timestamp: ['2026-02-28 11:59:59.250000', '2026-02-28T10:59:59', '2026-02-28T12:30:00+01:00'],
    created: ['2026-02-28 12:00:00', null, null],
  };
  expect((await push(rows)).status).toBe(200);
  expect((await write('shops', { shop_id: [77], rating: [4.25], visits: ['9007199254740993'] })).status).toBe(200);
}

describe('get-online-features', () => {
  beforeEach(stored);

  it('answers columns with statuses and times: present, null, outside its age, not found', async () => {
    const answer = await read({ features: ALL, entities: { user_id: ['fresh', 'old', 'gaps', 'nobody'] } });
    expect(answer.status).toBe(200);
    const times = ['2026-02-28T11:59:59.250Z', '2026-02-28T10:59:59Z', '2026-02-28T11:30:00Z', NO_TIME];
    const OLD = 'OUTSIDE_MAX_AGE';
    expect(answer.json).toEqual({
      metadata: { feature_names: ['user_id', 'spend', 'visits', 'vip'] },
      results: [
        {
          values: ['fresh', 'old', 'gaps', 'nobody'],
          statuses: ['PRESENT', 'PRESENT', 'PRESENT', 'PRESENT'],
          event_timestamps: [NO_TIME, NO_TIME, NO_TIME, NO_TIME],
        },
        {
          values: [5, null, null, null],
          statuses: ['PRESENT', OLD, 'NULL_VALUE', 'NOT_FOUND'],
          event_timestamps: times,
        },
        { values: [12, null, 3, null], statuses: ['PRESENT', OLD, 'PRESENT', 'NOT_FOUND'], event_timestamps: times },
        {
          values: [false, null, null, null],
          statuses: ['PRESENT', OLD, 'NULL_VALUE', 'NOT_FOUND'],
          event_timestamps: times,
        },
      ],
    });
  });

  it('writes floats as floats and whole numbers exactly, since the SDK takes types from the text', async () => {
    const { text } = await read({
      features: ['profile:spend', 'shops:visits', 'shops:rating'],
      entities: { user_id: ['fresh'], shop_id: [77] },
    });
    expect(text).toContain('"values":[5.0]');
    expect(text).toContain('"values":[9007199254740993]');
    expect(text).toContain('"values":[4.25]');
    expect(text).toContain('"values":[77]');
  });

  it('reads several views, each by its own key, only the features asked, and groups them by view', async () => {
    const answer = await read({
      features: ['shops:rating', 'profile:visits', 'shops:visits'],
      entities: { user_id: ['fresh', 'nobody'], shop_id: ['77', '78'], ignored: [1, 2] },
      full_feature_names: true,
      include_feature_view_version_metadata: true,
    });
    expect(answer.json['metadata']).toEqual({
      feature_names: ['shop_id', 'user_id', 'shops__rating', 'shops__visits', 'profile__visits'],
      feature_view_metadata: [
        { name: 'shops', version: 1 },
        { name: 'profile', version: 2 },
      ],
    });
    expect(gateway.reads).toEqual([
      { view: 'shops', keys: 2, options: { features: ['rating', 'visits'] } },
      { view: 'profile', keys: 2, options: { features: ['visits'] } },
    ]);
  });

  it('gives no rows for no keys, and takes an entity by its name', async () => {
    expect((await read({ features: ['profile:vip'], entities: { user: [] } })).json).toEqual({
      metadata: { feature_names: ['user_id', 'vip'] },
      results: [
        { values: [], statuses: [], event_timestamps: [] },
        { values: [], statuses: [], event_timestamps: [] },
      ],
    });
  });

  it('takes a version that is served, and names it where names are full', async () => {
    const body = { features: ['profile@v2:vip', 'shops@latest:rating'], full_feature_names: true };
    const { json } = await read({ ...body, entities: { user_id: ['fresh'], shop_id: [77] } });
    expect(json['metadata']).toEqual({ feature_names: ['user_id', 'shop_id', 'profile@v2__vip', 'shops__rating'] });
  });

  it('takes a model for a feature service', async () => {
    gateway.modelFeatures = (model) => {
      if (model !== 'churn') throw new ServingError('NOT_FOUND', 'route', `no model '${model}'`);
      return ['profile.visits', 'shops.rating'];
    };
    const entities = { user_id: ['fresh'], shop_id: [77] };
    const { json } = await read({ feature_service: 'churn', entities });
    expect(json['metadata']).toEqual({ feature_names: ['user_id', 'shop_id', 'visits', 'rating'] });
    const unknown = await read({ feature_service: 'other', entities });
    expect(unknown.status).toBe(404);
    expect(raised(unknown)).toMatchObject({ module: 'feast.errors', class: 'FeatureServiceNotFoundException' });
  });

  it('takes packed bodies, packs long answers and heeds the timeout', async () => {
    const body = { features: ALL, entities: { user_id: new Array(200).fill('fresh') } };
    const packed = await edge.post('/get-online-features', gzipSync(JSON.stringify(body)), {
      'content-encoding': 'gzip',
      'accept-encoding': 'gzip',
      'x-timeout-ms': '250',
    });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect((packed.json['results'] as unknown[]).length).toBe(4);
    expect(gateway.reads.at(-1)!.options.timeoutMs).toBe(250);
  });

  it.each<[string, object, number, string, RegExp]>([
    ['an unknown view', { features: ['nope:spend'] }, 404, 'FeatureViewNotFoundException', /"nope".*profile, shops/],
    [
      'an unknown feature',
      { features: ['profile:nope'] },
      404,
      'FeastObjectNotFoundException',
      /"nope".*spend, visits/,
    ],
    ['an unserved version', { features: ['profile@v1:vip'] }, 404, 'FeatureViewVersionNotFound', /v1 .*v2/],
    ['no features', {}, 422, 'FeastError', /no features/],
    ['a feature twice', { features: ['profile:vip', 'profile:vip'] }, 422, 'FeatureNameCollisionError', /named vip/],
    [
      'names that clash',
      { features: ['profile:visits', 'shops:visits'], entities: { user_id: ['a'], shop_id: [1] } },
      422,
      'FeatureNameCollisionError',
      /full_feature_names/,
    ],
    ['a missing key', { features: ['shops:rating'] }, 422, 'FeastError', /shop_id/],
    [
      'lists of different lengths',
      { features: ALL, entities: { user_id: ['a'], x: [1, 2] } },
      422,
      'FeastError',
      /1 val/,
    ],
    ['a null key', { features: ALL, entities: { user_id: ['a', null] } }, 422, 'FeastError', /user_id\[1\].*null/],
    ['half a number', { features: ALL, entities: { user_id: [1.5] } }, 422, 'FeastError', /user_id\[0\].*1\.5/],
    ['an empty key', { features: ALL, entities: { user_id: [''] } }, 422, 'FeastError', /0 bytes/],
    ['half a surrogate', { features: ALL, entities: { user_id: ['\ud800'] } }, 422, 'FeastError', /surrogate/],
    ['too many rows', { features: ALL, entities: { user_id: new Array(10_001).fill(1) } }, 422, 'FeastError', /10000/],
    [
      'too many values',
      { features: new Array(4_000).fill('profile:vip'), entities: { user_id: new Array(300).fill(1) } },
      422,
      'FeastError',
      /1200000 values.*1000000/,
    ],
    ['too many features', { features: new Array(4_097).fill('profile:vip') }, 422, 'FeastError', /4097.*4096/],
  ])('refuses %s as an exception of Feast', async (_, body, status, feastClass, message) => {
    const answer = await read({ entities: { user_id: ['fresh'] }, ...body }, { 'x-request-id': 'r-1' });
    expect(answer.status).toBe(status);
    const error = raised(answer);
    expect(error).toMatchObject({ module: 'feast.errors', class: feastClass, stage: 'edge', request_id: 'r-1' });
    expect(error['code']).toBe(status === 404 ? 'NOT_FOUND' : 'INVALID_ARGUMENT');
    expect(error.message).toMatch(message);
  });

  it.each<[string, object | string, (string | number)[]]>([
    ['no entities', { features: ALL }, ['body', 'entities']],
    ['an entity that is no list', { features: ALL, entities: { user_id: 'u1' } }, ['body', 'entities', 'user_id']],
    ['features that are no list', { features: 'x', entities: {} }, ['body', 'features']],
    ['a feature that is no text', { features: ['a:b', 3], entities: {} }, ['body', 'features', 1]],
    ['a feature without view', { features: ['spend'], entities: {} }, ['body', 'features', 0]],
    ['a flag that is none', { features: ALL, entities: {}, full_feature_names: 'yes' }, ['body', 'full_feature_names']],
    ['a service that is no text', { feature_service: 3, entities: {} }, ['body', 'feature_service']],
    ['no JSON', '{"features":', ['body']],
    ['a list', '[]', ['body']],
    ['nothing', '', ['body']],
  ])('refuses %s as FastAPI does, with our error beside it', async (_, body, loc) => {
    const answer = await edge.post('/get-online-features', body);
    expect(answer.status).toBe(422);
    const { detail, error } = answer.json as { detail: { loc: unknown; msg: string }[]; error: { message: string } };
    expect(detail[0]!.loc).toEqual(loc);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', stage: 'edge', message: detail[0]!.msg });
  });

  it('says what the cluster says when it cannot answer, so that the SDK tries again', async () => {
    gateway.failure = new ServingError('UNAVAILABLE', 'route', 'no owner is reachable');
    const answer = await read({ features: ALL, entities: { user_id: ['fresh'] } });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(raised(answer)).toMatchObject({
      class: 'FeastError',
      message: 'no owner is reachable',
      code: 'UNAVAILABLE',
    });
  });

  it('keeps what HTTP says by itself: wrong methods and bodies that are too large', async () => {
    const wrong = await edge.call('/get-online-features?x=1');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect(wrong.json['detail']).toHaveLength(1);
    expect((await edge.post('/push', 'x'.repeat(70_000))).status).toBe(413);
  });
});

describe('push and write-to-online-store', () => {
  const now = '2026-02-28T11:59:00Z';
  const visits = async (...users: string[]) => {
    const { json } = await read({ features: ['profile:visits'], entities: { user_id: users } });
    return (json['results'] as { values: unknown[] }[])[1]!.values;
  };

  it('answer as Feast does: nothing, and null', async () => {
    const pushed = await push({ user_id: ['a'], visits: [1] }, { to: 'online_and_offline', transform_on_write: true });
    expect([pushed.status, pushed.text]).toEqual([200, '']);
    const written = await write('profile', { user_id: ['b'], visits: [2], event_timestamp: [now], created: [null] });
    expect([written.status, written.text]).toEqual([200, 'null']);
    expect(await visits('a', 'b')).toEqual([1, 2]);
  });

  it('take whole numbers as keys, and a frame without rows', async () => {
    expect((await push({ user_id: [42], visits: [7], event_timestamp: [now] })).status).toBe(200);
    expect(await visits('42')).toEqual([7]);
    expect((await push({ user_id: [], visits: [], event_timestamp: [] })).status).toBe(200);
  });

  it.each([
    ['2026-02-28 11:30:00', '2026-02-28T11:30:00Z'],
    ['2026-02-28T11:30:00.123456', '2026-02-28T11:30:00.123Z'],
    ['2026-02-28T12:30:00+01:00', '2026-02-28T11:30:00Z'],
    ['2026-02-28', '2026-02-28T00:00:00Z'],
  ])('read the time %s as UTC where it says no zone', async (given, time) => {
    await push({ user_id: ['t'], event_timestamp: [given] });
    const { json } = await read({ features: ['profile:vip'], entities: { user_id: ['t'] } });
    expect((json['results'] as { event_timestamps: unknown[] }[])[1]!.event_timestamps).toEqual([time]);
  });

  it('keep good rows, refuse bad ones, and say which with a status that the SDK sees', async () => {
    const answer = await push({
      user_id: ['good', null, 'bad', 'timeless', 'numbered', 'nonsense'],
      visits: [1, 2, 'x', 4, 5, 6],
      event_timestamp: [now, now, now, null, 1_772_280_000, 'yesterday'],
    });
    expect(answer.status).toBe(422);
    const error = raised(answer);
    expect(error).toMatchObject({ class: 'FeastError', code: 'INVALID_ARGUMENT', accepted: 1, rejected: 5 });
    expect(error.message).toMatch(/^5 of 6 rows were refused and 1 are stored; row 1: /);
    const rows = error['rows'] as { row: number; message: string }[];
    expect(rows.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5]);
    expect(rows[2]!.message).toMatch(/event_timestamp.*null/);
    expect(await visits('good', 'bad', 'timeless', 'numbered')).toEqual([1, null, null, null]);
  });

  it('ask for another try where the log failed, before they complain of rows that never can be stored', async () => {
    gateway.refuse.set('b', new ServingError('UNAVAILABLE', 'log', 'the log cannot be reached'));
    const answer = await push({ user_id: ['a', null, 'b'], visits: [1, 2, 3] });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(raised(answer)).toMatchObject({ code: 'UNAVAILABLE', accepted: 1, rejected: 2 });
    expect(raised(answer).message).toMatch(/row 2: the log/);
  });

  it('name at most a hundred of the rows they refused', async () => {
    const error = raised(await push({ user_id: new Array(150).fill(null) }));
    expect(error['rejected']).toBe(150);
    expect(error['rows']).toHaveLength(100);
  });

  it.each<[string, object, number, string, RegExp]>([
    ['an unknown source', { push_source_name: 'nope' }, 422, 'PushSourceNotFoundException', /"nope".*profile, shops/],
    ['the offline store alone', { to: 'offline' }, 501, 'FeastError', /online_and_offline/],
    ['an unknown store', { to: 'no' }, 422, 'FeastError', /"no"/],
    ['an unknown column', { df: { user_id: ['a'], zzz: [1] } }, 422, 'FeastError', /"zzz".*event_timestamp/],
    ['no key column', { df: { visits: [1] } }, 422, 'FeastError', /user_id/],
    ['two times', { df: { user_id: [1], event_time: [now], event_timestamp: [now] } }, 422, 'FeastError', /one of/],
    ['uneven columns', { df: { user_id: ['a'], visits: [1, 2] } }, 422, 'FeastError', /2 values/],
    ['too many rows', { df: { user_id: new Array(10_001).fill(1) } }, 422, 'FeastError', /10001.*10000/],
  ])('refuse %s as a whole', async (_, body, status, feastClass, message) => {
    const answer = await edge.post('/push', { push_source_name: 'profile', df: { user_id: ['a'] }, ...body });
    expect(answer.status).toBe(status);
    expect(raised(answer)).toMatchObject({ module: 'feast.errors', class: feastClass });
    expect(raised(answer).message).toMatch(message);
    expect(await visits('a')).toEqual([null]);
  });

  it('refuse an unknown view with Feast’s own exception', async () => {
    const answer = await write('nope', { user_id: ['a'] });
    expect(answer.status).toBe(404);
    expect(raised(answer)).toMatchObject({ class: 'FeastObjectNotFoundException', code: 'NOT_FOUND' });
  });

  it.each<[string, string, object, (string | number)[]]>([
    ['no source', '/push', { df: {} }, ['body', 'push_source_name']],
    ['no view', '/write-to-online-store', { df: {} }, ['body', 'feature_view_name']],
    ['no frame', '/push', { push_source_name: 'profile' }, ['body', 'df']],
    ['a frame by index', '/push', { push_source_name: 'profile', df: { visits: { 0: 1 } } }, ['body', 'df', 'visits']],
  ])('refuse %s as FastAPI does', async (_, path, body, loc) => {
    const answer = await edge.post(path, body);
    expect(answer.status).toBe(422);
    expect((answer.json['detail'] as { loc: unknown }[])[0]!.loc).toEqual(loc);
  });

  it.each(['/materialize', '/materialize-incremental'])('say what to do instead of %s', async (path) => {
    const answer = await edge.post(path, { start_ts: now, end_ts: now });
    expect(answer.status).toBe(501);
    expect(raised(answer)).toMatchObject({ class: 'FeastError', code: 'UNIMPLEMENTED' });
    expect(raised(answer).message).toMatch(/write_to_online_store/);
  });

  it('are counted under their own names', async () => {
    await push({ user_id: ['a'] });
    await write('nope', {});
    expect(edge.ended.map(({ route, status }) => [route, status])).toEqual([
      ['/push', 200],
      ['/write-to-online-store', 404],
    ]);
  });
});
