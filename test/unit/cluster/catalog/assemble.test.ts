import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, type Lookup } from '../../../../cluster/catalog/assemble.ts';
import { parseManifest } from '../../../../cluster/catalog/manifest.ts';
import { encodeRecord, type FeatureValue, packValues, recordBytes } from '../../../../cluster/catalog/record.ts';
import { namesOfBits } from '../../../../cluster/catalog/row-freshness.ts';
import { RowMemory } from '../../../../cluster/catalog/row-memory.ts';
import { compilePlan } from '../../../../cluster/catalog/serving-plan.ts';
import { defineApp, entity, type Feature, int64, type View, view } from '../../../../cluster/catalog/views.ts';
import { hashText } from '../../../../cluster/hash.ts';
import { type DataType, packBytes } from '../../../../proto/tensor.ts';
import { anyRow, anyView, WORDS } from '../../../support/arbitrary-views.ts';

const WALL_MS = 10_000;
const EVERYWHERE = 16;
const user = entity({ name: 'user', key: 'user_id' });
const merchant = entity({ name: 'merchant', key: 'merchant_id' });

type Target = 'FP32' | 'FP64' | 'INT32' | 'INT64';
type Column = { feature: string } | { request: string };
/** What is stored for one entity in one view: nothing, or a row; `fault` makes it unusable. */
type Stored = { row: Record<string, FeatureValue>; eventMs: number; fault: 'none' | 'cut' | 'other schema' } | null;

/** A value as one element of a tensor, written by the platform, one value at a time. */
function element(type: Target, value: number | bigint | boolean): Uint8Array {
  const out = Buffer.alloc(type === 'FP32' || type === 'INT32' ? 4 : 8);
  if (type === 'FP32') out.writeFloatLE(Number(value));
  else if (type === 'FP64') out.writeDoubleLE(Number(value));
  else if (type === 'INT32') out.writeInt32LE(Number(value) | 0);
  else out.writeBigInt64LE(BigInt.asIntN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)))));
  return Uint8Array.from(out);
}

/** The numbers that a value gives to a model. */
function columnsOf(feature: Feature, value: FeatureValue): readonly (number | bigint | boolean)[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string') return [value as number];
  return [feature.vocabulary === null ? hashText(value, 0) % feature.buckets : WORDS.indexOf(value) + 1];
}

const anyViews = fc.tuple(
  anyView('profile', user),
  anyView('recent', user),
  anyView('flags', user, 'everywhere'),
  anyView('store', merchant, 'everywhere'),
);

const anyTarget = fc.constantFrom<Target>('FP32', 'FP64', 'INT32', 'INT64');

/** What a plan lets into an input of whole numbers, and always fits (whether int64 fits INT32 depends on the value). */
function fits(feature: string, target: Target): boolean {
  const whole = feature !== 'float32' && feature !== 'vector';
  if (target === 'INT64') return whole;
  return target === 'INT32' ? whole && feature !== 'int64' : true;
}

/** Inputs made of columns; each has two request inputs of its own, of one and of several values a row. */
const anyInput = (views: readonly View[], i: number) =>
  anyTarget.chain((type) => {
    const features = views.flatMap((one) =>
      one.features
        .filter((feature) => fits(feature.type, type))
        .map((feature) => ({ feature: `${one.name}.${feature.name}` })),
    );
    const requests = [{ request: `one${i}` }, { request: `many${i}` }];
    // Runs of neighbours, as manifests have them, and single columns in any order.
    const run = fc
      .tuple(fc.nat({ max: Math.max(0, features.length - 1) }), fc.integer({ min: 1, max: 20 }))
      .map(([start, length]): Column[] => features.slice(start, start + length));
    const single = fc.constantFrom<Column>(...features, ...requests).map((column) => [column]);
    return fc.record({
      type: fc.constant(type),
      columns: fc.array(fc.oneof(run, single), { minLength: 1, maxLength: 4 }).map((lists) => lists.flat()),
      width: fc.integer({ min: 2, max: 3 }),
    });
  });

const anyStored = (one: View): fc.Arbitrary<Stored> =>
  fc.option(
    fc.record({
      row: anyRow(one),
      // With a ttl of 1,000: fresh, exactly at its end, past it, and ahead of our clock.
      eventMs: fc.constantFrom(9_500, 9_000, 8_999, 12_000),
      fault: fc.constantFrom('none', 'none', 'none', 'none', 'cut', 'other schema'),
    }),
    { nil: null, freq: 5 },
  );

