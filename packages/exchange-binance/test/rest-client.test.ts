import { ManualClock, Rng, SystemClock, silentLogger } from "@smcq/kernel";
import type { Clock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceErrorCode, BinanceRest } from "../src/index.ts";
import { parseJsonSafe } from "../src/rest/json-safe.ts";
import { classifyReply } from "../src/rest/rest-reply.ts";
import { parseBanUntilMs } from "../src/rest/stop-times.ts";
import { answer, startHttpVenue } from "./support/http-venue.ts";
import type { HttpVenue } from "./support/http-venue.ts";

let venue: HttpVenue;
let rest: BinanceRest;

/** Back-off of the client passes a thousand times faster than the wall. */
class FastClock extends SystemClock {
  override after(delayMs: number, fn: () => void): () => void {
    return super.after(delayMs / 1_000, fn);
  }
}

function connect(clock: Clock = new FastClock(), replyTimeoutMs = 2_000): BinanceRest {
  return new BinanceRest({ origin: venue.origin, clock, rng: new Rng(1), log: silentLogger, replyTimeoutMs });
}

beforeEach(async () => {
  venue = await startHttpVenue(answer(200, { serverTime: 1_790_771_340_123 }));
  rest = connect();
});

afterEach(async () => {
  await rest.close();
  await venue.close();
});

const row = (t: number): unknown[] => [
  t,
  "1.5",
  "2",
  "1",
  "1.75",
  "10.5",
  t + 59_999,
  "18",
  5,
  "1",
  "2",
  "0",
];

