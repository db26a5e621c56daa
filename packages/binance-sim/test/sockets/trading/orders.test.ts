import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { startTradingSim, Trader } from "../../support/trader.ts";

let sim: BinanceSim;
let trader: Trader;

beforeEach(async () => {
  sim = await startTradingSim();
  trader = new Trader(sim);
  sim.trading?.move("BTCUSDT", "94000");
});
afterEach(async () => {
  trader.stream?.ws.terminate();
  await sim.stop();
});

const REPLY_KEYS = [
  "clientOrderId",
  "cumQty",
  "executedQty",
  "orderId",
  "origQty",
  "price",
  "reduceOnly",
  "side",
  "positionSide",
  "status",
  "stopPrice",
  "closePosition",
  "symbol",
  "timeInForce",
  "type",
  "origType",
  "updateTime",
  "workingType",
  "priceProtect",
  "priceMatch",
  "selfTradePreventionMode",
  "goodTillDate",
];

describe("a market order", () => {
  it("is acked as new, without average price; its trade comes on the stream: lite, account, order", async () => {
    await trader.listen();
    const { status, body, text, headers } = await trader.order({ side: "BUY", quantity: "0.01" });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(REPLY_KEYS);
    expect([body["status"], body["executedQty"], body["positionSide"]]).toEqual(["NEW", "0.000", "BOTH"]);
    expect(text).toMatch(/"orderId":\d{19},/);
    expect(headers.get("x-mbx-order-count-10s")).toBe("1");
    expect(headers.get("x-mbx-order-count-1m")).toBe("1");
    await trader.hears(4);
    expect(trader.story()).toEqual(["ORDER NEW NEW", "TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE FILLED"]);
    const [, lite, account, traded] = trader.events();
    expect(account?.T).toBe(traded?.T);
    expect(lite?.["t"]).toBe(traded?.o["t"]);
    // (94000 + 0.1) * 1.0002, up to the tick.
    expect(traded?.o).toMatchObject({ L: "94019", l: "0.01", z: "0.01", N: "USDT", n: "0.470095" });
    expect(account?.a.P).toMatchObject([{ s: "BTCUSDT", pa: "0.01", ep: "94019", mt: "cross", ps: "BOTH" }]);
    expect(account?.a.B).toMatchObject([{ a: "USDT", wb: "9999.52990500" }]);
  });

  it("answers its end, still without average price, when RESULT is asked for; a query knows the average", async () => {
    const { body } = await trader.order({ side: "SELL", quantity: "0.01", newOrderRespType: "RESULT" });
    expect(body).toMatchObject({ status: "FILLED", executedQty: "0.010", cumQty: "0.010" });
    expect(body).not.toHaveProperty("avgPrice");
    const told = await trader.call("GET", "v1/order", {
      symbol: "BTCUSDT",
      orderId: String(body["orderId"]),
    });
    expect(told.body).toMatchObject({ avgPrice: "93981.20000", cumQuote: "939.81200000", status: "FILLED" });
    const byClient = { symbol: "BTCUSDT", origClientOrderId: String(body["clientOrderId"]) };
    expect((await trader.call("GET", "v1/order", byClient)).text).toBe(told.text);
  });

  it("stands in userTrades, income, positionRisk and the balance with the same numbers", async () => {
    await trader.order({ side: "BUY", quantity: "0.01", newClientOrderId: "in" });
    sim.trading?.move("BTCUSDT", "95000");
    await trader.order({ side: "SELL", quantity: "0.004", reduceOnly: true, newClientOrderId: "out" });
    const trades = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body;
    expect(trades).toHaveLength(2);
    const [opened, closed] = trades;
    expect(opened).toMatchObject({ price: "94019.00", qty: "0.010", realizedPnl: "0.00000000", buyer: true });
    expect(closed).toMatchObject({
      price: "94981.00",
      qty: "0.004",
      realizedPnl: "3.84800000",
      maker: false,
    });
    const income = (await trader.call("GET", "v1/income")).body;
    expect(income.map(({ incomeType }) => incomeType)).toEqual(["COMMISSION", "REALIZED_PNL", "COMMISSION"]);
    expect(income[1]).toMatchObject({ income: "3.84800000", tradeId: String(closed?.["id"]), asset: "USDT" });
    const [held] = (await trader.call("GET", "v3/positionRisk")).body;
    expect(held).toMatchObject({
      positionAmt: "0.006",
      entryPrice: "94019.00000000",
      unRealizedProfit: "5.88600000",
    });
    expect(held).not.toHaveProperty("leverage");
    const [balance] = (await trader.call("GET", "v3/balance")).body;
    const paid = income.reduce((sum, row) => sum + Number(row["income"]), 0);
    expect(Number(balance?.["balance"])).toBeCloseTo(10_000 + paid, 8);
  });
});

