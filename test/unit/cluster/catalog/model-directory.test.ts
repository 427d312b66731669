import { describe, expect, it } from 'vitest';
import { defaultManifest } from '../../../../cluster/catalog/manifest.ts';
import { byNumber, ModelDirectory } from '../../../../cluster/catalog/model-directory.ts';
import { encodeModelSpec } from '../../../../cluster/catalog/model-spec.ts';
import { defineApp } from '../../../../cluster/catalog/views.ts';

function spec(name: string, version: string, entity: string | null = null): Uint8Array {
  return encodeModelSpec({
    manifest: { ...defaultManifest(name), entity },
    version,
    sha256: '',
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [],
    batched: true,
  });
}

const text = (value: string) => new TextEncoder().encode(value);

function directory(...entries: [string, Uint8Array | null][]): ModelDirectory {
  const models = new ModelDirectory(defineApp({ views: [] }));
  for (const [key, bytes] of entries) models.update(key, bytes);
  return models;
}

describe('the model directory', () => {
  it('knows models by name and version, versions in the order of their numbers', () => {
    const models = directory(['b.10', spec('b', '10')], ['b.9', spec('b', '9')], ['a.1', spec('a', '1')]);
    expect(models.names()).toEqual(['a', 'b']);
    expect(models.versions('b')).toEqual(['9', '10']);
    expect(models.plan('b/9')?.spec.version).toBe('9');
    expect(models.plan('b/1')).toBeUndefined();
    expect(models.versions('nobody')).toEqual([]);
  });

  it('orders versions of any length', () => {
    expect(['10', '9', '100', '1', '99999999999999999', '9'].sort(byNumber)).toEqual([
      '1',
      '9',
      '9',
      '10',
      '100',
      '99999999999999999',
    ]);
  });

  it('forgets what is removed, and the name with its last version', () => {
    const models = directory(['a.1', spec('a', '1')], ['a.2', spec('a', '2')], ['a.1', null]);
    expect(models.versions('a')).toEqual(['2']);
    expect(models.plan('a/1')).toBeUndefined();
    models.update('a.2', null);
    models.update('never.1', null);
    expect(models.names()).toEqual([]);
    expect(models.missing('a', undefined).code).toBe('NOT_FOUND');
  });

  it('replaces an entry, and has no plan any more when the new one is broken', () => {
    const models = directory(['a.1', spec('a', '1')], ['a.1', text('{"failed": "no such operator"}')]);
    expect(models.plan('a/1')).toBeUndefined();
    expect(models.versions('a')).toEqual([]);
    models.update('a.1', spec('a', '1'));
    expect(models.plan('a/1')).toBeDefined();
    expect(models.problems()).toEqual([]);
  });

  it('keeps what cannot be served with its reason', () => {
    const models = directory(
      ['failed.1', text('{"failed": "no such operator"}')],
      ['contradicts.1', spec('contradicts', '1', 'user')],
    );
    expect(models.problems().map(({ model }) => model)).toEqual(['failed', 'contradicts']);
    for (const { problem } of models.problems()) expect(problem.length).toBeGreaterThan(5);
    for (const name of models.names()) {
      expect(models.plan(`${name}/1`)).toBeUndefined();
      const error = models.missing(name, undefined);
      expect(error.code).toBe('UNAVAILABLE');
      expect(error.message).toContain(`model '${name}' cannot be served: version 1: `);
    }
    expect(models.missing('failed', '1').message).toContain('no such operator');
    expect(models.missing('contradicts', '1').message).toContain("names entity 'user'");
  });

  it('says what there is instead of what is not', () => {
    expect(directory().missing('a', undefined).message).toBe("no model 'a'; known are: none");
    const models = directory(['a.1', spec('a', '1')], ['b.2', spec('b', '2')]);
    expect(models.missing('c', undefined).message).toBe("no model 'c'; known are: a, b");
    expect(models.missing('b', '7').message).toBe("model 'b' has no version 7; it has: 2");
    expect(models.missing('b', '7').code).toBe('NOT_FOUND');
  });

  it('ignores keys that name no version of a model', () => {
    const models = directory(
      ['a', spec('a', '1')],
      ['a.x', spec('a', '1')],
      ['.1', spec('a', '1')],
      ['a/b.1', spec('a', '1')],
    );
    expect(models.names()).toEqual([]);
  });

  it.each<[string, string, Uint8Array]>([
    ['is no JSON', 'a.1', text('{')],
    ['is null', 'a.1', text('null')],
    ['is half a model', 'a.1', text('{"manifest": {"name": "a"}, "version": "1", "inputs": [], "outputs": []}')],
    ['is another model', 'a.1', spec('b', '1')],
    ['is another version', 'a.1', spec('a', '2')],
    ['has a reason without end', 'a.1', text(JSON.stringify({ failed: 'x'.repeat(100_000) }))],
    ['has a key that is no version', 'a.x', spec('a', '1')],
    ['has a key of more parts', 'a.1.2', spec('a', '1')],
  ])('ignores an entry that %s, saying so once, and keeps what was there', (_, key, bytes) => {
    const ignored: [string, string][] = [];
    const models = new ModelDirectory(defineApp({ views: [] }), (at, problem) => ignored.push([at, problem]));
    models.update(key, bytes);
    expect(models.names()).toEqual([]);
    expect(models.problems()).toEqual([]);
    models.update('a.1', spec('a', '1'));
    ignored.splice(0);
    models.update(key, bytes);
    models.update(key, bytes);
    expect(models.plan('a/1')).toBeDefined();
    expect(models.names()).toEqual(['a']);
    expect(models.problems()).toEqual([]);
    if (key === 'a.1') expect(ignored).toEqual([[key, expect.stringMatching(/.{10}/)]]);
  });

  it('says of each key once that it is ignored, and again after it made sense', () => {
    const ignored: string[] = [];
    const models = new ModelDirectory(defineApp({ views: [] }), (at) => ignored.push(at));
    for (let i = 0; i < 3; i++) for (const key of ['a.1', 'b.1']) models.update(key, text('{'));
    expect(ignored).toEqual(['a.1', 'b.1']);
    models.update('a.1', null);
    for (let i = 0; i < 3; i++) models.update('a.1', text('{'));
    expect(ignored).toEqual(['a.1', 'b.1', 'a.1']);
  });

  it('holds so many versions and no more, in memory and in words, until some go', () => {
    const ignored: string[] = [];
    const models = new ModelDirectory(defineApp({ views: [] }), (at) => ignored.push(at));
    for (let version = 1; version <= 4_100; version++) models.update(`a.${version}`, spec('a', String(version)));
    expect(models.versions('a')).toHaveLength(4_096);
    expect(ignored).toEqual(['a.4097', 'a.4098', 'a.4099', 'a.4100']);
    models.update('a.7', spec('a', '7'));
    models.update('a.1', null);
    models.update('b.1', spec('b', '1'));
    expect(models.names()).toEqual(['a', 'b']);
    for (let i = 0; i < 10_000; i++) models.update(`junk${i}.1`, text('{'));
    expect(ignored.length).toBeLessThan(4_200);
  });
});
