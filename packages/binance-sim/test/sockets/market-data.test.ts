import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBinanceSim, type BinanceSim } from "../../src/index.ts";
import { Client, eventually, type WireEvent } from "../support/client.ts";

type Row = Readonly<Record<string, string | number | boolean>>;

let sim: BinanceSim;

async function get(path: string, on = sim): Promise<unknown> {
  const response = await fetch(`${on.restUrl}/fapi/${path}`);
  return await response.json();
}

/** Symbols that trade, whatever their quote. */
function tradingCount(): number {
  return sim.market.universe.symbols.filter(({ status }) => status === "TRADING").length;
}

beforeAll(async () => {
  sim = await startBinanceSim({ speed: 1, weightLimit: 100_000, startMinute: 2600 });
});
afterAll(() => sim.stop());

describe("REST beside klines", () => {
  it("tells prices of one symbol, or of all that trade", async () => {
    const one = (await get("v1/ticker/price?symbol=BTCUSDT")) as Row;
    expect(Object.keys(one)).toEqual(["symbol", "price", "time"]);
    expect(one["price"]).toMatch(/^\d+\.\d{2}$/);
    const all = (await get("v2/ticker/price")) as readonly Row[];
    expect(all).toHaveLength(tradingCount());
    expect(await get("v1/ticker/price?symbol=NOSUCH")).toMatchObject({ code: -1121 });
  });

  it("has a book around the last price: no level twice, bids below asks", async () => {
    const best = (await get("v1/ticker/bookTicker?symbol=ETHUSDT")) as Row;
    expect(Object.keys(best)).toEqual([
      "symbol",
      "bidPrice",
      "bidQty",
      "askPrice",
      "askQty",
      "time",
      "lastUpdateId",
    ]);
    const book = (await get("v1/depth?symbol=ETHUSDT&limit=20")) as { bids: string[][]; asks: string[][] };
    expect([book.bids.length, book.asks.length]).toEqual([20, 20]);
    const prices = [...book.bids.toReversed(), ...book.asks].map(([price]) => Number(price));
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    expect(new Set(prices).size).toBe(40);
    expect(await get("v1/depth?symbol=ETHUSDT&limit=7")).toMatchObject({ code: -4021 });
  });

  it("sums a day as its klines do", async () => {
    const day = (await get("v1/ticker/24hr?symbol=ETHUSDT")) as Record<string, string>;
    const rows = (await get("v1/klines?symbol=ETHUSDT&interval=1m&limit=1440")) as string[][];
    expect(Number(day["openPrice"])).toBe(Number(rows[0]?.[1]));
    expect(Number(day["openTime"])).toBe(Number(rows[0]?.[0]));
    const highs = rows.slice(0, -1).map((row) => Number(row[2]));
    expect(Number(day["highPrice"])).toBeGreaterThanOrEqual(Math.max(...highs));
    const volume = rows.slice(0, -1).reduce((sum, row) => sum + Number(row[5]), 0);
    expect(Number(day["volume"])).toBeGreaterThanOrEqual(volume - 1e-6);
    expect(Number(day["count"])).toBeGreaterThan(0);
  });

  it("tells marks, funding times and rates; only symbols that deviate stand in fundingInfo", async () => {
    const index = (await get("v1/premiumIndex?symbol=BTCUSDT")) as Row;
    expect(Object.keys(index)).toEqual([
      "symbol",
      "markPrice",
      "indexPrice",
      "estimatedSettlePrice",
      "lastFundingRate",
      "interestRate",
      "nextFundingTime",
      "time",
    ]);
    const info = (await get("v1/fundingInfo")) as readonly Row[];
    expect(info.length).toBeGreaterThan(0);
    for (const row of info) expect([1, 4]).toContain(row["fundingIntervalHours"]);
    const hours = Number(info.find(({ symbol }) => symbol === "ETHUSDT")?.["fundingIntervalHours"] ?? 8);
    const rates = (await get("v1/fundingRate?symbol=ETHUSDT&limit=3")) as readonly Row[];
    expect(rates).toHaveLength(3);
    expect(Number(rates[1]?.["fundingTime"]) - Number(rates[0]?.["fundingTime"])).toBe(hours * 3_600_000);
    for (const row of rates) expect(Math.abs(Number(row["fundingRate"]))).toBeLessThanOrEqual(0.0003);
  });

  it("has trades that add up to the klines, ids of the kline's range", async () => {
    const minute = sim.market.openTimeMs(2598);
    const trades = (await get(
      `v1/aggTrades?symbol=ETHUSDT&startTime=${minute + 1}&endTime=${minute + 60_000}&limit=1000`,
    )) as readonly Record<string, string | number>[];
    const [row] = (await get(
      `v1/klines?symbol=ETHUSDT&interval=1m&startTime=${minute}&limit=1`,
    )) as string[][];
    const total = trades.reduce((sum, trade) => sum + Number(trade["q"]), 0);
    expect(total).toBeCloseTo(Number(row?.[5]), 6);
    const prices = trades.map(({ p }) => Number(p));
    expect(Math.max(...prices)).toBeLessThanOrEqual(Number(row?.[2]));
    expect(Math.min(...prices)).toBeGreaterThanOrEqual(Number(row?.[3]));
    const recent = (await get("v1/trades?symbol=ETHUSDT&limit=5")) as readonly Row[];
    expect(recent).toHaveLength(5);
  });

  it("makes klines of days and weeks, weeks from Mondays", async () => {
    const weeks = (await get("v1/klines?symbol=ETHUSDT&interval=1w")) as number[][];
    expect(weeks.map(([open]) => new Date(open ?? 0).getUTCDay())).toEqual([1, 1]);
    expect(((await get("v1/klines?symbol=ETHUSDT&interval=3d")) as number[][]).length).toBeGreaterThan(0);
  });
});

