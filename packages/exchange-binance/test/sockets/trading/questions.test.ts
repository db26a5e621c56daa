import type { AccountQuery } from "@smcq/exchange";
import { symbolId } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../support/gateway-rig.ts";
import { ok, refuse, type Heard } from "../../support/order-venue.ts";
import { fixtureLines, recordedSymbols } from "../../support/words.ts";

const DAY_MS = 86_400_000;
const BTC = recordedSymbols.bySymbol("BTCUSDT")?.symbolId ?? symbolId(0);
const ETH = recordedSymbols.bySymbol("ETHUSDT")?.symbolId ?? symbolId(0);
const REPLIES = new Map(fixtureLines("rest-account.jsonl", "reply").map(({ name, value }) => [name, value]));

let rig: GatewayRig;

beforeEach(async () => {
  rig = await GatewayRig.open();
});

afterEach(() => rig.close());

const reply = (name: string): unknown => REPLIES.get(name);

/** An answer without its question and time. */
async function ask(query: AccountQuery): Promise<object> {
  const { query: asked, askedMs, ...answer } = await rig.ask(query);
  expect([asked, askedMs]).toEqual([query, rig.clock.nowMs()]);
  return answer;
}

describe("the documentation's own answers", () => {
  it("tell a wallet", async () => {
    rig.venue.always("GET /fapi/v3/balance", ok(reply("nautilus-balance")));
    expect(await ask({ type: "wallet" })).toEqual({ type: "wallet", walletE8: 12_212_345_678n });
  });

  it("tell positions, those that are none left out", async () => {
    rig.venue.once("GET /fapi/v3/positionRisk", ok(reply("nautilus-position_risk")));
    expect(await ask({ type: "positions" })).toEqual({
      type: "positions",
      positions: [
        {
          symbolId: BTC,
          qtySteps: 1,
          entryPriceE8: 5_000_000_000_000n,
          liquidationPriceE8: 4_500_000_000_000n,
        },
      ],
    });
    rig.venue.once(
      "GET /fapi/v3/positionRisk",
      ok(reply("nautilus-py-http_futures_account_positions_one_way")),
    );
    expect(await ask({ type: "positions" })).toEqual({ type: "positions", positions: [] });
  });

  it("of hedge mode are no positions: two would look like one", async () => {
    rig.venue.once(
      "GET /fapi/v3/positionRisk",
      ok(reply("nautilus-py-http_futures_account_positions_hedge")),
    );
    expect(await ask({ type: "positions" })).toEqual({
      type: "failed",
      text: "BTCUSDT has a position of hedge mode (LONG)",
    });
  });

  it("tell an order", async () => {
    rig.venue.once("GET /fapi/v1/order", ok(reply("nautilus-order_response")));
    const query: AccountQuery = {
      type: "order",
      symbolId: BTC,
      clientOrderId: "testOrder123",
      isAlgo: false,
    };
    expect(await ask(query)).toEqual({
      type: "order",
      update: {
        clientOrderId: "testOrder123",
        symbolId: BTC,
        status: "new",
        cumQtySteps: 0,
        fill: null,
        timeMs: 1_625_474_304_765,
      },
    });
  });

  it("tell what rests, in the book and beside it; what is no stop is no cover", async () => {
    const [trailing] = reply("nautilus-py-http_futures_account_orders") as [object];
    rig.venue.always("GET /fapi/v1/openOrders", ok([reply("nautilus-order_response"), trailing]));
    const [stop] = reply("nautilus-open_algo_orders") as [object];
    const profit = { ...stop, algoId: 5, clientAlgoId: "tp", orderType: "TAKE_PROFIT_MARKET" };
    const foreign = { ...stop, symbol: "OTHERUSDT" };
    rig.venue.always("GET /fapi/v1/openAlgoOrders", ok([stop, profit, foreign]));
    expect(await ask({ type: "open-orders" })).toEqual({
      type: "open-orders",
      orders: [
        {
          request: {
            symbolId: BTC,
            side: 1,
            isReduceOnly: false,
            clientOrderId: "testOrder123",
            type: "limit",
            timeInForce: "GTC",
            qtySteps: 1,
            priceTicks: 5_000_000,
          },
          orderId: "12345678",
          cumQtySteps: 0,
        },
        {
          request: {
            symbolId: BTC,
            side: 1,
            isReduceOnly: false,
            clientOrderId: "test-algo-order-1",
            type: "stop-market",
            qtySteps: 1,
            triggerTicks: 4_500_000,
            workingType: "mark",
          },
          orderId: "123456789",
          cumQtySteps: 0,
        },
      ],
    });
    expect(rig.gateway.stats.skippedRecords).toBe(3);
  });

  it("tell how a symbol is traded: the smaller of both bounds holds", async () => {
    rig.venue.always(
      "GET /fapi/v1/symbolConfig",
      ok(reply("nautilus-py-http_futures_account_symbol_config")),
    );
    const brackets = [
      { initialLeverage: 50, notionalCap: 50_000 },
      { initialLeverage: 25, notionalCap: 900_000 },
      { initialLeverage: 10, notionalCap: 5_000_000 },
    ];
    rig.venue.once("GET /fapi/v1/leverageBracket", ok([{ symbol: "ETHUSDT", brackets }]));
    expect(await ask({ type: "settings", symbolId: ETH })).toEqual({
      type: "settings",
      settings: { symbolId: ETH, leverage: 20, marginType: "cross", notionalMaxE8: 90_000_000_000_000n },
    });
    // Asked for one symbol, the brackets may come as an object.
    rig.venue.once("GET /fapi/v1/leverageBracket", ok({ symbol: "BTCUSDT", brackets: [] }));
    expect(await ask({ type: "settings", symbolId: BTC })).toEqual({
      type: "settings",
      settings: { symbolId: BTC, leverage: 25, marginType: "isolated", notionalMaxE8: 200_000_000_000_000n },
    });
  });

  it("tell the price that a fee is converted at", async () => {
    const trade = { orderId: 7, side: "BUY", price: "1", qty: "1", time: 5, maker: false };
    const fee = { commission: "0.00010000", commissionAsset: "BTC" };
    let id = 0;
    rig.venue.always("GET /fapi/v1/userTrades", () => ok([{ id: ++id, ...trade, ...fee }]));
    rig.venue.always(
      "GET /fapi/v1/order",
      ok({ symbol: "ETHUSDT", orderId: 7, clientOrderId: "a", updateTime: 5 }),
    );
    rig.venue.always("GET /fapi/v1/premiumIndex", ok(reply("nautilus-py-http_futures_market_premium_index")));
    const told = async () => {
      const answer = await rig.ask({ type: "trades", symbolId: ETH, sinceMs: rig.clock.nowMs() });
      return answer.type === "trades" ? answer.fills : [];
    };
    // Nobody waits for it: what is told before is presumed.
    expect(await told()).toMatchObject([{ clientOrderId: "a", feeE8: 45_000n }]);
    let fills = await told();
    while (fills[0]?.feeE8 === 45_000n) fills = await told();
    // 0.0001 at 11,793.63104562.
    const otherFee = { asset: "BTC", amountE8: 10_000n };
    expect(fills).toMatchObject([{ clientOrderId: "a", feeE8: 117_936_310n, otherFee }]);
  });

  it("tell trades, under the client ids of their orders", async () => {
    const since = (heard: Heard) =>
      ok(heard.values.has("endTime") ? [] : reply("nautilus-py-http_futures_account_trades"));
    rig.venue.always("GET /fapi/v1/userTrades", since);
    rig.venue.always("GET /fapi/v1/order", ({ values }) =>
      ok({ symbol: "ETHUSDT", orderId: 1, clientOrderId: `id-${values.get("orderId")}`, updateTime: 5 }),
    );
    const query: AccountQuery = { type: "trades", symbolId: ETH, sinceMs: rig.clock.nowMs() };
    const first = {
      tradeId: "82357626",
      clientOrderId: "id-831238666",
      symbolId: ETH,
      side: -1,
      priceTicks: 277_835,
      qtySteps: 5,
      feeE8: 555_670n,
      isMaker: false,
      timeMs: 1_645_930_322_371,
    };
    expect(await ask(query)).toMatchObject({
      type: "trades",
      fills: [first, { clientOrderId: "id-831238690" }],
    });
    await ask(query);
    // The names are remembered.
    expect(rig.venue.count("GET /fapi/v1/order")).toBe(2);
  });
});

