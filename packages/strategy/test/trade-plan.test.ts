import { join } from "node:path";
import { BAR_FIELDS } from "@smcq/kernel";
import { M1_SCALP } from "@smcq/features";
import { planTrade, resultR, stagnationBand, stepPlan } from "@smcq/strategy";
import type { PlanCandidate, PlanExit, TradePlan } from "@smcq/strategy";
import { describe, expect, it } from "vitest";
import { CandidateFeed, csvRows, fixtureFlat, LABEL_SETS, readFlat, sharedData } from "./support.ts";

/** Plans every candidate of a series and follows each to its exit; rows as in the golden file. */
function labelRows(flat: Float64Array): string[][] {
  const feed = new CandidateFeed();
  const count = flat.length / BAR_FIELDS;
  const field = (bar: number, k: number): number => flat[bar * BAR_FIELDS + k]!;
  const rows: string[][] = [];
  for (let i = 0; i < count; i++) {
    const code = feed.push(flat, i);
    if (code === 0 || i + 1 >= count) continue;
    const side = code > 0 ? 1 : -1;
    const { scanner } = feed;
    const plan = planTrade(
      { side, invalidationPrice: scanner.invalidationPrice(code), atr: scanner.atr },
      field(i + 1, 1),
    );
    const head = [i, side, `S${Math.abs(code)}`, plan.entry, plan.stopDistance].map(String);
    if (plan.type === "stop_too_wide") rows.push([...head, "", plan.type, "", ""]);
    for (let bar = i + 1; plan.type === "plan" && bar < count; bar++) {
      const exit = stepPlan(plan, bar - i, field(bar, 1), field(bar, 2), field(bar, 3), field(bar, 4));
      if (exit === null) continue;
      const r = resultR(plan, exit);
      rows.push([...head, String(bar), exit.reason, String(r), String(Number(r > 0))]);
      break;
    }
  }
  return rows;
}

const EXACT = new Set(["i", "side", "setup", "exit_bar", "reason", "y"]);
const COLUMNS = ["i", "side", "setup", "entry", "stop_distance", "exit_bar", "reason", "r", "y"];

function faults(found: readonly string[][], golden: readonly string[][]): string[] {
  const wrong: string[] = [];
  if (found.length !== golden.length) wrong.push(`${found.length} rows instead of ${golden.length}`);
  for (const [k, row] of golden.entries())
    for (const [column, name] of COLUMNS.entries()) {
      const mine = found[k]?.[column] ?? "";
      const theirs = row[column] ?? "";
      const isEqual =
        mine === theirs ||
        (mine !== "" && theirs !== "" && Number(mine) === Number(theirs)) ||
        (!EXACT.has(name) && Math.abs(Number(mine) / Number(theirs) - 1) < 1e-9);
      if (!isEqual) wrong.push(`row ${k} ${name}: ${mine} instead of ${theirs}`);
    }
  return wrong;
}

describe("labels", () => {
  it.each(["BTCUSDT", "ALGOUSDT"])("of the golden prefix of %s are met", (symbol) => {
    const golden = csvRows(join(import.meta.dirname, "fixtures", `${symbol}-labels.csv.gz`));
    expect(faults(labelRows(fixtureFlat(symbol)), golden)).toEqual([]);
  });

  const data = sharedData();
  it.skipIf(data === null).each(LABEL_SETS)("of the whole golden set $set are met", (which) => {
    const golden = csvRows(join(data ?? "", "golden", which.set, "labels.csv.gz"));
    const flat = readFlat(join(data ?? "", "klines", `${which.klines}.csv.gz`), which.count);
    expect(faults(labelRows(flat), golden)).toEqual([]);
  });
});

const { takerFeeRatio, slippageRatio, costGateRatio } = M1_SCALP;

/** A plan from 1,000 with one R = 10: long 990 / 1,015, short 1,010 / 985. */
function planOf(side: 1 | -1): TradePlan {
  const plan = planTrade({ side, invalidationPrice: 1_000 - side * 10, atr: 0 }, 1_000);
  if (plan.type !== "plan") throw new Error("no plan");
  expect(plan.stopDistance).toBe(10);
  return plan;
}

