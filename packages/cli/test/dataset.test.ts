import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES_V1, M1_SCALP } from "@smcq/features";
import { planTrade } from "@smcq/strategy";
import { barFault, FEATURE_COUNT } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../src/cli.ts";
import { symbolOfFile } from "../src/offline/dataset/bar-source.ts";
import { DatasetRows } from "../src/offline/dataset/dataset-rows.ts";
import { openRandomWalks, parseRandomWalk } from "../src/offline/dataset/random-walk.ts";
import { runDataset } from "../src/offline/dataset/run-dataset.ts";
import type { DatasetTotals } from "../src/offline/dataset/run-dataset.ts";
import { averageUniqueness } from "../src/offline/dataset/uniqueness.ts";
import { standardError } from "../src/output/outlet.ts";

const root = join(import.meta.dirname, "../../..");
const HEADER = "open_time,open,high,low,close,volume";
const MINUTE_MS = 60_000;
const AT_THE_MARKET = { plan: M1_SCALP, set: FEATURES_V1, instruments: null };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-dataset-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function csvLines(path: string): string[] {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().trim().split(/\r?\n/);
}

function fixture(symbol: string): string[] {
  return csvLines(join(root, "packages/smc/test/fixtures", `${symbol}-klines.csv.gz`));
}

/** Writes bars `from` to `to` of a fixture under a name of the venue's kind. */
function klines(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, [HEADER, ...lines].join("\n"));
  return path;
}

/** Lines of the fixture's bars, without the header. */
function barLines(symbol: string, from: number, to: number): string[] {
  return fixture(symbol).slice(1 + from, 1 + to);
}

function build(files: readonly string[], name: string = "out"): Promise<DatasetTotals> {
  return runDataset({ bars: { type: "klines", files }, out: join(folder, name), ...AT_THE_MARKET });
}

interface Written {
  readonly labels: Record<string, string>[];
  readonly features: Float32Array;
  readonly json: {
    readonly totals: Record<string, number>;
    readonly files: Record<string, unknown>[];
  };
}

function readBack(name: string = "out"): Written {
  const out = join(folder, name);
  const [header = "", ...lines] = csvLines(join(out, "labels.csv"));
  const columns = header.split(",");
  const labels = lines.map((line) =>
    Object.fromEntries(line.split(",").map((cell, k) => [columns[k], cell])),
  );
  const npy = readFileSync(join(out, "features.npy"));
  const start = 10 + npy.readUInt16LE(8);
  expect(npy.subarray(0, 8).toString("latin1")).toBe("\u0093NUMPY\u0001\u0000");
  expect(start % 64).toBe(0);
  expect(npy.subarray(10, start).toString()).toContain(`'shape': (${labels.length}, ${FEATURE_COUNT})`);
  const features = new Float32Array(npy.buffer.slice(npy.byteOffset + start, npy.byteOffset + npy.length));
  expect(features.length).toBe(labels.length * FEATURE_COUNT);
  return { labels, features, json: JSON.parse(readFileSync(join(out, "dataset.json"), "utf8")) };
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error
      ? `${String(error.code)} ${error.message}`
      : String(error);
  }
  return "accepted";
}

/** The optional shared data, or null (said loudly) when it is not there. */
function sharedData(): string | null {
  const data = join(process.env["SMCQ_SHARED"] ?? join(root, "../shared"), "data");
  if (existsSync(data)) return data;
  console.warn("shared data not found (SMCQ_SHARED or ../shared): the tests on whole series are skipped");
  return null;
}

interface GoldenLabels {
  readonly labels: string;
  readonly bars: () => string[];
}

