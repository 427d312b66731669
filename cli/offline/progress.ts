/** A line on the terminal that says how far a long command is, a few times a second and only to people. */
import { systemClock } from '../../cluster/clock.ts';

const EVERY_MS = 250;

/** Call with what to say, often; with null at the end. */
export function progress(): (say: (() => string) | null) => void {
  const { stderr } = process;
  let lastMs = Number.NEGATIVE_INFINITY;
  let shown = false;
  return (say) => {
    if (!stderr.isTTY) return;
    if (say === null) {
      if (shown) stderr.write('\r\x1b[K');
      shown = false;
      return;
    }
    const nowMs = systemClock.nowMs();
    if (nowMs - lastMs < EVERY_MS) return;
    lastMs = nowMs;
    shown = true;
    stderr.write(`\r\x1b[K${say()}`);
  };
}