describe("a trade of an order that the venue does not know", () => {
  const trade = { id: 3, orderId: 7, side: "BUY", price: "1", qty: "1", commission: "0", maker: false };
  const query = (): AccountQuery => ({ type: "trades", symbolId: ETH, sinceMs: rig.clock.nowMs() - 120_000 });

  beforeEach(() => {
    rig.venue.always("GET /fapi/v1/order", refuse(-2013, "Order does not exist."));
  });

  it("may be our own while it is young: the answer fails, and is asked for again", async () => {
    rig.venue.always("GET /fapi/v1/userTrades", ok([{ ...trade, time: rig.clock.nowMs() - 59_000 }]));
    expect(await ask(query())).toMatchObject({ type: "failed" });
  });

  it("is somebody else's when it is older than any lag of the venue", async () => {
    rig.venue.always("GET /fapi/v1/userTrades", ok([{ ...trade, time: rig.clock.nowMs() - 61_000 }]));
    expect(await ask(query())).toMatchObject({ fills: [{ clientOrderId: "venue-7" }] });
  });
});

describe("a question", () => {
  const order: AccountQuery = { type: "order", symbolId: BTC, clientOrderId: "x", isAlgo: false };
  const algo: AccountQuery = { ...order, isAlgo: true };

  it("about an order that the venue does not know (yet) is answered that there is none", async () => {
    rig.venue.once("GET /fapi/v1/order", refuse(-2013, "Order does not exist."));
    rig.venue.once("GET /fapi/v1/algoOrder", refuse(-2013, "Order does not exist."));
    expect(await ask(order)).toEqual({ type: "order", update: null });
    expect(await ask(algo)).toEqual({ type: "order", update: null });
  });

  it.each([
    ["reset", "reset" as const],
    ["cut", "cut" as const],
    ["refused", refuse(-1000, "An unknown error occurred", 500)],
    ["no answer to it", ok("[1]")],
    ["a page", ok("<html>")],
  ])("whose reply is %s fails: nothing is known", async (_, answer) => {
    for (const { path, query } of [
      { path: "order", query: order },
      { path: "algoOrder", query: algo },
    ]) {
      rig.venue.once(`GET /fapi/v1/${path}`, answer);
      expect(await ask(query)).toMatchObject({ type: "failed" });
    }
  });

  it("about a wallet without USDT fails: that is no empty wallet (AC15)", async () => {
    rig.venue.once("GET /fapi/v3/balance", ok([{ asset: "BNB", balance: "1" }]));
    expect(await ask({ type: "wallet" })).toEqual({ type: "failed", text: "the balance has no USDT" });
  });

  it("about a symbol that nobody knows fails", async () => {
    expect(await ask({ ...order, symbolId: symbolId(99) })).toEqual({
      type: "failed",
      text: "symbol 99 is unknown",
    });
  });

  it("about income tells what moved the USDT wallet, each line under its type's own id", async () => {
    const row = { symbol: "", asset: "USDT", income: "1", time: rig.clock.nowMs(), tranId: 7, tradeId: "" };
    rig.venue.always(
      "GET /fapi/v1/income",
      ok([
        { ...row, incomeType: "TRANSFER" },
        { ...row, incomeType: "INSURANCE_CLEAR", symbol: "BTCUSDT" },
        { ...row, incomeType: "REALIZED_PNL", symbol: "BTCUSDT", tradeId: "12" },
        { ...row, incomeType: "DELIVERED_SETTELMENT", symbol: "BTCUSDT" },
        { ...row, incomeType: "NEW_KIND", symbol: "OTHERUSDT" },
        { ...row, incomeType: "TRANSFER", asset: "BNB", tranId: 8 },
      ]),
    );
    const base = { amountE8: 100_000_000n, timeMs: rig.clock.nowMs(), tradeId: null };
    expect(await ask({ type: "income", sinceMs: rig.clock.nowMs() })).toEqual({
      type: "income",
      rows: [
        { ...base, incomeId: "TRANSFER-7", type: "transfer", symbolId: null },
        { ...base, incomeId: "INSURANCE_CLEAR-7", type: "liquidation-fee", symbolId: BTC },
        { ...base, incomeId: "REALIZED_PNL-7", type: "realised", symbolId: BTC, tradeId: "12" },
        { ...base, incomeId: "DELIVERED_SETTELMENT-7", type: "realised", symbolId: BTC },
        { ...base, incomeId: "NEW_KIND-7", type: "other", symbolId: null },
      ],
    });
  });

  it("about long ago is asked in windows of seven days, of three months at most", async () => {
    rig.venue.always("GET /fapi/v1/userTrades", ok([]));
    await ask({ type: "trades", symbolId: BTC, sinceMs: 0 });
    const bounds = rig.venue.heard
      .filter(({ path }) => path === "/fapi/v1/userTrades")
      .map(({ values }) => [Number(values.get("startTime")), Number(values.get("endTime") ?? 0)]);
    expect(bounds).toHaveLength(13);
    expect(bounds[0]?.[0]).toBe(rig.clock.nowMs() - 90 * DAY_MS);
    for (const [index, [start = 0, end = 0]] of bounds.entries()) {
      const next = bounds[index + 1]?.[0];
      expect([end, start]).toEqual(next === undefined ? [0, start] : [next - 1, next - 7 * DAY_MS]);
    }
  });
});
