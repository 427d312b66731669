/** How a push is coming on: a bar where somebody watches, a line every few seconds where a file does, else nothing. */

export type ProgressFigures = {
  /** Rows that are done with, by this run and earlier ones. */
  readonly accepted: number;
  readonly refused: number;
  /** Of the file, from 0 to 1; null where its end is not known. */
  readonly share: number | null;
};

export interface ProgressDisplay {
  show(figures: ProgressFigures): void;
  /** A line of its own, which the bar does not write over. */
  say(line: string): void;
  end(figures: ProgressFigures): void;
}

type Output = { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };

const BAR_MS = 100;
const LINE_MS = 5_000;
const BAR_CHARS = 24;
/** The rate is that of the last few seconds. */
const RATE_MS = 5_000;

/** `quiet`: refused rows and failures are said all the same. */
export function progressDisplay(output: Output, quiet: boolean, nowMs: () => number): ProgressDisplay {
  const bar = !quiet && output.isTTY === true;
  const everyMs = bar ? BAR_MS : LINE_MS;
  const rate = new Rate(nowMs());
  let shownMs = bar ? Number.NEGATIVE_INFINITY : nowMs();
  let barChars = 0;
  const draw = (figures: ProgressFigures) => {
    const text = progressText(figures, rate.perSecond(), rate.secondsLeft(figures), bar);
    if (!bar) {
      output.write(`${text}\n`);
      return;
    }
    const fitting = text.slice(0, Math.max(20, (output.columns ?? 100) - 1));
    output.write(`\r${fitting.padEnd(barChars)}`);
    barChars = fitting.length;
  };
  return {
    show: (figures) => {
      rate.see(figures, nowMs());
      if (quiet || nowMs() - shownMs < everyMs) return;
      shownMs = nowMs();
      draw(figures);
    },
    say: (line) => {
      output.write(bar && barChars > 0 ? `\r${line.padEnd(barChars)}\n` : `${line}\n`);
      barChars = 0;
    },
    end: (figures) => {
      rate.see(figures, nowMs());
      if (quiet) return;
      draw(figures);
      if (bar) output.write('\n');
    },
  };
}

/** `[#####-----]  41%  1,234,000 rows  101,200/s  12 s left  3 refused`. */
export function progressText(
  { accepted, refused, share }: ProgressFigures,
  perSecond: number,
  secondsLeft: number | null,
  bar: boolean,
): string {
  const parts: string[] = [];
  if (share !== null) {
    const filled = Math.round(share * BAR_CHARS);
    if (bar) parts.push(`[${'#'.repeat(filled)}${'-'.repeat(BAR_CHARS - filled)}]`);
    // 100 % only where nothing is left.
    parts.push(`${String(Math.floor(share * 100)).padStart(3)}%`);
  }
  parts.push(`${count(accepted)} rows`, `${count(Math.round(perSecond))}/s`);
  if (secondsLeft !== null && share !== null && share < 1) parts.push(`${duration(secondsLeft)} left`);
  if (refused > 0) parts.push(`${count(refused)} refused`);
  return parts.join('  ');
}

class Rate {
  #samples: { readonly ms: number; readonly rows: number; readonly share: number }[] = [];
  readonly #startMs: number;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  see({ accepted, refused, share }: ProgressFigures, ms: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && ms - last.ms < BAR_MS) this.#samples.pop();
    this.#samples.push({ ms: Math.max(ms, this.#startMs), rows: accepted + refused, share: share ?? 0 });
    while (this.#samples.length > 2 && ms - this.#samples[1]!.ms >= RATE_MS) this.#samples.shift();
  }

  perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.ms <= first.ms) return 0;
    return ((last.rows - first.rows) / (last.ms - first.ms)) * 1_000;
  }

  secondsLeft({ share }: ProgressFigures): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (share === null || first === undefined || last === undefined || last.share <= first.share) return null;
    return ((1 - last.share) / (last.share - first.share)) * ((last.ms - first.ms) / 1_000);
  }
}

function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
