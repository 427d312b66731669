import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadOrder } from '../../../cli/load-order.ts';

type File = { name: string; version: string; bytes: number };
const file = (name: string, version: string, bytes: number): File => ({ name, version, bytes });
const keys = (files: readonly File[]) => files.map(({ name, version }) => `${name}/${version}`);
const order = (...files: File[]) => loadOrder(files, ({ bytes }) => bytes);

it('is by size of the file, smallest first, and by name where they are equal', () => {
  const files = [file('large', '1', 300), file('c', '1', 2), file('small', '1', 1), file('b', '1', 2)];
  expect(keys(order(...files))).toEqual(['small/1', 'b/1', 'c/1', 'large/1']);
});

it('has no version ahead of a newer one of its model, whatever their sizes', () => {
  const files = [file('m', '9', 1), file('m', '10', 50), file('other', '1', 20), file('huge', '1', 90)];
  expect(keys(order(...files))).toEqual(['other/1', 'm/10', 'm/9', 'huge/1']);
  expect(keys(order(file('m', '1', 5), file('m', '2', 5)))).toEqual(['m/2', 'm/1']);
});

it('keeps every file, and both rules, for any files', () => {
  const files = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      version: fc.integer({ min: 1, max: 12 }).map(String),
      bytes: fc.nat(5),
    }),
    { selector: ({ name, version }) => `${name}/${version}` },
  );
  fc.assert(
    fc.property(files, (given) => {
      const loaded = order(...given);
      expect(new Set(loaded)).toEqual(new Set(given));
      expect(loaded).toHaveLength(given.length);
      for (const [i, one] of loaded.entries()) {
        for (const later of loaded.slice(i + 1)) {
          if (later.name === one.name) expect(Number(later.version)).toBeLessThan(Number(one.version));
          // A smaller one that waits does so for a newer version of its own.
          else if (later.bytes < one.bytes) {
            const newer = given.filter(({ name, version }) => name === later.name && +version > +later.version);
            expect(newer.some(({ bytes }) => bytes >= one.bytes)).toBe(true);
          }
        }
      }
    }),
  );
});
