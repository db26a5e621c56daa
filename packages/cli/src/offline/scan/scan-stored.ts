import { HistoryStore, StoredRows, type TimeRange } from "@smcq/history";
import { CandidateScanner } from "@smcq/features";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";

/** Setups S1 to S3. */
export const SETUPS = 3;

/** A symbol's stored bars that a thread scans. */
export interface StoredScanTask extends TimeRange {
  readonly folder: string;
  readonly symbol: string;
  /** Candidates are wanted one by one, not only counted. */
  readonly isListed: boolean;
}

export interface StoredScan {
  readonly symbol: string;
  readonly bars: number;
  /** Runs of missing minutes between the first bar and the last; each starts the symbol anew. */
  readonly holes: number;
  readonly missingMinutes: number;
  /** By setup, S1 first. */
  readonly long: readonly number[];
  readonly short: readonly number[];
  /** Lines `symbol,open_time,side,setup,heuristic`; empty when they are not wanted. */
  readonly lines: string;
}

/** Scans a symbol's stored bars block by block. HISTORY_*, naming the file, when one is damaged. */
export function scanStored({ folder, symbol, isListed, ...range }: StoredScanTask): StoredScan {
  const rows = new StoredRows(new HistoryStore(folder), { kind: "bars", symbol, ...range });
  const scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
  });
  scanner.attach(0, 0);
  scanner.resetAll();
  const counts = { long: [0, 0, 0], short: [0, 0, 0] };
  let lines = "";
  let holes = 0;
  let lastMs = rows.firstMs - MINUTE_MS;
  for (const { bars } of rows.batches())
    for (let at = 0; at < bars.length; at += BAR_FIELDS) {
      const openMs = bars[at] as number;
      if (openMs !== lastMs + MINUTE_MS) {
        holes++;
        scanner.resetAll();
      }
      lastMs = openMs;
      const code = scanner.push(
        openMs,
        bars[at + 1] as number,
        bars[at + 2] as number,
        bars[at + 3] as number,
        bars[at + 4] as number,
        bars[at + 5] as number,
      );
      if (code === 0) continue;
      const setup = Math.abs(code);
      const own = code > 0 ? counts.long : counts.short;
      own[setup - 1] = (own[setup - 1] as number) + 1;
      const side = code > 0 ? 1 : -1;
      if (isListed) lines += `${symbol},${openMs},${side},S${setup},${scanner.heuristic(side)}\n`;
    }
  const minutes = rows.rows === 0 ? 0 : (rows.lastMs - rows.firstMs) / MINUTE_MS + 1;
  return { symbol, bars: rows.rows, holes, missingMinutes: minutes - rows.rows, ...counts, lines };
}
