import { assert, type Bar, BAR_FIELDS, type Rng } from "@smcq/kernel";
import { beforeAll, describe, expect, it } from "vitest";
import {
  CandidateRows,
  FEATURES_V1,
  FEATURES_V2,
  MARKET_CELLS_MAX,
  MarketTable,
  recomputeRich,
  RichFeatures,
} from "@smcq/features";
import { barsOf, fixtureFlat, testRng, tickWalk } from "./support.ts";

const COLUMNS = FEATURES_V2.columns.slice(FEATURES_V1.columns.length);
const DAY = 1_440;
const START_MINUTE = 29_106_000;

type Market = ReadonlyMap<string, readonly Bar[]>;

const at = (name: string): number => COLUMNS.findIndex((column) => column.name === name);

function tableOf(market: Market, names: readonly string[] = [...market.keys()]): MarketTable {
  const table = MarketTable.empty(names);
  for (const name of names)
    for (const { openTimeMs, close } of market.get(name) ?? [])
      table.take(table.indexOf(name), openTimeMs, close);
  return table;
}

/** The columns after each of the bars that are asked for, by the bar's index. */
function stream(symbol: string, market: Market, wanted: ReadonlySet<number>, table = tableOf(market)) {
  const rich = new RichFeatures(table, symbol);
  const rows = new Map<number, number[]>();
  for (const [i, { openTimeMs, open, high, low, close, volume }] of (market.get(symbol) ?? []).entries()) {
    rich.push(openTimeMs, open, high, low, close, volume);
    if (!wanted.has(i)) continue;
    rich.compute();
    rows.set(i, [...rich.values]);
  }
  return rows;
}

/** The market as it stood when the bar closed. */
function cut(market: Market, endMs: number): Market {
  return new Map([...market].map(([name, bars]) => [name, bars.filter((bar) => bar.openTimeMs <= endMs)]));
}

/** Takes runs of bars out: a few minutes, an hour, and some at the end. */
function withHoles(bars: readonly Bar[], rng: Rng): Bar[] {
  const holes = [3, 60, 1].map((length) => ({ from: rng.int(bars.length - 100), length }));
  return bars.filter((_, i) => !holes.some(({ from, length }) => i >= from && i < from + length));
}

/** Real bars of BTC and ALGO at the same minutes, and walks, some with holes and late starts. */
function sampleMarket(rng: Rng): Market {
  const btc = barsOf(fixtureFlat("BTCUSDT"), 0, 8_000);
  const first = btc[0]!.openTimeMs;
  const algo = barsOf(fixtureFlat("ALGOUSDT"), 0, 5_000).map(({ open, high, low, close, volume }, i) => {
    const openTimeMs = first + (i + 2_500) * 60_000;
    return { openTimeMs, open, high, low, close, volume };
  });
  const startMinute = first / 60_000;
  return new Map([
    ["BTCUSDT", btc],
    ["ALGOUSDT", withHoles(algo, rng)],
    ["WALKUSDT", tickWalk(rng, 7_800, startMinute + 100)],
    ["HOLEUSDT", withHoles(tickWalk(rng, 6_000, startMinute + 1_000), rng)],
  ]);
}

/** Bars whose every value, and the range of it, is one of the wild ones. */
function wildBars(rng: Rng, count: number): Bar[] {
  const scale = [1e-300, 1e-9, 1, 1e9, 1e300];
  return Array.from({ length: count }, (_, i) => {
    const price = (): number => scale[rng.int(i % 200 < 100 ? 1 : scale.length)]! * (1 + rng.int(3));
    const [open, close, a, b] = [price(), price(), price(), price()];
    const [high, low] = [Math.max(open, close, a, b), Math.min(open, close, a, b)];
    const volume = rng.chance(0.3) ? 0 : price();
    return { openTimeMs: (START_MINUTE + i) * 60_000, open, high, low, close, volume };
  });
}