const anyCase = anyViews.chain((views) =>
  fc.integer({ min: 1, max: 3 }).chain((inputCount) =>
    fc.integer({ min: 1, max: 4 }).chain((rows) =>
      fc.record({
        views: fc.constant(views),
        rows: fc.constant(rows),
        inputs: fc.tuple(...Array.from({ length: inputCount }, (_, i) => anyInput(views, i))),
        handed: fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: rows, maxLength: rows }),
        partitions: fc.array(fc.nat({ max: EVERYWHERE - 1 }), { minLength: rows, maxLength: rows }),
        // Few keys: rows share entities.
        keys: fc.array(fc.constantFrom('u1', 'u2', 'u3'), { minLength: rows, maxLength: rows }),
        merchants: fc.array(fc.constantFrom('m1', 'm2', 'm33'), { minLength: rows, maxLength: rows }),
        stored: fc.tuple(...views.map((one) => fc.array(anyStored(one), { minLength: 3, maxLength: 3 }))),
        requestValues: fc.tuple(
          ...Array.from({ length: inputCount }, () => fc.array(fc.nat(), { minLength: rows * 4, maxLength: rows * 4 })),
        ),
      }),
    ),
  ),
);

const INDEX: Record<string, number> = { u1: 0, u2: 1, u3: 2, m1: 0, m2: 1, m33: 2 };

/** Stores whose answer is one buffer that the next lookup overwrites, as LMDB's is. */
function lookupIn(stored: (view: View, partition: number, key: string) => Uint8Array | null, offset: number): Lookup {
  const buffer = new Uint8Array(new ArrayBuffer(4_096), offset, 2_048);
  const record = recordBytes(buffer);
  return (view, partition, key) => {
    const bytes = stored(view, partition, Buffer.from(key).toString());
    if (bytes === null) return null;
    buffer.fill(0xee);
    buffer.set(bytes);
    return { ...record, length: bytes.byteLength };
  };
}

function recordOf(view: View, stored: NonNullable<Stored>): Uint8Array {
  const bytes = encodeRecord(view, stored.eventMs, 1, packValues(view, stored.row, []));
  if (stored.fault === 'cut') return bytes.subarray(0, -1);
  if (stored.fault === 'other schema') bytes[0]! ^= 1;
  return bytes;
}

/** None; tighter than the ttl, the same, looser. */
const anyMaxAgeMs = fc.constantFrom(0, 500, 1_000, 5_000);

describe('assemble', () => {
  it('makes the same bytes as writing every value by itself, with the same ages and defaults', () => {
    let defaults = 0;
    let expired = 0;
    let used = 0;
    const memory = new RowMemory();
    fc.assert(
      fc.property(anyCase, fc.constantFrom(0, 3, 4), anyMaxAgeMs, (one, bufferOffset, maxAgeMs) => {
        const { views, rows, inputs, keys, merchants, partitions, stored } = one;
        const request: Record<string, { datatype: DataType; shape?: number[] }> = { note: { datatype: 'BYTES' } };
        const values = new Map<string, Uint8Array[]>();
        inputs.forEach(({ type, width }, i) => {
          request[`one${i}`] = { datatype: type };
          request[`many${i}`] = { datatype: type, shape: [width] };
          const cells = one.requestValues[i]!.map((value) => element(type, type === 'INT32' ? value | 0 : value));
          values.set(`one${i}`, cells.slice(0, rows));
          const many = Array.from({ length: rows }, (_, row) => Buffer.concat(cells.slice(row, row + width)));
          values.set(
            `many${i}`,
            many.map((cell) => Uint8Array.from(cell)),
          );
        });
        const manifest = {
          entity: 'user',
          request,
          inputs: [...inputs.map(({ columns }, i) => ({ name: `x${i}`, columns })), { name: 'raw', request: 'note' }],
        };
        const plan = compilePlan(
          {
            manifest: parseManifest(JSON.stringify(manifest), 'm'),
            version: '1',
            sha256: '',
            platform: '',
            inputs: [
              ...inputs.map(({ type }, i) => ({ name: `x${i}`, datatype: type, shape: [-1, -1] })),
              { name: 'raw', datatype: 'BYTES' as const, shape: [-1, 1] },
            ],
            outputs: [],
            batched: true,
          },
          defineApp({ views }),
        );
        const viewIndex = (view: View) => views.findIndex(({ name }) => name === view.name);
        /** The row for this key, if it lies where it should. */
        const find = (view: View, partition: number, key: string): Stored => {
          const at = view.placement === 'everywhere' ? [EVERYWHERE] : partitions.filter((_, row) => keys[row] === key);
          return at.includes(partition) ? stored[viewIndex(view)]![INDEX[key]!]! : null;
        };
        const data = plan.requestInputs.map(({ name }) => {
          if (name === 'note') return packBytes(one.handed);
          if (name === 'merchant_id') return packBytes(merchants.map((key) => Buffer.from(key)));
          return Uint8Array.from(Buffer.concat(values.get(name)!));
        });
        const lookup = lookupIn((view, partition, key) => {
          const found = find(view, partition, key);
          return found === null ? null : recordOf(view, found);
        }, bufferOffset);
        const got = assemble(
          plan,
          { keys: keys.map((key) => Buffer.from(key)), partitions, inputs: data, rows, wallMs: WALL_MS, maxAgeMs },
          EVERYWHERE,
          lookup,
          memory,
        );

        const expected: Uint8Array[][] = inputs.map(() => []);
        const expectedDefaults: string[][] = [];
        const expectedExpired: string[][] = [];
        const expectedAgesMs: number[] = [];
        for (let row = 0; row < rows; row++) {
          const fallen: string[] = [];
          const old: string[] = [];
          let ageMs = -1;
          inputs.forEach(({ type, columns }, i) => {
            for (const column of columns) {
              if ('request' in column) {
                expected[i]!.push(values.get(column.request)![row]!);
                continue;
              }
              const [viewName, featureName] = column.feature.split('.') as [string, string];
              const view = views.find(({ name }) => name === viewName)!;
              const key = view.entity.name === 'user' ? keys[row]! : merchants[row]!;
              const found = stored[viewIndex(view)]![INDEX[key]!]!;
              const storedAgeMs = found === null ? 0 : Math.max(0, WALL_MS - found.eventMs);
              const there = found !== null && found.fault === 'none';
              const limits = [view.ttlMs, maxAgeMs].filter((limit) => limit > 0);
              const usable = there && limits.every((limit) => storedAgeMs <= limit);
              if (there && !usable) old.push(column.feature);
              if (usable) ageMs = Math.max(ageMs, storedAgeMs);
              const value = usable ? found.row[featureName]! : null;
              if (value === null) fallen.push(column.feature);
              else used++;
              const feature = view.featureByName.get(featureName)!;
              for (const cell of value === null ? feature.defaultCells : columnsOf(feature, value))
                expected[i]!.push(element(type, cell));
            }
          });
          expectedDefaults.push(fallen);
          expectedExpired.push(old);
          expired += old.length;
          expectedAgesMs.push(ageMs);
          defaults += fallen.length;
        }
        inputs.forEach((_, i) => {
          expect(Buffer.from(got.inputs[i]!).toString('hex')).toBe(Buffer.concat(expected[i]!).toString('hex'));
        });
        expect(got.inputs.at(-1)).toBe(data[plan.requestInputs.findIndex(({ name }) => name === 'note')]);
        const anyFeature = inputs.some(({ columns }) => columns.some((column) => 'feature' in column));
        if (!anyFeature) {
          expect(got.freshness).toBeNull();
          return;
        }
        expect(got.freshness!.ageMs).toEqual(expectedAgesMs);
        const fallen = keys.map((_, row) => namesOfBits(plan.featureNames, got.freshness!.defaulted, row));
        expect(fallen).toEqual(expectedDefaults);
        const old = keys.map((_, row) => namesOfBits(plan.featureNames, got.freshness!.expired, row));
        expect(old).toEqual(expectedExpired);
        if (old.every((names) => names.length === 0)) expect(got.freshness!.expired).toHaveLength(0);
      }),
      { numRuns: 400 },
    );
    // Both ways were walked.
    expect(defaults).toBeGreaterThan(1_000);
    expect(expired).toBeGreaterThan(200);
    expect(used).toBeGreaterThan(1_000);
  });
});

