import { BAR_FIELDS, MINUTE_MS, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { M1_SCALP, planInMinutes, type Timeframe, TIMEFRAME_MINUTES, TimeframeScanner } from "@smcq/features";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const START_MS = Date.UTC(2026, 0, 5, 0, 7);

/** M1 bars of a walk, flat; they begin inside a bar of every longer timeframe. */
function walk(count: number): Float64Array {
  const rng = new Rng(seed);
  const bars = new Float64Array(count * BAR_FIELDS);
  let price = 100;
  for (let bar = 0; bar < count; bar++) {
    const open = price;
    price *= Math.exp((rng.next() - 0.5) * 0.004);
    const high = Math.max(open, price) * (1 + rng.next() * 0.001);
    const low = Math.min(open, price) * (1 - rng.next() * 0.001);
    bars.set([START_MS + bar * MINUTE_MS, open, high, low, price, 1 + rng.next()], bar * BAR_FIELDS);
  }
  return bars;
}

/** Whole aligned bars of `minutes`, by grouping; none of which a minute is missing. */
function grouped(bars: Float64Array, minutes: number): number[][] {
  const groups = new Map<number, number[][]>();
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const row = [...bars.subarray(at, at + 6)];
    const openMs = row[0]! - (row[0]! % (minutes * MINUTE_MS));
    groups.set(openMs, [...(groups.get(openMs) ?? []), row]);
  }
  return [...groups]
    .filter(([, rows]) => rows.length === minutes)
    .map(([openMs, rows]) => [
      openMs,
      rows[0]![1]!,
      Math.max(...rows.map((row) => row[2]!)),
      Math.min(...rows.map((row) => row[3]!)),
      rows.at(-1)![4]!,
      rows.reduce((sum, row) => sum + row[5]!, 0),
    ]);
}

/** `time side*setup` of every candidate, by the close of the bar that raised it. */
function candidates(timeframe: Timeframe, rows: Iterable<readonly number[]>, stepMs: number): string[] {
  const frames = new TimeframeScanner(timeframe);
  const found: string[] = [];
  for (const [time, open, high, low, close, volume] of rows) {
    const code = frames.push(time!, open!, high!, low!, close!, volume!);
    const { atr } = frames.scanner;
    if (code !== 0) found.push(`${time! + stepMs} ${code} ${frames.scanner.invalidationPrice(code)} ${atr}`);
  }
  return found;
}

function* rowsOf(bars: Float64Array): Generator<number[]> {
  for (let at = 0; at < bars.length; at += BAR_FIELDS) yield [...bars.subarray(at, at + 6)];
}

describe("TimeframeScanner", () => {
  const bars = walk(30_000);

  it.each(["M5", "M15"] as const)(
    `finds on %s what M1 finds on the same bars (seed ${seed})`,
    (timeframe) => {
      const minutes = TIMEFRAME_MINUTES[timeframe];
      const wanted = candidates(
        "M1",
        grouped(bars, minutes).map((row) => row.with(0, row[0]! / minutes)),
        MINUTE_MS,
      ).map((text) => {
        const [closeMs, ...rest] = text.split(" ");
        return [Number(closeMs) * minutes, ...rest].join(" ");
      });
      expect(wanted.length).toBeGreaterThan(timeframe === "M5" ? 20 : 5);
      expect(candidates(timeframe, rowsOf(bars), MINUTE_MS)).toEqual(wanted);
    },
  );

  it("starts anew behind a hole, wherever in a bar it lies", () => {
    const rng = new Rng(seed + 1);
    for (let round = 0; round < 5; round++) {
      const from = 8_000 + rng.int(200);
      const to = from + 1 + rng.int(30);
      const rows = [...rowsOf(bars)];
      const holed = [...rows.slice(0, from), ...rows.slice(to)];
      const behind = rows.slice(to);
      const nextMs = behind[0]![0]!;
      const after = candidates("M5", holed, MINUTE_MS).filter((text) => Number(text.split(" ")[0]) > nextMs);
      expect(after.length).toBeGreaterThan(5);
      expect(after).toEqual(candidates("M5", behind, MINUTE_MS));
    }
  });
});

describe("a plan in minutes", () => {
  it("counts its bars in minutes, and is itself where they are", () => {
    expect(planInMinutes(M1_SCALP)).toBe(M1_SCALP);
    const entry = { kind: "limit", offsetAtr: 0.1, expiryBars: 3 } as const;
    const {
      holdBarsMax,
      stagnationBars,
      entry: own,
    } = planInMinutes({ ...M1_SCALP, timeframe: "M15", entry });
    expect([holdBarsMax, stagnationBars, own]).toEqual([1_800, 450, { ...entry, expiryBars: 45 }]);
  });
});
