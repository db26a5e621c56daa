import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { eventually } from "../../support/client.ts";
import { startTradingSim, Trader, type TradeReply } from "../../support/trader.ts";

let sim: BinanceSim;
let trader: Trader;

beforeEach(async () => {
  sim = await startTradingSim({}, { marginType: "isolated" });
  trader = new Trader(sim);
  sim.trading?.move("BTCUSDT", "94000");
});
afterEach(async () => {
  trader.stream?.ws.terminate();
  await sim.stop();
});

const BUY = { side: "BUY", quantity: "0.1", newClientOrderId: "own" };
const EXIT = { side: "SELL", quantity: "0.1", reduceOnly: true, newClientOrderId: "exit" };
const STOP = {
  side: "SELL",
  quantity: "0.1",
  reduceOnly: true,
  triggerPrice: "93000",
  clientAlgoId: "stop",
};
const TARGET = {
  type: "LIMIT",
  side: "SELL",
  quantity: "0.1",
  price: "95000",
  timeInForce: "GTC",
  reduceOnly: true,
  newClientOrderId: "target",
};
const BTC = { symbol: "BTCUSDT" };

/** Status and code of an answer; "torn" where it is no JSON, "cut" where there is none. */
async function outcome(reply: Promise<TradeReply>): Promise<string> {
  try {
    const { status, body } = await reply;
    return status === 200 ? "done" : `${status} ${String(body["code"])}`;
  } catch (error) {
    return error instanceof SyntaxError ? "torn" : "cut";
  }
}

const heldSteps = (): number => Number((sim.trading?.positions()[0]?.qtyE8 ?? 0n) / 100_000n);
const stops = (): readonly string[] =>
  (sim.trading?.openAlgos() ?? []).map(({ clientAlgoId }) => clientAlgoId);
const struck = (id: "EX37" | "AC13" | "AC14" | "AC18" | "AC19" | "AC20"): Promise<void> =>
  eventually(`${id} strikes`, () => (sim.stats().faults[id] ?? 0) > 0);

/** A position with a stop and a target. */
async function hold(): Promise<void> {
  await trader.order(BUY);
  await trader.algo(STOP);
  await trader.order(TARGET);
}

describe("conditional orders that cannot be relied on", () => {
  it.each([
    ["1", "cut", 1],
    ["2", "503 -1000", 1],
    ["3", "torn", 1],
    ["4", "cut", 0],
  ])("EX30 end unknown in way %s", async (kind, wanted, waiting) => {
    await trader.order(BUY);
    sim.setFaults(`EX30=1:1:${kind}`);
    expect(await outcome(trader.algo(STOP))).toBe(wanted);
    expect(stops()).toHaveLength(waiting);
    expect(await outcome(trader.call("GET", "v1/order", { ...BTC, origClientOrderId: "stop" }))).toBe(
      "400 -2013",
    );
  });

  it("EX31 are not taken for a while; others are", async () => {
    sim.setFaults("EX31=0:600s");
    await eventually("it begins", () => (sim.stats().faults["EX31"] ?? 0) > 0);
    expect(await outcome(trader.order(BUY))).toBe("done");
    expect(await outcome(trader.algo(STOP))).toBe("503 -1016");
  });

  it.each([
    ["1", ["ALGO NEW", "ALGO CANCELED"]],
    ["2", ["ALGO NEW"]],
  ])("EX32 are cancelled by the venue, in way %s", async (kind, story) => {
    await trader.order(BUY);
    await trader.listen();
    sim.setFaults(`EX32=1:1:100ms:${kind}`);
    await trader.algo(STOP);
    await eventually("it is cancelled", () => stops().length === 0);
    // Whatever is told next was told behind it.
    await trader.algo({ ...STOP, clientAlgoId: "next" });
    await trader.hears(story.length + 1);
    expect(trader.story()).toEqual([...story, "ALGO NEW"]);
  });

  it("EX33 are rejected when they fire beside a target that closes all", async () => {
    await hold();
    await trader.listen();
    sim.setFaults("EX33=0");
    await trader.hears(2);
    expect(trader.story()).toEqual(["ALGO TRIGGERING", "ALGO REJECTED"]);
    expect(await outcome(trader.order(EXIT))).toBe("400 -4118");
  });

  it.each([
    ["0", "400 -1106", "done"],
    ["1", "400 -1106", "400 -1106"],
  ])("EX41 have a form that is not taken, in way %s", async (kind, quantity, all) => {
    await trader.order(BUY);
    sim.setFaults(`EX41=1:0:${kind}`);
    expect(await outcome(trader.algo(STOP))).toBe(quantity);
    const { side, triggerPrice } = STOP;
    expect(await outcome(trader.algo({ side, triggerPrice, closePosition: true }))).toBe(all);
  });

  it("EX37 fire, and nothing of it is told as it should be", async () => {
    await hold();
    await trader.listen();
    sim.setFaults("EX37=0");
    await struck("EX37");
    expect(heldSteps()).toBe(0);
    const algo = (): readonly string[] => trader.story().filter((word) => word.startsWith("ALGO"));
    await eventually("its end is told", () => algo().includes("ALGO FINISHED"));
    // What is lost, late or doubled is drawn from the seed.
    expect(algo()).not.toEqual(["ALGO TRIGGERING", "ALGO TRIGGERED", "ALGO FINISHED"]);
  });
});

