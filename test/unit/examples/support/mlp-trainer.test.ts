import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../cluster/random.ts';
import { auc } from '../../../../examples/support/auc.ts';
import { type LabelledRows, scoreRows, trainMlp } from '../../../../examples/support/mlp-trainer.ts';

/** Points of a square; inside a ring with probability 0.9, elsewhere 0.02: nothing that a straight line separates. */
function ring(rows: number, seed: number): LabelledRows & { inRing: boolean[] } {
  const random = seededRandom(seed);
  const values = Float32Array.from({ length: rows * 2 }, () => 1000 + 50 * (random.next() * 2 - 1));
  const inRing = Array.from({ length: rows }, (_, row) => {
    const distance = Math.hypot(values[row * 2]! - 1000, values[row * 2 + 1]! - 1000) / 50;
    return distance > 0.3 && distance < 0.55;
  });
  const labels = Uint8Array.from(inRing, (isIn) => (random.next() < (isIn ? 0.9 : 0.02) ? 1 : 0));
  return { width: 2, values, labels, inRing };
}

function train(seed: number) {
  return trainMlp({
    train: ring(3000, 1),
    validation: ring(1500, 2),
    hidden: [16, 8],
    random: seededRandom(seed),
    epochsMax: 30,
    patience: 8,
    learningRate: 1e-2,
  });
}

describe('trainMlp', () => {
  const trained = train(5);

  it('learns what no linear model could, and holds on rows it has not seen', () => {
    const test = ring(3000, 3);
    const best = auc(test.inRing.map(Number), test.labels); // knowing the truth: about 0.94, since labels are noisy
    expect(auc(scoreRows(trained, test), test.labels)).toBeGreaterThan(best - 0.04);
  });

  it('gives scores that are probabilities, though positives weighed more while learning', () => {
    const test = ring(6000, 4);
    const scores = scoreRows(trained, test);
    const share = test.labels.reduce((sum, label) => sum + label, 0) / test.labels.length;
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    expect(Math.abs(mean - share)).toBeLessThan(0.03);
  });

  it('gives the same weights for the same seed, others for another', () => {
    expect(train(5).layers).toEqual(trained.layers);
    expect(train(6).layers).not.toEqual(trained.layers);
  });

  it('stops when the validation loss has not fallen for `patience` epochs', () => {
    const { epochs } = trainMlp({
      train: ring(300, 1),
      validation: { ...ring(300, 2), labels: ring(300, 2).labels.map((label) => 1 - label) },
      hidden: [16],
      random: seededRandom(1),
      epochsMax: 200,
      patience: 3,
    });
    expect(epochs).toBeLessThan(20);
  });

  it('refuses rows of one class', () => {
    const one = { width: 1, values: Float32Array.of(1, 2), labels: Uint8Array.of(0, 0) };
    const options = { train: one, validation: one, hidden: [2], random: seededRandom(1), epochsMax: 1, patience: 1 };
    expect(() => trainMlp(options)).toThrow(/both classes/);
  });
});

describe('auc', () => {
  it('equals the share of pairs in the right order, ties counting half', () => {
    const scored = fc.array(fc.record({ score: fc.integer({ min: 0, max: 6 }), positive: fc.boolean() }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(scored, (rows) => {
        const positives = rows.filter((row) => row.positive);
        const negatives = rows.filter((row) => !row.positive);
        fc.pre(positives.length > 0 && negatives.length > 0);
        let right = 0;
        for (const { score } of positives) {
          for (const other of negatives) right += score > other.score ? 1 : score === other.score ? 0.5 : 0;
        }
        const got = auc(
          rows.map((row) => row.score),
          rows.map((row) => row.positive),
        );
        expect(got).toBeCloseTo(right / (positives.length * negatives.length), 12);
      }),
    );
  });

  it('is not a number unless both classes are there', () => {
    expect(auc([1, 2], [true, true])).toBeNaN();
    expect(auc([], [])).toBeNaN();
  });
});
