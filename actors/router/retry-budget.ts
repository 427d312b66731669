/**
 * Keeps retries from multiplying load when everything is slow: each admitted request earns a fraction of a retry, each
 * retry spends a whole one (the token scheme of gRPC's retry throttling). Pure.
 */
export class RetryBudget {
  readonly #tokensMax: number;
  readonly #earnedPerRequest: number;
  #tokens: number;

  constructor(options: { tokensMax: number; earnedPerRequest: number }) {
    this.#tokensMax = options.tokensMax;
    this.#earnedPerRequest = options.earnedPerRequest;
    this.#tokens = options.tokensMax;
  }

  earn(): void {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + this.#earnedPerRequest);
  }

  /** True, taking one, where there is a retry to spend. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
