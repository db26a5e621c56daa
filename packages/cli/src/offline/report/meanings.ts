import type { ExitReason } from "@smcq/engine";
import type { RefusalCode } from "@smcq/risk";

/** What a decision's code means, in a sentence (docs/trading.md 3). */
const OUTCOMES: Readonly<Record<"APPROVED" | RefusalCode, string>> = {
  APPROVED: "Every gate was passed; an entry was approved.",
  STATE_NOT_ACTIVE: "The engine was not active: after a halt or in doubt it only leaves positions.",
  MODEL_OBSERVED: "The model is only observed; its signals are not traded.",
  UNPROVEN_LIVE: "Nothing is proven about the scorer, and this mode trades real or demo money.",
  SIGNAL_STALE: "The signal was too old when it was decided on.",
  BAR_UNCONFIRMED: "The bar behind the signal was not confirmed.",
  FEED_STALE: "Prices or the account's messages were too old.",
  CLOCK_DOUBTFUL: "The clock could not be trusted.",
  SYMBOL_BLOCKED:
    "The symbol was not open for new trades: not trading, near its delivery, too young or set aside.",
  POSITION_OPEN: "A position of the symbol was open already.",
  ORDER_PENDING: "An order of the symbol was on its way.",
  SYMBOL_LOCKED: "The symbol's last two trades ran into their stops in a short time; it rests.",
  STREAK_PAUSE: "Several trades in a row ran into their stops in a short time; all entries pause.",
  ENTRY_THROTTLE: "Too many entries within a minute.",
  DAILY_LOSS: "The day's loss had reached its limit.",
  FUNDING_NEAR: "A funding payment against the position was about to fall due.",
  TICK_TOO_COARSE:
    "One tick of the symbol is a larger share of its price than an entry may have (strategy.tickRatioMax, and the plan's own bound).",
  STOP_TOO_WIDE: "The natural stop lay farther away than a plan may have it.",
  COST_GATE: "Fees and slippage would have eaten too large a part of the stop distance.",
  REWARD: "The target paid too little for what the stop risks, after costs.",
  KELLY: "At the model's proven win rate the trade has no positive expectation.",
  TOO_SMALL: "After all limits the size was below the venue's minimum.",
};

const EXITS: Readonly<Record<ExitReason, string>> = {
  stop: "The price reached the stop.",
  target: "The price traded through the target.",
  stagnation: "The price was still near the entry after half an hour.",
  time: "The longest holding time was over.",
  delist: "The symbol was about to be delivered.",
  "daily-loss": "The day's loss reached the limit at which everything is closed.",
  drawdown: "The drawdown reached its limit; everything was closed and trading halted.",
  operator: "A person closed it.",
  unguarded: "No stop could be placed in time.",
  liquidation: "The venue liquidated it: its margin was used up.",
  adl: "The venue closed it to cover the losses of others (auto-deleveraging).",
  external: "Somebody else closed it: a person at the venue, or nobody who is known.",
  "end-of-data": "The bars of the symbol ended while the trade was open.",
};

/** Every reason that a trade may end for. */
export const EXIT_REASONS: readonly string[] = Object.keys(EXITS);

/** What raises a setup (docs/smc.md section 10). */
export const SETUP_MEANINGS =
  "S1: a sweep of liquidity with a break of structure. S2: a return into a fair value gap, with the trend. S3: a return to an order block, with the trend.";

/** What a decision's outcome means; empty for a code that is not known. */
export function outcomeMeaning(outcome: string): string {
  return (OUTCOMES as Readonly<Record<string, string>>)[outcome] ?? "";
}

/** What a reason of exit means; empty for one that is not known. */
export function exitMeaning(reason: string): string {
  return (EXITS as Readonly<Record<string, string>>)[reason] ?? "";
}
