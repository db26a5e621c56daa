import { errorMessage, parseE8, SmcqError } from "@smcq/kernel";
import type { BacktestReport } from "../offline/backtest/backtest-report.ts";
import {
  BACKTESTS_LISTED_MAX,
  backtestsFolder,
  type ListedResult,
  listResults,
  readResult,
} from "../offline/backtest/backtests-folder.ts";
import { isoText } from "../offline/ledger/answer/utc-time.ts";
import { equityCurve } from "./equity-curve.ts";
import type { Query } from "./questions.ts";

/** Trades of a backtest that are told at once: the newest. */
export const BACKTEST_TRADES_MAX = 1_000;

/** What the list says of a result; `summary` null: its report cannot be read, and `problem` says why. */
interface ResultShown {
  readonly id: string;
  readonly written: string;
  readonly problem: string | null;
  readonly summary: object | null;
}

/** Answers what a person asks about the results of `smcq backtest`; a report that has not changed is read once. */
export class BacktestAnswers {
  readonly #dataDir: string;
  #summaries = new Map<string, { readonly of: ListedResult; readonly shown: ResultShown }>();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** The newest results, each by its id, and how many there are. */
  async list(): Promise<object> {
    const all = await listResults(this.#dataDir);
    const kept = new Map<string, { readonly of: ListedResult; readonly shown: ResultShown }>();
    for (const one of all.slice(0, BACKTESTS_LISTED_MAX)) {
      const before = this.#summaries.get(one.id);
      const isSame = before?.of.writtenMs === one.writtenMs && before.of.bytes === one.bytes;
      kept.set(one.id, isSame ? before : { of: one, shown: await this.#shown(one) });
    }
    this.#summaries = kept;
    return {
      folder: backtestsFolder(this.#dataDir),
      total: all.length,
      backtests: [...kept.values()].map(({ shown }) => shown),
    };
  }

  /** A result: its report to the letter, and its curve thinned. */
  async one(query: Query): Promise<object> {
    const id = idOf(query);
    const report = await this.#report(id);
    const equity = await readResult(this.#dataDir, id, "equity.csv");
    const minutes = rowsOf(equity).map((row) => ({
      closeMs: Number(row["time"]),
      equityE8: parseE8(row["equity"] ?? ""),
    }));
    return { id, report, curve: equityCurve(minutes, parseE8(report.input.equity)) };
  }

  /** The last trades of a result, the oldest of them first, named as those of a run. */
  async trades(query: Query): Promise<object> {
    const id = idOf(query);
    const rows = rowsOf(await readResult(this.#dataDir, id, "trades.csv"));
    const shown = rows.slice(-BACKTEST_TRADES_MAX);
    return { total: rows.length, shown: shown.length, trades: shown.map((row) => tradeOf(id, row)) };
  }

  async #shown(one: ListedResult): Promise<ResultShown> {
    const head = { id: one.id, written: isoText(one.writtenMs) };
    try {
      return { ...head, problem: null, summary: summaryOf(await this.#report(one.id)) };
    } catch (error) {
      return { ...head, problem: errorMessage(error), summary: null };
    }
  }

  async #report(id: string): Promise<BacktestReport> {
    const text = await readResult(this.#dataDir, id, "report.json");
    try {
      const report = JSON.parse(text) as BacktestReport;
      if (report.reportVersion === 1 && typeof report.total === "object") return report;
    } catch {
      // Said below.
    }
    throw new SmcqError("BACKTEST_READ", `report.json of ${id} is no report of this version`);
  }
}

function summaryOf({
  input,
  period,
  symbols,
  total,
  wallet,
  drawdownRatioMax,
  ...rest
}: BacktestReport): object {
  return {
    scorer: input.scorer,
    fidelity: input.fidelity,
    start: input.equity,
    firstMs: period?.firstMs ?? null,
    endMs: period?.endMs ?? null,
    symbols,
    trades: total.trades,
    wins: total.wins,
    net: total.net,
    meanR: total.meanR,
    wallet,
    drawdownRatioMax,
    isHalted: rest.isHalted,
    hasEnoughTrades: rest.hasEnoughTrades,
  };
}

function tradeOf(run: string, row: Readonly<Record<string, string>>): object {
  const time = (name: string): string => isoText(Number(row[name]));
  const { symbol = "", setup = "", reason = "", fees = "", pnl = "", qty = "", r = "" } = row;
  return {
    run,
    trade: Number(row["trade"]),
    symbol,
    side: Number(row["side"]),
    setup,
    signal_time: time("signal_time"),
    exit_time: time("exit_time"),
    entry_price: row["entry_price"] ?? null,
    exit_price: row["exit_price"] ?? null,
    qty,
    reason,
    fees,
    pnl,
    r: r === "" ? null : Number(r),
  };
}

/** The rows of a table that `smcq backtest` has written: nothing in it is quoted. */
function rowsOf(text: string): Readonly<Record<string, string>>[] {
  const [header = "", ...lines] = text.split("\n");
  const names = header.split(",");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const cells = line.split(",");
      return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
    });
}

function idOf(query: Query): string {
  const id = query.get("id");
  if (id !== undefined && id !== "") return id;
  throw new SmcqError("USAGE_QUERY", "id is missing");
}
