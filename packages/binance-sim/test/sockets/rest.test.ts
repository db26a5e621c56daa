import { createCell, passesUniverseFilter, type VenueSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBinanceSim, type BinanceSim } from "../../src/index.ts";
import { eventually } from "../support/client.ts";

type Row = (number | string)[];

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

let sim: BinanceSim;

async function get(path: string, on = sim): Promise<Answer> {
  const response = await fetch(on.restUrl + path);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

async function rows(query: string, on = sim): Promise<Row[]> {
  const answer = await get(`/fapi/v1/klines?${query}`, on);
  expect(answer.status).toBe(200);
  return answer.body as Row[];
}

// Time stands still: every answer is exact.
beforeAll(async () => {
  sim = await startBinanceSim({ clock: "manual", weightLimit: 1_000_000 });
});
afterAll(() => sim.stop());

describe("REST", () => {
  it("answers ping and time", async () => {
    expect((await get("/fapi/v1/ping")).body).toEqual({});
    expect((await get("/fapi/v1/time")).body).toEqual({ serverTime: sim.clock.nowMs() });
  });

  it("serves the universe: 297 pass, rate limits are the simulator's own", async () => {
    const { body } = await get("/fapi/v1/exchangeInfo");
    const document = body as { symbols: VenueSymbol[]; rateLimits: unknown[] };
    expect(document.symbols.filter(passesUniverseFilter)).toHaveLength(297);
    expect(document.rateLimits).toContainEqual({
      rateLimitType: "REQUEST_WEIGHT",
      interval: "MINUTE",
      intervalNum: 1,
      limit: 1_000_000,
    });
  });

  it("serves 12 items a row, ascending, the last row still open", async () => {
    const got = await rows("symbol=BTCUSDT&interval=1m");
    expect(got).toHaveLength(500);
    const nowMs = sim.clock.nowMs();
    expect(got.at(-1)![0]).toBe(nowMs - (nowMs % MINUTE_MS));
    expect(got.at(-1)![6]).toBeGreaterThan(nowMs);
    const step = got.map((row, index) => Number(row[0]) - Number(got[0]![0]) - index * MINUTE_MS);
    expect(step.every((offset) => offset === 0)).toBe(true);
    const types = got[7]!.map((item) => typeof item);
    const s = "string";
    expect(types).toEqual(["number", s, s, s, s, s, "number", s, "number", s, s, s]);
    expect(got[7]![1]).toMatch(/^\d+\.\d{2}$/);
  });

  it("serves exactly the market's final bars", async () => {
    const symbol = sim.market.find("ETHUSDT")!;
    const got = await rows(`symbol=ETHUSDT&interval=1m&limit=1500&endTime=${sim.market.openTimeMs(2599)}`);
    expect(got).toHaveLength(1500);
    const wanted = sim.market.flatBars(symbol, 1100, 2599);
    expect(got.flatMap((row) => row.slice(0, 6).map(Number))).toEqual([...wanted]);
  });

  it("shows the open minute as it stands at that moment", async () => {
    const [row] = await rows("symbol=FILUSDT&interval=1m&limit=1");
    const cell = createCell();
    const symbol = sim.market.find("FILUSDT")!;
    sim.market.forming(symbol, 2600, 2000 / MINUTE_MS, cell);
    expect(row!.slice(1, 6).map(Number)).toEqual([
      ...[cell.open, cell.high, cell.low, cell.close].map((units) => units / symbol.grid.priceScale),
      cell.volume / symbol.grid.volumeScale,
    ]);
  });

  it("adds M5 up from M1", async () => {
    const one = (await rows("symbol=SOLUSDT&interval=1m&limit=1000")).slice(0, -1);
    const five = await rows("symbol=SOLUSDT&interval=5m&limit=100");
    for (const row of five.slice(0, -1)) {
      const parts = one.filter((part) => Math.floor(Number(part[0]) / 300_000) * 300_000 === row[0]);
      expect(parts).toHaveLength(5);
      const column = (index: number): number[] => parts.map((part) => Number(part[index]));
      expect(row.slice(1, 5).map(Number)).toEqual([
        column(1)[0],
        Math.max(...column(2)),
        Math.min(...column(3)),
        column(4)[4],
      ]);
      expect(Number(row[5])).toBeCloseTo(column(5).reduce((sum, value) => sum + value));
      expect(row[6]).toBe(Number(row[0]) + 299_999);
      expect(row[8]).toBe(column(8).reduce((sum, value) => sum + value));
    }
  });

  it("takes startTime and endTime as inclusive bounds on the open time", async () => {
    const from = sim.market.openTimeMs(2000);
    const opens = async (query: string): Promise<number[]> =>
      (await rows(`symbol=BTCUSDT&interval=1m&${query}`)).map((row) => (Number(row[0]) - from) / MINUTE_MS);
    expect(await opens(`startTime=${from}&endTime=${from + 3 * MINUTE_MS}`)).toEqual([0, 1, 2, 3]);
    expect(await opens(`startTime=${from + 1}&endTime=${from + 3 * MINUTE_MS - 1}`)).toEqual([1, 2]);
    expect(await opens(`startTime=${from}&limit=2`)).toEqual([0, 1]);
    expect(await opens(`endTime=${from}&limit=2`)).toEqual([-1, 0]);
    expect(await opens(`startTime=${from + 10_000 * MINUTE_MS}`)).toEqual([]);
    expect((await opens(`startTime=0&limit=3`))[0]).toBe(-2000);
  });

  it("takes percent-encoded UTF-8 symbols", async () => {
    expect(await rows(`symbol=${encodeURIComponent("币安人生USDT")}&interval=1m&limit=5`)).toHaveLength(5);
  });

  it.each([
    ["symbol=NOPE&interval=1m", -1121],
    ["symbol=btcusdt&interval=1m", -1121],
    ["interval=1m", -1102],
    ["symbol=BTCUSDT", -1102],
    ["symbol=BTCUSDT&interval=1s", -1120],
    ["symbol=BTCUSDT&interval=1m&limit=1501", -1130],
    ["symbol=BTCUSDT&interval=1m&limit=0", -1130],
    ["symbol=BTCUSDT&interval=1m&limit=x", -1100],
    ["symbol=BTCUSDT&interval=1m&startTime=-5", -1100],
    ["symbol=BTCUSDT&interval=1m&endTime=", -1105],
    ["symbol=BTCUSDT&interval=1m&startTime=20&endTime=10", -1023],
    ["symbol=BTCUSDT&interval=1m&depth=3", -1104],
  ])("refuses %s with %i", async (query, code) => {
    const answer = await get(`/fapi/v1/klines?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code, msg: expect.any(String) });
    expect(answer.headers.get("x-mbx-used-weight-1m")).toMatch(/^\d+$/);
  });

  it("charges the venue's weights", async () => {
    const used = async (path: string): Promise<number> =>
      Number((await get(path)).headers.get("x-mbx-used-weight-1m"));
    let before = await used("/fapi/v1/time");
    const weights: number[] = [];
    for (const limit of [99, 100, 499, 500, 1000, 1001, 1500]) {
      const after = await used(`/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=${limit}`);
      weights.push(after - before);
      before = after;
    }
    expect(weights).toEqual([1, 2, 2, 5, 5, 10, 10]);
  });

  it("answers 404 to what it does not know and counts it", async () => {
    const before = sim.stats().unexpected;
    expect((await get("/fapi/v2/klines")).status).toBe(404);
    const posted = await fetch(`${sim.restUrl}/fapi/v1/time`, { method: "POST" });
    expect(posted.status).toBe(404);
    expect(sim.stats().unexpected).toBe(before + 2);
    expect(sim.stats().unexpectedSamples).toContain("GET /fapi/v2/klines");
  });
});

describe("the REST limit", () => {
  it("answers 429, then 418 with the ban's end in the text, without Retry-After, until that time has passed", async () => {
    const strict = await startBinanceSim({ symbols: 5, speed: 200, weightLimit: 20, banMs: 400_000 });
    try {
      const statuses: number[] = [];
      let banned: Answer | null = null;
      for (let round = 0; round < 400 && banned === null; round++) {
        const answer = await get("/fapi/v1/klines?symbol=ALGOUSDT&interval=1m&limit=1500", strict);
        statuses.push(answer.status);
        if (answer.status === 418) banned = answer;
      }
      expect(statuses).toContain(429);
      const body = banned!.body as { code: number; msg: string };
      expect(body.code).toBe(-1003);
      expect(banned!.headers.has("retry-after")).toBe(false);
      const untilMs = Number(/banned until (\d{13})\./.exec(body.msg)?.[1]);
      expect(untilMs).toBeGreaterThan(strict.clock.nowMs());
      expect((await get("/fapi/v1/time", strict)).status).toBe(418);
      await eventually("the ban ends", () => strict.clock.nowMs() >= untilMs);
      expect((await get("/fapi/v1/time", strict)).status).toBe(200);
      const stats = strict.stats();
      expect(stats.replies429).toBeGreaterThan(0);
      expect(stats.replies418).toBeGreaterThan(1);
      expect(stats.usedWeightMax).toBeGreaterThan(20);
    } finally {
      await strict.stop();
    }
  });

  it("serves its counters", async () => {
    const { body } = await get("/sim/stats");
    expect(body).toMatchObject({ weightLimit: 1_000_000, connections: { open: 0 } });
  });
});
