/**
 * An actor's address: the process (node) it lives in and its name there. Text form: `node/actor`. Addresses come in from
 * callers outside the cluster (`replyTo`) and become NATS subjects, so that nothing but checked tokens may pass.
 */

export type Address = { readonly node: string; readonly actor: string };

const CACHE_MAX = 4096;

/** A node and an actor of letters, digits, '_', '-' and '.'; a space or line end would be read by NATS as protocol. */
const ADDRESS = /^([A-Za-z0-9_-][A-Za-z0-9_.-]{0,127})\/([A-Za-z0-9_.-]{1,128})$/;

export function formatAddress(address: Address): string {
  return `${address.node}/${address.actor}`;
}

/** Parses `node/actor`, remembering recent answers: the same few addresses come back in every message. */
export class AddressBook {
  readonly #parsed = new Map<string, Address>();

  /** Undefined for text that is no address. */
  parse(text: string): Address | undefined {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const match = ADDRESS.exec(text);
    if (match === null) return undefined;
    const address = { node: match[1]!, actor: match[2]! };
    if (this.#parsed.size >= CACHE_MAX) this.#parsed.clear();
    this.#parsed.set(text, address);
    return address;
  }
}
