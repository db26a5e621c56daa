import type { TradeRecord } from "@smcq/engine";
import type { TradePlanParameters } from "@smcq/features";
import { type DailyResults, dailyResults } from "@smcq/research";

/** R by the UTC day of the signal, with slippage twice: what is judged. `tickSizes` by symbol number. */
export function judgedDays(
  trades: readonly TradeRecord[],
  plan: TradePlanParameters,
  tickSizes: readonly number[],
): DailyResults {
  return dailyResults(
    trades.map((trade) => ({
      t0Ms: trade.signalMs,
      r: doubledR(trade, plan, tickSizes[trade.symbolId] as number),
    })),
  );
}

/** The trade's R with the plan's slippage of everything that took counted once more. */
function doubledR(
  { r, entryPrice, exitPrice, stopTicks, reason }: TradeRecord,
  { entry, slippageRatio }: TradePlanParameters,
  tickSize: number,
): number {
  const taken = (entry.kind === "limit" ? 0 : entryPrice) + (reason === "target" ? 0 : exitPrice);
  return r - (slippageRatio * taken) / Math.abs(entryPrice - stopTicks * tickSize);
}