function widthOf(candidate: PlanCandidate, entry: number): number | "stop_too_wide" {
  const plan = planTrade(candidate, entry);
  return plan.type === "plan" ? plan.stopDistance : plan.type;
}

describe("the stop distance", () => {
  it("is the way to the invalidation price and a quarter of an ATR", () => {
    expect(widthOf({ side: 1, invalidationPrice: 994, atr: 4 }, 1_000)).toBe(7);
    expect(widthOf({ side: -1, invalidationPrice: 1_006, atr: 4 }, 1_000)).toBe(7);
  });

  it("is raised to one ATR, and to what keeps the costs at 35 %", () => {
    expect(widthOf({ side: 1, invalidationPrice: 999, atr: 8 }, 1_000)).toBe(8);
    const floor = (2 * (takerFeeRatio + slippageRatio) * 1_000) / costGateRatio;
    expect(floor).toBeCloseTo(4, 12);
    expect(widthOf({ side: 1, invalidationPrice: 999, atr: 1 }, 1_000)).toBe(floor);
    expect(widthOf({ side: -1, invalidationPrice: 1_000 + floor, atr: 0 }, 1_000)).toBe(floor);
  });

  it("is raised too when the entry lies beyond the invalidation price", () => {
    expect(widthOf({ side: 1, invalidationPrice: 1_010, atr: 6 }, 1_000)).toBe(6);
    expect(widthOf({ side: -1, invalidationPrice: 990, atr: 6 }, 1_000)).toBe(6);
  });

  it("may be 1.5 % of the entry, and not a bit more", () => {
    expect(widthOf({ side: 1, invalidationPrice: 985, atr: 0 }, 1_000)).toBe(15);
    expect(widthOf({ side: -1, invalidationPrice: 1_015, atr: 0 }, 1_000)).toBe(15);
    expect(widthOf({ side: 1, invalidationPrice: 984.999_999_999_999_9, atr: 0 }, 1_000)).toBe(
      "stop_too_wide",
    );
    expect(widthOf({ side: 1, invalidationPrice: 1_000, atr: 15.000_000_000_000_002 }, 1_000)).toBe(
      "stop_too_wide",
    );
  });
});

