/**
 * Whose batch runs next where several models share one device that runs one batch at a time: pure, on the caller's
 * clock.
 *
 * Each model says how long its next batch takes and by when it has to start for its earliest request to be in time. The
 * model that has to start first goes first. But before a model that can wait for another's batch, and then still
 * start in time, goes one that cannot wait for its. So a model that is asked little gathers a larger batch while a busy
 * one runs, and is never made late by it. Where neither can wait, the device is overloaded and the one that has had
 * less of the device's time goes first: time is shared equally, however much either is asked for and whatever its
 * batches cost, and what one leaves over is for the others.
 */

/** What a model's batcher says of its queue. */
export interface Waiting {
  readonly queuedItems: number;
  /** By when the next batch has to start for its earliest request to be in time, ms on the caller's clock. */
  readonly startByMs: number;
  /** How long the next batch will probably run, ms. */
  readonly nextRunMs: number;
}

/** A model whose requests can all wait is passed over for this much device time of others at most, ms. */
const PASSED_OVER_MS_MAX = 200;

type Account = {
  /** Device time used, ms; what a model did not ask for while nothing was queued is not owed to it. */
  usedMs: number;
  /** Whether something was queued when it was last looked at. */
  waiting: boolean;
};

export class DeviceTurns<M extends { readonly batcher: Waiting }> {
  // Weak, since models are unloaded.
  readonly #accounts = new WeakMap<M, Account>();
  /** The account of whoever ran last, before that run: those that come back from idleness start here. */
  #levelMs = 0;

  /** The one to run next of those that have something queued; undefined if none has. */
  next(models: Iterable<M>, nowMs: number): M | undefined {
    let best: M | undefined;
    for (const model of models) {
      const account = this.#accountOf(model);
      if (model.batcher.queuedItems === 0) {
        account.waiting = false;
        continue;
      }
      if (!account.waiting) {
        account.waiting = true;
        account.usedMs = Math.max(account.usedMs, this.#levelMs);
      }
      if (best === undefined || this.#precedes(model, best, nowMs)) best = model;
    }
    return best;
  }

  /** A batch of `model` has run for `ms`. */
  ran(model: M, ms: number): void {
    const account = this.#accountOf(model);
    this.#levelMs = account.usedMs;
    account.usedMs += ms;
  }

  #precedes(left: M, right: M, nowMs: number): boolean {
    const leftStartByMs = left.batcher.startByMs;
    const rightStartByMs = right.batcher.startByMs;
    const leftCanWait = nowMs + right.batcher.nextRunMs <= leftStartByMs;
    const rightCanWait = nowMs + left.batcher.nextRunMs <= rightStartByMs;
    if (leftCanWait !== rightCanWait) return rightCanWait;
    const aheadMs = this.#accountOf(left).usedMs - this.#accountOf(right).usedMs;
    if (leftCanWait && leftStartByMs !== rightStartByMs && Math.abs(aheadMs) < PASSED_OVER_MS_MAX) {
      return leftStartByMs < rightStartByMs;
    }
    return aheadMs < 0;
  }

  #accountOf(model: M): Account {
    let account = this.#accounts.get(model);
    if (account === undefined) {
      account = { usedMs: this.#levelMs, waiting: false };
      this.#accounts.set(model, account);
    }
    return account;
  }
}
