import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock, Rng, silentLogger } from "@smcq/kernel";
import type { Logger } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceReferenceData, parseExchangeInfo } from "../src/index.ts";
import { answer, startHttpVenue } from "./support/http-venue.ts";
import type { HttpVenue } from "./support/http-venue.ts";

type Entry = Readonly<Record<string, unknown>>;

function entry(symbol: string, over: Entry = {}): Entry {
  return {
    symbol,
    baseAsset: "A",
    quoteAsset: "USDT",
    marginAsset: "USDT",
    status: "TRADING",
    contractType: "PERPETUAL",
    onboardDate: 1_569_398_400_000,
    deliveryDate: 4_133_404_800_000,
    filters: filters(),
    ...over,
  };
}

function filters(
  over: { tick?: unknown; step?: unknown; minQty?: unknown; maxQty?: unknown; notional?: unknown } = {},
) {
  const { tick = "0.01", step = "0.1", minQty = "0.1", maxQty = "100", notional = "5" } = over;
  return [
    { filterType: "PRICE_FILTER", tickSize: tick },
    { filterType: "LOT_SIZE", stepSize: step, minQty, maxQty },
    { filterType: "MARKET_LOT_SIZE", stepSize: step, minQty, maxQty },
    { filterType: "MIN_NOTIONAL", notional },
  ];
}

const listOf = (...symbols: string[]): object => ({ symbols: symbols.map((symbol) => entry(symbol)) });
const many = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `S${String(from + index).padStart(3, "0")}USDT`);

describe("a list is judged before it is believed", () => {
  const names = (symbols: readonly unknown[]): [string[], number] => {
    const info = parseExchangeInfo({ symbols });
    return [info.instruments.map(({ symbol }) => symbol), info.refused.length];
  };

  it.each<readonly [string, readonly Entry[], readonly string[], number]>([
    ["twice the same", [entry("A"), entry("B"), entry("A")], ["A", "B"], 1],
    ["three times the same", [entry("A"), entry("A"), entry("A")], ["A"], 2],
    [
      "twins with other rules",
      [entry("A"), entry("B"), entry("A", { filters: filters({ tick: "0.1" }) })],
      ["B"],
      1,
    ],
    ["twins with another state", [entry("A"), entry("A", { status: "BREAK" }), entry("B")], ["B"], 1],
    ["names that differ in case", [entry("A"), entry("a"), entry("B")], ["B"], 1],
    ["a third one after twins", [entry("A"), entry("A", { status: "X" }), entry("A"), entry("B")], ["B"], 2],
  ])("%s", (_name, symbols, kept, refused) => {
    expect(names(symbols)).toEqual([kept, refused]);
  });

  it.each<readonly [string, Entry]>([
    ["a colour in its name", { symbol: "A\u001b[31m" }],
    ["a line feed in its name", { symbol: "A\nB" }],
    ["a mark that turns text", { symbol: "A\u202eTDSU" }],
    ["a hidden mark", { symbol: "A\u200bUSDT" }],
    ["a blank", { symbol: "A USDT" }],
    ["an end of a stream's name", { symbol: "A@kline_1m/B" }],
    ["an endless name", { symbol: "A".repeat(10_000) }],
    ["a mark in its asset", { baseAsset: "\u2066A" }],
    ["tick 0", { filters: filters({ tick: "0" }) }],
    ["tick 0.00", { filters: filters({ tick: "0.00" }) }],
    ["a negative tick", { filters: filters({ tick: "-0.1" }) }],
    ["a tick of 1e300", { filters: filters({ tick: "1e300" }) }],
    ["a tick of 1e300 as a number", { filters: filters({ tick: 1e300 }) }],
    ["a tick that is no number", { filters: filters({ tick: "NaN" }) }],
    ["an infinite tick", { filters: filters({ tick: "Infinity" }) }],
    ["a step above the largest quantity", { filters: filters({ step: "1000" }) }],
    ["a least quantity above the largest", { filters: filters({ minQty: "101" }) }],
    ["a largest quantity of 0", { filters: filters({ maxQty: "0" }) }],
    ["a notional that is no number", { filters: filters({ notional: "five" }) }],
    ["a date of 9e15", { deliveryDate: 9e15 }],
    ["a negative date", { onboardDate: -1 }],
    ["a name that is a number", { symbol: 5 }],
  ])("%s", (_name, over) => {
    const { instruments, refused } = parseExchangeInfo({ symbols: [entry("GOOD"), entry("BAD", over)] });
    expect(instruments.map(({ symbol }) => symbol)).toEqual(["GOOD"]);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.length).toBeLessThan(400);
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(refused[0]).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u200b\u202e\u2066]/);
  });

  it.each([0, -5, 1e300, 0.001])("a weight limit of %d is not believed", (limit) => {
    const rateLimits = [{ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit }];
    expect(parseExchangeInfo({ ...listOf("A"), rateLimits }).weightLimit).toBe(1_200);
  });
});

