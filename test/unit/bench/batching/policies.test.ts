/** Each rival's rule, by hand, on the cases that its documentation or source tells of. */
import { describe, expect, it } from 'vitest';
import { cpuLike } from '../../../../bench/batching/cost-curves.ts';
import { BentoPolicy } from '../../../../bench/batching/policies/bentoml.ts';
import { ClipperAimdPolicy } from '../../../../bench/batching/policies/clipper-aimd.ts';
import { ClipperMeanPolicy } from '../../../../bench/batching/policies/clipper-mean.ts';
import { RayPolicy } from '../../../../bench/batching/policies/ray.ts';
import { TfServingPolicy } from '../../../../bench/batching/policies/tf-serving.ts';
import { TritonPolicy } from '../../../../bench/batching/policies/triton.ts';
import { inTurn, type Piece, type Policy, withLimit } from '../../../../bench/batching/policy.ts';
import { makeTrace, type SimRequest } from '../../../../bench/batching/traces.ts';

let ids = 0;
function request(arrivedMs: number, deadlineMs = arrivedMs + 100, rows = 1, model = 0): SimRequest {
  return { id: ids++, model, rows, arrivedMs, deadlineMs };
}

function arriveAll(policy: Policy, count: number, nowMs: number, rows = 1): void {
  for (let i = 0; i < count; i++) policy.arrive(request(nowMs, nowMs + 100, rows), nowMs);
}

function size(batch: readonly Piece[] | null): number {
  return batch === null ? 0 : batch.length;
}

describe("Triton's dynamic batcher", () => {
  const plain = {
    maxBatchSize: 8,
    maxQueueDelayMs: 0,
    preferredBatchSizes: [],
    maxQueueSize: Infinity,
    timeoutShare: Infinity,
  };

  it('sends what there is at once without a delay, up to the maximum', () => {
    const policy = new TritonPolicy(plain);
    arriveAll(policy, 11, 0);
    expect(size(policy.next(0, true))).toBe(8);
    expect(size(policy.next(0, true))).toBe(3);
  });

  it('waits for the delay of the oldest, or until a preferred size is there', () => {
    const policy = new TritonPolicy({ ...plain, maxQueueDelayMs: 5, preferredBatchSizes: [4] });
    arriveAll(policy, 3, 0);
    expect(policy.next(1, true)).toBeNull();
    expect(policy.askAtMs).toBe(5);
    arriveAll(policy, 3, 2);
    expect(size(policy.next(2, true))).toBe(4);
    expect(policy.next(2, true)).toBeNull();
    expect(size(policy.next(7, true))).toBe(2);
  });

  it('drops what is timed out when it looks, and refuses more than the queue may hold', () => {
    const policy = new TritonPolicy({ ...plain, timeoutShare: 0.5, maxQueueSize: 2 });
    const [early, late] = [request(0, 10), request(0, 90)];
    expect([policy.arrive(early), policy.arrive(late), policy.arrive(request(0))]).toEqual([true, true, false]);
    expect(policy.next(6, true)!.map((piece) => piece.request)).toEqual([late]);
    expect(policy.takeDropped()).toEqual([early]);
  });
});

describe("TF Serving's batch scheduler", () => {
  it('sends an open batch at its timeout, a closed one at once, and refuses beyond its batches', () => {
    const policy = new TfServingPolicy({ maxBatchSize: 4, batchTimeoutMs: 3, maxEnqueuedBatches: 2 });
    arriveAll(policy, 2, 1);
    expect(policy.next(2, true)).toBeNull();
    expect(policy.askAtMs).toBe(4);
    arriveAll(policy, 6, 2);
    expect(policy.arrive(request(2), 2)).toBe(false);
    expect(size(policy.next(2, true))).toBe(4);
    expect(size(policy.next(2, true))).toBe(4);
    expect(policy.next(50, true)).toBeNull();
  });
});

describe("Ray Serve's batch queue", () => {
  it('closes a batch when it is full or its time is over, whether the device is free or not', () => {
    const policy = new RayPolicy({ maxBatchSize: 3, batchWaitTimeoutMs: 10, countsRows: false, rowsMax: 64 });
    arriveAll(policy, 2, 0);
    expect(policy.next(9, true)).toBeNull();
    expect(policy.next(10, false)).toBeNull();
    arriveAll(policy, 3, 12);
    expect(size(policy.next(12, true))).toBe(2);
    expect(size(policy.next(12, true))).toBe(3);
  });

  it('leaves out callers that are gone when their batch starts', () => {
    const policy = new RayPolicy({ maxBatchSize: 2, batchWaitTimeoutMs: 10, countsRows: true, rowsMax: 64 });
    const [gone, stays] = [request(0, 5), request(0, 50)];
    policy.arrive(gone, 0);
    policy.arrive(stays, 0);
    expect(policy.next(6, true)!.map((piece) => piece.request)).toEqual([stays]);
    expect(policy.takeDropped()).toEqual([gone]);
  });
});

