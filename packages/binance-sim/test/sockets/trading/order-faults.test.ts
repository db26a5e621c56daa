import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { eventually } from "../../support/client.ts";
import { startTradingSim, Trader, type TradeReply } from "../../support/trader.ts";

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

const MARKET = { side: "BUY", quantity: "0.1", newClientOrderId: "own" };
const LIMIT = { type: "LIMIT", side: "BUY", quantity: "0.01", price: "93000", timeInForce: "GTC" };
const STOP = { side: "SELL", quantity: "0.01", triggerPrice: "93000", clientAlgoId: "stop" };
const OWN = { symbol: "BTCUSDT", origClientOrderId: "own" };

/** Status and code of an answer; "cut" where there is none. */
async function outcome(reply: Promise<TradeReply>): Promise<string> {
  try {
    const { status, body } = await reply;
    return status === 200 ? "done" : `${status} ${String(body["code"])}`;
  } catch {
    return "cut";
  }
}

const held = (): number => Number(sim.trading?.positions()[0]?.qtyE8 ?? 0) / 1e8;

describe("an order whose outcome nobody tells", () => {
  it("EX01 is carried out, and the connection is cut before its reply", async () => {
    sim.setFaults("EX01=1:1");
    expect(await outcome(trader.order(MARKET))).toBe("cut");
    expect((await trader.call("GET", "v1/order", OWN)).body).toMatchObject({ status: "FILLED" });
    expect(await outcome(trader.order({ ...MARKET, newClientOrderId: "next" }))).toBe("done");
    expect(sim.stats().faults["EX01"]).toBe(1);
    expect(sim.trading?.requests().filter(({ status }) => status === 0)).toHaveLength(1);
  });

  it("EX01 may be carried out long after its connection was cut", async () => {
    sim.setFaults("EX01=1:1:200ms");
    expect(await outcome(trader.order(MARKET))).toBe("cut");
    await eventually("it is carried out", () => held() > 0);
    const cut = sim.trading?.requests().find(({ status }) => status === 0)?.timeMs ?? 0;
    const { body } = await trader.call("GET", "v1/order", OWN);
    expect(Number(body["time"]) - cut).toBeGreaterThanOrEqual(200);
  });

  it("EX02 never arrives", async () => {
    sim.setFaults("EX02=1:1");
    expect(await outcome(trader.order(MARKET))).toBe("cut");
    expect(await outcome(trader.call("GET", "v1/order", OWN))).toBe("400 -2013");
    expect(held()).toBe(0);
  });

  it("EX03 is answered with -1007, and its fill comes on the stream", async () => {
    await trader.listen();
    sim.setFaults("EX03=1:1");
    expect(await outcome(trader.order(MARKET))).toBe("408 -1007");
    await trader.hears(4);
    expect(held()).toBe(0.1);
  });

  it.each([
    ["1", "503 -1000", 0.1, "Unknown error, please check your request or try again later."],
    ["2", "503 -1000", 0, "Unknown error, please check your request or try again later."],
    ["3", "503 -1016", 0, "Service Unavailable."],
    ["4", "503 -1001", 0, "Internal error; unable to process your request. Please try again."],
  ])("EX22 meets a 503 of kind %s", async (kind, wanted, quantity, text) => {
    sim.setFaults(`EX22=1:1:${kind}`);
    expect(await outcome(trader.order(MARKET))).toBe(wanted);
    expect(held()).toBe(quantity);
    expect(sim.trading?.requests().at(-1)?.reply).toContain(text);
  });

  it("EX29 is acked and not found for a while; a stop is neither cancelled nor told of", async () => {
    await trader.listen();
    sim.setFaults("EX29=1:2:600s");
    expect(await outcome(trader.order({ ...LIMIT, newClientOrderId: "own" }))).toBe("done");
    expect(await outcome(trader.algo(STOP))).toBe("done");
    expect(await outcome(trader.call("GET", "v1/order", OWN))).toBe("400 -2013");
    expect((await trader.call("GET", "v1/openAlgoOrders")).body).toEqual([]);
    expect(await outcome(trader.call("DELETE", "v1/algoOrder", { clientAlgoId: "stop" }))).toBe("400 -2011");
    await trader.hears(1);
    expect(trader.story()).toEqual(["ORDER NEW NEW"]);
    sim.setFaults("none");
    expect(await outcome(trader.call("GET", "v1/order", OWN))).toBe("done");
    sim.setFaults("EX29=1:1:1s");
    await trader.algo({ ...STOP, clientAlgoId: "second" });
    let seen = "";
    while (seen !== "done")
      seen = await outcome(trader.call("GET", "v1/algoOrder", { clientAlgoId: "second" }));
    expect((await trader.call("GET", "v1/openAlgoOrders")).body).toHaveLength(2);
  });
});

