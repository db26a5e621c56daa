import { e8ToNumber } from "@smcq/kernel";
import type { Trade } from "./trade.ts";
import type { TradeRecord } from "./trading-events.ts";

/** What is kept of a trade that is over. */
export function recordOf(trade: Trade): TradeRecord {
  const { rules, exitFills, realisedE8, feesE8, fundingE8 } = trade;
  const { qtySteps: steps, sumTicks } = exitFills;
  const pnlE8 = realisedE8 - feesE8 + fundingE8;
  return {
    tradeId: trade.tradeId,
    symbolId: trade.symbolId,
    symbol: trade.symbol,
    side: trade.side,
    setup: trade.setup,
    score: trade.score,
    signalMs: trade.signalMs,
    entryMs: trade.entryMs,
    entryPrice: trade.avgPrice,
    qtySteps: steps,
    stopTicks: trade.stop?.ticks ?? 0,
    targetTicks: trade.target?.ticks ?? 0,
    exitMs: trade.exitMs,
    exitPrice: (sumTicks / steps) * rules.tickSize,
    reason: trade.exitReason ?? "operator",
    feesE8,
    fundingE8,
    pnlE8,
    r: e8ToNumber(pnlE8) / (steps * rules.stepSize * trade.d),
    riskRatio: trade.riskRatio,
    boundBy: trade.boundBy,
    entrySlippage: entrySlippageOf(trade),
    stopSlippage: trade.exitReason === "stop" ? stopSlippageOf(trade) : null,
  };
}

function entrySlippageOf({ side, e, avgPrice, isAdopted, isResting }: Trade): number | null {
  return isAdopted || isResting ? null : (side * (avgPrice - e)) / e;
}

function stopSlippageOf({ side, stop, exitFills }: Trade): number | null {
  if (stop === null || stop.ticks === 0) return null;
  return (side * (stop.ticks - exitFills.sumTicks / exitFills.qtySteps)) / stop.ticks;
}
