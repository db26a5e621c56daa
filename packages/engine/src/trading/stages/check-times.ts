import { MINUTE_MS } from "@smcq/kernel";

/** How often the venue is asked what it holds for us after something was not as thought; else each `reconcileMs`. */
export const CHECK_MS = 30_000;
/** So long after the last thing that was not as thought. */
export const WATCH_MS = 180_000;
/** When it is asked again after an answer that differs: far enough for two answers to agree. */
export const CHECK_AGAIN_MS = 2_500;
/** A difference whose trades nobody tells is believed without them after so long. */
export const TRADES_WAIT_MS = 10_000;
/** How far back from the last agreement trades are asked for: words may have been on their way. */
export const LOOK_BACK_MS = 10_000;
/** The same of lines of the venue's account book, which come later than what they tell of. */
export const INCOME_LOOK_BACK_MS = 120_000;
/** So long after its end a UTC day is held against the venue's account book as a whole: its last lines come late. */
export const DAY_LATE_MS = 600_000;
/** So many lists of payments without anything new say that there is nothing, where the wallet is no other one. */
export const INCOME_AGREE = 3;
/** The same while the wallet is another one by less than rounding may explain: every list may be without the same row. */
export const INCOME_AGREE_GAP = 12;
/** How much of the wallet rounding may explain, for good: a hundred-thousandth. */
export const WALLET_DRIFT_DIVISOR = 100_000n;
/** How long a snapshot that holds less than the trades say is taken to be old, while the wallet is the books' to the last unit. */
export const STALE_MS = 180_000;
/** Conditional orders of the account that may wait before nothing more is entered: the venue takes 200 (EX12). */
export const STOP_SLOTS_MAX = 180;
/** An order that was acked, and of which the stream has told nothing for so long, says that the stream is silent. */
export const SILENT_MS = 5_000;

export const DAY_MS: number = 1_440 * MINUTE_MS;

/** When the UTC day that follows begins. */
export function nextDayMs(nowMs: number): number {
  return (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
}
