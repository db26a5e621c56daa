import { nkeys } from "@nats-io/transport-node";

/** Who a host is at the bus: the seed stays with the host, the servers' settings name the public key. */
export interface Identity {
  readonly seed: string;
  readonly publicKey: string;
}

/** A new one; nobody else has it. */
export function newIdentity(): Identity {
  const pair = nkeys.createUser();
  const identity = { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() };
  pair.clear();
  return identity;
}

/** The public key that belongs to a seed. */
export function publicKeyOf(seed: Uint8Array): string {
  // Of its own bytes: what is cleared here is signed with elsewhere.
  const pair = nkeys.fromSeed(seed.slice());
  const publicKey = pair.getPublicKey();
  pair.clear();
  return publicKey;
}
