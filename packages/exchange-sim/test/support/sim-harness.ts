import type { AccountData, AccountStream, OrderGateway } from "@smcq/exchange";
import type { GatewayHarness } from "@smcq/exchange/testing";
import { ManualClock, numberToE8, parseE8, type SymbolId } from "@smcq/kernel";
import { SIM_EXCHANGE_DEFAULTS, SimExchange, SimGateway, venueRules } from "../../src/index.ts";
import { A, B, BRACKETS, FEES, SYMBOL } from "./path-venue.ts";

const START_MS = 1_000_000;
const PRICE_TICKS = 10_000;

/** All three ports of one gateway. */
export type Ports = OrderGateway & AccountStream & AccountData;

/** A `SimGateway` over two symbols at 100, on a clock that the suite moves; `wrap` puts something between. */
export function simHarness(
  seed: number,
  wrap: (gateway: Ports) => Ports = (gateway) => gateway,
): GatewayHarness {
  const clock = new ManualClock(START_MS);
  const startWalletE8 = parseE8("2000");
  const exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8: startWalletE8 });
  const latency = { outMs: 20, backMs: 20, jitterMs: 15 };
  const gateway = wrap(new SimGateway({ exchange, clock, latency, seed }));
  const lastTicks = new Map<SymbolId, number>();
  const move = (symbolId: SymbolId, ticks: number): void => {
    lastTicks.set(symbolId, ticks);
    const priceE8 = BigInt(ticks) * exchange.rules(symbolId).tickE8;
    exchange.print(symbolId, { timeMs: clock.nowMs(), lastE8: priceE8, markE8: priceE8 });
  };
  for (const symbolId of [A, B]) {
    exchange.list(
      symbolId,
      venueRules({ ...SYMBOL, symbol: symbolId === A ? "AUSDT" : "BUSDT" }, BRACKETS),
      FEES,
    );
    exchange.setLeverage(symbolId, 10, clock.nowMs());
    move(symbolId, PRICE_TICKS);
  }
  return {
    gateway,
    stream: gateway,
    data: gateway,
    symbols: [A, B].map((symbolId) => {
      const { trading: rules } = exchange.rules(symbolId);
      return { symbolId, symbol: rules.symbol, rules };
    }),
    startWalletE8,
    nowMs: () => clock.nowMs(),
    lastTicks: (symbolId) => lastTicks.get(symbolId) ?? 0,
    move,
    act: (act) => {
      const nowMs = clock.nowMs();
      if (act.type === "funding") exchange.fund(act.symbolId, numberToE8(act.ratio), nowMs);
      else if (act.type === "transfer") exchange.transfer(act.amountE8, nowMs);
      else exchange.deleverage(act.symbolId, parseE8("1000000"), nowMs);
    },
    settle: async () => {
      for (let due = clock.nextDueMs; due !== null; due = clock.nextDueMs) clock.advanceTo(due);
      clock.advance(1);
    },
    dispose: () => {},
  };
}