const LIMIT = { type: "LIMIT", side: "BUY", quantity: "0.01", price: "94000" };

describe("refusals", () => {
  it.each([
    [{ type: "STOP_MARKET", side: "SELL", quantity: "0.01", stopPrice: "1" }, -4120],
    [{ type: "STOP_MARKET", side: "SELL", stopPrice: "1", closePosition: true }, -4120],
    [{ type: "STOP", side: "SELL", price: "1", stopPrice: "1", workingType: "MARK_PRICE" }, -4120],
    [{ type: "TRAILING_STOP_MARKET", side: "SELL", callbackRate: "1", activationPrice: "1" }, -4120],
    [{ side: "SELL", quantity: "0.01", closePosition: true }, -4136],
    [{ side: "SELL", quantity: "0.01", stopPrice: "1" }, -1106],
    [{ side: "SELL", quantity: "0.01", colour: "red" }, -1104],
    [{ side: "SELL", quantity: "0.01", newOrderRespType: "FULL" }, -1136],
    [{ type: "STOP_MARKET", side: "SELL", quantity: "0.01" }, -4120],
    [{ type: "TRAILING_STOP_MARKET", side: "SELL", quantity: "0.01" }, -4120],
    [{ type: "ICEBERG", side: "SELL", quantity: "0.01" }, -1116],
    [{ side: "HOLD", quantity: "0.01" }, -1117],
    [{ side: "BUY" }, -1102],
    [{ side: "BUY", quantity: "0.0001" }, -1111],
    [{ side: "BUY", quantity: "0" }, -4003],
    [{ side: "BUY", quantity: "0.001" }, -4164],
    [{ side: "BUY", quantity: "0.01", price: "94000" }, -1106],
    [{ side: "BUY", quantity: "0.01", positionSide: "LONG" }, -4061],
    [{ side: "BUY", quantity: "0.01", reduceOnly: true }, -2022],
    [{ side: "BUY", quantity: "119" }, -2019],
    [{ side: "BUY", quantity: "0.01", newClientOrderId: "not allowed!" }, -4015],
    [{ side: "BUY", quantity: "0.01", symbol: "NOSUCHUSDT" }, -1121],
    [{ type: "LIMIT", side: "BUY", quantity: "0.01", price: "94000" }, -1102],
    [{ type: "LIMIT", side: "BUY", quantity: "0.01", price: "94000.05", timeInForce: "GTC" }, -4014],
    [{ type: "LIMIT", side: "BUY", quantity: "0.01", price: "94000.1", timeInForce: "GTX" }, -5022],
    [{ type: "LIMIT", side: "BUY", quantity: "0.01", price: "100000", timeInForce: "GTC" }, -4016],
    [{ type: "LIMIT", side: "BUY", quantity: "0.01", price: "94000", timeInForce: "DAY" }, -1115],
    [{ ...LIMIT, timeInForce: "GTD", goodTillDate: 1_900_000_000_000 }, -1115],
  ])("%j is refused with %d", async (values, code) => {
    const { status, body } = await trader.order(values);
    expect([status, body["code"]]).toEqual([400, code]);
    expect(sim.trading?.openOrders()).toEqual([]);
    expect(sim.trading?.positions()).toEqual([]);
  });

  it.each([
    [{ side: "SELL", quantity: "0.01", triggerPrice: "94000" }, -2021],
    [{ side: "SELL", quantity: "0.01" }, -1102],
    [{ side: "SELL", triggerPrice: "93000" }, -1102],
    [{ side: "SELL", quantity: "0.01", triggerPrice: "93000.05" }, -4014],
    [{ side: "SELL", quantity: "0.01", triggerPrice: "93000", closePosition: true }, -4137],
    [{ side: "SELL", triggerPrice: "93000", closePosition: true, reduceOnly: true }, -4138],
    [{ type: "STOP", side: "SELL", price: "92000", triggerPrice: "93000", closePosition: true }, -4136],
    [{ type: "LIMIT", side: "SELL", quantity: "0.01", triggerPrice: "93000" }, -1116],
    [{ side: "SELL", quantity: "0.01", triggerPrice: "93000", workingType: "INDEX" }, -4031],
    [{ side: "SELL", quantity: "0.01", triggerPrice: "93000", algoType: "VP" }, -1130],
  ])("a conditional order %j is refused with %d", async (values, code) => {
    const { status, body } = await trader.algo(values);
    expect([status, body["code"]]).toEqual([400, code]);
    expect(sim.trading?.openAlgos()).toEqual([]);
  });
});

