import { describe, expect, it } from 'vitest';
import { modelConfig, repositoryIndex } from '../../../../actors/edge/model-config.ts';
import type { ModelDescription } from '../../../../actors/router/gateway-port.ts';
import { FakeGateway } from '../../../support/fake-gateway.ts';

const gateway = new FakeGateway();

describe('the configuration of a model', () => {
  it('has the inputs of a batching model without rows', () => {
    expect(modelConfig(gateway.describe('fraud'))).toEqual({
      name: 'fraud',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      max_batch_size: 64,
      input: [
        { name: 'user_id', data_type: 'TYPE_STRING', dims: [1] },
        { name: 'merchant_id', data_type: 'TYPE_STRING', dims: [1] },
        { name: 'amount', data_type: 'TYPE_FP32', dims: [1] },
      ],
      output: [{ name: 'score', data_type: 'TYPE_FP32', dims: [1] }],
      dynamic_batching: {},
    });
  });

  it('leaves every dimension where a model does not batch', () => {
    const fixed: ModelDescription = { ...gateway.describe('wide'), batched: false, rowsMax: 1 };
    const config = modelConfig(fixed);
    expect(config.max_batch_size).toBe(0);
    expect(config.input[0]?.dims).toEqual([-1, -1, 2]);
    expect(config).not.toHaveProperty('dynamic_batching');
  });
});

describe('the index of the repository', () => {
  it('lists what is served and, unless asked otherwise, what cannot be', () => {
    const problem = { model: 'broken', version: '1', problem: 'the file is cut off' };
    const status = { ...gateway.status(), models_with_problems: [problem] };
    const broken = Object.assign(Object.create(gateway), { status: () => status, models: () => gateway.models() });
    const index = repositoryIndex(broken, false);
    expect(index).toContainEqual({ name: 'fraud', version: '2', state: 'READY', reason: '' });
    expect(index.at(-1)).toEqual({ name: 'broken', version: '1', state: 'UNAVAILABLE', reason: 'the file is cut off' });
    expect(repositoryIndex(broken, true)).toEqual(index.slice(0, -1));
  });
});
