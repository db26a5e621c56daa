import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { eventually } from "../../support/client.ts";
import { startTradingSim, Trader } from "../../support/trader.ts";

let sim: BinanceSim;
let trader: Trader;

beforeEach(async () => {
  sim = await startTradingSim();
  trader = new Trader(sim);
  sim.trading?.move("BTCUSDT", "94000");
  await trader.order({ side: "BUY", quantity: "0.1" });
  await trader.listen();
});
afterEach(async () => {
  trader.stream?.ws.terminate();
  await sim.stop();
});

const clientIds = (): readonly string[] =>
  trader.events("ORDER_TRADE_UPDATE").map(({ o }) => String(o["c"]).replace(/\d{6,}/, "N"));

describe("what happens to an account without its engine", () => {
  it("AC01 is deleveraged", async () => {
    sim.setFaults("AC01=0");
    await trader.hears(2);
    expect(trader.story()).toEqual(["ACCOUNT ORDER", "ORDER CALCULATED FILLED"]);
    expect(clientIds()).toEqual(["adl_autoclose_N"]);
    expect(sim.trading?.positions()).toEqual([]);
  });

  it("AC02 is liquidated, and the insurance fund takes its fee", async () => {
    await trader.order({ side: "BUY", quantity: "1" });
    await trader.hears(4);
    sim.setFaults("AC02=0");
    await trader.hears(6);
    expect(clientIds().at(-1)).toBe("autoclose-N");
    expect(sim.trading?.positions()).toEqual([]);
    expect(sim.trading?.walletE8()).toBeGreaterThanOrEqual(0n);
  });

  it("AC03 is sold in part by a person", async () => {
    sim.setFaults("AC03=0");
    await trader.hears(4);
    expect(clientIds()).toEqual(["web_N", "web_N"]);
    expect(sim.trading?.positions()[0]?.qtyE8).toBe(6_000_000n);
  });

  it("AC04 gets and gives money", async () => {
    sim.setFaults("AC04=0:10s:250");
    const [update] = await trader.hears(1);
    expect(update?.a).toMatchObject({ m: "DEPOSIT", B: [{ bc: "250" }] });
    const income = (await trader.call("GET", "v1/income", { incomeType: "TRANSFER" })).body;
    expect(income).toMatchObject([{ income: "250.00000000", asset: "USDT" }]);
  });

  it("AC05 gets another leverage", async () => {
    sim.setFaults("AC05=0:1h:50");
    await trader.hears(1);
    expect(trader.events()[0]).toMatchObject({ e: "ACCOUNT_CONFIG_UPDATE", ac: { s: "BTCUSDT", l: 50 } });
    const [config] = (await trader.call("GET", "v1/symbolConfig", { symbol: "BTCUSDT" })).body;
    expect(config).toMatchObject({ leverage: 50, marginType: "CROSSED" });
  });

  it("AC06 is put into hedge mode: orders do not match it", async () => {
    sim.setFaults("AC06=0");
    await eventually("hedge mode", () => sim.stats().faults["AC06"] === 1);
    expect((await trader.call("GET", "v1/positionSide/dual")).body).toEqual({ dualSidePosition: true });
    expect((await trader.order({ side: "SELL", quantity: "0.1" })).body["code"]).toBe(-4061);
  });

  it("AC07 loses its private stream: the key expires, or the stream says nothing more", async () => {
    sim.setFaults("AC07=0:24h:0");
    await trader.hears(1);
    expect(trader.events()[0]?.e).toBe("listenKeyExpired");
    trader.stream?.ws.terminate();
    await trader.listen();
    sim.setFaults("AC07=0:24h:1");
    await eventually("the silence", () => sim.stats().faults["AC07"] === 2);
    await trader.order({ side: "SELL", quantity: "0.1" });
    expect((await trader.call("GET", "v3/positionRisk")).body).toEqual([]);
    expect(trader.events()).toEqual([]);
  });

  it("AC08 pays funding", async () => {
    sim.setFaults("AC08=0:1h:0.01");
    const [update] = await trader.hears(1);
    expect(update?.a).toMatchObject({ m: "FUNDING_FEE", S: "BTCUSDT", P: [] });
    const [row] = (await trader.call("GET", "v1/income", { incomeType: "FUNDING_FEE" })).body;
    expect(row).toMatchObject({ income: "-94.00000000", symbol: "BTCUSDT" });
  });

  it("AC09 pays its commissions in BNB, the wallet stays as it is", async () => {
    sim.trading?.move("BNBUSDT", "600");
    sim.setFaults("AC09=0.1");
    const before = sim.trading?.walletE8();
    await eventually("BNB", () => sim.trading?.feeAsset() === "BNB");
    const { body } = await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.hears(4);
    // 0.01 * 94019 * 0.0005 * 0.9 / 600.
    expect(trader.events().at(-1)?.o).toMatchObject({ N: "BNB", n: "0.00070514" });
    expect(trader.events().at(-2)?.a.B).toMatchObject([{ a: "USDT" }, { a: "BNB", wb: "99.99929486" }]);
    expect(sim.trading?.walletE8()).toBe(before);
    const trades = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body;
    expect(trades.map(({ commissionAsset }) => commissionAsset)).toEqual(["USDT", "BNB"]);
    expect(trades[1]).toMatchObject({ orderId: body["orderId"], commission: "0.00070514" });
    const income = (await trader.call("GET", "v1/income")).body;
    expect(income.at(-1)).toMatchObject({ asset: "BNB", income: "-0.00070514", incomeType: "COMMISSION" });
    const balances = (await trader.call("GET", "v3/balance")).body;
    expect(balances.map(({ asset }) => asset)).toEqual(["USDT", "BNB"]);
  });

  it("AC10 has its key revoked, and gets it back", async () => {
    sim.setFaults("AC10=0:600s");
    await eventually("the refusal", () => sim.stats().faults["AC10"] === 1);
    const { status, body } = await trader.call("GET", "v3/account");
    expect([status, body["code"]]).toEqual([401, -2015]);
    sim.setFaults("none");
    expect((await trader.call("GET", "v3/account")).status).toBe(200);
  });

  it("AC11 has an order that somebody else's engine placed", async () => {
    sim.setFaults("AC11=0");
    await trader.hears(1);
    expect(clientIds()).toEqual(["other_N"]);
    expect(trader.events()[0]?.o).toMatchObject({ x: "NEW", p: "90240", S: "BUY" });
    expect(sim.trading?.openOrders()).toHaveLength(1);
  });
});

describe("the network on the account's side", () => {
  it("MD02 silences the private stream, its socket alive", async () => {
    await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.hears(4);
    sim.setFaults("MD02=1:10s");
    await eventually("the silence", () => (sim.stats().faults["MD02"] ?? 0) > 0);
    const heard = trader.events().length;
    await trader.order({ side: "BUY", quantity: "0.01" });
    expect((await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body).toHaveLength(3);
    expect(trader.events().length).toBe(heard);
  });

  it("NW12 resets the private stream; what came between is asked for", async () => {
    const stream = trader.stream;
    sim.setFaults("NW12=10s");
    await stream?.ended();
    expect(stream?.closeCode).toBe(1006);
    await trader.order({ side: "SELL", quantity: "0.1" });
    expect((await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body).toHaveLength(2);
  });

  it("NW08 kills signed REST as well: reset, 503 or no answer; the private stream lives", async () => {
    sim.setFaults("NW08=10s:600s");
    await eventually("REST is dead", () => sim.stats().faults["NW08"] === 1);
    sim.trading?.fund("BTCUSDT", "0.001");
    await trader.hears(1);
    expect(trader.story()).toEqual(["ACCOUNT FUNDING_FEE"]);
  });
});