describe("Clipper's batch sizes", () => {
  it('AIMD grows by a fixed amount while full batches keep the limit, and falls by a tenth beyond it', () => {
    const policy = new ClipperAimdPolicy({ rowsMax: 64, batchMsMax: 20, increase: 4 });
    const sizes: number[] = [];
    for (let i = 0; i < 6; i++) {
      arriveAll(policy, 64, i);
      const batch = policy.next(i, true)!;
      sizes.push(batch.length);
      policy.finished(batch, i, i < 4 ? 10 : 30);
    }
    expect(sizes).toEqual([1, 5, 9, 13, 17, 15]);
  });

  it('AIMD does not grow after a batch that was not full', () => {
    const policy = new ClipperAimdPolicy({ rowsMax: 64, batchMsMax: 20, increase: 4 });
    arriveAll(policy, 1, 0);
    policy.finished(policy.next(0, true)!, 0, 10);
    arriveAll(policy, 2, 1);
    policy.finished(policy.next(1, true)!, 1, 10);
    expect(policy.batchSize()).toBe(5);
  });

  it('the shipped rule takes the mean throughput times the time left, and forgets after a hundred batches', () => {
    const policy = new ClipperMeanPolicy(cpuLike, 1);
    arriveAll(policy, 4, 0);
    const batch = policy.next(0, true)!;
    for (let i = 0; i < 100; i++) policy.finished(batch.slice(0, 1), 0, 0.5);
    expect(policy.batchSize(10, 0)).toBe(20);
    expect(policy.batchSize(10, 5.2)).toBe(9);
    expect(policy.batchSize(10, 10)).toBe(1);
  });
});

describe("BentoML's dispatcher", () => {
  it('looks once a millisecond while the device is busy, and at once when it waits for a first request', () => {
    const policy = new BentoPolicy({ maxBatchSize: 64, maxLatencyMs: 100 });
    policy.arrive(request(0.2), 0.2);
    expect(policy.askAtMs).toBe(0.2);
    expect(size(policy.next(0.2, true))).toBe(1);
    policy.arrive(request(0.4), 0.4);
    expect(policy.next(0.9, true)).toBeNull();
    expect(policy.next(1.2, false)).toBeNull();
    expect(policy.askAtMs).toBeCloseTo(2.2, 9);
    expect(size(policy.next(2.2, true))).toBe(1);
  });

  it('splits a request that does not fit, and gives up the oldest when it would be too late behind the line', () => {
    const policy = new BentoPolicy({ maxBatchSize: 4, maxLatencyMs: 30 });
    for (let i = 0; i < 11; i++) {
      // Trained on 2 ms a batch and no slope worth counting, with two and three requests where it wants them.
      arriveAll(policy, 3, 10 * i);
      let batch = policy.next(10 * i, true);
      for (let tick = 1; batch !== null && tick < 9; tick++) {
        policy.finished(batch, 10 * i + tick, 2);
        batch = policy.next(10 * i + tick, true);
      }
    }
    policy.takeDropped();
    policy.arrive(request(200, 300, 3), 200);
    policy.arrive(request(200, 300, 3), 200);
    const first = policy.next(200, true)!;
    expect(first.map((piece) => piece.rows)).toEqual([3, 1]);
    policy.finished(first, 202, 2);
    policy.arrive(request(202), 202);
    expect(policy.next(231, true)!.map((piece) => piece.rows)).toEqual([1]);
    expect(policy.takeDropped().map(({ arrivedMs }) => arrivedMs)).toEqual([200]);
  });
});

describe('policies together', () => {
  it('take turns on a device that two models share', () => {
    const plain = {
      maxBatchSize: 2,
      maxQueueDelayMs: 0,
      preferredBatchSizes: [],
      maxQueueSize: Infinity,
      timeoutShare: Infinity,
    };
    const policy = inTurn(makeTrace('two-models', cpuLike, 0.1, 1), () => new TritonPolicy(plain));
    for (const model of [0, 0, 0, 0, 1, 1, 1]) policy.arrive(request(0, 100, 1, model), 0);
    const models = Array.from({ length: 4 }, (_, nowMs) => policy.next(nowMs, true)![0]!.request.model);
    expect(models).toEqual([1, 0, 1, 0]);
  });

  it('refuse more than a limit of open requests, until some have ended', () => {
    const policy = withLimit(
      new RayPolicy({ maxBatchSize: 2, batchWaitTimeoutMs: 1, countsRows: true, rowsMax: 64 }),
      2,
    );
    const arrivals = Array.from({ length: 3 }, () => policy.arrive(request(0), 0));
    expect(arrivals).toEqual([true, true, false]);
    policy.finished(policy.next(0, true)!, 3, 3);
    expect(policy.arrive(request(4), 4)).toBe(true);
  });
});