describe("limit orders", () => {
  const limit = { type: "LIMIT", side: "BUY", quantity: "0.01", timeInForce: "GTC" };

  it("wait, are told of, and are cancelled by either id", async () => {
    await trader.listen();
    const one = await trader.order({ ...limit, price: "93000", newClientOrderId: "one" });
    const two = await trader.order({ ...limit, price: "92000", newClientOrderId: "two" });
    expect((await trader.order({ ...limit, price: "91000", newClientOrderId: "two" })).body["code"]).toBe(
      -4116,
    );
    const open = (await trader.call("GET", "v1/openOrders", { symbol: "BTCUSDT" })).body;
    expect(open.map(({ clientOrderId, price }) => [clientOrderId, price])).toEqual([
      ["one", "93000.00"],
      ["two", "92000.00"],
    ]);
    const ofOne = { symbol: "BTCUSDT", orderId: String(one.body["orderId"]) };
    expect((await trader.call("DELETE", "v1/order", ofOne)).body).toMatchObject({ status: "CANCELED" });
    expect((await trader.call("DELETE", "v1/order", ofOne)).body["code"]).toBe(-2011);
    const ofTwo = { symbol: "BTCUSDT", origClientOrderId: "two" };
    expect((await trader.call("GET", "v1/openOrder", ofTwo)).body["orderId"]).toBe(two.body["orderId"]);
    expect((await trader.call("DELETE", "v1/order", ofTwo)).status).toBe(200);
    expect((await trader.call("GET", "v1/openOrder", ofTwo)).body["code"]).toBe(-2013);
    await trader.hears(4);
    expect(trader.story()).toEqual([
      "ORDER NEW NEW",
      "ORDER NEW NEW",
      "ORDER CANCELED CANCELED",
      "ORDER CANCELED CANCELED",
    ]);
    const all = (await trader.call("GET", "v1/allOrders", { symbol: "BTCUSDT" })).body;
    expect(all.map(({ status }) => status)).toEqual(["CANCELED", "CANCELED"]);
  });

  it("are amended: another price and quantity under the same id, told as an amendment", async () => {
    await trader.listen();
    await trader.order({ ...limit, price: "93000", newClientOrderId: "one" });
    const change = {
      symbol: "BTCUSDT",
      origClientOrderId: "one",
      side: "BUY",
      quantity: "0.02",
      price: "92000",
    };
    const { body } = await trader.call("PUT", "v1/order", change);
    expect(body).toMatchObject({ status: "NEW", price: "92000.00", origQty: "0.020" });
    expect((await trader.call("PUT", "v1/order", change)).body["code"]).toBe(-5027);
    const matched = { ...change, price: "91000", priceMatch: "QUEUE" };
    expect((await trader.call("PUT", "v1/order", matched)).body["code"]).toBe(-1106);
    await trader.hears(2);
    expect(trader.story()).toEqual(["ORDER NEW NEW", "ORDER AMENDMENT NEW"]);
    await trader.call("DELETE", "v1/order", { symbol: "BTCUSDT", origClientOrderId: "one" });
    expect((await trader.call("PUT", "v1/order", { ...change, price: "91000" })).body["code"]).toBe(-2013);
  });

  it("that only reduce are cut to what is held, and allOrders says so as a query does", async () => {
    await trader.order({ side: "BUY", quantity: "0.02" });
    const target = { ...limit, side: "SELL", quantity: "0.02", price: "95000", reduceOnly: true };
    await trader.order({ ...target, newClientOrderId: "t" });
    await trader.order({ side: "SELL", quantity: "0.005", reduceOnly: true });
    const all = (await trader.call("GET", "v1/allOrders", { symbol: "BTCUSDT" })).body;
    expect(all.find(({ clientOrderId }) => clientOrderId === "t")).toMatchObject({
      origQty: "0.015",
      status: "NEW",
    });
    const asked = await trader.call("GET", "v1/order", { symbol: "BTCUSDT", origClientOrderId: "t" });
    expect(asked.body).toMatchObject({ origQty: "0.015" });
  });

  it("are filled as maker when the market goes through them", async () => {
    await trader.order({ ...limit, price: "93000" });
    sim.trading?.move("BTCUSDT", "92999.9");
    const [trade] = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body;
    expect(trade).toMatchObject({ maker: true, price: "93000.00", commission: "0.18600000" });
  });

  it("come in batches of five, each with its own reply", async () => {
    const orders = [
      { symbol: "BTCUSDT", ...limit, price: "93000", newClientOrderId: "a" },
      { symbol: "BTCUSDT", ...limit, type: "STOP", price: "93000" },
      { symbol: "BTCUSDT", ...limit, price: "92000", newClientOrderId: "b" },
    ];
    const { body, headers } = await trader.call("POST", "v1/batchOrders", {
      batchOrders: JSON.stringify(orders),
    });
    expect(body.map((row) => row["code"] ?? row["status"])).toEqual(["NEW", -4120, "NEW"]);
    expect(headers.get("x-mbx-order-count-10s")).toBe("5");
    expect(headers.get("x-mbx-order-count-1m")).toBe("1");
    const ids = body.flatMap((row) => (typeof row["orderId"] === "string" ? [row["orderId"]] : []));
    const canceled = await trader.call("DELETE", "v1/batchOrders", {
      symbol: "BTCUSDT",
      orderIdList: `[${ids.join(",")}]`,
    });
    expect(canceled.body.map(({ status }) => status)).toEqual(["CANCELED", "CANCELED"]);
    const six = JSON.stringify(Array.from({ length: 6 }, () => orders[0]));
    expect((await trader.call("POST", "v1/batchOrders", { batchOrders: six })).body["code"]).toBe(-4082);
  });

  it("come in batches that tell of each order what it says too much, and count it", async () => {
    const orders = [
      { symbol: "BTCUSDT", ...limit, price: "93000", colour: "red" },
      { symbol: "BTCUSDT", ...limit, type: "STOP", price: "93000", stopPrice: "93000" },
      { symbol: "BTCUSDT", ...limit, price: "92000" },
    ];
    const asked = { batchOrders: JSON.stringify(orders) };
    const { body } = await trader.call("POST", "v1/batchOrders", asked);
    expect(body.map((row) => row["code"] ?? row["status"])).toEqual([-1104, -4120, "NEW"]);
    expect(sim.stats().unexpected).toBe(1);
    expect(sim.stats().unexpectedSamples).toEqual(["an order of a batch with colour"]);
  });

  it("are amended in batches of five, each with its own reply", async () => {
    for (const id of ["a", "b"]) await trader.order({ ...limit, price: "93000", newClientOrderId: id });
    const change = { symbol: "BTCUSDT", side: "BUY", quantity: "0.02", price: "92000" };
    const batchOrders = JSON.stringify([
      { ...change, origClientOrderId: "a" },
      { ...change, origClientOrderId: "none" },
      { ...change, origClientOrderId: "b", price: "93000", quantity: "0.01" },
      { ...change, origClientOrderId: "b", quantity: 0.03, price: 91_000 },
      { ...change, origClientOrderId: "b", colour: "red" },
    ]);
    const { body, headers } = await trader.call("PUT", "v1/batchOrders", { batchOrders });
    expect(body.map((row) => row["code"] ?? row["status"])).toEqual(["NEW", -2013, -5027, "NEW", -1104]);
    expect(body[3]).toMatchObject({ clientOrderId: "b", origQty: "0.030", price: "91000.00" });
    expect(headers.get("x-mbx-order-count-10s")).toBe("7");
    const six = JSON.stringify(Array.from({ length: 6 }, () => change));
    expect((await trader.call("PUT", "v1/batchOrders", { batchOrders: six })).body["code"]).toBe(-4082);
  });

  it("are cancelled in batches of ten under the names in small letters too, as some clients send them", async () => {
    const ids: string[] = [];
    for (const id of ["a", "b", "c"]) {
      const { body } = await trader.order({ ...limit, price: "93000", newClientOrderId: id });
      ids.push(String(body["orderId"]));
    }
    const cancel = (values: Readonly<Record<string, string>>) =>
      trader.call("DELETE", "v1/batchOrders", { symbol: "BTCUSDT", ...values });
    const byId = await cancel({ orderidlist: `[${String(ids[0])},${String(ids[1])}]` });
    expect(byId.body.map(({ status }) => status)).toEqual(["CANCELED", "CANCELED"]);
    const byClientId = await cancel({ origclientorderidlist: '["c","none"]' });
    expect(byClientId.body.map((row) => row["code"] ?? row["status"])).toEqual(["CANCELED", -2011]);
    const eleven = JSON.stringify(Array.from({ length: 11 }, () => "c"));
    expect((await cancel({ origClientOrderIdList: eleven })).body["code"]).toBe(-4032);
    expect(sim.stats().unexpected).toBe(0);
  });

  it("are all cancelled at once, conditional ones stay; the dead man's switch does the same later", async () => {
    await trader.order({ ...limit, price: "93000" });
    await trader.algo({ side: "SELL", quantity: "0.01", triggerPrice: "90000" });
    const all = await trader.call("DELETE", "v1/allOpenOrders", { symbol: "BTCUSDT" });
    expect(all.body).toEqual({ code: 200, msg: "The operation of cancel all open order is done." });
    expect([sim.trading?.openOrders().length, sim.trading?.openAlgos().length]).toEqual([0, 1]);
    await trader.listen();
    await trader.order({ ...limit, price: "93000" });
    const armed = await trader.call("POST", "v1/countdownCancelAll", {
      symbol: "BTCUSDT",
      countdownTime: 50,
    });
    expect(armed.body).toEqual({ symbol: "BTCUSDT", countdownTime: "50" });
    await trader.hears(2);
    expect(trader.story()).toEqual(["ORDER NEW NEW", "ORDER CANCELED CANCELED"]);
  });
});

