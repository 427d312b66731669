import { describe, expect, it } from 'vitest';
import { formatDevice, parseDevice } from '../../../../actors/model-worker/device.ts';
import { ServingError } from '../../../../proto/errors.ts';

describe('parseDevice', () => {
  it.each([
    ['cpu', { kind: 'cpu', cores: null }, 'cpu'],
    ['cpu:0', { kind: 'cpu', cores: [0] }, 'cpu:0'],
    ['cpu:6,0-3', { kind: 'cpu', cores: [0, 1, 2, 3, 6] }, 'cpu:0,1,2,3,6'],
    ['cpu:2-3,3,2', { kind: 'cpu', cores: [2, 3] }, 'cpu:2,3'],
    ['cuda', { kind: 'cuda', index: 0 }, 'cuda:0'],
    ['cuda:11', { kind: 'cuda', index: 11 }, 'cuda:11'],
    ['webgpu:1', { kind: 'webgpu', index: 1 }, 'webgpu:1'],
  ])('reads %s, and formatDevice writes it in its one form', (text, device, canonical) => {
    expect(parseDevice(text)).toEqual(device);
    expect(formatDevice(parseDevice(text))).toBe(canonical);
    expect(parseDevice(canonical)).toEqual(device);
  });

  it.each([
    '',
    'CPU',
    'cpu:',
    'cpu:a',
    'cpu:3-1',
    'cpu:-1',
    'cpu:1-',
    'cpu:0,,1',
    'cpu:4096',
    'cpu:0-99999999',
    'cpu:0 ',
    'gpu:0',
    'cuda:',
    'cuda:-1',
    'cuda:0,1',
    'cuda:1000',
    'webgpu:x',
    'cpu:0; rm -rf /',
    'cpu\n',
  ])('refuses %j as INVALID_ARGUMENT with the forms that there are', (text) => {
    let thrown: unknown;
    try {
      parseDevice(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ServingError);
    expect((thrown as ServingError).code).toBe('INVALID_ARGUMENT');
    expect((thrown as ServingError).message).toMatch(/must be "cpu", "cpu:0-3,6" \(cores\), "cuda:0" or "webgpu:0"$/);
  });
});
