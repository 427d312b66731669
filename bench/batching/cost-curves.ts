/** What a batch costs on the simulated device: nominal milliseconds as a function of its rows. */

export type CostCurve = {
  readonly name: string;
  /** Most rows that the engine takes in one batch. */
  readonly batchRowsMax: number;
  /** Nominal ms, above 0 and never falling as rows grow. */
  costMs(rows: number): number;
};

/** Linear with a small fixed cost, as ONNX Runtime shows on a CPU for a perceptron of some size. */
export const cpuLike: CostCurve = {
  name: 'cpu',
  batchRowsMax: 64,
  costMs: (rows) => 0.3 + 0.12 * rows,
};

const GPU_FLAT_ROWS = 32;

/** A large fixed cost, the same for any batch that does not fill the device, then linear. */
export const gpuLike: CostCurve = {
  name: 'gpu',
  batchRowsMax: 64,
  costMs: (rows) => 5 + 0.075 * Math.max(0, rows - GPU_FLAT_ROWS),
};

/** The same curve for a model that is `factor` times as expensive. Throws RangeError for a factor that is not above 0. */
export function scaled(curve: CostCurve, factor: number): CostCurve {
  if (!(factor > 0)) throw new RangeError(`a cost factor must be above 0, got ${factor}`);
  return {
    name: `${curve.name} x${factor}`,
    batchRowsMax: curve.batchRowsMax,
    costMs: (rows) => factor * curve.costMs(rows),
  };
}

/** Rows a nominal ms in batches of the best size: no schedule of whole batches is faster. */
export function peakRowsPerMs(curve: CostCurve): number {
  let peak = 0;
  for (let rows = 1; rows <= curve.batchRowsMax; rows++) peak = Math.max(peak, rows / curve.costMs(rows));
  return peak;
}