describe("rich features", () => {
  const rng = testRng("rich features");
  let market: Market;
  const samples: { symbol: string; bar: number; row: number[] }[] = [];

  beforeAll(() => {
    market = sampleMarket(rng);
    for (const [symbol, bars] of market) {
      const wanted = new Set([0, 61, ...Array.from({ length: 6 }, () => rng.int(bars.length))]);
      for (const [bar, row] of stream(symbol, market, wanted)) samples.push({ symbol, bar, row });
    }
  });

  it("equal a recomputation from the bars up to the cut, to the bit, real bars, walks and holes", () => {
    for (const { symbol, bar, row } of samples) {
      const seen = cut(market, market.get(symbol)![bar]!.openTimeMs);
      expect(recomputeRich(symbol, seen), `${symbol} ${bar}`).toEqual(row);
    }
    // Every column has been at work.
    for (const [k, { name, neutral }] of COLUMNS.entries())
      expect(
        samples.some(({ row }) => row[k] !== neutral),
        `column ${name}`,
      ).toBe(true);
  });

  it("need the last two days alone, but for the trends of M15 and H1", () => {
    const trends = new Set([at("trend_m15"), at("trend_h1")]);
    for (const { symbol, bar, row } of samples) {
      const end = market.get(symbol)![bar]!.openTimeMs;
      const from = end - (2 * DAY + 15) * 60_000;
      const seen = [...cut(market, end)].map(
        ([name, bars]) => [name, bars.filter(({ openTimeMs }) => openTimeMs > from)] as const,
      );
      const short = recomputeRich(symbol, new Map(seen));
      const lasting = row.filter((_, k) => !trends.has(k));
      expect(
        short.filter((_, k) => !trends.has(k)),
        `${symbol} ${bar}`,
      ).toEqual(lasting);
    }
  });

  it("do not move when the future is another one, of the symbol or of any other", () => {
    for (const { symbol, bar, row } of samples.filter((_, k) => k % 4 === 0)) {
      const end = market.get(symbol)![bar]!.openTimeMs;
      const other = new Map(
        [...market].map(([name, bars]) => [
          name,
          bars.map((each) => (each.openTimeMs <= end ? each : { ...each, close: each.close * 3, high: 9e9 })),
        ]),
      );
      expect(stream(symbol, other, new Set([bar])).get(bar), `${symbol} ${bar}`).toEqual(row);
    }
  });

  it("do not depend on the order in which symbols are listed or taken", () => {
    for (const names of [[...market.keys()].toReversed(), [...market.keys()].toSorted()]) {
      const table = tableOf(market, names);
      for (const { symbol, bar, row } of samples.filter((_, k) => k % 5 === 0))
        expect(stream(symbol, market, new Set([bar]), table).get(bar)).toEqual(row);
    }
  });

  it("are the same from a table that went to another thread", () => {
    const table = MarketTable.from(structuredClone(tableOf(market).data()));
    const { symbol, bar, row } = samples.at(-1)!;
    expect(stream(symbol, market, new Set([bar]), table).get(bar)).toEqual(row);
  });

  it("are neutral where history lacks, after a hole too, but for the clock and the bar itself", () => {
    const known = new Set(["minute_of_hour", "minute_of_day", "day_of_week", "funding_wait"]);
    const own = new Set(["upper_wick", "lower_wick", "body_share"]);
    const bars = tickWalk(rng, 3_000, START_MINUTE + 7);
    const later = bars.map((bar) => ({ ...bar, openTimeMs: bar.openTimeMs + 3_100 * 60_000 }));
    const alone = new Map([["WALKUSDT", [...bars, ...later]]]);
    const rows = stream("WALKUSDT", alone, new Set([0, bars.length]));
    expect(rows.size).toBe(2);
    for (const row of rows.values())
      for (const [k, { name, neutral }] of COLUMNS.entries())
        expect(known.has(name) || own.has(name) || row[k] === neutral, `column ${name}`).toBe(true);
  });

  it("see no market in one symbol, and of BTC its own return", () => {
    const bars = tickWalk(rng, 400, START_MINUTE);
    const row = (name: string): number[] => stream(name, new Map([[name, bars]]), new Set([399])).get(399)!;
    const [walk, btc] = [row("WALKUSDT"), row("BTCUSDT")];
    const isMarket = ({ name }: { readonly name: string }): boolean =>
      /^(?:market|rank|relative)_/u.test(name);
    expect(COLUMNS.filter(isMarket).length).toBe(8);
    for (const [k, column] of COLUMNS.entries())
      expect(isMarket(column) ? [walk[k], btc[k]] : [0, 0], `column ${column.name}`).toEqual([0, 0]);
    expect([walk[at("btc_return_15")], walk[at("btc_return_60")]]).toEqual([0, 0]);
    // The return up to the minute before, in the deviations of this one.
    const [now, before] = [bars[398]!.close, bars[338]!.close];
    const scale = btc[at("return_60")]! / (bars[399]!.close / bars[339]!.close - 1);
    expect(btc[at("btc_return_60")]).toBeCloseTo((now / before - 1) * scale, 6);
  });

  it("leave a symbol out that lacks its bar of the minute before, and do not mind who lacks this one", () => {
    const walks = ["AUSDT", "BUSDT", "CUSDT"].map(
      (name) => [name, tickWalk(rng, 300, START_MINUTE)] as const,
    );
    const lacking = (from: number, to: number): Market =>
      new Map(walks.map(([name, bars]) => [name, name === "CUSDT" ? bars.toSpliced(from, to) : bars]));
    const without = lacking(298, 1);
    const two = new Map(walks.slice(0, 2));
    const row = (of: Market): number[] => stream("AUSDT", of, new Set([299])).get(299)!;
    expect(row(without)).toEqual(row(two));
    expect(row(new Map(walks))).not.toEqual(row(two));
    expect(row(lacking(299, 1))).toEqual(row(new Map(walks)));
  });

  it("lie within their ranges for any bars, and are never NaN", () => {
    const lists = [wildBars(rng, 3_200), tickWalk(rng, 1_700, START_MINUTE)];
    const flat = lists[1]!.map(({ openTimeMs }) => {
      return { openTimeMs, open: 5, high: 5, low: 5, close: 5, volume: 0 };
    });
    const wild: Market = new Map([
      ["BTCUSDT", lists[0]!],
      ["WALKUSDT", lists[1]!],
      ["FLATUSDT", flat],
    ]);
    for (const [name, bars] of wild)
      for (const row of stream(name, wild, new Set(bars.keys())).values())
        for (const [k, { min, max }] of COLUMNS.entries())
          assert(row[k]! >= min && row[k]! <= max && !Object.is(row[k], -0), `${name}: ${COLUMNS[k]!.name}`);
  });

  it("give the down side mirrored signs, swapped wicks and distances, and the rest unchanged", () => {
    const bars = market.get("WALKUSDT")!.slice(0, 5_000);
    const rich = new RichFeatures(tableOf(market), "WALKUSDT");
    for (const { openTimeMs, open, high, low, close, volume } of bars)
      rich.push(openTimeMs, open, high, low, close, volume);
    const [up, down] = [new Float32Array(COLUMNS.length + 1), new Float32Array(COLUMNS.length + 1)];
    rich.write(up, 1, 1);
    rich.write(down, 1, -1);
    const partners: Record<string, string> = {};
    for (const [high, low] of [
      ["upper_wick", "lower_wick"],
      ["upper_wick_15", "lower_wick_15"],
      ["day_high_distance", "day_low_distance"],
      ["last_day_high_distance", "last_day_low_distance"],
    ] as const)
      Object.assign(partners, { [high]: low, [low]: high });
    for (const [k, { name, min, neutral }] of COLUMNS.entries()) {
      const value = up[k + 1]!;
      const partner = partners[name];
      const signed = min < 0 ? 0 - value : name === "upside_share_60" ? Math.fround(1 - value) : value;
      expect(down[k + 1], `column ${name}`).toBeCloseTo(
        partner === undefined ? signed : up[at(partner) + 1]!,
        6,
      );
      expect(neutral >= min, `column ${name}`).toBe(true);
    }
    expect([up[0], down[0]]).toEqual([0, 0]);
  });
});