interface Ohlc {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** Steps a long plan over a bar, and the short plan over the bar mirrored at 1,000: both must agree. */
function step(heldBars: number, bar: Ohlc): PlanExit | null {
  const { open, high, low, close } = bar;
  const long = stepPlan(planOf(1), heldBars, open, high, low, close);
  const mirror = (price: number): number => 2_000 - price;
  const short = stepPlan(planOf(-1), heldBars, mirror(open), mirror(low), mirror(high), mirror(close));
  expect(short === null ? null : { reason: short.reason, price: mirror(short.price) }).toEqual(long);
  return long;
}

describe("a bar of an open plan", () => {
  it("that opens beyond a level exits at the open", () => {
    expect(step(2, { open: 989, high: 1_020, low: 980, close: 1_000 })).toEqual({
      reason: "stop",
      price: 989,
    });
    expect(step(2, { open: 1_016, high: 1_020, low: 980, close: 1_000 })).toEqual({
      reason: "target",
      price: 1_016,
    });
  });

  it("that opens exactly on a level has touched it, no more", () => {
    expect(step(2, { open: 990, high: 1_020, low: 990, close: 1_020 })).toEqual({
      reason: "stop",
      price: 990,
    });
    expect(step(2, { open: 1_015, high: 1_020, low: 1_014, close: 1_016 })).toEqual({
      reason: "target",
      price: 1_015,
    });
    expect(step(2, { open: 1_015, high: 1_020, low: 990, close: 1_016 })?.reason).toBe("stop");
  });

  it("that touches both levels exits at the stop, and a touch to the tick counts", () => {
    expect(step(1, { open: 1_000, high: 1_015, low: 990, close: 1_000 })?.reason).toBe("stop");
    expect(step(1, { open: 1_000, high: 1_015, low: 990.1, close: 1_010 })).toEqual({
      reason: "target",
      price: 1_015,
    });
    expect(step(1, { open: 1_000, high: 1_014.9, low: 990.1, close: 1_010 })).toBeNull();
  });

  const near = { open: 1_001, high: 1_002, low: 1_000.5, close: 1_001.5 };

  it("stagnates from the 31st on when its close is near zero net of costs", () => {
    expect(step(30, near)).toBeNull();
    expect(step(31, near)).toEqual({ reason: "stagnation", price: 1_001.5 });
    // 0 gross is -0.14 % net, which is not near.
    expect(step(31, { ...near, close: 1_000.3, low: 1_000 })).toBeNull();
    expect(step(31, { ...near, close: 1_002.5, high: 1_003 })).toBeNull();
  });

  it("does not stagnate at exactly 0.1 %", () => {
    for (const side of [1, -1] as const) {
      const plan = planTrade({ side, invalidationPrice: 625 - side * 6, atr: 0 }, 625);
      if (plan.type !== "plan") throw new Error("no plan");
      const close = 625 + side * 0.25;
      expect(Math.abs((side * (close - 625)) / 625 - 0.001_4)).toBe(0.001);
      expect(stepPlan(plan, 31, close, close, close, close)).toBeNull();
      const nearer = close + side * 0.01;
      expect(stepPlan(plan, 31, nearer, nearer, nearer, nearer)?.reason).toBe("stagnation");
    }
  });

  it("is the last one at the 120th", () => {
    const far = { open: 1_005, high: 1_006, low: 1_004, close: 1_005.5 };
    expect(step(119, far)).toBeNull();
    expect(step(120, far)).toEqual({ reason: "time", price: 1_005.5 });
    expect(step(120, near)?.reason).toBe("stagnation");
    expect(step(120, { ...far, high: 1_015 })?.reason).toBe("target");
  });
});

describe("the result in R", () => {
  it("is net of fees and slippage on both sides", () => {
    expect(resultR(planOf(1), { reason: "time", price: 1_015 })).toBeCloseTo((15 - 0.0007 * 2_015) / 10, 12);
    expect(resultR(planOf(-1), { reason: "time", price: 1_010 })).toBeCloseTo(
      (-10 - 0.0007 * 2_010) / 10,
      12,
    );
  });

  it("of exactly 0 is no win", () => {
    const long = planTrade({ side: 1, invalidationPrice: 520, atr: 0 }, 527);
    const short = planTrade({ side: -1, invalidationPrice: 1_375, atr: 0 }, 1_363);
    if (long.type !== "plan" || short.type !== "plan") throw new Error("no plan");
    expect(resultR(long, { reason: "time", price: 527.738_316_821_775_2 })).toBe(0);
    expect(resultR(short, { reason: "time", price: 1_361.093_134_805_636 })).toBe(0);
  });
});

describe("the stagnation band of a position", () => {
  // Fees of both sides and the slippage of the exit: 0.0012 of the average, which holds the entry's slippage.
  it.each([
    [1, 100, 100, 0.0012],
    [-1, 100, 100, 0.0012],
    [1, 100, 100.12, 0],
    [-1, 100, 99.88, 0],
    [1, 100, 100.22, 0.001],
    [1, 100, 100.02, 0.001],
    [-1, 100, 99.78, 0.001],
    [1, 100, 99, 0.0112],
    [-1, 100, 99, 0.0088],
    [1, 0.0004, 0.00040048, 0],
  ] as const)("of side %s from %s at a close of %s is %s", (side, avgPrice, close, band) => {
    expect(stagnationBand({ side, avgPrice, tickSize: 0 }, close)).toBeCloseTo(band, 12);
  });

  it("is the label's, seen from a fill that slipped", () => {
    for (const side of [1, -1] as const)
      for (const close of [99, 99.9, 100, 100.14, 100.5]) {
        const slipped = 100 * (1 + side * 0.0002);
        const label = Math.abs((side * (close - 100)) / 100 - 0.0014);
        expect(
          Math.abs(stagnationBand({ side, avgPrice: slipped, tickSize: 0 }, close) - label),
        ).toBeLessThan(5e-6);
      }
  });

  it("is no band around a price that is none", () => {
    for (const close of [Number.NaN, Infinity])
      expect(stagnationBand({ side: 1, avgPrice: 100, tickSize: 0 }, close) < 0.001).toBe(false);
    expect(stagnationBand({ side: 1, avgPrice: 0, tickSize: 0 }, 0) < 0.001).toBe(false);
  });
});
