import { loadUniverseText } from "@smcq/exchange-sim";
import type { TradePlanParameters } from "@smcq/features";
import { instrumentsFile, readInstruments } from "../backtest/read-instruments.ts";

/** Where ticks are told. */
export interface TickSource {
  readonly plan: Pick<TradePlanParameters, "entry">;
  /** File of rules by symbol, or the venue's exchangeInfo document; null: the bundled one where entries rest, else none. */
  readonly instruments: string | null;
}

/** Ticks by symbol, price units; 0 stands where nobody told and nobody has to know. */
export function tickSizesOf(
  { plan, instruments }: TickSource,
  symbols: readonly string[],
): readonly number[] {
  if (plan.entry.kind === "market" && instruments === null) return symbols.map(() => 0);
  const text =
    instruments === null
      ? { name: "the bundled exchangeInfo", text: loadUniverseText() }
      : instrumentsFile(instruments);
  return readInstruments(text, symbols).map(({ tickSize }) => tickSize);
}
