import type { ReferenceData } from "@smcq/exchange";
import { type HistoryStore, StoredRows } from "@smcq/history";
import { MarketData } from "@smcq/exchange-sim";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { openKlineFiles } from "../dataset/bar-source.ts";
import type { AuditBars } from "./run-audit.ts";

/** Bars of a request at the venue; the weight of one such is the lowest a bar. */
const PAGE_BARS = 1_500;
/** Goes behind everything that an engine on the same address asks for. */
const PRIORITY = 9;

/** The market that the simulated venue plays, by its seed: any minute of any symbol. */
export function simulatedSource(market: ConstructorParameters<typeof MarketData>[0]): AuditBars {
  const data = new MarketData(market);
  return (name, fromMs, toMs) => {
    const symbol = data.find(name);
    if (symbol === null) return Promise.resolve(null);
    const first = Math.max(0, data.minuteAt(fromMs));
    return Promise.resolve(data.flatBars(symbol, first, data.minuteAt(toMs - 1)));
  };
}

/** Files as the archive has them; of a symbol in several files, in the order of time. */
export async function fileSource(klines: readonly string[]): Promise<AuditBars> {
  const files = await openKlineFiles(klines);
  return async (name, fromMs, toMs) => {
    const parts: number[] = [];
    for (const file of files.filter(({ symbol }) => symbol === name))
      for await (const { bars: rows, count } of file.bars())
        for (let at = 0; at < count * BAR_FIELDS; at += BAR_FIELDS)
          if ((rows[at] as number) >= fromMs && (rows[at] as number) < toMs)
            parts.push(...rows.subarray(at, at + BAR_FIELDS));
    return parts.length === 0 ? null : Float64Array.from(parts);
  };
}

/** Bars of the store in the data folder. */
export function storeSource(store: HistoryStore): AuditBars {
  return (symbol, fromMs, toMs) => {
    const parts: number[] = [];
    const rows = new StoredRows(store, { kind: "bars", symbol, fromMs, toMs });
    for (const { bars, count } of rows.batches())
      for (let at = 0; at < count * BAR_FIELDS; at++) parts.push(bars[at] as number);
    return Promise.resolve(parts.length === 0 ? null : Float64Array.from(parts));
  };
}

/** What the venue serves now, page by page, inside its budget. */
export function venueSource(reference: ReferenceData): AuditBars {
  return async (symbol, fromMs, toMs) => {
    const pages: Float64Array[] = [];
    for (let startMs = fromMs; startMs < toMs; startMs += PAGE_BARS * MINUTE_MS) {
      const endMs = Math.min(toMs, startMs + PAGE_BARS * MINUTE_MS) - 1;
      const limit = Math.ceil((endMs + 1 - startMs) / MINUTE_MS);
      pages.push(
        await reference.klines({ symbol, interval: "1m", limit, startMs, endMs, priority: PRIORITY }),
      );
    }
    const all = new Float64Array(pages.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const page of pages) {
      all.set(page, at);
      at += page.length;
    }
    return all.length === 0 ? null : all;
  };
}
