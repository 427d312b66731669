/**
 * Time is an argument. Only this file touches the global clocks and timers; everything else is handed a `Clock`,
 * so tests move time by hand and a simulation replays it.
 */

export type TimerHandle = { cancel(): void };

export interface Clock {
  /** Monotonic milliseconds with sub-millisecond fraction: for durations and deadlines. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch: for stamps that leave the process, never for durations. */
  wallMs(): number;
  /** Calls once after `delayMs`. */
  after(delayMs: number, callback: () => void): TimerHandle;
  /** Calls every `periodMs` until cancelled. */
  every(periodMs: number, callback: () => void): TimerHandle;
  /** Calls once this turn of the event loop is over: the callback that it runs now, and what that resolved. */
  endOfTurn(callback: () => void): void;
  /** Calls once all the input that is ready now has been handled. */
  afterInput(callback: () => void): void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    return { cancel: () => clearInterval(timer) };
  },
  endOfTurn(callback) {
    queueMicrotask(callback);
  },
  afterInput(callback) {
    setImmediate(callback);
  },
};

export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

type Pending = { atMs: number; order: number; periodMs: number; callback: () => void; cancelled: boolean };

/** A clock that stands still until `advance`; timers fire in order of time, then of creation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #wallOffsetMs: number;
  #order = 0;
  #pending: Pending[] = [];
  #endOfTurn: (() => void)[] = [];

  constructor(startMs = 0, wallOffsetMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
    this.#wallOffsetMs = wallOffsetMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    return this.#schedule(delayMs, 0, callback);
  }

  every(periodMs: number, callback: () => void): TimerHandle {
    return this.#schedule(periodMs, periodMs, callback);
  }

  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback);
  }

  afterInput(callback: () => void): void {
    this.#endOfTurn.push(callback);
  }

  /** Runs what `endOfTurn` and `afterInput` hold, including what those calls add. */
  finishTurn(): void {
    while (this.#endOfTurn.length > 0) {
      const due = this.#endOfTurn;
      this.#endOfTurn = [];
      for (const callback of due) callback();
    }
  }

  /** Moves time forward, firing each timer at its own instant, finishing the turn after each. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    this.finishTurn();
    for (;;) {
      this.#pending = this.#pending.filter((timer) => !timer.cancelled);
      this.#pending.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#pending[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.periodMs > 0) next.atMs += next.periodMs;
      else this.#pending.shift();
      next.callback();
      this.finishTurn();
    }
    this.#nowMs = untilMs;
  }

  #schedule(delayMs: number, periodMs: number, callback: () => void): TimerHandle {
    const timer: Pending = { atMs: this.#nowMs + delayMs, order: this.#order++, periodMs, callback, cancelled: false };
    this.#pending.push(timer);
    return {
      cancel: () => {
        timer.cancelled = true;
      },
    };
  }
}
