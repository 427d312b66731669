/** The fraud example's model as committed, run by ONNX Runtime alone, without a cluster. */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { MODEL_WIDTH } from '../../examples/fraud/model-columns.ts';

const onnx = readFileSync(new URL('../../examples/fraud/models/fraud/1/model.onnx', import.meta.url));

/** Scores of rows of `MODEL_WIDTH` numbers. Throws where the file is not that of one input and one output. */
export async function scoresOf(inputs: readonly Float32Array[]): Promise<Float32Array> {
  const session = await InferenceSession.create(onnx);
  const data = new Float32Array(inputs.length * MODEL_WIDTH);
  inputs.forEach((input, row) => {
    data.set(input, row * MODEL_WIDTH);
  });
  const results = await session.run({ features: new Tensor('float32', data, [inputs.length, MODEL_WIDTH]) });
  await session.release();
  const score = results['score'];
  if (score === undefined || score.dims.length !== 2 || score.dims[1] !== 1) throw new Error('no score a row');
  return score.data as Float32Array;
}
