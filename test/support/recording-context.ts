/** An actor's context that keeps what the actor sends, on a clock that the test moves. */
import type { ActorContext } from '../../cluster/actors/actor-system.ts';
import { type Address, formatAddress } from '../../cluster/actors/address.ts';
import { ManualClock } from '../../cluster/clock.ts';
import type { Message } from '../../proto/letters.ts';

export type Sent = { readonly to: string; readonly message: Message };

export class RecordingContext implements ActorContext {
  readonly self: Address = { node: 'here.1', actor: 'me' };
  readonly selfText = 'here.1/me';
  readonly clock = new ManualClock(1_000);
  readonly sent: Sent[] = [];
  /** Whether `tell` can hand messages on. */
  reachable = true;

  tell(to: Address, message: Message): boolean {
    return this.reply(formatAddress(to), message);
  }

  reply(to: string, message: Message): boolean {
    if (this.reachable) this.sent.push({ to, message });
    return this.reachable;
  }

  after(delayMs: number, callback: () => void) {
    return this.clock.after(delayMs, callback);
  }

  every(periodMs: number, callback: () => void) {
    return this.clock.every(periodMs, callback);
  }

  endOfTurn(callback: () => void): void {
    this.clock.endOfTurn(callback);
  }

  afterInput(callback: () => void): void {
    this.clock.afterInput(callback);
  }

  /** What was sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }
}
