/** An actor's address: the process (node) it lives in and its name there. Text form: `node/actor`. */

export type Address = { readonly node: string; readonly actor: string };

const CACHE_MAX = 4096;

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
    const slash = text.indexOf('/');
    if (slash <= 0 || slash === text.length - 1) return undefined;
    const address = { node: text.slice(0, slash), actor: text.slice(slash + 1) };
    if (this.#parsed.size >= CACHE_MAX) this.#parsed.clear();
    this.#parsed.set(text, address);
    return address;
  }
}
