import type { ApiAnswer } from "@smcq/dashboard";
import type { Clock } from "@smcq/kernel";

/** Whoever asks the same within this time gets the same answer, wall ms. */
export const ANSWER_MS = 1_000;
/** Answers that are kept; of more the oldest goes. */
const ANSWERS_MAX = 64;

interface Kept {
  readonly atNs: number;
  readonly answer: Promise<ApiAnswer>;
}

/**
 * Answers a question once for all who ask it at about the same time, and never twice at once: however many look, the engine's
 * socket has room for a person's word, and the ledger is read once.
 */
export class AnswerCache {
  readonly #wallClock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(wallClock: Clock) {
    this.#wallClock = wallClock;
  }

  answer(key: string, ask: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
    const nowNs = this.#wallClock.monoNs();
    const found = this.#kept.get(key);
    if (found !== undefined && (nowNs - found.atNs) / 1e6 < ANSWER_MS) return found.answer;
    this.#kept.delete(key);
    const answer = ask();
    this.#kept.set(key, { atNs: nowNs, answer });
    // A refusal is not worth keeping; whoever waits for it hears it.
    answer.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > ANSWERS_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return answer;
  }
}
