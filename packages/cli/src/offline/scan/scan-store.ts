import { TaskPool } from "@smcq/cluster";
import type { TimeRange } from "@smcq/history";
import { type Logger, SmcqError, workerUrl } from "@smcq/kernel";
import type { Progress } from "../../output/progress.ts";
import type { StoredScanOutcome } from "../../workers/history.worker.ts";
import { CsvOutput } from "./csv-output.ts";
import { SETUPS, type StoredScan, type StoredScanTask } from "./scan-stored.ts";

/** Blocks of stored bars are gone as soon as they are scanned. */
const YOUNG_MB = 6;
const HEADER = "symbol,open_time,side,setup,heuristic";

export interface StoreScanOptions extends TimeRange {
  /** The store's. */
  readonly folder: string;
  /** Of which bars are stored. */
  readonly symbols: readonly string[];
  /** Candidates one by one, by symbol and time: a path (`.gz` compresses) or `-`; null: they are counted. */
  readonly candidates: string | null;
  readonly threads: number;
  readonly progress: Progress;
  readonly logger: Logger;
}

/** Sums over all symbols. */
export interface StoreScanReport extends Omit<StoredScan, "symbol" | "lines"> {
  readonly symbols: number;
  readonly candidates: number;
}

/**
 * Scans stored bars of many symbols on `threads`; a thread holds one block of one symbol. The same store gives the same bytes,
 * whatever the number of threads. The first refusal ends it, and nothing is written.
 */
export async function scanStore(options: StoreScanOptions): Promise<StoreScanReport> {
  const { symbols, folder, fromMs, toMs, candidates, threads, progress, logger } = options;
  const pool = new TaskPool<StoredScanTask, StoredScanOutcome>({
    entry: { url: workerUrl(import.meta.url, "../../workers/history.worker"), data: {} },
    name: "scanHistory",
    threads: Math.min(threads, symbols.length),
    youngMb: YOUNG_MB,
    logger,
  });
  const output = candidates === null ? null : new CsvOutput(candidates, HEADER);
  let done = 0;
  try {
    const running = symbols.map(async (symbol): Promise<StoredScan> => {
      const outcome = await pool.run({ folder, symbol, fromMs, toMs, isListed: output !== null });
      if (outcome.type === "refused") throw new SmcqError(outcome.code, outcome.message);
      progress.show("symbols scanned", ++done, symbols.length);
      return outcome.scan;
    });
    // A later one may fail while an earlier one is waited for.
    for (const scan of running) scan.catch(() => {});
    const scans: StoredCounts[] = [];
    while (running.length > 0) {
      // Listed in the order of the symbols, and let go of: the lines of a market's year are 100 MB.
      const { lines, ...counts } = await (running.shift() as Promise<StoredScan>);
      output?.add(lines);
      await output?.flush();
      scans.push(counts);
    }
    await output?.close();
    await output?.publish();
    return sumOf(scans);
  } catch (error) {
    await output?.abandon();
    throw error;
  } finally {
    await pool.close();
  }
}

/** A scan whose candidates have been listed. */
type StoredCounts = Omit<StoredScan, "lines">;

function sumOf(scans: readonly StoredCounts[]): StoreScanReport {
  const sum = (of: (scan: StoredCounts) => number): number =>
    scans.reduce((total, scan) => total + of(scan), 0);
  const setups = (side: "long" | "short"): number[] =>
    Array.from({ length: SETUPS }, (_, setup) => sum((scan) => scan[side][setup] as number));
  const [long, short] = [setups("long"), setups("short")];
  return {
    symbols: scans.length,
    bars: sum(({ bars }) => bars),
    holes: sum(({ holes }) => holes),
    missingMinutes: sum(({ missingMinutes }) => missingMinutes),
    long,
    short,
    candidates: [...long, ...short].reduce((total, count) => total + count, 0),
  };
}

/** The report for eyes. */
export function storeScanText(report: StoreScanReport): string {
  const { symbols, bars, holes, missingMinutes, long, short, candidates } = report;
  const of = (counts: readonly number[]): string =>
    counts.map((count, setup) => `S${setup + 1} ${count}`).join(", ");
  return [
    `${symbols} symbols, ${bars} bars, ${holes} holes, ${missingMinutes} minutes missing`,
    `${candidates} candidates; long: ${of(long)}; short: ${of(short)}`,
    "",
  ].join("\n");
}
