import { coveredSteps, type Trade, type TradingCore } from "@smcq/engine";
import { e8Text, e8ToNumber, numberToE8 } from "@smcq/kernel";
import type { AccountView, MetricView, OrderView, PositionView, StateView } from "../../control/protocol.ts";
import type { Metric } from "../../output/metrics/metric.ts";

export function metricView(metric: Metric): MetricView {
  const { name, help, labels = {}, type } = metric;
  const head = { name, help, labels, type };
  if (metric.type !== "histogram")
    return { ...head, value: Number.isFinite(metric.value) ? metric.value : null, durations: null };
  const { boundsMs, counts, count, sumMs, msMax } = metric.durations;
  const durations = { boundsMs, counts: [...counts], count, sumMs, msMax };
  return { ...head, value: null, durations };
}

export function stateView(core: TradingCore, isHaltFile: boolean): StateView {
  const { state, sinceMs, reasons } = core.standing;
  return { state, stateSinceMs: sinceMs, reasons, isHaltFile };
}

export function accountView(core: TradingCore, orders: string, state: StateView): AccountView {
  const metrics = core.getRiskMetrics();
  return {
    ...state,
    orders,
    wallet: e8Text(metrics.walletE8),
    equity: e8Text(metrics.equityE8),
    dayPnl: core.governors.dayPnl.toFixed(8),
    positions: metrics.openPositions,
    pendingEntries: metrics.pendingEntries,
    openOrders: metrics.openOrders,
    unknownOrders: metrics.unknownOrders,
    heatRatio: Number.isFinite(metrics.heat.ratio) ? metrics.heat.ratio : null,
    heatRatioMax: metrics.heat.cap,
    reconciledMs: core.tally?.reconciledMs ?? null,
  };
}

/** What is held, by symbol number. */
export function positionViews(core: TradingCore, nowMs: number): readonly PositionView[] {
  return core.holdings
    .openTrades()
    .filter(({ qtySteps }) => qtySteps > 0)
    .map((trade) => positionView(core, trade, nowMs));
}

function positionView({ holdings }: TradingCore, trade: Trade, nowMs: number): PositionView {
  const { symbolId, symbol, side, rules, qtySteps, avgPrice, stop, foreignStop, target, d } = trade;
  const markE8 = holdings.portfolio.markE8(symbolId);
  const price = (ticks: number): string => e8Text(BigInt(ticks) * rules.tickE8, rules.priceDecimals);
  const standing = [foreignStop, stop].find((leg) => leg !== null && !leg.isEnded) ?? null;
  const isStopConfirmed = coveredSteps(trade) >= qtySteps;
  return {
    symbol,
    side: side > 0 ? "long" : "short",
    qty: e8Text(BigInt(qtySteps) * rules.stepE8, rules.qtyDecimals),
    // An average lies between the ticks.
    entry: shortText(numberToE8(avgPrice)),
    mark: markE8 === null ? null : shortText(markE8),
    stop: standing === null ? null : price(standing.ticks),
    isStopConfirmed,
    target: target === null || target.isEnded ? null : price(target.ticks),
    r: markE8 === null || d === 0 ? null : (side * (e8ToNumber(markE8) - avgPrice)) / d,
    ageMs: Math.max(0, nowMs - trade.entryMs),
    guard: trade.wantedExit !== null ? "exiting" : isStopConfirmed ? "guarded" : "naked",
    exitReason: trade.wantedExit,
  };
}

/** What rests or is in flight, in the order in which it was sent. */
export function orderViews({ orders, holdings }: TradingCore, nowMs: number): readonly OrderView[] {
  return [...orders.open()].flatMap(({ request, filledSteps, sentMs, state, isCancelled }) => {
    const rules = holdings.symbol(request.symbolId)?.rules;
    if (rules === undefined) return [];
    const qty = (steps: number): string => e8Text(BigInt(steps) * rules.stepE8, rules.qtyDecimals);
    const ticks =
      request.type === "market" ? null : request.type === "limit" ? request.priceTicks : request.triggerTicks;
    return {
      symbol: request.symbol,
      role: request.role,
      kind: request.type,
      side: request.side > 0 ? ("buy" as const) : ("sell" as const),
      qty: qty(request.qtySteps),
      filled: qty(filledSteps),
      price: ticks === null ? null : e8Text(BigInt(ticks) * rules.tickE8, rules.priceDecimals),
      ageMs: Math.max(0, nowMs - sentMs),
      state,
      isCancelled,
      clientOrderId: request.clientOrderId,
    };
  });
}

/** Without the zeros behind the last digit. */
function shortText(valueE8: bigint): string {
  return e8Text(valueE8).replace(/\.?0+$/u, "");
}
