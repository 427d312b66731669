/** A bare ONNX Runtime session on one thread, as every limit and the peer use it. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { benchModel, MODEL_INPUT, MODEL_OUTPUT, ROW_WIDTH } from './workload.ts';

export type BareModel = {
  /** [rows, 64] float32, row-major → one score a row. */
  run(rows: Float32Array, count: number): Promise<Float32Array>;
  release(): Promise<void>;
};

export async function loadBareModel(): Promise<BareModel> {
  const session = await InferenceSession.create(benchModel(), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  return {
    async run(rows, count) {
      const results = await session.run({ [MODEL_INPUT]: new Tensor('float32', rows, [count, ROW_WIDTH]) });
      return results[MODEL_OUTPUT]!.data as Float32Array;
    },
    release: () => session.release(),
  };
}
