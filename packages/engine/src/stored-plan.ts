import { type EntryPlan, M1_SCALP, MARKET_ENTRY } from "@smcq/strategy";
import type { TradingOptions } from "./options.ts";

/** Options as a journal keeps them: older ones name the entry alone, of what has become the plan `m1-scalp`. */
type StoredOptions = Omit<TradingOptions, "plan"> &
  ({ readonly plan: TradingOptions["plan"] } | { readonly plan?: never; readonly entry?: EntryPlan });

/** Trading options with their plan, whatever journal they come from. */
export function withPlan(stored: StoredOptions): TradingOptions {
  if (stored.plan !== undefined) return stored;
  const { entry = MARKET_ENTRY, ...options } = stored;
  return { ...options, plan: { ...M1_SCALP, entry: entryOf(entry) } };
}

/** Without the fee that entries once had of their own. */
function entryOf(entry: EntryPlan): EntryPlan {
  if (entry.kind === "market") return MARKET_ENTRY;
  const { kind, offsetAtr, expiryBars } = entry;
  return { kind, offsetAtr, expiryBars };
}
