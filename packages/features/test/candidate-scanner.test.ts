import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import type { Bar } from "@smcq/kernel";
import { detect, isDisplacement } from "@smcq/smc";
import type { DetectedEvent, Detection } from "@smcq/smc";
import { describe, expect, it } from "vitest";
import { fixtureFlat, flatOf, Lane, barsOf, SYMBOLS, testRng, tickWalk } from "./support.ts";

/** The trend after every bar, from the breaks alone. */
function trends(detection: Detection, count: number): number[] {
  const result: number[] = [];
  const breaks = detection.events.filter(({ event }) => event === "bos" || event === "choch");
  let last: DetectedEvent | undefined;
  for (let i = 0; i < count; i++) {
    while (breaks[0]?.bar === i) last = breaks.shift();
    result.push(last !== undefined && i - last.bar <= 256 ? last.dir : 0);
  }
  return result;
}

function m5Trends(bars: readonly Bar[]): Map<number, number> {
  const m5: Bar[] = [];
  const trendAt = new Map<number, number>();
  let minutes: Bar[] = [];
  const closedAt: number[] = [];
  for (const [i, bar] of bars.entries()) {
    if (bar.openTimeMs % (5 * MINUTE_MS) === 0) minutes = [];
    minutes.push(bar);
    const isWhole = minutes.length === 5 && minutes[0]!.openTimeMs % (5 * MINUTE_MS) === 0;
    if (isWhole) {
      const high = Math.max(...minutes.map((each) => each.high));
      const low = Math.min(...minutes.map((each) => each.low));
      m5.push({ ...minutes[0]!, high, low, close: bar.close });
      closedAt.push(i);
    }
  }
  const byM5 = trends(detect(m5), m5.length);
  for (const [k, at] of closedAt.entries()) trendAt.set(at, k + 1 >= 60 ? byM5[k]! : 0);
  return trendAt;
}

/** docs/smc.md section 10 over whole series, in plain code. */
function plainCandidates(bars: readonly Bar[]): string[] {
  const detection = detect(bars);
  const trend = trends(detection, bars.length);
  const m5At = m5Trends(bars);
  const byBar = Map.groupBy(detection.events, ({ bar }) => bar);
  const found: string[] = [];
  let m5 = 0;
  let restsUntil = 0;
  for (let i = 0; i < bars.length; i++) {
    m5 = m5At.get(i) ?? m5;
    const setups = [1, -1].map((side) => (m5 === -side ? 0 : setupAt(i, side)));
    if (i < 319 || i < restsUntil || (setups[0] === 0) === (setups[1] === 0)) continue;
    found.push(`${i}:${setups[0]! - setups[1]!}`);
    restsUntil = i + 6;
  }
  return found;

  function setupAt(i: number, side: number): number {
    const now = (byBar.get(i) ?? []).filter(({ dir }) => dir === side);
    const has = (...names: string[]): boolean => now.some(({ event }) => names.includes(event));
    const swept = Array.from({ length: 11 }, (_, back) => byBar.get(i - back) ?? [])
      .flat()
      .some(({ event, dir }) => event === "sweep" && dir === side);
    if (has("bos", "choch") && swept) return 1;
    if (trend[i] !== side) return 0;
    const isGap = now.some(
      ({ event, origin }) =>
        (event === "fvg_touch" || event === "fvg_ce") &&
        isDisplacement(bars, detection.atr, origin - 1, side),
    );
    if (isGap) return 2;
    return has("ob_touch") ? 3 : 0;
  }
}

describe("candidates", () => {
  it.each(SYMBOLS)("of %s are those of the plain rules", (symbol) => {
    const flat = fixtureFlat(symbol);
    const count = flat.length / BAR_FIELDS;
    const found = new Lane().run(flat, 0, count);
    expect(found.length).toBeGreaterThan(20);
    expect(found).toEqual(plainCandidates(barsOf(flat, 0, count)));
  });

  it("of wild walks are those of the plain rules, whatever minute they start at", () => {
    const rng = testRng("candidates");
    const setups = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const bars = tickWalk(rng, 1_500, 500 + round);
      const found = new Lane().run(flatOf(bars), 0, bars.length);
      expect(found).toEqual(plainCandidates(bars));
      for (const each of found) setups.add(each.split(":")[1]!);
    }
    expect([...setups].toSorted()).toEqual(["-1", "-2", "-3", "1", "2", "3"]);
  });

  it.each(SYMBOLS)("of %s do not change when the series ends earlier (20 cuts)", (symbol) => {
    const flat = fixtureFlat(symbol);
    const count = flat.length / BAR_FIELDS;
    const rng = testRng(`cuts of ${symbol}`);
    const cuts = Array.from({ length: 20 }, () => 1 + rng.int(count)).toSorted((a, b) => a - b);
    const whole = new Lane();
    const found: string[] = [];
    const rows: number[][] = [];
    for (let i = 0; i < count; i++) {
      const code = whole.push(flat, i);
      if (code !== 0) found.push(`${i}:${code}`);
      if (cuts.includes(i + 1)) rows.push(i >= 35 ? whole.row() : []);
    }
    for (const [k, cut] of [...new Set(cuts)].entries()) {
      const part = new Lane();
      expect(part.run(flat, 0, cut)).toEqual(found.filter((each) => Number.parseInt(each, 10) < cut));
      expect(cut > 35 ? part.row() : []).toEqual(rows[k]);
    }
  });

  it("come from bar 319 on, and rest 6 bars", () => {
    const rng = testRng("rest");
    const bars = Array.from({ length: 20 }, () => new Lane().run(flatOf(tickWalk(rng, 2_000)), 0, 2_000)).map(
      (found) => found.map((each) => Number.parseInt(each, 10)),
    );
    expect(Math.min(...bars.flat())).toBeGreaterThanOrEqual(319);
    const distances = bars.flatMap((found) => found.slice(1).map((bar, k) => bar - found[k]!));
    expect(Math.min(...distances)).toBe(6);
  });
});

