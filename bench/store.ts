import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MarketData } from "@smcq/exchange-sim";
import { CandidateScanner } from "@smcq/features";
import { HistoryStore, StoredRows } from "@smcq/history";
import {
  BAR_FIELDS,
  MINUTE_MS,
  type Month,
  monthEndMs,
  monthsBetween,
  monthStartMs,
  SystemClock,
} from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import type { BenchOptions } from "./lib/options.ts";
import { comparePaired, timed } from "./lib/paired.ts";
import type { PartRecorder } from "./lib/results.ts";
import { residentMb } from "./pipeline/cpu.ts";

const ENTRY = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const clock = new SystemClock();
/** By default a month of a few symbols; with `--whole` a year of a market. */
const SIZES = {
  small: { symbols: 12, months: monthsBetween("2025-01" as Month, "2025-01" as Month) },
  whole: { symbols: 300, months: monthsBetween("2025-01" as Month, "2025-12" as Month) },
};
/** Axes of a sweep; 200 settings with `--whole`. */
const SWEPT = {
  small: [{ path: "risk.costRatioMax", values: [0.2, 0.37] }],
  whole: [
    { path: "risk.costRatioMax", values: Array.from({ length: 10 }, (_, k) => (10 + 3 * k) / 100) },
    { path: "risk.heatRatioMax", values: [0.01, 0.015, 0.02, 0.03, 0.04] },
    { path: "scan.scoreMin", values: [0.55, 0.6, 0.65, 0.7] },
  ],
};
/** Symbols that the comparison of one thread walks. */
const COMPARED_SYMBOLS = 6;
const SAMPLE_MS = 100;
/** Bars of a year of 300 symbols. */
const YEAR_BARS = 300 * 365 * 24 * 60;

/** The store (docs/performance.md G13): what reading it adds to the detector, `smcq scan` over all of it on all cores, and a sweep of its first month. */
export async function runStore(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const { symbols, months } = options.isWhole ? SIZES.whole : SIZES.small;
  const dataDir = mkdtempSync(join(tmpdir(), "smcq-bench-store-"));
  try {
    const store = new HistoryStore(join(dataDir, "history"));
    const market = new MarketData({ symbols });
    const listed = market.symbols.slice(0, symbols);
    const bytes = fill(store, market, { listed, months });
    const names = listed.slice(0, COMPARED_SYMBOLS).map(({ symbol }) => symbol);
    await compare(store, names, { options, calibration, recorder });
    await scanAll(dataDir, recorder);
    await sweepMonth(dataDir, options.isWhole, recorder);
    recorder.figure({ id: "store-bytes", title: "Bytes of a stored bar", unit: "B", value: bytes });
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

/** Writes the market's bars, over and over, to months of every symbol; returns the bytes a bar. */
function fill(
  store: HistoryStore,
  market: MarketData,
  { listed, months }: { readonly listed: MarketData["symbols"]; readonly months: readonly Month[] },
): number {
  let [bytes, bars] = [0, 0];
  for (const one of listed) {
    const { symbol } = one;
    const flat = market.flatBars(one, 0, market.minuteCount - 1);
    for (const month of months) {
      const count = (monthEndMs(month) - monthStartMs(month)) / MINUTE_MS;
      const rows = new Float64Array(count * BAR_FIELDS);
      for (let at = 0; at < rows.length; at += flat.length) rows.set(flat.subarray(0, rows.length - at), at);
      for (let bar = 0; bar < count; bar++) rows[bar * BAR_FIELDS] = monthStartMs(month) + bar * MINUTE_MS;
      store.write({ kind: "bars", symbol, month, sources: [], isWhole: true, isFilled: false, rows });
      bars += count;
    }
    bytes += store.months("bars", symbol).reduce((sum, entry) => sum + entry.bytes, 0);
  }
  return bytes / bars;
}

/** One thread: the detector over bars in memory, and over the same ones as they come out of the store. */
async function compare(
  store: HistoryStore,
  names: readonly string[],
  run: {
    readonly options: BenchOptions;
    readonly calibration: Calibration;
    readonly recorder: PartRecorder;
  },
): Promise<void> {
  const range = { kind: "bars", fromMs: null, toMs: monthEndMs("2025-01" as Month) } as const;
  const series = names.map((symbol) => new StoredRows(store, { ...range, symbol }));
  const held = series.map((rows) => Array.from(rows.batches(), ({ bars }) => bars.slice()));
  const detector = new Detector();
  const operations = series.reduce((sum, { rows }) => sum + rows, 0);
  const comparison = await comparePaired({
    id: "store",
    title: `The detector on one thread (${names.length} symbols, ${operations} bars)`,
    unit: "ns a bar",
    rounds: run.options.rounds,
    calibration: run.calibration,
    contenders: [
      timed("bars in memory", {
        operations,
        msMin: 1,
        run: () => {
          for (const blocks of held) detector.run(blocks);
        },
      }),
      timed("bars of the store", {
        operations,
        msMin: 1,
        run: () => {
          for (const rows of series) detector.run(blocksOf(rows));
        },
      }),
    ],
  });
  run.recorder.compare(comparison);
}

function* blocksOf(rows: StoredRows): Generator<Float64Array> {
  for (const { bars } of rows.batches()) yield bars;
}

class Detector {
  readonly #scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
  });
  candidates = 0;

  constructor() {
    this.#scanner.attach(0, 0);
  }

  run(blocks: Iterable<Float64Array>): void {
    const scanner = this.#scanner;
    scanner.resetAll();
    for (const bars of blocks)
      for (let at = 0; at < bars.length; at += BAR_FIELDS) {
        const code = scanner.push(
          bars[at] as number,
          bars[at + 1] as number,
          bars[at + 2] as number,
          bars[at + 3] as number,
          bars[at + 4] as number,
          bars[at + 5] as number,
        );
        if (code !== 0) this.candidates++;
      }
  }
}