describe("orders that end otherwise", () => {
  it("EX34 exits are filled in part, or refused", async () => {
    await trader.order(BUY);
    sim.setFaults("EX34=1:1:1");
    await trader.order(EXIT);
    expect(heldSteps()).toBe(60);
    sim.setFaults("EX34=1:1:2");
    expect(await outcome(trader.order(EXIT))).toBe("503 -1001");
  });

  it("EX36 meet a person's order", async () => {
    sim.setFaults("EX36=1:1");
    const { body } = await trader.order({
      ...BUY,
      selfTradePreventionMode: "EXPIRE_TAKER",
      newOrderRespType: "RESULT",
    });
    expect(body["status"]).toBe("EXPIRED_IN_MATCH");
    expect(sim.trading?.openOrders()).toEqual([]);
    sim.setFaults("EX36=1:1");
    await trader.order({ ...BUY, selfTradePreventionMode: "EXPIRE_MAKER", newClientOrderId: "next" });
    expect(heldSteps()).toBe(100);
  });

  it("EX38 are filled, and told as expired without a fill", async () => {
    await trader.listen();
    sim.setFaults("EX38=1:1:600s");
    expect(await outcome(trader.order(BUY))).toBe("cut");
    expect(heldSteps()).toBe(100);
    const asked = { ...BTC, origClientOrderId: "own" };
    expect((await trader.call("GET", "v1/order", asked)).body).toMatchObject({
      status: "EXPIRED",
      executedQty: "0",
    });
    expect((await trader.call("GET", "v1/userTrades", BTC)).body).toHaveLength(1);
    sim.setFaults("none");
    expect((await trader.call("GET", "v1/order", asked)).body).toMatchObject({ status: "FILLED" });
    expect(trader.events("ORDER_TRADE_UPDATE")).toEqual([]);
  });

  it("EX39 are larger than the venue takes, which its document says", async () => {
    await trader.order(BUY);
    sim.setFaults("EX39=0");
    await eventually("it strikes", () => (sim.stats().faults["EX39"] ?? 0) > 0);
    expect(await outcome(trader.order(EXIT))).toBe("400 -4005");
    expect(await outcome(trader.order({ ...EXIT, quantity: "0.04" }))).toBe("done");
    const { text } = await trader.raw("GET", "/fapi/v1/exchangeInfo");
    expect(text).toContain('"maxQty":"0.04000000"');
    sim.setFaults("none");
    expect(await outcome(trader.order({ ...EXIT, quantity: "0.06" }))).toBe("done");
  });

  it("EX42 come in 20 pieces, and are fewer in 10 s", async () => {
    await trader.listen();
    sim.setFaults("EX42=1:0:60");
    await trader.order(BUY);
    await trader.hears(20, "TRADE_LITE");
    let last = "done";
    for (let sent = 1; sent <= 120 && last === "done"; sent++)
      last = await outcome(trader.order({ side: "BUY", quantity: "0.002" }));
    expect(last).toBe("429 -1015");
  });

  it.each([
    ["1", "cut", 7],
    ["2", "cut", 20],
    ["3", "400 -4161", 20],
    ["4", "done", 3],
  ])("EX43 leverage is set in way %s", async (kind, wanted, leverage) => {
    sim.setFaults(`EX43=1:1:${kind}`);
    expect(await outcome(trader.call("POST", "v1/leverage", { ...BTC, leverage: 7 }))).toBe(wanted);
    expect((await trader.call("GET", "v1/symbolConfig", BTC)).body).toMatchObject([{ leverage }]);
  });
});