describe("conditional orders", () => {
  it("wait beside the book, fire at the last price, and tell of what they became", async () => {
    await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.listen();
    const { body } = await trader.algo({
      side: "SELL",
      quantity: "0.01",
      triggerPrice: "93000",
      reduceOnly: true,
      clientAlgoId: "stop",
    });
    expect(body).toMatchObject({ algoStatus: "NEW", orderType: "STOP_MARKET", triggerPrice: "93000.00" });
    expect((await trader.call("GET", "v1/openOrders")).body).toEqual([]);
    const [open] = (await trader.call("GET", "v1/openAlgoOrders", { symbol: "BTCUSDT" })).body;
    expect(open).toMatchObject({ clientAlgoId: "stop", actualOrderId: "", triggerTime: 0 });
    sim.trading?.move("BTCUSDT", "92990");
    await trader.hears(8);
    expect(trader.story()).toEqual([
      "ALGO NEW",
      "ALGO TRIGGERING",
      "ORDER NEW NEW",
      "TRADE_LITE",
      "ACCOUNT ORDER",
      "ORDER TRADE FILLED",
      "ALGO TRIGGERED",
      "ALGO FINISHED",
    ]);
    const traded = trader.events("ORDER_TRADE_UPDATE").at(-1);
    const finished = trader.events("ALGO_UPDATE").at(-1);
    expect(traded?.o).toMatchObject({
      c: "stop",
      si: String(body["algoId"]),
      ss: -1,
      st: "ALGO_CONDITION",
      R: true,
    });
    expect(finished?.o).toMatchObject({ ai: traded?.o["i"], aq: "0.01", ap: traded?.o["L"], act: "MARKET" });
    const told = await trader.call("GET", "v1/algoOrder", { clientAlgoId: "stop" });
    expect(told.body).toMatchObject({
      algoStatus: "FINISHED",
      actualOrderId: String(traded?.o["i"]),
      actualQty: "0.010",
    });
  });

  it("are cancelled by either id with a code that is text; what is not there is -2011", async () => {
    const { body } = await trader.algo({
      side: "SELL",
      quantity: "0.01",
      triggerPrice: "93000",
      clientAlgoId: "s",
    });
    const gone = await trader.call("DELETE", "v1/algoOrder", { algoId: String(body["algoId"]) });
    expect(gone.body).toEqual({ algoId: body["algoId"], clientAlgoId: "s", code: "200", msg: "success" });
    expect((await trader.call("DELETE", "v1/algoOrder", { clientAlgoId: "s" })).body["code"]).toBe(-2011);
    expect((await trader.call("GET", "v1/algoOrder", { clientAlgoId: "other" })).body["code"]).toBe(-2013);
  });

  it("close what is held, one of a kind at a time", async () => {
    await trader.order({ side: "BUY", quantity: "0.01" });
    const closing = { side: "SELL", triggerPrice: "93000", closePosition: true, workingType: "MARK_PRICE" };
    expect((await trader.algo(closing)).status).toBe(200);
    expect((await trader.algo(closing)).body["code"]).toBe(-4130);
    sim.trading?.move("BTCUSDT", "92900", "93000.1");
    expect(sim.trading?.positions()).toHaveLength(1);
    sim.trading?.move("BTCUSDT", "92900", "93000");
    expect(sim.trading?.positions()).toHaveLength(0);
  });

  it("are 200 at most", async () => {
    const trigger = { side: "SELL", quantity: "0.01", triggerPrice: "90000" };
    for (let count = 0; count < 200; count++) expect((await trader.algo(trigger)).status).toBe(200);
    expect((await trader.algo(trigger)).body["code"]).toBe(-4045);
    expect((await trader.call("DELETE", "v1/algoOpenOrders", { symbol: "BTCUSDT" })).status).toBe(200);
    expect(sim.trading?.openAlgos()).toEqual([]);
  });
});