/** A command as a user starts it: what it prints, and the seconds and the resident memory that it takes. */
async function smcq(words: readonly string[]): Promise<Run> {
  const startNs = clock.monoNs();
  const child = spawn(process.execPath, [ENTRY, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  let peakMb = 0;
  const sample = (): void => {
    if (child.pid === undefined || child.exitCode !== null) return;
    peakMb = Math.max(peakMb, peakOf(child.pid));
    clock.after(SAMPLE_MS, sample);
  };
  sample();
  const [code] = (await once(child, "close")) as [number | null];
  const seconds = (clock.monoNs() - startNs) / 1e9;
  if (code !== 0) throw new Error(`smcq ${words[0]} ended with ${code}`);
  return { text, seconds, peakMb };
}

interface Run {
  readonly text: string;
  readonly seconds: number;
  readonly peakMb: number;
}

/** `smcq sweep` of many risk settings over the first month of the store, all symbols, on all cores. */
async function sweepMonth(dataDir: string, isWhole: boolean, recorder: PartRecorder): Promise<void> {
  const axes = isWhole ? SWEPT.whole : SWEPT.small;
  const space = join(dataDir, "space.json");
  writeFileSync(space, JSON.stringify({ axes }));
  const words = ["sweep", space, "--symbols", "all", "--to", "2025-02-01", "--no-cache"];
  const out = join(dataDir, "sweep");
  const { seconds, peakMb } = await smcq([...words, "--data-dir", dataDir, "--out", out]);
  const settings = axes.reduce((product, { values }) => product * values.length, 1);
  const title = `smcq sweep of ${settings} settings over a month`;
  recorder.figure({ id: "store-sweep", title, unit: "s", value: seconds });
  recorder.figure({
    id: "store-sweep-memory",
    title: "Most resident memory of it",
    unit: "MB",
    value: peakMb,
  });
}

/** `smcq scan --symbols all`, candidates listed, on all cores. */
async function scanAll(dataDir: string, recorder: PartRecorder): Promise<void> {
  const words = ["scan", "--symbols", "all", "--candidates", "/dev/null", "--json", "--data-dir", dataDir];
  const { text, seconds, peakMb } = await smcq(words);
  const { bars, candidates } = JSON.parse(text) as { readonly bars: number; readonly candidates: number };
  const nsPerBar = (seconds * 1e9) / bars;
  recorder.figure({
    id: "store-scan",
    title: `smcq scan of ${bars} bars on all cores`,
    unit: "s",
    value: seconds,
  });
  recorder.figure({ id: "store-bar", title: "A bar of it, start included", unit: "ns", value: nsPerBar });
  recorder.figure({
    id: "store-year",
    title: "A year of 300 symbols at that rate",
    unit: "s",
    value: (YEAR_BARS * nsPerBar) / 1e9,
  });
  recorder.figure({ id: "store-memory", title: "Most resident memory of it", unit: "MB", value: peakMb });
  recorder.note(`${candidates} candidates were listed.`);
}

/** 0 once the process has gone. */
function peakOf(pid: number): number {
  try {
    return residentMb(pid).peak;
  } catch {
    return 0;
  }
}
