import { createHash } from "node:crypto";
import { basename } from "node:path";
import { FUNDING_FIELDS, type HistoryStore, StoredRows, type TimeRange } from "@smcq/history";
import { numberToE8, symbolId } from "@smcq/kernel";
import { sha256OfFile } from "../../dataset/bar-source.ts";
import type { SymbolInput } from "../backtest-report.ts";
import type { FundingFile, FundingRate } from "../read-funding.ts";

/** Stored bars before `--from` that warm up: all that the live engine fetches (499 bars of M1 and of M5), and more. */
export const WARM_UP_MS: number = 3 * 86_400_000;

/** Bars of the store that a backtest trades. */
export interface StoredChoice {
  readonly store: HistoryStore;
  /** Of which bars are stored, by name. */
  readonly symbols: readonly string[];
}

/** What is read of the store for a backtest from `fromMs` on. */
export function readRange({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: fromMs === null ? null : Math.max(0, fromMs - WARM_UP_MS), toMs };
}

/** Each symbol with its stored bars; of one that has none in the range, none. */
export async function storedInputs(
  { store, symbols }: StoredChoice,
  range: TimeRange,
): Promise<SymbolInput[]> {
  const inputs: SymbolInput[] = [];
  for (const symbol of symbols) {
    const choice = { symbol, ...readRange(range) };
    const { paths } = new StoredRows(store, { kind: "bars", ...choice });
    const files: { name: string; sha256: string }[] = [];
    for (const path of paths) files.push({ name: basename(path), sha256: await sha256OfFile(path) });
    if (files.length > 0)
      inputs.push({ symbol, files, source: { type: "stored", folder: store.folder, ...choice } });
  }
  return inputs;
}

/** Stored funding rates of those symbols, by time, then by symbol; null where none is stored. */
export async function storedFunding(
  store: HistoryStore,
  symbols: readonly string[],
  range: TimeRange,
): Promise<FundingFile | null> {
  const rates: FundingRate[] = [];
  const hash = createHash("sha256");
  for (const [index, symbol] of symbols.entries()) {
    const rows = new StoredRows(store, { kind: "funding", symbol, ...readRange(range) });
    for (const path of rows.paths) hash.update(await sha256OfFile(path));
    for (let block = 0; block < rows.blockCount; block++) {
      const flat = rows.block(block);
      for (let at = 0; at < flat.length; at += FUNDING_FIELDS)
        rates.push({
          timeMs: flat[at] as number,
          symbolId: symbolId(index),
          rateE8: numberToE8(flat[at + 1] as number),
        });
    }
  }
  if (rates.length === 0) return null;
  rates.sort((a, b) => a.timeMs - b.timeMs || a.symbolId - b.symbolId);
  return { name: "the store", sha256: hash.digest("hex"), rates, ignoredRows: 0, ignoredSymbols: [] };
}
