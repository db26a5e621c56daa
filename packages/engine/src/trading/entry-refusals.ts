import { MINUTE_MS, type SymbolId } from "@smcq/kernel";
import type { Holdings } from "./holdings.ts";
import type { EntryFailure } from "./trading-events.ts";

/** How long a symbol rests after the margin was not enough, and after its rules were wrong a second time. */
export const MARGIN_PAUSE_MS: number = 5 * MINUTE_MS;
export const RULES_PAUSE_MS: number = 60 * MINUTE_MS;
/** The same refusal so often in a row: one probe a minute (EX18). */
export const REFUSALS_MAX = 3;
/** Less than a minute: the next one's signal is the probe. */
const PROBE_PAUSE_MS = MINUTE_MS - 5_000;

/** The rules that we reckon with are not the venue's any more. */
const RULES: ReadonlySet<EntryFailure> = new Set(["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"]);
/** Ordinary ends of an entry, and our own words. */
const ORDINARY: ReadonlySet<EntryFailure> = new Set([
  "POST_ONLY_REJECT",
  "LEVERAGE_UNCONFIRMED",
  "UNFILLED",
  "NOT_SENT",
]);

/** What a venue refuses is not tried again and again: refusals of entries in a row, by symbol. */
export class EntryRefusals {
  readonly #holdings: Holdings;
  readonly #last = new Map<SymbolId, { readonly code: EntryFailure; count: number }>();

  constructor(holdings: Holdings) {
    this.#holdings = holdings;
  }

  /** An entry was refused: its symbol may rest for a while. */
  refused(symbolId: SymbolId, code: EntryFailure, nowMs: number): void {
    if (ORDINARY.has(code) || !this.#holdings.options.isVenueRemote) return;
    // The symbol is set otherwise than when its leverage was confirmed (AC05): both are set again before the next entry.
    if (code === "SETTING_REFUSED") this.#holdings.forgetLeverage(symbolId);
    const before = this.#last.get(symbolId);
    const count = before?.code === code ? before.count + 1 : 1;
    this.#last.set(symbolId, { code, count });
    if (code === "MARGIN_INSUFFICIENT") this.#holdings.block(symbolId, nowMs + MARGIN_PAUSE_MS);
    else if (RULES.has(code) && count >= 2) this.#holdings.block(symbolId, nowMs + RULES_PAUSE_MS);
    else if (count >= REFUSALS_MAX) this.#holdings.block(symbolId, nowMs + PROBE_PAUSE_MS);
  }

  /** An entry was taken. */
  taken(symbolId: SymbolId): void {
    this.#last.delete(symbolId);
  }
}