describe("the scanner", () => {
  it("refuses a bar that was scanned, a hole, and a time between minutes", () => {
    const flat = flatOf(tickWalk(testRng("order"), 40, 100));
    const lane = new Lane();
    lane.run(flat, 0, 20);
    expect(() => lane.push(flat, 19)).toThrow("once");
    expect(() => lane.push(flat, 21)).toThrow("without a hole");
    const fresh = new Lane();
    expect(() => fresh.scanner.push(30_000, 1, 1, 1, 1, 1)).toThrow("without a hole");
    lane.push(flat, 20);
    expect(lane.scanner.lastScannedOpenMs).toBe(120 * MINUTE_MS);
    expect(lane.scanner.barCount).toBe(21);
  });

  it("starts anew after resetAll, at any later or earlier bar", () => {
    const flat = fixtureFlat("BTCUSDT");
    const lane = new Lane();
    lane.run(flat, 3_000, 5_000);
    lane.scanner.resetAll();
    expect(lane.scanner.lastScannedOpenMs).toBe(-MINUTE_MS);
    expect(lane.run(flat, 0, 2_500)).toEqual(new Lane().run(flat, 0, 2_500));
  });
});

describe("rebuilding after a crash", () => {
  it("from 512 stored bars and the carry block goes on as if nothing had happened", () => {
    const flat = fixtureFlat("BTCUSDT");
    const rng = testRng("rebuild");
    for (let round = 0; round < 12; round++) {
      const at = 600 + rng.int(8_000);
      const until = at + 900;
      const straight = new Lane();
      straight.run(flat, 0, at);
      const committed = straight.carry.slice();
      const expected = straight.run(flat, at, until);
      const rebuilt = new Lane();
      // The crash left garbage behind in the M1 state and a carry block that a later bar had begun to change.
      rebuilt.run(flat, 0, 777);
      rebuilt.carry.set(committed);
      rebuilt.scanner.resetM1();
      for (let i = at - 512; i < at; i++) rebuilt.pushM1Only(flat, i);
      expect(rebuilt.carry).toEqual(committed);
      expect(rebuilt.run(flat, at, until)).toEqual(expected);
      expect(rebuilt.carry).toEqual(straight.carry);
      for (const [k, value] of rebuilt.row().entries()) expect(value).toBeCloseTo(straight.row()[k]!, 9);
    }
  });

  it("never emits what was scanned again, and refuses to rebuild past it", () => {
    const flat = fixtureFlat("BTCUSDT");
    const lane = new Lane();
    const found = lane.run(flat, 0, 2_000);
    expect(found.length).toBeGreaterThan(0);
    const carry = lane.carry.slice();
    lane.scanner.resetM1();
    for (let i = 1_488; i < 2_000; i++) lane.pushM1Only(flat, i);
    expect(() => lane.pushM1Only(flat, 2_000)).toThrow("scanned before");
    expect(() => lane.push(flat, 1_999)).toThrow("once");
    expect(lane.carry).toEqual(carry);
    expect(lane.scanner.barCount).toBe(512);
  });

  it("stays silent below 320 bars, then speaks", () => {
    const flat = fixtureFlat("BTCUSDT");
    const lane = new Lane();
    lane.run(flat, 0, 2_000);
    lane.scanner.resetM1();
    for (let i = 1_900; i < 2_000; i++) lane.pushM1Only(flat, i);
    const bars = lane.run(flat, 2_000, 4_000).map((each) => Number.parseInt(each, 10));
    expect(Math.min(...bars)).toBeGreaterThanOrEqual(1_900 + 319);
  });
});
