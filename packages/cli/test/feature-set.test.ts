import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES_V1, FEATURES_V2, M1_SCALP, recomputeRich } from "@smcq/features";
import type { Bar } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scanSeries } from "../src/offline/backtest/scan-series.ts";
import { marketOf, type SeriesTask } from "../src/offline/backtest/series-task.ts";
import { runDataset } from "../src/offline/dataset/run-dataset.ts";
import { NOBODY_WAITS } from "../src/output/progress.ts";

const fixtures = join(import.meta.dirname, "../../smc/test/fixtures");
const BARS = 3_000;

let folder = "";
/** Bars of BTC and ALGO at the same minutes; ALGO lacks the first hour and a few minutes. */
const market = new Map<string, Bar[]>();
const paths = new Map<string, string>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-feature-set-"));
  const startMs = 1_746_372_780_000;
  for (const symbol of ["BTCUSDT", "ALGOUSDT"]) {
    const lines = gunzipSync(readFileSync(join(fixtures, `${symbol}-klines.csv.gz`)))
      .toString()
      .split("\n");
    const bars = lines.slice(1, BARS + 1).map((line, k): Bar => {
      const [, open = 0, high = 0, low = 0, close = 0, volume = 0] = line.split(",").map(Number);
      return { openTimeMs: startMs + k * 60_000, open, high, low, close, volume };
    });
    market.set(symbol, symbol === "BTCUSDT" ? bars : [...bars.slice(60, 2_000), ...bars.slice(2_004)]);
    const rows = market.get(symbol)!.map((bar) => Object.values(bar).join(","));
    const path = join(folder, `${symbol}-1m-part.csv`);
    writeFileSync(path, ["open_time,open,high,low,close,volume", ...rows].join("\n"));
    paths.set(symbol, path);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Written {
  readonly labels: string;
  readonly rows: readonly number[][];
  readonly json: { readonly features: string[]; readonly featureVersion: number };
}

/** Makes a data set and reads it back, a list of numbers a row. */
async function dataset(name: string, set = FEATURES_V2, files = [...paths.values()]): Promise<Written> {
  const out = join(folder, name);
  await runDataset({ bars: { type: "klines", files }, out, plan: M1_SCALP, set, instruments: null });
  const npy = readFileSync(join(out, "features.npy"));
  const start = 10 + npy.readUInt16LE(8);
  const values = [...new Float32Array(npy.buffer.slice(npy.byteOffset + start, npy.byteOffset + npy.length))];
  const width = set.columns.length;
  return {
    labels: readFileSync(join(out, "labels.csv"), "utf8"),
    rows: Array.from({ length: values.length / width }, (_, k) => values.slice(k * width, (k + 1) * width)),
    json: JSON.parse(readFileSync(join(out, "dataset.json"), "utf8")) as Written["json"],
  };
}

/** Symbol, side and the open time of the bar of each labelled row. */
function rowsOf(labels: string): { symbol: string; side: number; openMs: number }[] {
  const lines = labels.trim().split("\n").slice(1);
  return lines.map((line) => {
    const cells = line.split(",");
    return { symbol: cells[9]!, side: Number(cells[1]), openMs: Number(cells[10]) - 60_000 };
  });
}

describe("smcq dataset --features v2", () => {
  it("writes rows that begin with those of v1 and go on with what a recomputation gives", async () => {
    const [one, two] = [await dataset("one", FEATURES_V1), await dataset("two")];
    expect(two.labels).toBe(one.labels);
    expect(two.rows.map((row) => row.slice(0, 12))).toEqual(one.rows);
    expect([one.json.featureVersion, two.json.featureVersion]).toEqual([1, 3]);
    expect(two.json.features).toEqual(FEATURES_V2.columns.map(({ name }) => name));
    const known = rowsOf(two.labels);
    const ups = known.flatMap((row, k) => (row.side > 0 ? [{ ...row, k }] : []));
    expect(new Set(ups.map(({ symbol }) => symbol)).size).toBe(2);
    for (const { symbol, openMs, k } of ups.filter((_, n) => n % 12 === 0)) {
      const seen = [...market].map(
        ([name, bars]) => [name, bars.filter(({ openTimeMs }) => openTimeMs <= openMs)] as const,
      );
      const wanted = [...Float32Array.from(recomputeRich(symbol, new Map(seen)))];
      expect(two.rows[k]!.slice(12), `${symbol} ${openMs}`).toEqual(wanted);
    }
  });

  it("does not depend on the order of the files, but on which symbols there are", async () => {
    const all = await dataset("all");
    expect(await dataset("turned", FEATURES_V2, [...paths.values()].toReversed())).toEqual(all);
    const alone = await dataset("alone", FEATURES_V2, [paths.get("ALGOUSDT")!]);
    const algo = all.rows.filter((_, k) => rowsOf(all.labels)[k]!.symbol === "ALGOUSDT");
    expect(alone.rows.length).toBe(algo.length);
    expect(alone.rows).not.toEqual(algo);
  });
});

describe("a scan of a backtest for a model of v2", () => {
  it("scores the very rows that a data set of the same bars has", async () => {
    const { labels, rows } = await dataset("set");
    const tasks = [...paths].map(([symbol, path]): SeriesTask => ({
      symbol,
      source: { type: "files", paths: [path] },
      rowsMax: null,
      toMs: null,
      cacheHash: null,
    }));
    const table = await marketOf(tasks, NOBODY_WAITS);
    const scored = new Map<string, number[]>();
    for (const [symbol, bars] of market) {
      const taken: number[][] = [];
      const scorer = {
        id: "collects",
        score: (features: Float32Array, count: number): void => {
          const width = FEATURES_V2.columns.length;
          for (let k = 0; k < count; k++)
            taken.push(Array.from(features.subarray(k * width, (k + 1) * width)));
        },
      };
      const flat = Float64Array.from(bars.flatMap((bar) => Object.values(bar) as number[]));
      const { candidates } = scanSeries(symbol, flat, { scorer, timeframe: "M1", market: table });
      for (const [k, row] of taken.entries()) scored.set(`${symbol} ${candidates.openMs[k]}`, row);
    }
    const known = rowsOf(labels);
    expect(known.length).toBeGreaterThan(20);
    for (const [k, { symbol, openMs }] of known.entries())
      expect(scored.get(`${symbol} ${openMs}`)).toEqual(rows[k]);
  });
});
