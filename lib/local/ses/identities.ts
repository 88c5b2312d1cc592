import type { State } from '../state/state.ts';

/** Addresses and domains that mail may be sent from, and in the sandbox to. */
export interface Identities {
  /** Whether it is there and verified; undefined: it is not there. */
  isVerified(name: string): boolean | undefined;
  list(): readonly { readonly name: string; readonly verified: boolean }[];
  /** @returns false when it is there already */
  create(name: string): boolean;
  /** The click on the link, or the domain's records. @returns false when there is no such identity */
  verify(name: string): boolean;
  /** @returns false when there is no such identity */
  remove(name: string): boolean;
  /** Whether an address is verified: itself, without its label (`shop+orders@...`), by its domain or by one above that. */
  covers(address: string): boolean;
}

const PENDING = 'PENDING';

/**
 * @param existing identities of the account, which are there and verified from the first start on
 * @param needVerification false: what is created is verified
 * @param state keeps them over a restart
 */
export function createIdentities(
  existing: readonly string[],
  needVerification: boolean,
  state: State | undefined,
): Identities {
  const kept = state?.store('ses-identities');
  const verified = new Map<string, boolean>(existing.map((name) => [name.toLowerCase(), true]));
  for (const [name, status] of kept?.entries() ?? []) verified.set(name.toLowerCase(), status !== PENDING);
  const set = (name: string, isVerified: boolean): void => {
    verified.set(name.toLowerCase(), isVerified);
    kept?.put(name.toLowerCase(), isVerified ? '' : PENDING);
  };
  const has = (name: string): boolean => verified.has(name.toLowerCase());
  return {
    isVerified: (name) => verified.get(name.toLowerCase()),
    list: () => [...verified].map(([name, isVerified]) => ({ name, verified: isVerified })),
    create(name) {
      if (has(name)) return false;
      set(name, !needVerification);
      return true;
    },
    verify(name) {
      if (!has(name)) return false;
      set(name, true);
      return true;
    },
    remove(name) {
      kept?.delete(name.toLowerCase());
      return verified.delete(name.toLowerCase());
    },
    covers: (address) => namesFor(address.toLowerCase()).some((name) => verified.get(name) === true),
  };
}

/** Identities any of which would do for an address. https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html */
function namesFor(address: string): string[] {
  const at = address.lastIndexOf('@');
  const labels = address.slice(at + 1).split('.');
  const domains = labels.slice(0, -1).map((_label, index) => labels.slice(index).join('.'));
  return [address, address.slice(0, at).replace(/\+.*/, '') + address.slice(at), ...domains];
}
