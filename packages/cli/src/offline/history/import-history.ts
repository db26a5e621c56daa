import { basename } from "node:path";
import {
  type HistoryStore,
  type Kind,
  KINDS,
  type MonthContent,
  type MonthSource,
  readFundingCsv,
  readKlinesCsv,
} from "@smcq/history";
import { BAR_FIELDS, monthEndMs, monthOf, parseMonth, SmcqError } from "@smcq/kernel";
import { sha256OfFile, symbolOfFile } from "../dataset/bar-source.ts";
import { IMPORT_MARK, joined, mergedRows } from "./merge-rows.ts";

/** Open or close of a bar that was shifted or rounded by hand lies outside its high and low by this share at most. */
const ROUNDING_RATIO = 0.002;

export interface ImportChoice {
  /** Files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip. */
  readonly klines: readonly string[];
  /** Files of funding rates: `time,symbol,rate`, or the archive's with the symbol in its name. */
  readonly funding: readonly string[];
  /** What a file says counts where the store says something else. */
  readonly replaces: boolean;
  /** Hears after each file. */
  readonly onFile: (done: number, of: number) => void;
}

export interface ImportReport {
  readonly files: number;
  readonly rows: number;
  /** Rows that came to the store. */
  readonly added: number;
  /** Rows that the store has with other values: they stay, or with `replaces` were replaced. */
  readonly differing: number;
  /** Bars that lay outside their own high and low by rounding. */
  readonly rounded: number;
}

/** Puts people's own files into the store; refuses what is no file of bars or rates, naming it and the line. */
export async function importHistory(store: HistoryStore, choice: ImportChoice): Promise<ImportReport> {
  const into = new Importer(store, choice.replaces);
  const total = choice.klines.length + choice.funding.length;
  // Names are looked at before anything is written.
  const klines = choice.klines.map((path) => ({ path, symbol: symbolOfFile(path) }));
  const funding = choice.funding.map((path) => ({ path, symbol: fundingSymbol(path) }));
  let done = 0;
  for (const { path, symbol } of klines) {
    await into.klines(path, symbol);
    choice.onFile(++done, total);
  }
  for (const { path, symbol } of funding) {
    await into.funding(path, symbol);
    choice.onFile(++done, total);
  }
  return { files: total, ...into.counts };
}

/** The symbol of a file of the archive, BTCUSDT-fundingRate-2024-01.zip; null: its rows name theirs. */
function fundingSymbol(path: string): string | null {
  return /^([^-\s]+)-fundingRate-/u.exec(basename(path))?.[1] ?? null;
}

class Importer {
  readonly counts: { rows: number; added: number; differing: number; rounded: number } = {
    rows: 0,
    added: 0,
    differing: 0,
    rounded: 0,
  };
  readonly #store: HistoryStore;
  readonly #replaces: boolean;

  constructor(store: HistoryStore, replaces: boolean) {
    this.#store = store;
    this.#replaces = replaces;
  }

  async klines(path: string, symbol: string): Promise<void> {
    const source = await this.#source(path);
    const options = { roundingRatio: ROUNDING_RATIO, onRounded: () => void this.counts.rounded++ };
    let parts: Float64Array[] = [];
    let endMs = Number.NEGATIVE_INFINITY;
    const flush = (): void => {
      if (parts.length > 0) this.#put("bars", symbol, { rows: joined(parts), source });
      parts = [];
    };
    for await (const { bars, count } of readKlinesCsv(path, options)) {
      for (let from = 0; from < count;) {
        const openMs = bars[from * BAR_FIELDS] as number;
        if (openMs >= endMs) {
          flush();
          endMs = monthEndMs(monthOf(openMs));
        }
        let to = from;
        while (to < count && (bars[to * BAR_FIELDS] as number) < endMs) to++;
        parts.push(withinBounds(bars.slice(from * BAR_FIELDS, to * BAR_FIELDS)));
        from = to;
      }
    }
    flush();
  }

  async funding(path: string, ofName: string | null): Promise<void> {
    const source = await this.#source(path);
    const rows = await readFundingCsv(path);
    const named = Map.groupBy(rows, ({ symbol }) => symbol ?? ofName);
    for (const [symbol, own] of named) {
      if (symbol === null)
        throw new SmcqError(
          "USAGE_FUNDING",
          `${path}: its rows name no symbol; the name must be SYMBOL-fundingRate-ANYTHING, or the columns time,symbol,rate`,
          { context: { file: path } },
        );
      const byTime = new Map(own.map(({ timeMs, rate }) => [timeMs, rate]));
      const sorted = [...byTime].toSorted(([a], [b]) => a - b);
      for (const [, month] of Map.groupBy(sorted, ([timeMs]) => monthOf(timeMs)))
        this.#put("funding", symbol, { rows: Float64Array.from(month.flat()), source });
    }
  }

  async #source(path: string): Promise<MonthSource> {
    return { name: `${IMPORT_MARK}${basename(path)}`, sha256: await sha256OfFile(path) };
  }

  #put(
    kind: Kind,
    symbol: string,
    { rows, source }: { readonly rows: Float64Array; readonly source: MonthSource },
  ): void {
    const month = parseMonth(monthOf(rows[0] as number), `${source.name}: the month`);
    const { fields } = KINDS[kind];
    const old: MonthContent | null = this.#store.read(kind, symbol, month);
    const stored = old?.rows ?? new Float64Array(0);
    const merged = this.#replaces ? mergedRows(rows, stored, fields) : mergedRows(stored, rows, fields);
    const count = rows.length / fields;
    const added = (merged.rows.length - stored.length) / fields;
    this.counts.rows += count;
    this.counts.added += added;
    this.counts.differing += merged.differing;
    if (added === 0 && !(this.#replaces && merged.differing > 0)) return;
    const sources = [...(old?.sources ?? [])].filter(({ name }) => name !== source.name);
    this.#store.write({
      kind,
      symbol,
      month,
      sources: [...sources, source],
      isWhole: old?.isWhole ?? false,
      isFilled: old?.isFilled ?? false,
      rows: merged.rows,
    });
  }
}

/** Bars whose open or close lies outside high and low by rounding, with high and low that hold them: the store takes no other. */
function withinBounds(bars: Float64Array): Float64Array {
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [, open = 0, high = 0, low = 0, close = 0] = bars.subarray(at, at + BAR_FIELDS);
    bars[at + 2] = Math.max(high, open, close);
    bars[at + 3] = Math.min(low, open, close);
  }
  return bars;
}
