/**
 * The one device that a worker process is pinned to: `cpu`, `cpu:0-3,6` (a set of cores), `cuda:N` or `webgpu:N`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { invalid, ServingError } from '../../proto/errors.ts';
import { quoteShort } from '../../proto/names.ts';

export type Device =
  | { readonly kind: 'cpu'; readonly cores: readonly number[] | null }
  | { readonly kind: 'cuda' | 'webgpu'; readonly index: number };

const CORE_MAX = 4_095;

/** Throws INVALID_ARGUMENT for anything else than the forms above. */
export function parseDevice(text: string): Device {
  if (text === 'cpu') return { kind: 'cpu', cores: null };
  const gpu = /^(cuda|webgpu)(?::(\d{1,3}))?$/.exec(text);
  if (gpu !== null) return { kind: gpu[1] as 'cuda' | 'webgpu', index: Number(gpu[2] ?? 0) };
  const cores = /^cpu:([\d,-]+)$/.exec(text);
  if (cores !== null) return { kind: 'cpu', cores: parseCores(text, cores[1]!) };
  throw badDevice(text);
}

export function formatDevice(device: Device): string {
  if (device.kind !== 'cpu') return `${device.kind}:${device.index}`;
  return device.cores === null ? 'cpu' : `cpu:${device.cores.join(',')}`;
}

function parseCores(text: string, list: string): number[] {
  const cores = new Set<number>();
  for (const part of list.split(',')) {
    const range = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (range === null) throw badDevice(text);
    const first = Number(range[1]);
    const last = Number(range[2] ?? first);
    if (last < first || last > CORE_MAX) throw badDevice(text);
    for (let core = first; core <= last; core++) cores.add(core);
  }
  return [...cores].sort((a, b) => a - b);
}

function badDevice(text: string): ServingError {
  return invalid(`device ${quoteShort(text)} must be "cpu", "cpu:0-3,6" (cores), "cuda:0" or "webgpu:0"`);
}

/**
 * Keeps this process, threads included, on the given cores. Uses `taskset`, since Node has no call for it. Rejects with
 * UNAVAILABLE where that fails: a worker that was asked to be pinned does not run loose.
 */
export async function pinToCores(cores: readonly number[]): Promise<void> {
  try {
    await promisify(execFile)('taskset', ['-a', '-c', '-p', cores.join(','), String(process.pid)]);
  } catch (thrown) {
    throw new ServingError(
      'UNAVAILABLE',
      'run',
      `cannot pin to cores ${cores.join(',')}: ${thrown instanceof Error ? thrown.message : String(thrown)}. ` +
        'Pinning needs Linux with taskset (package util-linux) and cores that exist; or use device "cpu"',
      { cause: thrown },
    );
  }
}
