/**
 * The cluster's members that share one operating-system process (`--colocate`). What one tells another is handed over as
 * the object that it is: no codec, no socket, and the receiver's turn follows the sender's at once. Everything else about
 * them is as for members of different processes.
 */

import type { Message } from '../../proto/letters.ts';
import type { ActorSystem, Handed } from '../actors/actor-system.ts';
import type { Address } from '../actors/address.ts';

export class Neighbours {
  readonly #systems = new Map<string, ActorSystem>();

  join(system: ActorSystem): void {
    this.#systems.set(system.node, system);
  }

  leave(system: ActorSystem): void {
    this.#systems.delete(system.node);
  }

  has(node: string): boolean {
    return this.#systems.has(node);
  }

  /** Null where the node is of another process: then the transport carries the message. */
  tell(to: Address, message: Message): Handed | null {
    const system = this.#systems.get(to.node);
    if (system === undefined) return null;
    return system.tell(to, message) ? 'sent' : 'unreachable';
  }
}
