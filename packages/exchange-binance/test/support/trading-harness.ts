import type { GatewayHarness } from "@smcq/exchange/testing";
import { e8Text, parseE8, type SymbolId } from "@smcq/kernel";
import type { TradedSymbol } from "../../src/trading.ts";
import type { TradingBench } from "./trading-bench.ts";

const PRICE_TICKS = 10_000;

/** The port's suite over a gateway and a venue. */
export function tradingHarness(bench: TradingBench): GatewayHarness {
  const { sim, gateway, symbols } = bench;
  const control = sim.trading;
  if (control === null) throw new Error("the venue trades");
  const lastTicks = new Map<SymbolId, number>();
  const nameOf = (id: SymbolId): TradedSymbol => symbols[id] as TradedSymbol;
  const move = (id: SymbolId, ticks: number): void => {
    const { symbol, rules } = nameOf(id);
    lastTicks.set(id, ticks);
    control.move(symbol, e8Text(BigInt(ticks) * rules.tickE8));
  };
  for (const { symbolId } of symbols) move(symbolId, PRICE_TICKS);
  return {
    gateway,
    stream: gateway,
    data: gateway,
    symbols,
    startWalletE8: parseE8("5000"),
    nowMs: () => sim.clock.nowMs(),
    lastTicks: (id) => lastTicks.get(id) ?? 0,
    move,
    act: (act) => {
      if (act.type === "funding") control.fund(nameOf(act.symbolId).symbol, String(act.ratio));
      else if (act.type === "transfer") control.transfer(e8Text(act.amountE8));
      else control.deleverage(nameOf(act.symbolId).symbol);
    },
    settle: () => bench.settle(),
    dispose: () => bench.dispose(),
  };
}
