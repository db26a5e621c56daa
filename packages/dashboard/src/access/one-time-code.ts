import { randomBytes } from "node:crypto";
import type { Clock } from "@smcq/kernel";
import { isSameText } from "./same-text.ts";

/** A link that nobody has opened by then is dead, wall ms. */
export const CODE_MS_MAX = 600_000;

/** The code of the printed link: good once, and not for long. */
export class OneTimeCode {
  readonly text: string = randomBytes(32).toString("base64url");
  readonly #wallClock: Clock;
  readonly #madeNs: number;
  #isUsed = false;

  constructor(wallClock: Clock) {
    this.#wallClock = wallClock;
    this.#madeNs = wallClock.monoNs();
  }

  /** True at most once. */
  take(given: string): boolean {
    const isYoung = (this.#wallClock.monoNs() - this.#madeNs) / 1e6 < CODE_MS_MAX;
    const isRight = isSameText(given, this.text);
    if (this.#isUsed || !isYoung || !isRight) return false;
    this.#isUsed = true;
    return true;
  }
}
