import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { readWire, startTradingSim, type Told, Trader } from "../../support/trader.ts";

let sim: BinanceSim;
let trader: Trader;

beforeAll(async () => {
  sim = await startTradingSim();
  trader = new Trader(sim);
  sim.trading?.move("BTCUSDT", "94000");
});
afterAll(async () => {
  trader.stream?.ws.terminate();
  await sim.stop();
});

const keysOf = (value: unknown): readonly string[] => Object.keys(value as object);

describe("settings", () => {
  it("leverage: set, told, bounded, and seen in symbolConfig and leverageBracket", async () => {
    const set = await trader.call("POST", "v1/leverage", { symbol: "BTCUSDT", leverage: 10 });
    expect(set.body).toMatchObject({ symbol: "BTCUSDT", leverage: 10 });
    expect(set.body["maxNotionalValue"]).toMatch(/^\d+$/);
    expect(
      (await trader.call("POST", "v1/leverage", { symbol: "BTCUSDT", leverage: 126 })).body["code"],
    ).toBe(-4028);
    const [config] = (await trader.call("GET", "v1/symbolConfig", { symbol: "BTCUSDT" })).body;
    expect(config).toEqual({
      symbol: "BTCUSDT",
      marginType: "CROSSED",
      isAutoAddMargin: false,
      leverage: 10,
      maxNotionalValue: set.body["maxNotionalValue"],
    });
    const [brackets] = (await trader.call("GET", "v1/leverageBracket", { symbol: "BTCUSDT" })).body;
    expect(brackets?.["brackets"]).toContainEqual(
      expect.objectContaining({ bracket: 1, initialLeverage: 125, notionalFloor: 0, cum: 0 }),
    );
    expect((await trader.call("GET", "v1/symbolConfig")).body.length).toBeGreaterThanOrEqual(297);
  });

  it("margin: type with its own no-need code, and an isolated position's margin", async () => {
    const type = (marginType: string) =>
      trader.call("POST", "v1/marginType", { symbol: "ETHUSDT", marginType });
    expect((await type("ISOLATED")).body).toEqual({ code: 200, msg: "success" });
    expect((await type("ISOLATED")).body["code"]).toBe(-4046);
    expect((await type("CROSS")).body["code"]).toBe(-4139);
    await trader.order({ symbol: "ETHUSDT", side: "BUY", quantity: "1" });
    expect((await type("CROSSED")).body["code"]).toBe(-4048);
    const margin = (symbol: string, amount: string) =>
      trader.call("POST", "v1/positionMargin", { symbol, amount, type: 1 });
    await trader.order({ symbol: "BTCUSDT", side: "BUY", quantity: "0.01" });
    const refused = [
      ["BTCUSDT", "10", -4049],
      ["SOLUSDT", "10", -4054],
      ["ETHUSDT", "0", -4055],
    ] as const;
    for (const [symbol, amount, code] of refused)
      expect((await margin(symbol, amount)).body["code"]).toBe(code);
    await trader.order({ symbol: "BTCUSDT", side: "SELL", quantity: "0.01", reduceOnly: true });
    const add = await margin("ETHUSDT", "10");
    expect(add.body).toEqual({ amount: 10, code: 200, msg: "Successfully modify position margin.", type: 1 });
    const [held] = (await trader.call("GET", "v3/positionRisk", { symbol: "ETHUSDT" })).body;
    expect(Number(held?.["isolatedWallet"])).toBeGreaterThan(10);
    await trader.order({ symbol: "ETHUSDT", side: "SELL", quantity: "1", reduceOnly: true });
  });

  it("modes: hedge mode, multi-assets and fee burn have their own words", async () => {
    expect((await trader.call("GET", "v1/multiAssetsMargin")).body).toEqual({ multiAssetsMargin: false });
    const asked = [
      ["v1/positionSide/dual", { dualSidePosition: false }, -4059],
      ["v1/multiAssetsMargin", { multiAssetsMargin: false }, -4171],
      ["v1/multiAssetsMargin", { multiAssetsMargin: true }, -4167],
      ["v1/positionSide/dual", {}, -1102],
    ] as const;
    for (const [path, values, code] of asked)
      expect((await trader.call("POST", path, values)).body["code"]).toBe(code);
    expect((await trader.call("POST", "v1/feeBurn", { feeBurn: true })).body).toEqual({
      code: 200,
      msg: "success",
    });
    expect((await trader.call("GET", "v1/feeBurn")).body).toEqual({ feeBurn: true });
    expect((await trader.call("GET", "v1/accountConfig")).body).toMatchObject({
      feeBurn: true,
      canTrade: true,
      dualSidePosition: false,
      multiAssetsMargin: false,
      tradeGroupId: -1,
    });
  });
});

