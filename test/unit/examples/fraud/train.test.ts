/** The training command as the README gives it, on a stream small enough for a test. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const outs: string[] = [];

function train(...options: string[]): Record<string, Buffer> {
  const out = mkdtempSync(join(tmpdir(), 'fraud-train-'));
  outs.push(out);
  const jiti = join(root, 'node_modules', 'jiti', 'lib', 'jiti-cli.mjs');
  execFileSync(process.execPath, [jiti, 'examples/fraud/train.ts', '--out', out, ...options], {
    cwd: root,
    stdio: 'pipe',
    // `dovetail` in features.ts is then this source, built or not.
    env: { ...process.env, JITI_TSCONFIG_PATHS: 'true' },
  });
  const files = ['models/fraud/1/model.onnx', 'models/fraud/model.json', 'training-report.json', 'golden.json'];
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(out, file))]));
}

afterAll(() => {
  for (const out of outs) rmSync(out, { recursive: true, force: true });
});

describe('train.ts', () => {
  it('writes the same files for the same options, with the windows cut by time and 7 days before the last', () => {
    const options = ['--users', '300', '--days', '30', '--seed', '4'];
    const files = train(...options);
    const again = train(...options);
    for (const [name, bytes] of Object.entries(files)) expect([name, again[name]!.equals(bytes)]).toEqual([name, true]);

    const report = JSON.parse(files['training-report.json']!.toString());
    const { train: trained, validation, test } = report.windows_days;
    expect(trained[1]).toBe(validation[0]);
    expect(test[0] - validation[1]).toBe(7);
    expect(test[1]).toBe(30);
    expect(report.model.sha256).toBe(createHash('sha256').update(files['models/fraud/1/model.onnx']!).digest('hex'));
    // So few frauds teach little; how good the model is, the committed one must show (`model.test.ts`).
    for (const variant of ['request_only', 'request_profiles_and_windows']) {
      expect(report.variants[variant].auc > 0 && report.variants[variant].auc < 1).toBe(true);
    }
    const { train: rows } = report.rows;
    expect(rows.payments).toBeGreaterThan(2000);
    expect(rows.frauds).toBeGreaterThan(5);
    expect(files['models/fraud/model.json']).toEqual(
      readFileSync(join(root, 'examples/fraud/models/fraud/model.json')),
    );
  });

  it('ends with status 2 and says what to give for an option out of range', () => {
    expect.assertions(2);
    try {
      train('--users', 'many');
    } catch (thrown) {
      const failure = thrown as { status: number; stderr: Buffer };
      expect(failure.status).toBe(2);
      expect(failure.stderr.toString()).toContain('--users many: give a whole number of at least 50');
    }
  });
});
