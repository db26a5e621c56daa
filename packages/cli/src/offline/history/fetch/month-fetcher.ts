import type { ArchiveBytes, ArchiveFile, BinanceArchive } from "@smcq/exchange-binance/archive";
import {
  type HistoryStore,
  type Kind,
  KINDS,
  type MonthContent,
  type MonthHeader,
  type MonthSource,
  readFundingCsv,
  readKlinesCsv,
} from "@smcq/history";
import {
  BAR_FIELDS,
  errorCode,
  MINUTE_MS,
  type Month,
  monthEndMs,
  monthStartMs,
  SmcqError,
} from "@smcq/kernel";
import type { Downloads } from "./downloads.ts";
import { IMPORT_MARK, joined, mergedRows } from "../merge-rows.ts";
import { type AskKlines, fillHoles } from "./fill-holes.ts";

const DAY_MS = 86_400_000;
/** The archive puts a month together some days after its end; until then its days are read. */
const MONTH_LATE_MS: number = 10 * DAY_MS;
const REST_SOURCE = "REST";

export interface MonthFetcherOptions {
  readonly store: HistoryStore;
  readonly archive: Pick<BinanceArchive, "file">;
  readonly downloads: Downloads;
  /** Null: holes stay. */
  readonly askKlines: AskKlines | null;
  /** Wall time: what has ended and what has not. */
  readonly nowMs: number;
  /** Hears of a stored file that was damaged and is fetched anew. */
  readonly onDamaged: (error: SmcqError) => void;
}

/** What became of a month. `had`: stored before; `absent`: the archive has nothing of it. */
export interface MonthOutcome {
  readonly type: "fetched" | "had" | "absent";
  /** Files that came from the archive. */
  readonly files: number;
  readonly rowsAdded: number;
  /** Of them by REST. */
  readonly filled: number;
}

/** Fetches single months into the store; each is written once, whole. */
export class MonthFetcher {
  readonly #options: MonthFetcherOptions;

  constructor(options: MonthFetcherOptions) {
    this.#options = options;
  }

  /**
   * Has a month in the store as far as the archive has it: the month's own file, or of the running and the last month the days
   * that there are. BINANCE_*: the archive does not give it; KLINES_* and FUNDING_*: it holds something else; HISTORY_WRITE.
   */
  async fetch(kind: Kind, symbol: string, month: Month): Promise<MonthOutcome> {
    const { store } = this.#options;
    store.tidy(kind, symbol);
    const old = this.#stored(kind, symbol, month);
    const isDone =
      old?.isWhole === true && (kind === "funding" || this.#options.askKlines === null || old.isFilled);
    if (isDone) return { type: "had", files: 0, rowsAdded: 0, filled: 0 };
    const fresh =
      old?.isWhole === true
        ? { content: old, files: 0 }
        : await this.#fromArchive(old, { kind, symbol, month });
    const before = old?.rows.length ?? 0;
    const content = await this.#filled(fresh.content, old);
    if (content === null) return { type: "absent", files: 0, rowsAdded: 0, filled: 0 };
    if (content === old) return { type: "had", files: 0, rowsAdded: 0, filled: 0 };
    store.write(content);
    const { fields } = KINDS[kind];
    return {
      type: "fetched",
      files: fresh.files,
      rowsAdded: Math.max(0, content.rows.length - before) / fields,
      filled: (content.rows.length - (fresh.content?.rows.length ?? 0)) / fields,
    };
  }

  /** What is stored of the month; null: nothing, or something damaged. */
  #stored(kind: Kind, symbol: string, month: Month): MonthContent | null {
    try {
      const header = this.#options.store.header(kind, symbol, month);
      return header === null || isSettled(header, this.#options.askKlines !== null)
        ? header && { ...header, rows: new Float64Array(0) }
        : this.#options.store.read(kind, symbol, month);
    } catch (error) {
      if (!(error instanceof SmcqError && errorCode(error) === "HISTORY_DAMAGED")) throw error;
      this.#options.onDamaged(error);
      return null;
    }
  }

  async #fromArchive(
    old: MonthContent | null,
    wanted: { readonly kind: Kind; readonly symbol: string; readonly month: Month },
  ): Promise<{ readonly content: MonthContent | null; readonly files: number }> {
    const { nowMs } = this.#options;
    const { kind, symbol, month } = wanted;
    const endMs = monthEndMs(month);
    if (nowMs >= endMs) {
      const file: ArchiveFile = { kind: kind === "bars" ? "klines" : "fundingRate", symbol, period: month };
      const bytes = await this.#options.archive.file(file);
      if (bytes !== null) {
        const rows = await this.#rows(kind, bytes, { fromMs: monthStartMs(month), endMs });
        const whole = { ...wanted, sources: [sourceOf(bytes)], isWhole: true, isFilled: false, rows };
        return { content: withImports(whole, old), files: 1 };
      }
    }
    return kind === "bars" && nowMs < endMs + MONTH_LATE_MS
      ? this.#days(old, symbol, month)
      : { content: old, files: 0 };
  }

