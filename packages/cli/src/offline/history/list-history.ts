import { type HistoryStore, type Kind, KINDS, type MonthHeader } from "@smcq/history";
import { MINUTE_MS, type Month, monthsBetween } from "@smcq/kernel";
import { type Column, textTable } from "../ledger/answer/text-table.ts";

/** What is stored of a kind of a symbol, from the headers of its files alone. */
export interface StoredSeries {
  readonly symbol: string;
  readonly kind: Kind;
  readonly firstMonth: Month;
  readonly lastMonth: Month;
  readonly months: number;
  /** Months between the first and the last that are not stored. */
  readonly missingMonths: readonly Month[];
  readonly rows: number;
  /** Of bars: minutes without one between the first and the last; null of funding rates, which have no fixed step. */
  readonly missingMinutes: number | null;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly bytes: number;
}

const LIST_COLUMNS: readonly Column[] = [
  { name: "symbol" },
  { name: "kind" },
  { name: "from" },
  { name: "to" },
  { name: "months", isFigure: true },
  { name: "rows", isFigure: true },
  { name: "missing", isFigure: true },
  { name: "bytes", isFigure: true },
];

/** Every series of the store, by symbol and kind. HISTORY_DAMAGED, naming the file, when a header is not what was written. */
export function listHistory(store: HistoryStore): readonly StoredSeries[] {
  return (Object.keys(KINDS) as Kind[])
    .flatMap((kind) => store.symbols(kind).map((symbol) => seriesOf(store, kind, symbol)))
    .toSorted((a, b) => (a.symbol === b.symbol ? (a.kind < b.kind ? -1 : 1) : a.symbol < b.symbol ? -1 : 1));
}

function seriesOf(store: HistoryStore, kind: Kind, symbol: string): StoredSeries {
  const entries = store.months(kind, symbol);
  const headers = entries.map(({ month }) => store.header(kind, symbol, month) as MonthHeader);
  const blocks = headers.flatMap((header) => header.blocks);
  const rows = headers.reduce((sum, header) => sum + header.rows, 0);
  const [firstMs, lastMs] = [blocks[0]?.firstMs ?? null, blocks.at(-1)?.lastMs ?? null];
  const months = entries.map(({ month }) => month);
  const [firstMonth, lastMonth] = [months[0] as Month, months.at(-1) as Month];
  const minutes = firstMs === null || lastMs === null ? 0 : (lastMs - firstMs) / MINUTE_MS + 1;
  return {
    symbol,
    kind,
    firstMonth,
    lastMonth,
    months: months.length,
    missingMonths: monthsBetween(firstMonth, lastMonth).filter((month) => !months.includes(month)),
    rows,
    missingMinutes: kind === "bars" ? minutes - rows : null,
    firstMs,
    lastMs,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The list for eyes. */
export function listText(store: HistoryStore, series: readonly StoredSeries[]): string {
  if (series.length === 0) return `${store.folder} holds nothing; smcq data fetch brings bars\n`;
  const table = textTable(
    LIST_COLUMNS,
    series.map((one) => [
      one.symbol,
      one.kind,
      one.firstMonth,
      one.lastMonth,
      one.missingMonths.length === 0
        ? String(one.months)
        : `${one.months} (${one.missingMonths.length} missing)`,
      String(one.rows),
      one.missingMinutes === null ? "" : String(one.missingMinutes),
      String(one.bytes),
    ]),
  );
  const sum = (key: "rows" | "bytes"): number => series.reduce((total, one) => total + one[key], 0);
  return `${table}\n${series.length} series, ${sum("rows")} rows, ${sum("bytes")} bytes in ${store.folder}\n`;
}
