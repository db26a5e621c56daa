import { randomInt } from "node:crypto";

/** A code is good once, for so long, ms. */
export const CODE_MS_MAX = 60_000;
/** Wrong codes after which all that wait are void: a code has six digits. */
export const WRONG_CODES_MAX = 3;
/** Codes that wait at once; of more the oldest is void. */
const CODES_MAX = 8;

/** Who wants what. */
interface Wanted {
  readonly who: string;
  readonly word: string;
  readonly untilMs: number;
}

/** Codes that somebody has to repeat before a word is carried out. */
export class ConfirmBook {
  readonly #wanted = new Map<string, Wanted>();
  #wrong = 0;

  /** A code for this word of this person; an earlier one of theirs is void. */
  issue(who: string, word: string, nowMs: number): string {
    for (const [code, wanted] of this.#wanted)
      if (wanted.who === who || wanted.untilMs <= nowMs) this.#wanted.delete(code);
    const [oldest] = this.#wanted.keys();
    if (this.#wanted.size >= CODES_MAX && oldest !== undefined) this.#wanted.delete(oldest);
    let code: string;
    do code = String(randomInt(100_000, 1_000_000));
    while (this.#wanted.has(code));
    this.#wanted.set(code, { who, word, untilMs: nowMs + CODE_MS_MAX });
    return code;
  }

  /** The word that this code of this person stands for, once; null: there is none, or no longer. */
  redeem(who: string, code: string, nowMs: number): string | null {
    const wanted = this.#wanted.get(code);
    if (wanted === undefined || wanted.who !== who || wanted.untilMs <= nowMs) {
      if (++this.#wrong >= WRONG_CODES_MAX) this.#wanted.clear();
      return null;
    }
    this.#wanted.delete(code);
    this.#wrong = 0;
    return wanted.word;
  }
}
