import { basename } from "node:path";
import { type HistoryStore, StoredRows, type TimeRange } from "@smcq/history";
import { monthEndMs, monthStartMs } from "@smcq/kernel";
import { type BarSource, sha256OfFile } from "./bar-source.ts";

export interface StoredChoice extends TimeRange {
  readonly store: HistoryStore;
  /** Of which bars are stored. */
  readonly symbols: readonly string[];
}

/** The stored months of a range as sources of bars: by symbol, then in time; one that the range leaves empty is none. */
export async function openStoredMonths({ store, symbols, fromMs, toMs }: StoredChoice): Promise<BarSource[]> {
  const sources: BarSource[] = [];
  for (const symbol of symbols)
    for (const { month, path } of store.months("bars", symbol)) {
      const own = {
        fromMs: Math.max(monthStartMs(month), fromMs ?? 0),
        toMs: Math.min(monthEndMs(month), toMs ?? Number.POSITIVE_INFINITY),
      };
      if (own.fromMs >= own.toMs) continue;
      const rows = new StoredRows(store, { kind: "bars", symbol, ...own });
      if (rows.rows === 0) continue;
      sources.push({
        name: basename(path),
        symbol,
        sha256: await sha256OfFile(path),
        place: { path, range: own },
        bars: () => rows.batches(),
      });
    }
  return sources;
}