/** What a data set of the bars says otherwise than the golden labels. */
async function goldenFaults({ labels: path, bars }: GoldenLabels): Promise<string[]> {
  const [header = [], ...rows] = csvLines(path).map((line) => line.split(","));
  const golden = rows.map((row) => Object.fromEntries(row.map((cell, k) => [header[k], cell])));
  const labelled = golden.filter(({ exit_bar: exitBar }) => exitBar !== "");
  const totals = await build([klines("XUSDT-1m-part.csv", bars())]);
  const { labels } = readBack();
  const faults: string[] = [];
  if (labels.length !== labelled.length) faults.push(`${labels.length} rows, not ${labelled.length}`);
  if (totals.stopTooWide !== rows.length - labelled.length) faults.push(`${totals.stopTooWide} too wide`);
  for (const [k, row] of labelled.entries()) {
    for (const column of ["i", "side", "setup", "exit_bar", "reason", "y"])
      if (labels[k]?.[column] !== row[column]) faults.push(`row ${k}: ${column}`);
    for (const column of ["entry", "stop_distance", "r"])
      if (!(Math.abs(Number(labels[k]?.[column]) / Number(row[column]) - 1) < 1e-9))
        faults.push(`row ${k}: ${column}`);
  }
  return faults;
}

describe("smcq dataset", () => {
  const shared = sharedData();
  const golden = join(shared ?? "", "golden");
  const stored = join(shared ?? "", "klines");
  const own = join(root, "packages/strategy/test/fixtures");
  it.each([
    { labels: join(own, "BTCUSDT-labels.csv.gz"), bars: () => barLines("BTCUSDT", 0, Infinity) },
    { labels: join(own, "ALGOUSDT-labels.csv.gz"), bars: () => barLines("ALGOUSDT", 0, Infinity) },
  ])("writes the golden labels of $labels", async (set) => {
    expect(await goldenFaults(set)).toEqual([]);
  });
  it.skipIf(shared === null).each([
    {
      labels: join(golden, "BTCUSDT-10000/labels.csv.gz"),
      bars: () => csvLines(join(stored, "BTCUSDT-1m-20250504-20250624.csv.gz")).slice(1, 10_001),
    },
    {
      labels: join(golden, "ALGOUSDT-20000/labels.csv.gz"),
      bars: () => csvLines(join(stored, "ALGOUSDT-1m-20260201-20260228.csv.gz")).slice(1, 20_001),
    },
  ])("writes the golden labels of $labels", async (set) => {
    expect(await goldenFaults(set)).toEqual([]);
  });

  it("writes several symbols in order of time, and counts what got no label", async () => {
    const names = ["BTCUSDT", "ALGOUSDT"];
    const files = names.map((symbol) => klines(`${symbol}-1m-part.csv`, barLines(symbol, 0, Infinity)));
    const totals = await build(files);
    const { labels, json } = readBack();
    const times = labels.map((row) => Number(row["t0"]));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(totals.candidates).toBe(totals.labelled + totals.stopTooWide + totals.openAtEnd);
    expect(json.totals).toMatchObject({ bars: 15_000, labelled: labels.length, symbols: 2, holes: 0 });
    expect(labels.filter(({ y }) => y === "1").length / labels.length).toBe(json.totals["baseRate"]);
    expect(json.files.map(({ symbol }) => symbol)).toEqual(["ALGOUSDT", "BTCUSDT"]);
  });

  it("writes the float32 side view of each row's candidate", async () => {
    await build([klines("BTCUSDT-1m-x.csv", fixture("BTCUSDT").slice(1))]);
    const { labels, features } = readBack();
    const golden = new Map(
      csvLines(join(root, "packages/features/test/fixtures/BTCUSDT-features.csv.gz"))
        .slice(1)
        .map((line) => line.split(",").map(Number))
        .map(([i = 0, ...row]) => [i, row]),
    );
    let compared = 0;
    for (const [k, { i, side }] of labels.entries()) {
      const unsided = golden.get(Number(i));
      if (unsided === undefined) continue;
      compared++;
      const row = [...features.subarray(k * FEATURE_COUNT, k * FEATURE_COUNT + 11)];
      const sided = unsided.slice(0, 11).map((value, at) => {
        if (side === "1") return value;
        if (at === 8) return 1 - value;
        return [0, 2, 3, 5, 9].includes(at) ? -value : value;
      });
      expect(row).toEqual(sided.map((value) => Math.fround(value) + 0));
    }
    expect(compared).toBeGreaterThan(100);
  });

  it("gives the same bytes whatever order the files come in, and goes on across files that meet", async () => {
    const parts = [
      klines("BTCUSDT-1m-a.csv", barLines("BTCUSDT", 0, 4_000)),
      klines("BTCUSDT-1m-b.csv", barLines("BTCUSDT", 4_000, 9_000)),
      klines("ALGOUSDT-1m-a.csv", barLines("ALGOUSDT", 0, 3_000)),
    ];
    await build(parts, "one");
    await build(parts.toReversed(), "two");
    for (const name of ["features.npy", "labels.csv", "dataset.json"])
      expect(readFileSync(join(folder, "one", name)).equals(readFileSync(join(folder, "two", name)))).toBe(
        true,
      );
    await build([klines("BTCUSDT-1m-whole.csv", barLines("BTCUSDT", 0, 9_000)), parts[2] ?? ""], "whole");
    expect(readFileSync(join(folder, "one/labels.csv"), "utf8")).toBe(
      readFileSync(join(folder, "whole/labels.csv"), "utf8"),
    );
  });

  it("starts anew behind a hole and gives no label to what was open before it", async () => {
    const before = barLines("BTCUSDT", 0, 5_003);
    const after = barLines("BTCUSDT", 5_010, 9_000);
    const holed = await build([klines("BTCUSDT-1m-a.csv", [...before, ...after])]);
    await build([klines("BTCUSDT-1m-b.csv", before)], "before");
    await build([klines("BTCUSDT-1m-c.csv", after)], "after");
    const times = (name: string): unknown[] => readBack(name).labels.map(({ t0, t1, y }) => [t0, t1, y]);
    expect(times("out")).toEqual([...times("before"), ...times("after")]);
    expect(holed.holes).toBe(1);
    expect(holed.openAtHole).toBe(readBack("before").json.totals["openAtEnd"]);
    expect(readBack().json.files[0]).toMatchObject({ minutesMissing: 7 });
  });

  it("refuses what it cannot use, and leaves nothing behind", async () => {
    const good = klines("BTCUSDT-1m-a.csv", barLines("BTCUSDT", 0, 1_000));
    const late = klines("BTCUSDT-1m-b.csv", barLines("BTCUSDT", 999, 1_500));
    expect(await refusal(build([good, late]))).toMatch(
      /^KLINES_OVERLAP BTCUSDT-1m-a.csv and BTCUSDT-1m-b.csv/,
    );
    expect(await refusal(build([good, good]))).toMatch(/^KLINES_OVERLAP/);
    expect(await refusal(build([klines("bars.csv", [])]))).toMatch(/^USAGE_KLINES .*SYMBOL-1m-/);
    expect(await refusal(build([klines("X-1m-a.csv", [])]))).toMatch(/^KLINES_FORMAT .*holds no bars/);
    expect(await refusal(build([join(folder, "X-1m-none.csv")]))).toMatch(/^KLINES_READ/);
    const broken = barLines("BTCUSDT", 0, 1_000).with(700, "1746372780000,1,2,3");
    expect(await refusal(build([klines("X-1m-b.csv", broken)]))).toMatch(/^KLINES_FORMAT .*X-1m-b.csv:702/);
    const short = klines("X-1m-c.csv", barLines("BTCUSDT", 0, 300));
    expect(await refusal(build([short]))).toMatch(/^DATASET_EMPTY .*320 bars/);
    expect(readdirSync(folder).filter((name) => !name.endsWith(".csv"))).toEqual([]);
    mkdirSync(join(folder, "full"));
    writeFileSync(join(folder, "full/labels.csv"), "mine");
    expect(await refusal(build([good], "full"))).toMatch(/^DATASET_OUTPUT .*not empty/);
    expect(readdirSync(join(folder, "full"))).toEqual(["labels.csv"]);
    expect(await refusal(build([good], "X-1m-c.csv/out"))).toMatch(/^DATASET_WRITE/);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  it("takes an empty folder that is there already", async () => {
    mkdirSync(join(folder, "out"));
    await build([klines("BTCUSDT-1m-a.csv", barLines("BTCUSDT", 0, 2_000))]);
    expect(readdirSync(join(folder, "out")).toSorted()).toEqual([
      "dataset.json",
      "features.npy",
      "labels.csv",
    ]);
  });
});

describe("the command line", () => {
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    vi.spyOn(standardError(), "write").mockImplementation((text) => void said.push(text));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("takes several files behind one flag", async () => {
    const files = [
      klines("BTCUSDT-1m-a.csv", barLines("BTCUSDT", 0, 2_000)),
      klines("ALGOUSDT-1m-a.csv", barLines("ALGOUSDT", 0, 2_000)),
    ];
    expect(await main(["dataset", "--klines", ...files, "--out", join(folder, "out")])).toBe(0);
    expect(readBack().json.totals).toMatchObject({ symbols: 2, bars: 4_000 });
  });

  it.each([
    [[], "one of --klines FILES.., --symbols all|A,B (of the store) or --random-walk"],
    [
      ["--klines", "A-1m-a.csv", "--random-walk", "1x1"],
      "one of --klines FILES.., --symbols all|A,B (of the store) or --random-walk",
    ],
    [["--random-walk", "1x1", "--seed", "-1"], "--seed -1: must be a whole number"],
    [["--random-walk", "1x1", "--seed", "x"], "must be a whole number"],
    [["--random-walk", "0x1"], "SYMBOLSxDAYS"],
    [["--klines"], "Not enough arguments following: klines"],
  ])("refuses %j as a wrong use", async (flags, text) => {
    expect(await main(["dataset", ...flags, "--out", join(folder, "out")])).toBe(2);
    expect(said.join("")).toContain(text);
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe("the symbol of a file", () => {
  it.each([
    ["/data/BTCUSDT-1m-2025-05.csv", "BTCUSDT"],
    ["1000SHIBUSDT-1m-x.csv.gz", "1000SHIBUSDT"],
    ["BTCUSDT-1m-2025-05.zip", "BTCUSDT"],
    ["BTCUSDT_250627-1m-2025-05.csv", "BTCUSDT_250627"],
    ["币安人生USDT-1m-2026-02.csv", "币安人生USDT"],
  ])("%s is %s", (path, symbol) => {
    expect(symbolOfFile(path)).toBe(symbol);
  });

  it.each([
    ["btcusdt-1m-2025-05.csv", "BTCUSDT"],
    ["BTC-USDT-1m-2025-05.zip", "BTCUSDT"],
    ["BTCUSDT_1m_2025.csv", "BTCUSDT"],
    ["btcusdt_1m.csv", "BTCUSDT"],
    ["BTCUSDT.P-1m-x.csv", "BTCUSDT"],
    ["ethusdc-1m-x.csv.gz", "ETHUSDC"],
  ])("%s is asked to be %s", (path, symbol) => {
    expect(() => symbolOfFile(path)).toThrow(`did you mean ${symbol}?`);
  });

  it.each(["BTCUSDT-5m-2025-05.csv", "BTCUSDT.csv", "-1m-a.csv", "BTCUSDT-1m-a.rar", "A,B-1m-a.csv"])(
    "%s is refused",
    (path) => {
      expect(() => symbolOfFile(path)).toThrow("SYMBOL-1m-ANYTHING");
    },
  );
});

describe("random walks", () => {
  it("are the same for the same seed, and make a data set like files do", async () => {
    const spec = parseRandomWalk("2x3", 7);
    const write = (name: string, seed: number): Promise<DatasetTotals> =>
      runDataset({ bars: { type: "random-walk", ...spec, seed }, out: join(folder, name), ...AT_THE_MARKET });
    const totals = await write("one", 7);
    await write("two", 7);
    await write("other", 8);
    expect(totals).toMatchObject({ symbols: 2, bars: 2 * 3 * 1_440, holes: 0 });
    const text = (name: string): string => readFileSync(join(folder, name, "labels.csv"), "utf8");
    expect(text("one")).toBe(text("two"));
    expect(text("one")).not.toBe(text("other"));
    expect(JSON.parse(readFileSync(join(folder, "one/dataset.json"), "utf8"))).toMatchObject({
      source: { type: "random-walk", symbols: 2, days: 3, seed: 7 },
    });
  });

  it("are a martingale of plausible bars", () => {
    const returns: number[] = [];
    let faults = 0;
    for (const source of openRandomWalks(parseRandomWalk("4x10", 3))) {
      let before = 1_000;
      for (const { bars, count } of source.bars() as Iterable<{ bars: Float64Array; count: number }>)
        for (let at = 0; at < count * 6; at += 6) {
          const [, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(at, at + 6);
          if (open !== before || barFault(open, high, low, close, volume) !== null) faults++;
          returns.push(close / open - 1);
          before = close;
        }
    }
    expect(faults).toBe(0);
    const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
    const deviation = Math.sqrt(returns.reduce((sum, value) => sum + value ** 2, 0) / returns.length);
    expect(deviation).toBeGreaterThan(0.0007);
    expect(Math.abs(mean)).toBeLessThan((4 * deviation) / Math.sqrt(returns.length));
  });

  it.each(["2", "0x5", "2x0", "101x1", "1x1001", "2x3x4", "-1x3"])("of %s are refused", (text) => {
    expect(() => parseRandomWalk(text, 1)).toThrow("SYMBOLSxDAYS");
  });
});

describe("average uniqueness", () => {
  it("is the mean share of a plan in its minutes, counted within its symbol", () => {
    const rows = new DatasetRows();
    const add = (symbolIndex: number, from: number, to: number): void =>
      rows.add(
        {
          symbolIndex,
          bar: from,
          exitBar: to,
          side: 1,
          setup: 1,
          entry: 1,
          stopDistance: 1,
          reason: "stop",
          exitPrice: 0,
          r: 0,
          t0Ms: from * MINUTE_MS,
          t1Ms: to * MINUTE_MS,
        },
        new Float32Array(FEATURE_COUNT),
      );
    add(0, 100, 110);
    add(0, 105, 115);
    add(1, 100, 110);
    add(0, 108, 109);
    add(0, 500, 620);
    const weights = averageUniqueness(rows);
    // Of 10 minutes: 5 alone, 4 with one other, 1 with two others; the second ends alone; the fourth lies in the third's only.
    const expected = [(5 + 4 / 2 + 1 / 3) / 10, (4 / 2 + 1 / 3 + 5) / 10, 1, 1 / 3, 1];
    for (const [k, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[k] ?? 0, 12);
  });
});

describe("rows of a data set", () => {
  it("come back as they went in, beyond the first growth", () => {
    const rows = new DatasetRows();
    const plan = planTrade({ side: -1, invalidationPrice: 101, atr: 0 }, 100);
    const row = {
      symbolIndex: 3,
      bar: 7,
      exitBar: 9,
      side: -1,
      setup: 2,
      entry: plan.entry,
      stopDistance: plan.stopDistance,
      reason: "time",
      exitPrice: 99,
      r: -0.25,
      t0Ms: 60_000,
      t1Ms: 180_000,
    } as const;
    for (let k = 0; k < 9_000; k++) rows.add({ ...row, bar: k }, new Float32Array(FEATURE_COUNT).fill(k));
    expect(rows.at(8_999)).toEqual({ ...row, bar: 8_999 });
    expect(rows.at(0)).toEqual({ ...row, bar: 0 });
    expect([...rows.featuresAt(5_000)]).toEqual(Array(FEATURE_COUNT).fill(5_000));
  });
});
