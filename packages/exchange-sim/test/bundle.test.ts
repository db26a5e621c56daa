import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createCell,
  decodeSeries,
  encodeSeries,
  loadBundle,
  MarketData,
  type SeriesColumns,
} from "../src/index.ts";

const packageFolder = join(import.meta.dirname, "..");
const shared = process.env["SMCQ_SHARED"] ?? join(packageFolder, "..", "..", "..", "shared");
const klinesFolder = join(shared, "data", "klines");
const hasShared = existsSync(klinesFolder);
if (!hasShared) console.warn("SKIPPED: the shared klines are absent, the bundle is not compared with them");

const bars = fc.array(
  fc.record({
    open: fc.integer({ min: 1, max: 2_000_000_000 }),
    close: fc.integer({ min: 1, max: 2_000_000_000 }),
    upper: fc.integer({ min: 0, max: 100_000 }),
    volume: fc.integer({ min: 0, max: 2 ** 50 }),
  }),
  { minLength: 1, maxLength: 50 },
);

function seriesOf(
  rows: readonly { open: number; close: number; upper: number; volume: number }[],
): SeriesColumns {
  return {
    firstOpenMs: 1_700_000_000_000,
    shiftDays: -3,
    priceDecimals: 4,
    volumeDecimals: 1,
    open: Int32Array.from(rows, (row) => row.open),
    high: Int32Array.from(rows, (row) => Math.max(row.open, row.close) + row.upper),
    low: Int32Array.from(rows, (row) => Math.min(row.open, row.close) - 1),
    close: Int32Array.from(rows, (row) => row.close),
    volume: Float64Array.from(rows, (row) => row.volume),
  };
}

describe("the bundle's format", () => {
  it("gives back every series it packed", () => {
    fc.assert(
      fc.property(bars, (rows) => {
        const series = seriesOf(rows);
        expect(decodeSeries(encodeSeries(series))).toEqual(series);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a cut, a longer and a foreign file", () => {
    const good = encodeSeries(seriesOf([{ open: 5, close: 6, upper: 1, volume: 7 }]));
    expect(() => decodeSeries(good.subarray(0, good.length - 4))).toThrow(/cut off/);
    expect(() => decodeSeries(brotliCompressSync(Buffer.from("something else, long enough")))).toThrow(
      /magic/,
    );
    const header = Buffer.alloc(24);
    header.write("SMK1");
    header.writeUInt32LE(1, 4);
    expect(() => decodeSeries(brotliCompressSync(header))).toThrow(/cut off/);
  });
});

describe("the bundled data", () => {
  it("stays below 3 MB and names its origins", () => {
    const folder = join(packageFolder, "data");
    const files = readdirSync(folder);
    const bytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    expect(bytes).toBeLessThan(3_000_000);
    const origins = readFileSync(join(folder, "ORIGINS.md"), "utf8");
    for (const file of files.filter((name) => name.endsWith(".br"))) expect(origins).toContain(file);
  });

  it("holds enough history before a run and days to play", () => {
    const bundle = loadBundle();
    expect(bundle.minuteCount - 2600).toBeGreaterThan(10 * 1440);
    expect(bundle.startMs % 86_400_000).toBe(0);
    expect(bundle.series.length).toBe(9);
    for (const series of bundle.series)
      expect(series.firstOpenMs + series.shiftDays * 86_400_000).toBe(bundle.startMs);
  });

  it.skipIf(!hasShared)("equals the files it was made from, shifted by whole days", () => {
    const market = new MarketData();
    const cell = createCell();
    for (const series of loadBundle().series.filter((one) => one.isOwn)) {
      const file = readdirSync(klinesFolder).find((name) => {
        if (!name.startsWith(`${series.symbol}-1m-`)) return false;
        const [from = "", to = ""] = name.slice(series.symbol.length + 4).split(/[-.]/);
        const day = new Date(series.firstOpenMs).toISOString().slice(0, 10).replaceAll("-", "");
        return from <= day && day <= to;
      });
      const rows = gunzipSync(readFileSync(join(klinesFolder, String(file))))
        .toString("utf8")
        .trim()
        .split("\n");
      const first = rows.findIndex((row) => row.startsWith(String(series.firstOpenMs)));
      const symbol = market.find(series.symbol)!;
      expect(symbol.isDerived).toBe(false);
      const { priceScale, volumeScale } = symbol.grid;
      const differing = Array.from({ length: market.minuteCount }, (_, minute) => minute).filter((minute) => {
        const [open, high, low, close, volume] = rows[first + minute]!.split(",").slice(1, 6).map(Number);
        market.bar(symbol, minute, cell);
        return !(
          cell.open / priceScale === open &&
          cell.high / priceScale === high &&
          cell.low / priceScale === low &&
          cell.close / priceScale === close &&
          cell.volume / volumeScale === volume
        );
      });
      expect({ symbol: series.symbol, differing }).toEqual({ symbol: series.symbol, differing: [] });
    }
  });
});
