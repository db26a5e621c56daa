import type { OrderRequest } from "@smcq/exchange";
import { InvariantError, qtySteps, symbolId } from "@smcq/kernel";
import { expect, it } from "vitest";
import { assertInvariants, assertSent } from "../../src/trading/invariants.ts";
import type { Command } from "../../src/index.ts";
import type { Trade } from "../../src/trading/trade.ts";
import { OrderTracker } from "../../src/trading/stages/order-tracker.ts";
import { CoreDriver } from "../support/core-driver.ts";

/** A guarded trade, and what it looks like after something that must not happen. */
function after(harm: (trade: Trade, driver: CoreDriver) => void): () => void {
  const driver = new CoreDriver();
  driver.guard();
  const { holdings } = driver.core;
  assertInvariants(holdings, driver.nowMs);
  const trade = holdings.openTrades()[0];
  if (trade === undefined) throw new Error("a trade");
  harm(trade, driver);
  return () => assertInvariants(holdings, driver.nowMs);
}

it("break where a position has no trade, no cover and no deadline, or an entry leaves while the state forbids it", () => {
  const harms: readonly (readonly [string, (trade: Trade, driver: CoreDriver) => void])[] = [
    ["I2", (trade) => (trade.stop = null)],
    ["I2", (trade, { nowMs }) => Object.assign(trade, { stop: null, coverDueMs: nowMs })],
    ["I3", (trade) => (trade.qtySteps -= 1)],
    ["I3", (trade, { core }) => core.holdings.dropTrade(trade)],
    ["I8", (trade) => (trade.wantedExit = "time")],
  ];
  for (const [name, harm] of harms) expect(after(harm)).toThrow(`Invariant ${name}`);
  expect(after(() => {})).not.toThrow();
  expect(
    after((trade, { nowMs }) => Object.assign(trade, { stop: null, coverDueMs: nowMs + 1 })),
  ).not.toThrow();
});

it("hold of an entry that leaves: kept, reserved, and only while the state is ACTIVE", () => {
  const driver = new CoreDriver();
  const { holdings, orders } = driver.core;
  const candidates = [driver.candidate(0)];
  const { nowMs } = driver;
  const stamp = { nowMs, nowNs: nowMs * 1e6 };
  const { symbolId } = driver.candidate(0);
  driver.put({ type: "leverage", symbolId, leverage: 10 });
  driver.put({ type: "quotes", quotes: [{ symbolId, bid: 100, ask: 100 }] });
  driver.engine.process({ type: "candidates", shardId: 0, candidates, ...stamp });
  const commands: readonly Command[] = driver.engine.process({ type: "time", ...stamp });
  expect(commands.some(({ type }) => type === "submit")).toBe(true);
  assertSent(commands, 0, { holdings, orders });
  holdings.halt("operator");
  expect(() => assertSent(commands, 0, { holdings, orders })).toThrow("Invariant I14");
  holdings.resume();
  for (const trade of holdings.openTrades()) holdings.dropTrade(trade);
  expect(() => assertSent(commands, 0, { holdings, orders })).toThrow("Invariant I6");
  expect(() => assertSent(commands, 0, { holdings, orders: new CoreDriver().core.orders })).toThrow(
    InvariantError,
  );
});

it("hold that a symbol has one live entry at most", () => {
  const tracker = new OrderTracker(0, () => 0);
  const entry = (clientOrderId: string, symbol: number): OrderRequest => ({
    clientOrderId,
    symbolId: symbolId(symbol),
    symbol: `S${symbol}`,
    role: "entry",
    side: 1,
    qtySteps: qtySteps(1),
    isReduceOnly: false,
    type: "market",
  });
  tracker.sent(entry("a", 0), 0);
  tracker.sent(entry("b", 1), 0);
  expect(() => tracker.sent(entry("c", 0), 0)).toThrow("Invariant I1");
});