  /** The days of a month that the archive has and the store lacks, put to what is stored. */
  async #days(
    old: MonthContent | null,
    symbol: string,
    month: Month,
  ): Promise<{ readonly content: MonthContent | null; readonly files: number }> {
    const endMs = Math.min(monthEndMs(month), this.#options.nowMs);
    const sources: MonthSource[] = [...(old?.sources ?? [])];
    let rows = old?.rows ?? new Float64Array(0);
    let files = 0;
    for (let dayMs = monthStartMs(month); dayMs + DAY_MS <= endMs; dayMs += DAY_MS) {
      const period = `${month}-${String((dayMs - monthStartMs(month)) / DAY_MS + 1).padStart(2, "0")}`;
      if (sources.some(({ name }) => name === `${symbol}-1m-${period}.zip`)) continue;
      const bytes = await this.#options.archive.file({ kind: "klines", symbol, period });
      if (bytes === null) continue;
      const day = await this.#rows("bars", bytes, { fromMs: dayMs, endMs: dayMs + DAY_MS });
      rows = withDay(rows, day, dayMs);
      sources.push(sourceOf(bytes));
      files++;
    }
    if (files === 0) return { content: old, files };
    sources.sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
      content: { kind: "bars", symbol, month, sources, isWhole: false, isFilled: false, rows },
      files,
    };
  }

  /** The content with its holes asked of REST, where that is wanted and there is anything at all. */
  async #filled(content: MonthContent | null, old: MonthContent | null): Promise<MonthContent | null> {
    const { askKlines, nowMs } = this.#options;
    if (content === null || askKlines === null || content.kind !== "bars" || content.rows.length === 0)
      return content;
    const { symbol, month, rows, sources } = content;
    // The minute that runs is no bar yet, and the one before may still be corrected.
    const closedMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    const range = { symbol, fromMs: monthStartMs(month), endMs: Math.min(monthEndMs(month), closedMs) };
    const filled = await fillHoles(rows, range, askKlines);
    if (filled === rows && !content.isWhole) return content === old ? old : content;
    const named = sources.filter(({ name }) => name !== REST_SOURCE);
    return {
      ...content,
      sources: filled === rows ? named : [...named, { name: REST_SOURCE, sha256: null }],
      isFilled: true,
      rows: filled,
    };
  }

  async #rows(
    kind: Kind,
    bytes: ArchiveBytes,
    range: { fromMs: number; endMs: number },
  ): Promise<Float64Array> {
    return this.#options.downloads.while(bytes, async (path) => {
      const rows = kind === "bars" ? await barsOf(path) : await ratesOf(path);
      const { fields } = KINDS[kind];
      for (let at = 0; at < rows.length; at += fields) {
        const timeMs = rows[at] as number;
        if (timeMs < range.fromMs || timeMs >= range.endMs)
          throw new SmcqError(
            "KLINES_PERIOD",
            `${bytes.name} of the archive holds ${timeMs}, which is not of its time`,
            {
              context: { file: bytes.name },
            },
          );
      }
      return rows;
    });
  }
}

/** A month of the archive with the minutes that it lacks and the user's own files had. */
function withImports(whole: MonthContent, old: MonthContent | null): MonthContent {
  const imports = old?.sources.filter(({ name }) => name.startsWith(IMPORT_MARK)) ?? [];
  if (old === null || imports.length === 0) return whole;
  const { rows } = mergedRows(whole.rows, old.rows, KINDS[whole.kind].fields);
  return { ...whole, sources: [...whole.sources, ...imports], rows };
}

/** Nothing can come to it any more: its rows need not be read. */
function isSettled({ kind, isWhole, isFilled }: MonthHeader, fillsHoles: boolean): boolean {
  return isWhole && (kind === "funding" || !fillsHoles || isFilled);
}

function sourceOf({ name, sha256 }: ArchiveBytes): MonthSource {
  return { name, sha256 };
}

async function barsOf(path: string): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  for await (const { bars, count } of readKlinesCsv(path)) parts.push(bars.slice(0, count * BAR_FIELDS));
  return joined(parts);
}

/** Rates in order of time; of one that is told twice the last counts, as the venue corrects itself. */
async function ratesOf(path: string): Promise<Float64Array> {
  const byTime = new Map((await readFundingCsv(path)).map(({ timeMs, rate }) => [timeMs, rate]));
  return Float64Array.from([...byTime].toSorted(([a], [b]) => a - b).flat());
}

/** Bars with those of one day in place of what they have of it. */
function withDay(bars: Float64Array, day: Float64Array, dayMs: number): Float64Array {
  const isOther = (_: number, k: number): boolean => {
    const openMs = bars[k - (k % BAR_FIELDS)] as number;
    return openMs < dayMs || openMs >= dayMs + DAY_MS;
  };
  const rest = bars.filter(isOther);
  let split = 0;
  while (split < rest.length && (rest[split] as number) < dayMs) split += BAR_FIELDS;
  return joined([rest.subarray(0, split), day, rest.subarray(split)]);
}
