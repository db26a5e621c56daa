import { e8Text } from "@smcq/kernel";
import type { StoredDecision, StoredTrade, Units } from "@smcq/ledger";
import { figureCell, plainText, type Row } from "./answer.ts";
import { isoText } from "./utc-time.ts";

export const TRADE_COLUMNS = [
  "run",
  "trade",
  "symbol",
  "side",
  "setup",
  "score",
  "signal_time",
  "entry_time",
  "entry_price",
  "qty",
  "stop",
  "target",
  "exit_time",
  "exit_price",
  "reason",
  "fees",
  "funding",
  "pnl",
  "r",
  "risk_ratio",
  "entry_slippage",
  "stop_slippage",
  "bound_by",
] as const;

export function tradeRow(trade: StoredTrade): Row {
  const { units } = trade;
  return {
    run: trade.runId,
    trade: trade.tradeId,
    symbol: trade.symbol,
    side: trade.side,
    setup: `S${trade.setup}`,
    score: figureCell(trade.score),
    signal_time: isoText(trade.signalMs),
    entry_time: isoText(trade.entryMs),
    entry_price: averageText(trade.entryPrice),
    qty: qtyText(trade.qtySteps, units),
    stop: priceText(trade.stopTicks, units),
    // What was adopted has no target.
    target: trade.targetTicks === 0 ? null : priceText(trade.targetTicks, units),
    exit_time: isoText(trade.exitMs),
    exit_price: averageText(trade.exitPrice),
    reason: trade.reason,
    fees: e8Text(trade.feesE8),
    funding: e8Text(trade.fundingE8),
    pnl: e8Text(trade.pnlE8),
    r: figureCell(trade.r),
    risk_ratio: figureCell(trade.riskRatio),
    entry_slippage: figureCell(trade.entrySlippage),
    stop_slippage: figureCell(trade.stopSlippage),
    bound_by: trade.boundBy,
  };
}

export const DECISION_COLUMNS = [
  "run",
  "time",
  "symbol",
  "side",
  "setup",
  "score",
  "outcome",
  "bound_by",
  "steps",
  "unknown",
  "entry",
  "stop_distance",
  "costs",
  "reward",
  "loss",
  "leverage",
  "equity",
  "risk_ratio",
  "daily_factor",
  "drawdown_factor",
  "direction_factor",
] as const;

export function decisionRow({ runId, timeMs, symbol, side, setup, score, receipt }: StoredDecision): Row {
  const { outcome, unknown, unit, size, equity, dailyFactor, drawdownFactor, directionFactor } = receipt;
  return {
    run: runId,
    time: isoText(timeMs),
    symbol,
    side,
    setup: `S${setup}`,
    score: figureCell(score),
    outcome,
    bound_by: size?.boundBy ?? null,
    steps: size === null ? null : figureCell(size.steps),
    unknown: unknown.length === 0 ? null : unknown.join(" "),
    entry: figureCell(unit?.e ?? null),
    stop_distance: figureCell(unit?.d ?? null),
    costs: figureCell(unit?.c ?? null),
    reward: figureCell(unit?.b ?? null),
    loss: figureCell(unit?.loss ?? null),
    leverage: figureCell(unit?.leverage ?? null),
    equity: figureCell(equity),
    risk_ratio: figureCell(size?.riskRatio ?? null),
    daily_factor: figureCell(dailyFactor),
    drawdown_factor: figureCell(drawdownFactor),
    direction_factor: figureCell(directionFactor),
  };
}

/** A price of whole ticks, exact. */
export function priceText(ticks: number, { tickE8, priceDecimals }: Units): string {
  return e8Text(BigInt(ticks) * tickE8, priceDecimals);
}

export function qtyText(steps: number, { stepE8, qtyDecimals }: Units): string {
  return e8Text(BigInt(steps) * stepE8, qtyDecimals);
}

/** An average of several fills lies between ticks: 12 digits that count. */
export function averageText(price: number | null): string | null {
  if (price === null || !Number.isFinite(price)) return null;
  return plainText(Number(price.toPrecision(12)));
}