describe("a day's extremes and returns in deviations", () => {
  it("are what the words say", () => {
    // One per mille up and down in turn from the first minute of a day on: a deviation of 0.001 to the last.
    const first = Math.ceil(START_MINUTE / DAY) * DAY;
    const bars = Array.from({ length: 122 }, (_, i) => {
      const [open, close] = i % 2 === 0 ? [100, 100.1] : [100.1, 100];
      return { openTimeMs: (first + i) * 60_000, open, high: 100.2, low: 99.9, close, volume: 1 };
    });
    const row = stream("XUSDT", new Map([["XUSDT", bars]]), new Set([121])).get(121)!;
    const value = (name: string): number => row[at(name)]!;
    expect(value("volatility_60")).toBeCloseTo(0.2, 3);
    expect(value("return_1")).toBeCloseTo(-0.25, 2);
    expect(value("return_60")).toBe(0);
    expect(value("day_position")).toBeCloseTo((2 * 0.1) / 0.3 - 1, 9);
    expect(value("day_high_distance")).toBeCloseTo(0.002 / (0.001 * Math.sqrt(60) * 4), 3);
    expect(value("upside_share_60")).toBeCloseTo(0.5, 3);
    expect(value("volume_5_of_60")).toBe(0.5);
    expect(value("volume_imbalance_60")).toBe(0);
    expect(value("minute_of_day")).toBe(121 / DAY);
    expect(value("upper_wick")).toBeCloseTo(1 / 3, 9);
  });
});