describe("the universe between runs", () => {
  let venue: HttpVenue;
  let dir: string;
  let clock: ManualClock;
  let lines: string[];
  const opened: BinanceReferenceData[] = [];

  function open(shrinkRatioMax?: number): BinanceReferenceData {
    const say = (_fields: object, text: string): void => void lines.push(text);
    const log: Logger = { ...silentLogger, warn: say, info: say };
    const { origin } = venue;
    const ratio = shrinkRatioMax === undefined ? {} : { shrinkRatioMax };
    const data = new BinanceReferenceData({ origin, clock, rng: new Rng(1), log, cacheDir: dir, ...ratio });
    opened.push(data);
    return data;
  }

  const path = (): string => join(dir, "binance-universe.json");
  const serve = (...documents: object[]): void =>
    void venue.script.push(...documents.map((one) => answer(200, one)));

  /** Asks for the universe and lets the second look come. */
  async function asked(data: BinanceReferenceData, maxAgeMs = 0): Promise<readonly string[]> {
    let result: readonly string[] | undefined;
    const done = data.universe({ maxAgeMs }).then(({ instruments }) => {
      result = instruments.map(({ symbol }) => symbol);
    });
    await expect
      .poll(
        () => {
          clock.advance(1_000);
          return result;
        },
        { interval: 2, timeout: 20_000 },
      )
      .toBeDefined();
    await done;
    return result ?? [];
  }

  beforeEach(async () => {
    clock = new ManualClock(1_790_771_340_000);
    lines = [];
    dir = await mkdtemp(join(tmpdir(), "smcq-universe-"));
    venue = await startHttpVenue(answer(200, listOf(...many(20))));
  });
  afterEach(async () => {
    for (const data of opened.splice(0)) await data.close();
    await venue.close();
    await rm(dir, { recursive: true });
  });

  it("keeps a document only when a run has come up with it", async () => {
    const data = open();
    await data.universe();
    expect(existsSync(path())).toBe(false);
    await data.keepUniverse();
    expect(existsSync(path())).toBe(true);
  });

  it("is fetched anew when the last start on the cached document did not come up", async () => {
    const first = open();
    await first.universe({ isTrial: true });
    await first.keepUniverse();
    expect((await open().universe({ isTrial: true })).source).toBe("disk");
    // That start has not said that it came up.
    const third = open();
    expect((await third.universe({ isTrial: true })).source).toBe("venue");
    expect(lines.at(-1)).toContain("did not come up");
    await third.keepUniverse();
    const fourth = open();
    expect((await fourth.universe({ isTrial: true })).source).toBe("disk");
    await fourth.keepUniverse();
    expect((await open().universe({ isTrial: true })).source).toBe("disk");
  });

  it("does not call a question of another command a start", async () => {
    const data = open();
    await data.universe();
    await data.keepUniverse();
    for (let turn = 0; turn < 3; turn++) expect((await open().universe()).source).toBe("disk");
  });

  it("does not use a cached document that cannot be believed", async () => {
    const data = open();
    await data.universe();
    await data.keepUniverse();
    const cached = JSON.parse(await readFile(path(), "utf8")) as { instruments: object[] };
    cached.instruments.push(cached.instruments[0] as object);
    await writeFile(path(), JSON.stringify(cached));
    expect((await open().universe()).source).toBe("venue");
  });

  it("doubts a list that has shrunk: a whole second one wins, nothing is given up", async () => {
    const data = open();
    expect(await asked(data)).toHaveLength(20);
    serve(listOf(...many(2)));
    expect(await asked(data)).toHaveLength(20);
    expect(venue.requests).toHaveLength(3);
    expect(lines.at(-1)).toContain("whole again");
  });

  it("asks a second time within a minute", async () => {
    const data = open();
    await asked(data);
    serve(listOf(...many(2)));
    const startMs = clock.nowMs();
    await asked(data);
    expect(clock.nowMs() - startMs).toBeLessThanOrEqual(60_000);
  });

  it("gives up what a second, agreeing list lacks, too", async () => {
    const data = open();
    await asked(data);
    serve(listOf(...many(10)), listOf(...many(10)));
    expect(await asked(data)).toEqual(many(10));
  });

  it.each<readonly [string, readonly object[]]>([
    ["two that contradict each other", [listOf(...many(2)), listOf(...many(2, 10))]],
    ["one that shrinks on", [listOf(...many(10)), listOf(...many(2))]],
    ["a second one that grows, and is short still", [listOf(...many(2)), listOf(...many(10))]],
  ])("stays with the list before after %s", async (_name, documents) => {
    const data = open();
    await asked(data);
    serve(...documents);
    expect(await asked(data)).toEqual(many(20));
    await data.keepUniverse();
    expect(await asked(open(), 3_600_000)).toEqual(many(20));
  });

  it("stays with the list before when the second look fails", async () => {
    const data = open();
    await asked(data);
    serve(listOf(...many(2)));
    venue.script.push(answer(403, "firewall"));
    expect(await asked(data)).toEqual(many(20));
  });

  it("takes a small loss, and all that is new, at once", async () => {
    const data = open();
    await asked(data);
    serve(listOf(...many(18), ...many(3, 50)));
    expect(await asked(data)).toHaveLength(21);
    expect(venue.requests).toHaveLength(2);
  });

  it.each([
    [0, 19],
    [1, 1],
  ])("takes the ratio of the settings: %d", async (ratio, left) => {
    const data = open(ratio);
    await asked(data);
    serve(listOf(...many(left)));
    await asked(data);
    expect(venue.requests).toHaveLength(ratio === 0 ? 3 : 2);
  });

  it("holds a start's list against the last run's, however old", async () => {
    const data = open();
    await asked(data);
    await data.keepUniverse();
    clock.advance(5 * 3_600_000);
    serve(listOf(...many(2)));
    expect(await asked(open(), 3_600_000)).toHaveLength(20);
  });

  it("does not keep a stop waiting for the second look", async () => {
    const data = open();
    await asked(data);
    serve(listOf(...many(2)));
    const late = data.universe({ maxAgeMs: 0 });
    await expect.poll(() => lines.some((line) => line.includes("shrunk"))).toBe(true);
    await data.close();
    expect((await late).instruments).toHaveLength(20);
  });
});