describe("an account that is told otherwise", () => {
  it("AC12 tells of the position before its order, late or never", async () => {
    await trader.listen();
    sim.setFaults("AC12=1:0:300ms");
    await trader.order(BUY);
    const [first] = await trader.hears(1);
    expect(first?.e).toBe("ACCOUNT_UPDATE");
  });

  it("AC13 is closed in part, and its target ends", async () => {
    await hold();
    sim.setFaults("AC13=0");
    await struck("AC13");
    expect(heldSteps()).toBe(60);
    expect(sim.trading?.openOrders()).toEqual([]);
  });

  it.each([
    ["1", 93_500],
    ["2", 92_500],
    ["3", 93_000],
  ])("AC14 has its stop dragged in way %s", async (kind, price) => {
    await hold();
    sim.setFaults(`AC14=0:1h:${kind}`);
    await struck("AC14");
    const [stop] = sim.trading?.openAlgos() ?? [];
    expect(Number(stop?.triggerPriceE8) / 1e8).toBe(price);
    expect(stop?.clientAlgoId).toMatch(/^web_/);
    expect(stop?.isClosePosition).toBe(kind === "3");
  });

  it.each([
    ["1", "0.00000000"],
    ["2", "5000.00000000"],
  ])("AC15 has a balance that reads wrong in way %s", async (kind, balance) => {
    sim.setFaults(`AC15=0:1h:600s:${kind}`);
    await eventually("it strikes", () => (sim.stats().faults["AC15"] ?? 0) > 0);
    expect((await trader.call("GET", "v3/balance")).body).toMatchObject([{ asset: "USDT", balance }]);
  });

  it("AC15 gets money whose row comes late", async () => {
    sim.setFaults("AC15=0:1h:10s:3");
    await eventually("it strikes", () => sim.trading?.walletE8() === 10_100n * 100_000_000n);
    expect((await trader.call("GET", "v1/income")).body).toEqual([]);
    sim.setFaults("none");
    expect((await trader.call("GET", "v1/income")).body).toHaveLength(1);
  });

  it("AC17 pays funding that is told after the exit", async () => {
    await hold();
    await trader.listen();
    sim.setFaults("AC17=0");
    await eventually("it is closed", () => heldSteps() === 0);
    const types = async (): Promise<readonly unknown[]> =>
      (await trader.call("GET", "v1/income")).body.map(({ incomeType }) => incomeType);
    expect(await types()).not.toContain("FUNDING_FEE");
    await trader.hears(1);
    expect(trader.events("ACCOUNT_UPDATE").map(({ a }) => a.m)).not.toContain("FUNDING_FEE");
    sim.setFaults("none");
    expect(await types()).toContain("FUNDING_FEE");
  });

  it("AC18 leaves by target and stop in one second, and is read later", async () => {
    await hold();
    sim.setFaults("AC18=0");
    await struck("AC18");
    expect(heldSteps()).toBe(0);
    expect((await trader.call("GET", "v1/userTrades", BTC)).body).toEqual([]);
    sim.setFaults("none");
    const trades = (await trader.call("GET", "v1/userTrades", BTC)).body;
    expect(trades.map(({ side, qty }) => `${String(side)} ${String(qty)}`)).toEqual([
      "BUY 0.100",
      "SELL 0.060",
      "SELL 0.040",
    ]);
  });

  it("AC19 is closed and opened again in one millisecond, and told in reverse", async () => {
    await hold();
    sim.setFaults("AC19=0");
    await struck("AC19");
    expect(heldSteps()).toBe(100);
    const rows = (await trader.call("GET", "v1/userTrades", BTC)).body;
    expect(rows.map(({ side }) => side)).toEqual(["BUY", "SELL", "BUY"]);
    expect(BigInt(String(rows[0]?.["id"])) > BigInt(String(rows[2]?.["id"]))).toBe(true);
    expect(rows[0]?.["time"]).toBe(rows[1]?.["time"]);
  });

  it("AC20 would be liquidated before its stop fires", async () => {
    await hold();
    sim.setFaults("AC20=0");
    await struck("AC20");
    const [row] = (await trader.call("GET", "v3/positionRisk", BTC)).body;
    expect(Number(row?.["liquidationPrice"])).toBeGreaterThan(93_000);
    expect(Number(row?.["liquidationPrice"])).toBeLessThan(94_000);
    sim.setFaults("none");
    const [after] = (await trader.call("GET", "v3/positionRisk", BTC)).body;
    expect(Number(after?.["liquidationPrice"])).toBeLessThan(93_000);
  });
});