describe("words in another order", () => {
  it("EX04 tells of the fill before it answers", async () => {
    await trader.listen();
    sim.setFaults("EX04=1:1:300ms");
    expect(await outcome(trader.order(MARKET))).toBe("done");
    const [told] = await trader.hears(4);
    const replied = sim.trading?.requests().find(({ path }) => path === "/fapi/v1/order")?.timeMs ?? 0;
    expect(replied - (told?.T ?? 0)).toBeGreaterThanOrEqual(300);
  });

  it("EX05 tells of everything twice", async () => {
    await trader.listen();
    sim.setFaults("EX05=1");
    await trader.order(MARKET);
    await trader.hears(8);
    const texts = trader.stream?.texts ?? [];
    for (let at = 0; at < 8; at += 2) expect(texts[at]).toBe(texts[at + 1]);
  });

  it("EX24 fills an order while it is being cancelled", async () => {
    await trader.order({ ...LIMIT, newClientOrderId: "own" });
    sim.setFaults("EX24=1:1");
    expect(await outcome(trader.call("DELETE", "v1/order", OWN))).toBe("400 -2011");
    expect((await trader.call("GET", "v1/order", OWN)).body).toMatchObject({ status: "FILLED" });
  });
});

describe("a market that is thin", () => {
  it("EX06 fills a part, and the rest expires", async () => {
    await trader.listen();
    sim.setFaults("EX06=1:1");
    const { body } = await trader.order({ ...MARKET, newOrderRespType: "RESULT" });
    expect(body).toMatchObject({ status: "EXPIRED", executedQty: "0.040", origQty: "0.100" });
    await trader.hears(5);
    expect(trader.story().at(-1)).toBe("ORDER EXPIRED EXPIRED");
    const next = await trader.order({ ...MARKET, newClientOrderId: "next", newOrderRespType: "RESULT" });
    expect(next.body["status"]).toBe("FILLED");
  });

  it("EX07 fills an order in 20 pieces, each a tick worse", async () => {
    sim.setFaults("EX07=1:1");
    await trader.order(MARKET);
    const trades = (await trader.call("GET", "v1/userTrades", { symbol: "BTCUSDT" })).body;
    expect(trades).toHaveLength(20);
    const prices = trades.map(({ price }) => Number(price));
    expect(prices[19]).toBeCloseTo((prices[0] ?? 0) + 1.9, 6);
  });
});

