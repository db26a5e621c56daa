import type { AccountAnswer, Outcome, Refusal } from "@smcq/exchange";
import { Rng } from "@smcq/kernel";
import { type CallAbout, type CallFate, type GatewayFaults, TIMEOUT_MS, TRUE_FATE } from "./faults.ts";

/** Shares of calls and words that faults strike, and how long they last; names as in docs/reliability.md and docs/faults-orders.md. */
export interface MischiefSettings {
  /** EX01, EX03: it is done, and the reply says that nobody knows, or nothing. */
  readonly doneUntold: number;
  /** EX02: it never arrives, and the reply says that nobody knows, or nothing. */
  readonly neverArrived: number;
  /** NW06: it arrives late, up to the receive window. */
  readonly late: number;
  /** EX17, EX18, EX21, EX22: refused without being looked at. */
  readonly refused: number;
  /** EX29: a stop that was acked is not seen, asked for or cancelled for a while. */
  readonly hiddenStop: number;
  /** EX04: the reply comes after the stream's words. */
  readonly slowReply: number;
  /** EX05, NW07: a word of the stream comes twice. */
  readonly doubled: number;
  /** AC12: a word comes late, so that others overtake it. */
  readonly overtaken: number;
  /** AC07, EX37: a word never comes. */
  readonly wordLost: number;
  /** AC15, NW08, PR11: an answer fails, is empty, or is without the last trade. */
  readonly badAnswer: number;
}

export const NO_MISCHIEF: MischiefSettings = Object.freeze({
  doneUntold: 0,
  neverArrived: 0,
  late: 0,
  refused: 0,
  hiddenStop: 0,
  slowReply: 0,
  doubled: 0,
  overtaken: 0,
  wordLost: 0,
  badAnswer: 0,
});

/** A request older than this is not taken: the receive window that orders are sent with (docs/binance.md 4.5). */
const RECEIVE_WINDOW_MS = 2_000;
const HIDDEN_MS_MAX = 60_000;
const REFUSALS: readonly Refusal[] = ["TOO_MANY_ORDERS", "MARGIN_INSUFFICIENT", "PRICE_FILTER"];

/** Decides, from one seed, what goes wrong on the way between a core and its venue. */
export class Mischief implements GatewayFaults {
  readonly #rng: Rng;
  #settings: MischiefSettings;

  constructor(seed: number, settings: MischiefSettings) {
    this.#rng = new Rng(seed);
    this.#settings = settings;
  }

  /** From now on this goes wrong. */
  set(settings: MischiefSettings): void {
    this.#settings = settings;
  }

  call({ kind }: CallAbout): CallFate {
    const rng = this.#rng;
    const { doneUntold, neverArrived, late, refused, slowReply, badAnswer } = this.#settings;
    if (kind === "question")
      return rng.chance(badAnswer) ? { ...TRUE_FATE, reply: "unknown", replyLateMs: TIMEOUT_MS } : TRUE_FATE;
    const untold = rng.chance(0.5) ? ("unknown" as const) : ("lost" as const);
    const replyLateMs = rng.int(TIMEOUT_MS);
    if (rng.chance(doneUntold)) return { ...TRUE_FATE, reply: untold, replyLateMs };
    if (rng.chance(neverArrived)) return { ...TRUE_FATE, lateMs: null, reply: untold, replyLateMs };
    if (rng.chance(late))
      return { ...TRUE_FATE, lateMs: rng.int(RECEIVE_WINDOW_MS), reply: untold, replyLateMs };
    if (rng.chance(refused) && kind !== "cancel") {
      const refusal =
        kind === "setting" ? "SETTING_REFUSED" : (REFUSALS[rng.int(REFUSALS.length)] ?? "LOT_SIZE");
      return { ...TRUE_FATE, refusal };
    }
    return rng.chance(slowReply) ? { ...TRUE_FATE, replyLateMs } : TRUE_FATE;
  }

  hidesStopMs(): number {
    return this.#rng.chance(this.#settings.hiddenStop) ? 1 + this.#rng.int(HIDDEN_MS_MAX) : 0;
  }

  word(): readonly number[] {
    const rng = this.#rng;
    const { doubled, overtaken, wordLost } = this.#settings;
    if (rng.chance(wordLost)) return [];
    const lateMs = rng.chance(overtaken) ? rng.int(2_000) : 0;
    return rng.chance(doubled) ? [lateMs, lateMs + rng.int(2_000)] : [lateMs];
  }

  answer(answer: AccountAnswer): { readonly answer: AccountAnswer; readonly lateMs: number } {
    return { answer: this.#told(answer), lateMs: 0 };
  }

  /** An answer itself, one that failed, or an empty list. */
  #told(answer: AccountAnswer): AccountAnswer {
    const rng = this.#rng;
    if (!rng.chance(this.#settings.badAnswer)) return answer;
    const { query, askedMs } = answer;
    if (rng.chance(0.7)) return { type: "failed", query, askedMs, text: "simulated: no answer" };
    if (answer.type === "positions") return { ...answer, positions: [] };
    if (answer.type === "open-orders") return { ...answer, orders: [] };
    if (answer.type === "trades") return { ...answer, fills: answer.fills.slice(0, -1) };
    if (answer.type === "income") return { ...answer, rows: [] };
    if (answer.type === "wallet") return { ...answer, walletE8: 0n };
    return answer;
  }
}

/** What a caller hears where nobody knows. */
export const UNTOLD: Outcome = Object.freeze({ type: "unknown", text: "simulated: no reply in time" });
