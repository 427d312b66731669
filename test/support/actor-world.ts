/** An actor system on a clock moved by hand, whose link to other processes records what leaves. */
import { expect } from 'vitest';
import { type ActorContext, ActorSystem, type Behaviour } from '../../cluster/actors/actor-system.ts';
import type { Address } from '../../cluster/actors/address.ts';
import { ManualClock } from '../../cluster/clock.ts';
import { silentLog } from '../../cluster/log.ts';
import type { Message } from '../../proto/letters.ts';

const SUPERVISION = { restartsMax: 3, windowMs: 10_000, backoffMs: 10, backoffMsMax: 1_000 };
/** Where the requests of these tests want their answers. */
export const SENDER = 'router.1/router';

type Sent = { to: Address; message: Message };

export function actorWorld() {
  const clock = new ManualClock(100);
  const sent: Sent[] = [];
  const escalated: { actor: string; cause: unknown }[] = [];
  const dead: string[] = [];
  const system = new ActorSystem({
    node: 'here.1',
    clock,
    log: silentLog,
    remote: { tell: (to, message) => (sent.push({ to, message }) > 0 ? 'sent' : 'unreachable') },
    onEscalate: (actor, cause) => escalated.push({ actor, cause }),
    onDeadLetter: (reason) => dead.push(reason),
  });
  /** `receive` is called for each message; what it throws is the behaviour's failure. */
  const spawn = (
    name: string,
    receive: (message: Message, context: ActorContext) => void,
    options: { mailboxMessagesMax?: number; stop?: () => void; onStart?: (context: ActorContext) => void } = {},
  ): Address =>
    system.spawn(
      name,
      { mailboxMessagesMax: options.mailboxMessagesMax ?? 100, supervision: SUPERVISION },
      (context): Behaviour => {
        options.onStart?.(context);
        return { receive: (message) => receive(message, context), stop: options.stop };
      },
    );
  /** [id, code] of each answer that left for the sender. */
  const answers = () =>
    sent.map(({ to, message }) => {
      expect(`${to.node}/${to.actor}`).toBe(SENDER);
      const body = message.body as { id: number; failure: { code: number; message: string } | null };
      return [body.id, body.failure?.code ?? 0] as const;
    });
  const failures = () => sent.map(({ message }) => (message.body as { failure: { message: string } }).failure.message);
  return { clock, system, sent, escalated, dead, spawn, answers, failures };
}

export const ids = (messages: readonly Message[]): number[] => messages.map((message) => message.body.id);
export const INTERNAL = 13;
export const UNAVAILABLE = 14;
export const RESOURCE_EXHAUSTED = 8;