describe("answers that are old or odd", () => {
  it("PR11 leave out the youngest trades", async () => {
    await trader.order(BUY);
    sim.setFaults("PR11=1:1:600s");
    expect((await trader.call("GET", "v1/userTrades", BTC)).body).toEqual([]);
    expect((await trader.call("GET", "v1/userTrades", BTC)).body).toHaveLength(1);
  });

  it("PR12 tell of positions late, as they were", async () => {
    sim.setFaults("PR12=1:1:400ms");
    const asked = trader.call("GET", "v3/positionRisk");
    await eventually("it is asked", () => (sim.stats().faults["PR12"] ?? 0) > 0);
    await trader.order(BUY);
    expect((await asked).body).toEqual([]);
  });

  it("PR13 hold an odd record", async () => {
    await hold();
    sim.setFaults("PR13=1:1:1");
    expect((await trader.call("GET", "v3/positionRisk")).body.map(({ symbol }) => symbol)).toEqual([
      "BTCUSDT",
      "UNLISTEDUSDT",
    ]);
    sim.setFaults("PR13=1:1:2");
    expect((await trader.call("GET", "v3/positionRisk")).body).toMatchObject([{ entryPrice: "0" }]);
    sim.setFaults("PR13=1:1:3");
    expect((await trader.call("GET", "v1/openAlgoOrders")).body).toMatchObject([
      { orderType: "STOP_MARKET" },
      { orderType: "VENUE_NEW_TYPE", actualOrderId: "" },
    ]);
  });

  it("PR16 are old, and the stream is silent", async () => {
    await trader.listen();
    sim.setFaults("PR16=0:600s");
    await eventually("it begins", () => (sim.stats().faults["PR16"] ?? 0) > 0);
    await trader.order(BUY);
    expect((await trader.call("GET", "v3/positionRisk")).body).toEqual([]);
    sim.setFaults("none");
    expect((await trader.call("GET", "v3/positionRisk")).body).toHaveLength(1);
    expect(trader.events()).toEqual([]);
  });
});