describe('an int64 feature of an INT32 input', () => {
  const visits = view({ name: 'visits', entity: user, features: { n: int64() } });
  const plan = compilePlan(
    {
      manifest: parseManifest(
        JSON.stringify({ entity: 'user', inputs: [{ name: 'x', columns: [{ feature: 'visits.n' }] }] }),
        'm',
      ),
      version: '1',
      sha256: '',
      platform: '',
      inputs: [{ name: 'x', datatype: 'INT32', shape: [-1, 1] }],
      outputs: [],
      batched: true,
    },
    defineApp({ views: [visits] }),
  );
  const assembled = (n: bigint) => {
    const record = encodeRecord(visits, 9_000, 1, packValues(visits, { n }, []));
    const request = { keys: [Buffer.from('u1')], partitions: [0], inputs: [], rows: 1, wallMs: WALL_MS, maxAgeMs: 0 };
    const { inputs } = assemble(plan, request, EVERYWHERE, () => ({ ...recordBytes(record), length: record.length }));
    return Buffer.from(inputs[0]!).readInt32LE();
  };

  it('is written where it fits and refused by name where it does not, never wrapped', () => {
    for (const n of [0n, -1n, 2n ** 31n - 1n, -(2n ** 31n)]) expect(assembled(n)).toBe(Number(n));
    for (const n of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
      expect(() => assembled(n)).toThrow(`feature 'n' is ${n}, which does not fit the model's INT32 input`);
    }
  });
});

describe('the defaulted bitmap', () => {
  it('names the features of a row by their bits, rows padded to whole bytes', () => {
    const names = Array.from({ length: 10 }, (_, i) => `v.f${i}`);
    const bits = Uint8Array.of(0b1000_0001, 0b10, 0, 0b01);
    expect(namesOfBits(names, bits, 0)).toEqual(['v.f0', 'v.f7', 'v.f9']);
    expect(namesOfBits(names, bits, 1)).toEqual(['v.f8']);
  });

  it('is empty where nothing fell back', () => {
    expect(namesOfBits(['v.a'], new Uint8Array(0), 3)).toEqual([]);
    expect(namesOfBits([], new Uint8Array(0), 0)).toEqual([]);
  });
});