describe("streams beside klines", () => {
  async function hear(category: string, names: readonly string[], count: number): Promise<readonly string[]> {
    const client = await new Client(`${sim.wsUrl}/${category}/stream?streams=${names.join("/")}`).open();
    const data = (): readonly string[] => client.texts.filter((text) => text.startsWith('{"stream"'));
    await eventually(`${count} of ${names.join(", ")}`, () => data().length >= count);
    await client.close();
    return data();
  }

  const dataOf = (text: string | undefined): Row => (JSON.parse(text ?? "{}") as { data: Row }).data;

  it("tell the best prices under /public, when they change", async () => {
    const event = dataOf((await hear("public", ["btcusdt@bookTicker"], 2))[0]);
    expect(Object.keys(event)).toEqual(["e", "u", "E", "T", "s", "ps", "b", "B", "a", "A", "st"]);
    expect(event).toMatchObject({ e: "bookTicker", s: "BTCUSDT", st: 1 });
    const all = await hear("public", ["!bookTicker"], tradingCount());
    expect(new Set(all.map((text) => dataOf(text)["s"])).size).toBe(tradingCount());
  });

  it("tell marks, trades and a day's sums under /market", async () => {
    const [mark] = await hear("market", ["btcusdt@markPrice@1s"], 2);
    expect(Object.keys(dataOf(mark))).toEqual(["e", "E", "s", "p", "i", "P", "r", "ap", "T", "st"]);
    const [trade] = await hear("market", ["ethusdt@aggTrade"], 1);
    expect(Object.keys(dataOf(trade))).toEqual([
      "e",
      "E",
      "s",
      "a",
      "p",
      "q",
      "nq",
      "f",
      "l",
      "T",
      "m",
      "st",
    ]);
    const [mini] = await hear("market", ["btcusdt@miniTicker"], 1);
    expect(dataOf(mini)).toMatchObject({ e: "24hrMiniTicker", s: "BTCUSDT" });
    const [full] = await hear("market", ["btcusdt@ticker"], 1);
    expect(dataOf(full)).toMatchObject({ e: "24hrTicker", s: "BTCUSDT" });
    const [marks] = await hear("market", ["!markPrice@arr@1s"], 1);
    expect((dataOf(marks) as unknown as Row[]).length).toBe(tradingCount());
    const [minis] = await hear("market", ["!miniTicker@arr"], 1);
    expect((dataOf(minis) as unknown as Row[]).length).toBeGreaterThan(200);
  });

  it("stay silent under another category, in upper case and when nobody follows them any more", async () => {
    const client = await new Client(`${sim.wsUrl}/market/ws/btcusdt@bookTicker/BTCUSDT@markPrice@1s`).open();
    await client.ask({ method: "SUBSCRIBE", params: ["btcusdt@markPrice@1s"], id: 1 });
    await eventually("a mark", () => client.texts.some((text) => text.includes("markPriceUpdate")));
    expect(client.texts.some((text) => text.includes('"bookTicker"'))).toBe(false);
    const before = sim.stats().subscriptions;
    await client.ask({ method: "UNSUBSCRIBE", params: ["btcusdt@markPrice@1s"], id: 2 });
    expect(sim.stats().subscriptions).toBe(before - 1);
    await client.close();
  });
});

