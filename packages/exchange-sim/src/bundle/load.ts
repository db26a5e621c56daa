import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { SmcqError } from "@smcq/kernel";
import { decodeSeries, type SeriesColumns } from "./format.ts";

/** One line of `data/manifest.json`. */
export interface BundleEntry {
  readonly file: string;
  /** The venue's symbol whose bars these are. */
  readonly symbol: string;
  /** True for the one series a symbol shows as its own; the others only serve as sources of derived series. */
  readonly isOwn: boolean;
  readonly bars: number;
  readonly sha256: string;
}

interface Manifest {
  readonly startMs: number;
  readonly minuteCount: number;
  readonly series: readonly BundleEntry[];
}

/** A bundled series with its name. */
export interface BundledSeries extends SeriesColumns {
  readonly symbol: string;
  readonly isOwn: boolean;
}

/** The bundled real bars: every series starts at `startMs` (after its shift) and has `minuteCount` bars. */
export interface MarketBundle {
  readonly startMs: number;
  readonly minuteCount: number;
  readonly series: readonly BundledSeries[];
}

// The same relative place from `src/bundle` and from `dist/bundle`.
const dataFolder = new URL("../../data/", import.meta.url);

/** Reads a bundled file; BUNDLE_MISSING. */
export function readData(name: string): Buffer {
  try {
    return readFileSync(new URL(name, dataFolder));
  } catch (cause) {
    throw new SmcqError("BUNDLE_MISSING", `bundled data file is missing: ${name}`, { cause });
  }
}

let loaded: MarketBundle | undefined;

/** Reads the bundle once a process; throws SmcqError `BUNDLE_MISSING` or `BUNDLE_FORMAT`. */
export function loadBundle(): MarketBundle {
  if (loaded !== undefined) return loaded;
  const manifest = JSON.parse(readData("manifest.json").toString("utf8")) as Manifest;
  const series = manifest.series.map((entry): BundledSeries => {
    const columns = decodeSeries(readData(entry.file));
    if (columns.open.length !== manifest.minuteCount)
      throw new SmcqError(
        "BUNDLE_FORMAT",
        `${entry.file} has ${columns.open.length} bars, not ${manifest.minuteCount}`,
      );
    return { ...columns, symbol: entry.symbol, isOwn: entry.isOwn };
  });
  loaded = { startMs: manifest.startMs, minuteCount: manifest.minuteCount, series };
  return loaded;
}

/** Reads the bundled mainnet exchangeInfo document as text. */
export function loadUniverseText(): string {
  return gunzipSync(readData("exchange-info-mainnet-2024-10-20.json.gz")).toString("utf8");
}