describe("refusals that come by themselves", () => {
  const closing = { ...MARKET, side: "SELL", reduceOnly: true };
  it.each([
    ["EX08", "400 -2021", () => trader.algo(STOP)],
    ["EX11", "400 -4120", () => trader.algo(STOP)],
    ["EX12", "400 -4045", () => trader.algo(STOP)],
    ["EX14", "400 -4131", () => trader.order(MARKET)],
    ["EX15", "400 -1111", () => trader.order(LIMIT)],
    ["EX17", "400 -2019", () => trader.order(LIMIT)],
    ["EX19", "429 -1003", () => trader.call("GET", "v3/account")],
    ["EX21", "429 -1015", () => trader.order(LIMIT)],
    ["EX23", "503 -1008", () => trader.order(LIMIT)],
  ])("%s is refused with %s once, and nothing has happened", async (id, wanted, call) => {
    sim.setFaults(`${id}=1:1`);
    expect(await outcome(call())).toBe(wanted);
    expect([sim.trading?.openOrders(), sim.trading?.openAlgos(), held()]).toEqual([[], [], 0]);
    expect(await outcome(call())).toBe("done");
    expect(sim.stats().faults).toEqual({ [id]: 1 });
  });

  it("EX13 is refused with -2022 where it only reduces, and is taken when it is asked for again", async () => {
    await trader.order(MARKET);
    sim.setFaults("EX13=1:1");
    expect(await outcome(trader.order({ ...closing, newClientOrderId: "a" }))).toBe("400 -2022");
    expect(held()).toBe(0.1);
    expect(await outcome(trader.order({ ...closing, newClientOrderId: "b" }))).toBe("done");
  });

  it("EX23 lets through what closes and what cancels", async () => {
    await trader.order(MARKET);
    await trader.order({ ...LIMIT, newClientOrderId: "waits" });
    sim.setFaults("EX23=1");
    expect(await outcome(trader.order(LIMIT))).toBe("503 -1008");
    expect(await outcome(trader.order({ ...closing, newClientOrderId: "out" }))).toBe("done");
    expect(await outcome(trader.algo({ side: "SELL", triggerPrice: "93000", closePosition: true }))).toBe(
      "done",
    );
    const waits = { symbol: "BTCUSDT", origClientOrderId: "waits" };
    expect(await outcome(trader.call("DELETE", "v1/order", waits))).toBe("done");
  });

  it("EX09 takes a stop, and rejects it when it fires, with the reason", async () => {
    await trader.order(MARKET);
    await trader.listen();
    sim.setFaults("EX09=1:1");
    await trader.algo({ ...STOP, reduceOnly: true });
    sim.trading?.move("BTCUSDT", "92900");
    await trader.hears(3);
    expect(trader.story()).toEqual(["ALGO NEW", "ALGO TRIGGERING", "ALGO REJECTED"]);
    expect(String(trader.events().at(-1)?.o["rm"])).toMatch(/ReduceOnly Order Failed/);
  });

  it("EX10 a person cancels a stop", async () => {
    await trader.listen();
    sim.setFaults("EX10=1:1:50ms");
    await trader.algo(STOP);
    await trader.hears(2);
    expect(trader.story()).toEqual(["ALGO NEW", "ALGO CANCELED"]);
  });
});

describe("a venue in trouble for a while", () => {
  it("EX20 bans the address, and says until when", async () => {
    sim.setFaults("EX20=0:600s");
    await eventually("the ban", () => sim.stats().faults["EX20"] === 1);
    const { status, body } = await trader.call("GET", "v3/account");
    expect([status, body["code"]]).toEqual([418, -1003]);
    const until = Number(/banned until (\d+)/.exec(String(body["msg"]))?.[1]);
    expect(until).toBeGreaterThan(trader.time + 500_000);
  });

  it("EX27 takes no orders, cancels work", async () => {
    await trader.order({ ...LIMIT, newClientOrderId: "own" });
    sim.setFaults("EX27=0:600s");
    await eventually("the pause", () => sim.stats().faults["EX27"] === 1);
    expect(await outcome(trader.order({ ...MARKET, newClientOrderId: "x" }))).toBe("400 -4402");
    expect(await outcome(trader.algo(STOP))).toBe("400 -4402");
    expect(await outcome(trader.call("DELETE", "v1/order", OWN))).toBe("done");
    sim.setFaults("none");
    expect(await outcome(trader.order({ ...MARKET, newClientOrderId: "x" }))).toBe("done");
  });

  it("EX28 locks indicators: what closes is taken, what opens is not", async () => {
    await trader.order(MARKET);
    sim.setFaults("EX28=0:600s");
    await eventually("the lock", () => sim.stats().faults["EX28"] === 1);
    const { body } = await trader.call("GET", "v1/apiTradingStatus", { symbol: "BTCUSDT" });
    expect(JSON.stringify(body)).toContain('"BTCUSDT":[{"isLocked":true');
    expect(await outcome(trader.order(LIMIT))).toBe("400 -4400");
    expect(
      await outcome(trader.order({ ...MARKET, side: "SELL", reduceOnly: true, newClientOrderId: "x" })),
    ).toBe("done");
  });
});

describe("limits of orders", () => {
  it("are those of the document: 300 in ten seconds, then -1015", async () => {
    const reply = await trader.call("GET", "v1/rateLimit/order");
    expect(reply.body).toEqual([
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1200 },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
    ]);
    // As many at once as are quickly too many, on whatever machine.
    const outcomes: string[] = [];
    while (!outcomes.includes("429 -1015")) {
      const orders = Array.from({ length: 40 }, () => outcome(trader.order({ side: "BUY", quantity: "0" })));
      outcomes.push(...(await Promise.all(orders)));
    }
    expect(outcomes.filter((one) => one === "400 -4003").length).toBeGreaterThanOrEqual(300);
  });
});