describe("klines of more than a minute", () => {
  it("are the minutes that REST sums, told while they form and when they are final", async () => {
    const fast = await startBinanceSim({ speed: 300, symbols: 5, updatesPerSecondWall: 50 });
    const client = await new Client(`${fast.wsUrl}/market/stream`).open();
    const name = (fast.market.symbols[0]?.symbol ?? "").toLowerCase();
    await client.ask({ method: "SUBSCRIBE", params: [`${name}@kline_1m`, `${name}@kline_5m`], id: 1 });
    const long = (): WireEvent[] => client.events().filter(({ k }) => k.i === "5m");
    await eventually("three finals", () => long().filter(({ k }) => k.x).length >= 3);
    // The first was joined somewhere in its slot: it is whole like the later ones.
    const finals = long().filter(({ k }) => k.x);
    for (const { k, s } of finals) {
      expect([k.t % 300_000, k.T - k.t, k.s, k.B]).toEqual([0, 299_999, s, "0"]);
      const [row] = (await get(
        `v1/klines?symbol=${s}&interval=5m&startTime=${k.t}&limit=1`,
        fast,
      )) as Row[][];
      expect([k.t, k.o, k.h, k.l, k.c, k.v, k.T, k.q, k.n, k.V, k.Q, k.B]).toEqual(row);
    }
    const minute = client.events().find(({ k }) => k.i === "1m");
    expect(Object.keys(finals[0]?.k ?? {})).toEqual(Object.keys(minute?.k ?? {}));
    expect(Object.keys(finals[0] ?? {})).toEqual(Object.keys(minute ?? {}));
    expect(finals.map(({ k }) => k.t)).toEqual(
      finals.map((_, index) => (finals[0]?.k.t ?? 0) + index * 300_000),
    );
    const forming = long().filter(({ k }) => !k.x && k.t === finals[1]?.k.t);
    expect(forming.length).toBeGreaterThan(0);
    const volumes = [...forming.map(({ k }) => Number(k.v)), Number(finals[1]?.k.v)];
    expect(volumes).toEqual(volumes.toSorted((left, right) => left - right));
    await client.close();
    await fast.stop();
  });

  it("know the intervals of REST alone, and end with their last follower", async () => {
    const before = sim.stats().subscriptions;
    const client = await new Client(`${sim.wsUrl}/market/ws`).open();
    const params = ["3m", "1w", "2m", "1s"].map((interval) => `btcusdt@kline_${interval}`);
    await client.ask({ method: "SUBSCRIBE", params, id: 1 });
    expect(sim.stats().subscriptions).toBe(before + 2);
    await eventually("both", () => new Set(client.events().map(({ k }) => k.i)).size === 2);
    await client.ask({ method: "UNSUBSCRIBE", params, id: 2 });
    expect(sim.stats().subscriptions).toBe(before);
    const elsewhere = await new Client(`${sim.wsUrl}/public/ws/btcusdt@kline_3m`).open();
    expect(sim.stats().subscriptions).toBe(before);
    await elsewhere.close();
    await client.close();
  });
});
