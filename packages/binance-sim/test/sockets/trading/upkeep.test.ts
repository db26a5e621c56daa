import { afterEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { eventually } from "../../support/client.ts";
import { startTradingSim, Trader } from "../../support/trader.ts";

let sim: BinanceSim;

afterEach(() => sim.stop());

describe("what the venue does to an account by the clock", () => {
  it("calls for margin once when a position comes near its end, and again after it was safe", async () => {
    sim = await startTradingSim();
    const trader = new Trader(sim);
    sim.trading?.move("BTCUSDT", "94000");
    await trader.order({ side: "BUY", quantity: "1" });
    await trader.listen();
    // It is worth 84,470 and needs 338 of the 404 that are left.
    sim.trading?.move("BTCUSDT", "84470");
    await trader.hears(1);
    const [call] = trader.events();
    expect(call).toMatchObject({
      e: "MARGIN_CALL",
      p: [{ s: "BTCUSDT", ps: "BOTH", pa: "1", mt: "CROSSED" }],
    });
    // Events leave with the venue's ticks: one that is heard tells that a tick has seen the market.
    for (const [last, count] of [
      ["84465", 2],
      ["94000", 3],
    ] as const) {
      sim.trading?.move("BTCUSDT", last);
      sim.trading?.transfer("1");
      await trader.hears(count);
    }
    sim.trading?.move("BTCUSDT", "84465");
    await trader.hears(4);
    expect(trader.story()).toEqual(["MARGIN_CALL", "ACCOUNT DEPOSIT", "ACCOUNT DEPOSIT", "MARGIN_CALL"]);
  });

  it("charges funding at the symbol's own times, told and booked", async () => {
    // Minute 2400 of the bundle is a funding time of every symbol.
    sim = await startTradingSim({ speed: 30, startMinute: 2399 });
    const trader = new Trader(sim);
    sim.trading?.move("BTCUSDT", "94000");
    await trader.listen();
    const values = { side: "BUY", quantity: "0.1", recvWindow: 60_000 };
    expect((await trader.order(values)).status).toBe(200);
    await trader.hears(5);
    const funded = trader.events().at(-1);
    expect(funded?.a).toMatchObject({ m: "FUNDING_FEE", S: "BTCUSDT", P: [] });
    const rows = (await trader.call("GET", "v1/income", { incomeType: "FUNDING_FEE", recvWindow: 60_000 }))
      .body;
    const [row] = rows;
    expect(Number(row?.["time"]) % 3_600_000).toBe(0);
    // 9,400 USDT at 0.03 % at most.
    expect(Math.abs(Number(row?.["income"]))).toBeLessThanOrEqual(2.82);
  });

  it("closes what is held when a contract ends", async () => {
    sim = await startTradingSim();
    const trader = new Trader(sim);
    await trader.order({ symbol: "ETHUSDT", side: "BUY", quantity: "1" });
    await trader.listen();
    sim.delist("ETHUSDT");
    await trader.hears(3);
    expect(trader.story()).toEqual(["TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE FILLED"]);
    expect(String(trader.events().at(-1)?.o["c"])).toMatch(/^settlement_autoclose-/);
    const refused = await trader.order({ symbol: "ETHUSDT", side: "BUY", quantity: "1" });
    expect(refused.body["code"]).toBe(-4140);
  });

  it("MD20 takes no order in a halt, not even one that only reduces", async () => {
    sim = await startTradingSim({ speed: 30, symbols: 1 });
    const trader = new Trader(sim);
    // The one symbol of such a venue.
    const order = { symbol: "XLMUSDT", quantity: "100", recvWindow: 60_000 };
    expect((await trader.order({ side: "BUY", newOrderRespType: "RESULT", ...order })).body).toMatchObject({
      status: "FILLED",
    });
    sim.setFaults("MD20=1s:24h:24h");
    await eventually("the halt", () => sim.stats().faults["MD20"] === 1);
    const refused = await trader.order({ side: "SELL", reduceOnly: true, ...order });
    expect(refused.body).toMatchObject({ code: -4141 });
    const [position] = (await trader.call("GET", "v3/positionRisk", { recvWindow: 60_000 })).body;
    expect(Number(position?.["positionAmt"])).toBe(100);
  });

  it("follows the path of each minute: a stop fires where the path meets it", async () => {
    sim = await startTradingSim({ speed: 20 }, { prices: "path" });
    expect(() => sim.trading?.move("BTCUSDT", "94000")).toThrow("must be held");
    const trader = new Trader(sim);
    await trader.listen();
    const wide = { recvWindow: 60_000 };
    await trader.order({ side: "BUY", quantity: "0.01", ...wide });
    const [, , , bought] = await trader.hears(4);
    const trigger = (Number(bought?.o["L"]) * 0.9997).toFixed(1);
    await trader.algo({ side: "SELL", quantity: "0.01", triggerPrice: trigger, reduceOnly: true, ...wide });
    await trader.hears(1, "ALGO_UPDATE");
    await eventually("the stop", () => trader.story().includes("ALGO FINISHED"));
    const sold = trader.events("ORDER_TRADE_UPDATE").at(-1);
    // The path is met at the trigger itself: a tick and the slippage below it, whatever a tick of the venue is.
    const expected = Math.floor(Number(trigger) * 0.9998 * 10) / 10;
    // Where a minute opens beyond it, it fires at the open.
    expect(Number(sold?.o["L"])).toBeGreaterThanOrEqual(expected * 0.999);
    expect(Number(sold?.o["L"])).toBeLessThanOrEqual(expected + 0.1);
  });
});