describe("BinanceRest", () => {
  it("reads klines as flat bars and spends the venue's weight", async () => {
    venue.script.push(answer(200, [row(60_000), row(120_000)], { "X-MBX-USED-WEIGHT-1M": "77" }));
    const bars = await rest.klines({
      symbol: "BTCUSDT",
      interval: "1m",
      limit: 499,
      startMs: 60_000,
      endMs: 120_000,
    });
    expect([...bars]).toEqual([60_000, 1.5, 2, 1, 1.75, 10.5, 120_000, 1.5, 2, 1, 1.75, 10.5]);
    expect(venue.requests).toEqual([
      "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=499&startTime=60000&endTime=120000",
    ]);
    expect(rest.budget.state()).toMatchObject({ weightSent: 2, weightReported: 77, weightInFlight: 0 });
  });

  it("percent-encodes non-ASCII symbols as UTF-8", async () => {
    venue.script.push(answer(200, []));
    await rest.klines({ symbol: "币安人生USDT", interval: "1m", limit: 2 });
    expect(venue.requests[0]).toContain("symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&");
  });

  it("repeats after 5xx, 408, 429 and a cut connection, and gives up after four tries", async () => {
    venue.script.push(answer(503, ""), answer(408, ""), (response) => response.destroy());
    expect(await rest.serverTime()).toBe(1_790_771_340_123);
    expect(venue.requests).toHaveLength(4);
    for (let index = 0; index < 4; index++) venue.script.push(answer(500, "oops"));
    await expect(rest.serverTime()).rejects.toMatchObject({
      code: BinanceErrorCode.Unavailable,
      context: { status: 500 },
    });
    expect(rest.stats()).toMatchObject({ requests: 8, retries: 6, failures: 1 });
  });

  it("does not repeat what the venue refused", async () => {
    venue.script.push(
      answer(400, { code: -1121, msg: "Invalid symbol." }),
      answer(403, "<html>firewall</html>"),
    );
    await expect(rest.serverTime()).rejects.toMatchObject({
      code: BinanceErrorCode.Refused,
      context: { venueCode: -1121 },
    });
    await expect(rest.serverTime()).rejects.toMatchObject({ code: BinanceErrorCode.Firewall });
    expect(venue.requests).toHaveLength(2);
  });

  it("refuses replies that are not what they should be", async () => {
    const bad = ["<html>", { rows: [] }, [[1, 2]], [row(120_000), row(60_000)], [row(0.5)]];
    for (const body of bad) {
      for (let tries = 0; tries < 4; tries++) venue.script.push(answer(200, body));
      await expect(rest.klines({ symbol: "BTCUSDT", interval: "1m", limit: 2 })).rejects.toMatchObject({
        code: BinanceErrorCode.BadReply,
      });
    }
    for (let tries = 0; tries < 4; tries++) venue.script.push(answer(200, { serverTime: "soon" }));
    await expect(rest.serverTime()).rejects.toMatchObject({ code: BinanceErrorCode.BadReply });
  });

  it("asks whether the venue answers, and its time, where the weight is used up, and nothing else", async () => {
    rest.budget.setLimit(1_200);
    venue.script.push(answer(200, {}, { "X-MBX-USED-WEIGHT-1M": "1180" }));
    await rest.ping();
    const klines = { symbol: "BTCUSDT", interval: "1m", limit: 2 } as const;
    const waiting = rest.klines(klines).catch((error: unknown) => error);
    venue.script.push(answer(200, { serverTime: 1_790_771_350_000 }));
    expect(await rest.serverTime()).toBe(1_790_771_350_000);
    await rest.ping();
    expect(venue.requests).toEqual(["/fapi/v1/ping", "/fapi/v1/time", "/fapi/v1/ping"]);
    await rest.close();
    expect(await waiting).toMatchObject({ code: BinanceErrorCode.Closed });
  });

  it("keeps everything back until the venue's minute ends after 429", async () => {
    await rest.close();
    const clock = new ManualClock(1_790_771_350_000);
    rest = connect(clock);
    venue.script.push(answer(429, { code: -1003, msg: "Too many requests." }));
    const reply = rest.serverTime();
    await expect.poll(() => rest.budget.state().stops429).toBe(1);
    expect(venue.requests).toHaveLength(1);
    clock.advance(50_500);
    expect(await reply).toBe(1_790_771_340_123);
  });

  it("sends nothing until the ban time of a 418 has come", async () => {
    await rest.close();
    const clock = new ManualClock(1_790_771_350_000);
    rest = connect(clock);
    const untilMs = 1_790_771_470_000;
    venue.script.push(
      answer(418, { code: -1003, msg: `Way too many requests; IP(1.2.3.4) banned until ${untilMs}.` }),
    );
    const first = rest.serverTime();
    await expect.poll(() => rest.budget.bannedUntilMs()).toBe(untilMs);
    const second = rest.serverTime();
    clock.advanceTo(untilMs - 1);
    await expect.poll(() => rest.budget.state().queueLength).toBe(2);
    expect(venue.requests).toHaveLength(1);
    clock.advanceTo(untilMs);
    await Promise.all([first, second]);
    expect(venue.requests).toHaveLength(3);
  });

  it("gives up a reply that does not come", async () => {
    await rest.close();
    rest = connect(new FastClock(), 200);
    const hang = (): void => undefined;
    venue.script.push(hang, hang, hang, hang);
    await expect(rest.serverTime()).rejects.toMatchObject({ code: BinanceErrorCode.Network });
    expect(rest.budget.state().weightInFlight).toBe(0);
  });

  it("takes the clock offset from the sample with the shortest round trip", async () => {
    await rest.close();
    const clock = new ManualClock(1_000_000);
    rest = connect(clock);
    const trips = [400, 40, 900];
    let sample = 0;
    const serverTime = async (): Promise<number> => {
      const tripMs = trips[sample++] ?? 0;
      clock.advance(tripMs * 0.5);
      const serverMs = clock.nowMs() + 5_000;
      clock.advance(tripMs * 0.5 + (tripMs > 100 ? 300 : 0));
      await Promise.resolve();
      return serverMs;
    };
    await rest.offset.synchronise(serverTime, trips.length);
    expect([rest.offset.offsetMs(), rest.offset.roundTripMs()]).toEqual([5_000, 40]);
  });
});

describe("classifyReply", () => {
  const raw = { path: "/x", text: "", retryAfter: undefined, nowMs: 1_000_000 };

  it("finds the ban time in the text, in Retry-After, or assumes two minutes", () => {
    expect(parseBanUntilMs("IP banned until 1790771371858. Please use the websocket.")).toBe(
      1_790_771_371_858,
    );
    expect(parseBanUntilMs("Way too many requests")).toBeUndefined();
    expect(classifyReply({ ...raw, status: 418, retryAfter: "30" }).banUntilMs).toBe(1_030_000);
    expect(classifyReply({ ...raw, status: 418 }).banUntilMs).toBe(1_120_000);
    expect(classifyReply({ ...raw, status: 429, retryAfter: "7" })).toMatchObject({
      stop: "window",
      retryAfterMs: 7_000,
    });
  });
});

describe("parseJsonSafe", () => {
  it("keeps integers beyond 2^53 as text and everything else as it is", () => {
    const text =
      '{"orderId":8389765512345678901,"n":-9007199254740993,"price":"0.1","f":1.5e300,"i":[9007199254740991]}';
    expect(parseJsonSafe(text)).toEqual({
      orderId: "8389765512345678901",
      n: "-9007199254740993",
      price: "0.1",
      f: 1.5e300,
      i: [9_007_199_254_740_991],
    });
    expect(() => parseJsonSafe("{")).toThrow(SyntaxError);
  });
});
