import { createCell, MarketData } from "@smcq/exchange-sim";
import { MINUTE_MS, Rng } from "@smcq/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter } from "../src/http/rate-limit.ts";
import { resolveOptions, type BinanceSimOptions } from "../src/options.ts";
import { Agenda } from "../src/stream/agenda.ts";
import { BAD_VALUES, spoilValues } from "../src/stream/bad-frames.ts";
import { ByteWriter } from "../src/stream/byte-writer.ts";
import { KlineFrame } from "../src/stream/kline-frame.ts";
import { handleControl } from "../src/ws/control.ts";
import { replyHead, REPLY_BYTES_MAX, RequestBook, REQUESTS_KEPT_MAX } from "../src/http/request-book.ts";
import { readTarget } from "../src/ws/target.ts";

describe("the byte writer", () => {
  it("prints integers and decimals as the venue does", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 }), fc.integer({ min: 0, max: 9 }), (units, decimals) => {
        const writer = new ByteWriter();
        writer.integer(-units);
        writer.text(" ");
        writer.decimal(units, decimals);
        const digits = String(units).padStart(decimals + 1, "0");
        const whole = digits.slice(0, digits.length - decimals);
        const wanted = decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`;
        expect(writer.bytes.toString("utf8", 0, writer.length)).toBe(
          `${units === 0 ? 0 : -units} "${wanted}"`,
        );
      }),
    );
  });

  it("grows beyond its first buffer", () => {
    const writer = new ByteWriter();
    for (let count = 0; count < 5000; count++) writer.text("0123456789");
    expect(writer.length).toBe(50_000);
    expect(writer.bytes.toString("utf8", 49_990, 50_000)).toBe("0123456789");
  });
});

describe("a kline frame", () => {
  const market = new MarketData({ symbols: 20 });
  const cell = createCell();
  const frame = new KlineFrame();

  it("has the venue's fields in the venue's order and the final numbers of the bar", () => {
    const symbol = market.find("ALGOUSDT")!;
    market.bar(symbol, 100, cell);
    const openTimeMs = market.openTimeMs(100);
    frame.encode(symbol, cell, { openTimeMs, eventTimeMs: openTimeMs + 62_001, isFinal: true });
    const { k } = JSON.parse(frame.rawText()) as { k: Record<string, unknown> };
    expect(Object.keys(k).join("")).toBe("tTsifLochlvnxqVQB");
    expect(k).toMatchObject({
      t: openTimeMs,
      T: openTimeMs + 59_999,
      s: "ALGOUSDT",
      i: "1m",
      x: true,
      B: "0",
    });
    const bar = [...market.flatBars(symbol, 100, 100)];
    expect([k["t"], ...["o", "h", "l", "c", "v"].map((name) => Number(k[name]))]).toEqual(bar);
    expect(k["o"]).toMatch(/^\d+\.\d{4}$/);
    const whole = JSON.parse(frame.writer.bytes.toString("utf8", 0, frame.writer.length)) as object;
    expect(Object.keys(whole)).toEqual(["stream", "data"]);
  });

  it("has the shape of the frame seen live on 2026-09-30", () => {
    const live =
      '{"e":"kline","E":1790771371858,"s":"BTCUSDT","k":{"t":1790771340000,"T":1790771399999,"s":"BTCUSDT","i":"1m","f":8132503391,"L":8132505633,"o":"83896.40","c":"1.10","h":"1.10","l":"1.10","v":"114.602","n":2239,"x":false,"q":"9615538.66780","V":"48.488","Q":"4068722.10360","B":"0"}}';
    const symbol = new MarketData().find("BTCUSDT")!;
    Object.assign(cell, { open: 8_389_640, close: 110, high: 110, low: 110, volume: 114_602, trades: 2239 });
    Object.assign(cell, { quote: 961_553_866_780, takerBase: 48_488, takerQuote: 406_872_210_360 });
    Object.assign(cell, { firstTradeId: 8_132_503_391, lastTradeId: 8_132_505_633 });
    frame.encode(symbol, cell, {
      openTimeMs: 1_790_771_340_000,
      eventTimeMs: 1_790_771_371_858,
      isFinal: false,
    });
    expect(frame.rawText()).toBe(live);
  });

  it("is JSON for every symbol, non-ASCII names included", () => {
    const rng = new Rng(1);
    for (const symbol of market.symbols) {
      const minute = rng.int(market.minuteCount);
      market.forming(symbol, minute, rng.next(), cell);
      frame.encode(symbol, cell, { openTimeMs: market.openTimeMs(minute), eventTimeMs: 1, isFinal: false });
      const parsed = JSON.parse(frame.writer.bytes.toString("utf8", 0, frame.writer.length)) as {
        stream: string;
        data: { s: string };
      };
      expect(parsed.data.s).toBe(symbol.symbol);
      expect(parsed.stream).toBe(`${symbol.symbol.toLowerCase()}@kline_1m`);
    }
  });

  it("can be spoiled in every way and stays JSON", () => {
    const symbol = market.find("FILUSDT")!;
    market.bar(symbol, 3, cell);
    frame.encode(symbol, cell, { openTimeMs: 1, eventTimeMs: 2, isFinal: true });
    for (const value of BAD_VALUES) {
      const { k } = JSON.parse(spoilValues(frame.rawText(), value)) as { k: Record<string, string> };
      const isBad = value === "swap" ? Number(k["h"]) < Number(k["l"]) : `"${k["c"]}"` === value;
      expect({ value, isBad }).toEqual({ value, isBad: true });
    }
  });
});

describe("the agenda", () => {
  it("does everything in order of time, then of entry, things added on the way included", () => {
    const rng = new Rng(3);
    const agenda = new Agenda();
    const done: number[] = [];
    const times = Array.from({ length: 500 }, () => rng.int(100));
    times.forEach((atMs, order) => agenda.add(atMs, () => done.push(atMs * 1000 + order)));
    agenda.add(50, () => agenda.add(40, () => done.push(50_999)));
    agenda.runDue(49);
    expect(done.every((entry) => entry < 50_000)).toBe(true);
    agenda.runDue(1000);
    expect(done).toHaveLength(501);
    expect(agenda.size).toBe(0);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });
});

describe("the weight pool", () => {
  it("counts in fixed minutes, refuses above the limit with 429, then bans with a doubling 418", () => {
    const limiter = new RateLimiter(100, 120_000);
    const start = 10 * MINUTE_MS;
    expect(limiter.spend(100, start + 59_000)).toEqual({
      status: 200,
      usedWeight: 100,
      untilMs: start + 59_000,
    });
    expect(limiter.spend(1, start + 59_999)).toMatchObject({
      status: 429,
      usedWeight: 101,
      untilMs: start + MINUTE_MS,
    });
    expect(limiter.spend(100, start + MINUTE_MS).status).toBe(200);
    const statuses = Array.from({ length: 11 }, () => limiter.spend(1, start + MINUTE_MS).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 429), 418]);
    expect(limiter.spend(1, start + MINUTE_MS + 119_999)).toMatchObject({
      status: 418,
      untilMs: start + MINUTE_MS + 120_000,
    });
    expect(limiter.spend(1, start + MINUTE_MS + 120_000).status).toBe(200);
    limiter.spend(100, start + 4 * MINUTE_MS);
    const last = Array.from({ length: 11 }, () => limiter.spend(1, start + 4 * MINUTE_MS)).at(-1)!;
    expect(last).toMatchObject({ status: 418, untilMs: start + 4 * MINUTE_MS + 240_000 });
  });
});

describe("control messages", () => {
  const answer = (text: string): unknown => {
    const streams = new Set<string>(["a@kline_1m"]);
    return JSON.parse(
      handleControl(text, {
        subscribe: (names) => names.length < 3 && names.every((name) => streams.add(name)),
        unsubscribe: (names) => names.forEach((name) => streams.delete(name)),
        list: () => [...streams],
        isCombined: true,
      }),
    );
  };

  it.each([
    ['{"method":"SUBSCRIBE","params":["x@kline_1m"],"id":1}', { result: null, id: 1 }],
    ['{"method":"UNSUBSCRIBE","params":["a@kline_1m"],"id":312}', { result: null, id: 312 }],
    ['{"method":"LIST_SUBSCRIPTIONS","id":3}', { result: ["a@kline_1m"], id: 3 }],
    ['{"method":"GET_PROPERTY","params":["combined"],"id":"q"}', { result: true, id: "q" }],
    ['{"method":"SET_PROPERTY","params":["combined",false],"id":5}', { result: null, id: 5 }],
  ])("answers %s", (text, wanted) => {
    expect(answer(text)).toEqual(wanted);
  });

  it.each([
    ["{", 3],
    ["[]", 2],
    ['{"id":1}', 2],
    ['{"method":"JOIN","id":1}', 2],
    ['{"method":7,"id":1}', 2],
    ['{"method":"SUBSCRIBE","params":"a","id":1}', 2],
    ['{"method":"SUBSCRIBE","params":["a","b","c"],"id":1}', 2],
    ['{"method":"SUBSCRIBE","params":["a"],"id":-1}', 2],
    ['{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1],
    ['{"method":"SET_PROPERTY","params":["colour",true],"id":1}', 0],
  ])("refuses %s with code %i", (text, code) => {
    expect(answer(text)).toMatchObject({ error: { code } });
  });
});

it("the book of requests keeps the beginning of a reply, and the newer requests", () => {
  expect(replyHead("x".repeat(10_000))).toHaveLength(REPLY_BYTES_MAX);
  expect(replyHead(Buffer.from("ab"))).toBe("ab");
  const book = new RequestBook();
  const one = { method: "GET", path: "/", query: "", body: "", apiKey: null, status: 200, reply: "" };
  for (let timeMs = 0; timeMs < 2 * REQUESTS_KEPT_MAX; timeMs++) book.add({ ...one, timeMs });
  expect(book.all()).toHaveLength(REQUESTS_KEPT_MAX);
  expect(book.all()[0]?.timeMs).toBe(REQUESTS_KEPT_MAX);
});

describe("a handshake's path", () => {
  it.each([
    [
      "/market/stream?streams=btcusdt@kline_1m/a@kline_1m",
      "market",
      true,
      ["btcusdt@kline_1m", "a@kline_1m"],
    ],
    ["/market/ws/btcusdt@kline_1m", "market", false, ["btcusdt@kline_1m"]],
    ["/market/stream", "market", true, []],
    ["/public/ws", "public", false, []],
    ["/stream?streams=x", "", true, ["x"]],
    ["/ws", "", false, []],
    ["/market/stream?streams=%E9%BE%99%E8%99%BEusdt@kline_1m", "market", true, ["龙虾usdt@kline_1m"]],
  ])("%s", (url, category, isCombined, streams) => {
    expect(readTarget(url)).toEqual({ type: "accepted", category, isCombined, streams, events: null });
  });

  it("is refused when it is none of the venue's, cannot be decoded or names too many streams", () => {
    expect(readTarget("/other/stream")).toMatchObject({ reply: "404 Not Found" });
    expect(readTarget("/market/stream?streams=%zz")).toMatchObject({ reply: "400 Bad Request" });
    const names = (count: number): string =>
      Array.from({ length: count }, (_, index) => `s${index}`).join("/");
    expect(readTarget(`/market/stream?streams=${names(1024)}`).type).toBe("accepted");
    expect(readTarget(`/market/stream?streams=${names(1025)}`)).toMatchObject({ reply: "400 Bad Request" });
  });
});

describe("options", () => {
  it.each([
    [{ speed: 0 }, /speed must be a number 0\.001\.\.10000/],
    [{ port: 1.5 }, /port must be an integer 0\.\.65535/],
    [{ symbols: 10_001 }, /symbols/],
    [{ clock: "fast" }, /clock must be one of scaled, manual/],
    [{ colour: 1 }, /colour is no option/],
    [{ finalDelayMs: 59_000, finalSpreadMs: 4000 }, /below a minute/],
  ])("refuses %j", (options, reason) => {
    expect(() => resolveOptions(options as BinanceSimOptions)).toThrow(reason);
    expect(() => resolveOptions(options as BinanceSimOptions)).toThrow(
      expect.objectContaining({ code: "SIM_OPTION" }),
    );
  });
});
