import { Rng } from "@smcq/kernel";
import { afterEach, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { eventually } from "../../support/client.ts";
import { startTradingSim, Trader } from "../../support/trader.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const ACTS = 60;
console.log(`seed ${SEED} (set SMCQ_SEED to repeat)`);
let sim: BinanceSim;

afterEach(() => sim.stop());

/** One thing that a client, or the market, may do. */
async function act(trader: Trader, rng: Rng, count: number): Promise<void> {
  const side = rng.chance(0.5) ? "BUY" : "SELL";
  const quantity = (0.005 * (1 + rng.int(8))).toFixed(3);
  const last = 94_000 + rng.int(2000) - 1000;
  switch (rng.int(7)) {
    case 0:
    case 1:
      await trader.order({ side, quantity, newClientOrderId: `m${count}` });
      return;
    case 2:
      await trader.order({
        type: "LIMIT",
        side,
        quantity,
        price: last,
        timeInForce: "GTC",
        newClientOrderId: `l${count}`,
      });
      return;
    case 3:
      await trader.algo({
        side,
        quantity,
        triggerPrice: last,
        reduceOnly: rng.chance(0.5),
        clientAlgoId: `s${count}`,
      });
      return;
    case 4:
      trader.sim.trading?.move("BTCUSDT", String(last), String(last + rng.int(20)));
      return;
    case 5:
      await trader.call("DELETE", "v1/allOpenOrders", { symbol: "BTCUSDT" });
      return;
    default:
      trader.sim.trading?.fund("BTCUSDT", rng.chance(0.5) ? "0.0001" : "-0.0002");
  }
}

it.each([0, 1, 2])("stream, account, trades and income tell the same story (seed + %i)", async (offset) => {
  const rng = new Rng(SEED + offset);
  sim = await startTradingSim();
  const trader = new Trader(sim);
  sim.trading?.move("BTCUSDT", "94000");
  await trader.listen();
  for (let count = 0; count < ACTS; count++) await act(trader, rng, count);
  sim.trading?.transfer("0.00000001");
  await eventually("the last word", () => trader.events().at(-1)?.a?.m === "DEPOSIT");

  const orders = trader.events("ORDER_TRADE_UPDATE");
  const trades = orders.filter(({ o }) => o["x"] === "TRADE");
  const signed = trades.reduce((sum, { o }) => sum + Number(o["l"]) * (o["S"] === "BUY" ? 1 : -1), 0);
  const [held] = (await trader.call("GET", "v3/positionRisk", { symbol: "BTCUSDT" })).body;
  expect(Number(held?.["positionAmt"] ?? 0)).toBeCloseTo(signed, 8);
  const wallet = trader.events("ACCOUNT_UPDATE").at(-1)?.a.B[0]?.["wb"];
  const [balance] = (await trader.call("GET", "v3/balance")).body;
  expect(balance?.["balance"]).toBe(wallet);
  const income = (await trader.call("GET", "v1/income", { limit: 1000 })).body;
  const booked = income.reduce((sum, row) => sum + Number(row["income"]), 10_000);
  expect(Number(wallet)).toBeCloseTo(booked, 7);
  const told = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT", limit: 1000 })).body;
  expect(told.map(({ id }) => id)).toEqual(trades.map(({ o }) => o["t"]));
  // The last word about each order is what a query says of it.
  const lastWords = new Map(orders.map(({ o }) => [String(o["i"]), String(o["X"])]));
  const all = (await trader.call("GET", "v1/allOrders", { symbol: "BTCUSDT", limit: 1000 })).body;
  expect(new Map(all.map(({ orderId, status }) => [String(orderId), String(status)]))).toEqual(lastWords);
  expect(sim.stats().unexpected).toBe(0);
  trader.stream?.ws.terminate();
});