describe("account reads", () => {
  it("have the keys and the casing of each version", async () => {
    await trader.order({ side: "BUY", quantity: "0.01" });
    const v3 = (await trader.call("GET", "v3/account")).body;
    expect(keysOf(v3)).toEqual([
      "totalInitialMargin",
      "totalMaintMargin",
      "totalWalletBalance",
      "totalUnrealizedProfit",
      "totalMarginBalance",
      "totalPositionInitialMargin",
      "totalOpenOrderInitialMargin",
      "totalCrossWalletBalance",
      "totalCrossUnPnl",
      "availableBalance",
      "maxWithdrawAmount",
      "assets",
      "positions",
    ]);
    const positions = v3["positions"] as readonly object[];
    expect(keysOf(positions[0])).toContain("unrealizedProfit");
    expect(keysOf(positions[0])).not.toContain("leverage");
    const [risk] = (await trader.call("GET", "v3/positionRisk")).body;
    expect(keysOf(risk)).toContain("unRealizedProfit");
    const v2 = (await trader.call("GET", "v2/account")).body;
    expect(v2).toMatchObject({ feeTier: 0, canTrade: true, multiAssetsMargin: false });
    const all = v2["positions"] as readonly Readonly<Record<string, unknown>>[];
    expect(all.length).toBeGreaterThanOrEqual(297);
    expect(all.find(({ symbol }) => symbol === "BTCUSDT")).toMatchObject({ leverage: "10", isolated: false });
    const [old] = (await trader.call("GET", "v2/positionRisk", { symbol: "BTCUSDT" })).body;
    expect(old).toMatchObject({ leverage: "10", marginType: "cross", positionAmt: "0.010" });
    const texts = await Promise.all(["v2/balance", "v3/balance"].map((path) => trader.call("GET", path)));
    const [older, newer] = texts.map(({ text }) => text.replace(/,"updateTime":\d+/, ""));
    expect(older).toBe(newer);
  });

  it("page through trades by id and through income by time", async () => {
    for (let count = 0; count < 4; count++) await trader.order({ side: "BUY", quantity: "0.01" });
    const all = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body;
    const second = String(all[1]?.["id"]);
    const paged = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT", fromId: second, limit: 2 }))
      .body;
    expect(paged.map(({ id }) => id)).toEqual([all[1]?.["id"], all[2]?.["id"]]);
    const startTime = Number(all[0]?.["time"]);
    const income = (await trader.call("GET", "v1/income", { startTime, incomeType: "COMMISSION", limit: 3 }))
      .body;
    expect(income).toHaveLength(3);
    expect((await trader.call("GET", "v1/income", { startTime: 2, endTime: 1 })).body["code"]).toBe(-1023);
    // Income knows no longest time, and without an end goes on to now.
    const longAgo = trader.time - 30 * 86_400_000;
    const lastDays = (await trader.call("GET", "v1/income")).text;
    for (const end of [{}, { endTime: trader.time }])
      expect((await trader.call("GET", "v1/income", { startTime: longAgo, ...end })).text).toBe(lastDays);
    const wide = { symbol: "BTCUSDT", startTime: 1, endTime: 700_000_000 };
    expect((await trader.call("GET", "v1/userTrades", wide)).body["code"]).toBe(-4165);
    expect((await trader.call("GET", "v1/income", { limit: 1001 })).body["code"]).toBe(-1130);
  });

  it("cost what the venue's cost", async () => {
    // Time stands still: no window ends between two calls.
    const still = await startTradingSim({ clock: "manual" });
    const own = new Trader(still);
    const used = ({ headers }: { readonly headers: Headers }): number =>
      Number(headers.get("x-mbx-used-weight-1m"));
    const weights: Readonly<Record<string, number>> = {
      "v3/account": 5,
      "v1/openOrders": 40,
      "v1/income": 30,
      "v1/positionSide/dual": 30,
      "v1/apiTradingStatus": 10,
    };
    let before = used(await own.call("GET", "v3/account"));
    for (const [path, weight] of Object.entries(weights)) {
      const after = used(await own.call("GET", path));
      expect([path, after - before]).toEqual([path, weight]);
      before = after;
    }
    await still.stop();
  });
});

describe("recorded truth", () => {
  function recorded(name: string): readonly Told[] {
    const text = readFileSync(join(import.meta.dirname, "../../fixtures", name), "utf8");
    return text
      .trim()
      .split("\n")
      .map((line) => readWire(line) as Told);
  }
  const shapeOf = ({ e, o }: Told): readonly string[] => [
    e,
    ...Object.keys(o)
      .filter((key) => key !== "b" && key !== "a")
      .toSorted(),
  ];

  it("a fired stop and a cancelled limit order are told of as they were in 2026", async () => {
    sim.trading?.move("BTCUSDT", "94000");
    await trader.listen();
    await trader.algo({ side: "BUY", quantity: "0.01", triggerPrice: "95000" });
    sim.trading?.move("BTCUSDT", "95000");
    await trader.order({
      type: "LIMIT",
      side: "BUY",
      quantity: "0.01",
      price: "94000",
      timeInForce: "GTC",
      newClientOrderId: "l",
    });
    await trader.call("DELETE", "v1/order", { symbol: "BTCUSDT", origClientOrderId: "l" });
    await trader.hears(10);
    const ours = trader.events().filter(({ e }) => e === "ORDER_TRADE_UPDATE" || e === "ALGO_UPDATE");
    const stop = recorded("recorded-stop.jsonl");
    const limit = recorded("recorded-limit.jsonl");
    // The recorded stop was filled in two parts.
    const theirs = [...stop.filter(({ o }) => o["X"] !== "PARTIALLY_FILLED"), ...limit];
    expect(ours.map(({ e, o }) => [e, o["X"]])).toEqual(theirs.map(({ e, o }) => [e, o["X"]]));
    expect(ours.map(shapeOf)).toEqual(theirs.map(shapeOf));
    const typesOf = ({ o }: Told): readonly string[] =>
      Object.keys(o)
        .toSorted()
        .map((key) => `${key} ${/^(?:i|t|si|aid)$/.test(key) ? "id" : typeof o[key]}`);
    expect(ours.map(typesOf)).toEqual(theirs.map(typesOf));
  });
});