describe("CandidateRows", () => {
  it("finds the same candidates with either set, and begins a row of v2 with that of v1", () => {
    const flat = fixtureFlat("ALGOUSDT");
    const table = tableOf(new Map([["ALGOUSDT", barsOf(flat, 0, 5_000)]]));
    const v1 = new CandidateRows({ timeframe: "M1", market: null });
    const v2 = new CandidateRows({ timeframe: "M1", market: { table, symbol: "ALGOUSDT" } });
    expect([v1.set, v2.set]).toEqual([FEATURES_V1, FEATURES_V2]);
    const [one, two] = [new Float32Array(v1.width), new Float32Array(v2.width)];
    let found = 0;
    for (let i = 0; i < flat.length; i += BAR_FIELDS) {
      const [ms, o, h, l, c, v] = flat.subarray(i, i + BAR_FIELDS) as unknown as number[];
      const code = v1.push(ms!, o!, h!, l!, c!, v!);
      expect(v2.push(ms!, o!, h!, l!, c!, v!)).toBe(code);
      if (code === 0) continue;
      found++;
      v1.write(one, 0, code > 0 ? 1 : -1);
      v2.write(two, 0, code > 0 ? 1 : -1);
      expect([...two.subarray(0, v1.width)]).toEqual([...one]);
    }
    expect(found).toBeGreaterThan(20);
  });
});

describe("MarketTable", () => {
  it("refuses more closes than it may hold, naming the bound", () => {
    const symbols = Math.floor(MARKET_CELLS_MAX / DAY) + 1;
    const table = MarketTable.empty(Array.from({ length: symbols }, (_, k) => `S${k}USDT`));
    expect(() => table.take(0, 0, 1)).toThrow(
      expect.objectContaining({
        code: "KLINES_MARKET",
        message: expect.stringContaining(`${MARKET_CELLS_MAX}`),
      }),
    );
  });
});
