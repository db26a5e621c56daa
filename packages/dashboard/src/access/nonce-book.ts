import { randomBytes } from "node:crypto";
import type { Clock } from "@smcq/kernel";

/** A word that is said later than this after its number was asked for is refused, wall ms. */
export const NONCE_MS_MAX = 60_000;
/** Numbers that may be out at once; of more the oldest is dead. */
export const NONCES_MAX = 64;

/** Numbers that are good for one word each. */
export class NonceBook {
  readonly #wallClock: Clock;
  /** By number, when it was given out, in that order. */
  readonly #given = new Map<string, number>();

  constructor(wallClock: Clock) {
    this.#wallClock = wallClock;
  }

  give(): string {
    const nonce = randomBytes(16).toString("base64url");
    this.#given.set(nonce, this.#wallClock.monoNs());
    const [oldest] = this.#given.keys();
    if (this.#given.size > NONCES_MAX && oldest !== undefined) this.#given.delete(oldest);
    return nonce;
  }

  /** True at most once for each number. */
  take(nonce: string): boolean {
    const givenNs = this.#given.get(nonce);
    this.#given.delete(nonce);
    return givenNs !== undefined && (this.#wallClock.monoNs() - givenNs) / 1e6 < NONCE_MS_MAX;
  }
}
