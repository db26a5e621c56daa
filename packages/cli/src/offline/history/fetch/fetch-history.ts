import type { Kind } from "@smcq/history";
import { errorCode, errorMessage, type Logger, type Month, monthStartMs, SmcqError } from "@smcq/kernel";
import type { Progress } from "../../../output/progress.ts";
import type { MonthFetcher, MonthOutcome } from "./month-fetcher.ts";

/** So many failures one after the other are no fault of single files: the archive does not answer. */
const FAILURES_IN_A_ROW_MAX = 8;
/** Failures and absences that are named one by one. */
const NAMED_MAX = 20;

export interface FetchChoice {
  readonly symbols: readonly string[];
  /** Ascending. */
  readonly months: readonly Month[];
  readonly kinds: readonly Kind[];
  /** Months at work at a time. */
  readonly parallel: number;
  readonly nowMs: number;
}

export interface FetchPorts {
  readonly fetcher: Pick<MonthFetcher, "fetch">;
  readonly progress: Progress;
  readonly logger: Logger;
}

/** A month that could not be fetched. */
export interface FailedMonth {
  readonly kind: Kind;
  readonly symbol: string;
  readonly month: Month;
  readonly code: string;
  readonly message: string;
}

/** What a fetch has come to; months are counted a symbol and kind. */
export interface FetchReport {
  readonly symbols: number;
  readonly fetched: number;
  /** Stored before, whole. */
  readonly had: number;
  /** The archive has nothing: the symbol did not trade, or the month is not put together yet. */
  readonly absent: number;
  /** Months that have not begun: nobody was asked. */
  readonly future: readonly Month[];
  readonly files: number;
  readonly bars: number;
  readonly rates: number;
  readonly filled: number;
  readonly failed: readonly FailedMonth[];
}

interface Job {
  readonly kind: Kind;
  readonly symbol: string;
  readonly month: Month;
}

/**
 * Fetches every month of every symbol, several at a time; one that fails is told in the report, and the others go on. Ends at
 * the first fault of this machine (the disk), and when `FAILURES_IN_A_ROW_MAX` have failed one after the other.
 */
export async function fetchHistory(choice: FetchChoice, ports: FetchPorts): Promise<FetchReport> {
  const { symbols, months, kinds, parallel, nowMs } = choice;
  const future = months.filter((month) => monthStartMs(month) > nowMs);
  const begun = months.filter((month) => !future.includes(month));
  const jobs: Job[] = symbols.flatMap((symbol) =>
    begun.flatMap((month) => kinds.map((kind) => ({ kind, symbol, month }))),
  );
  const tally = new FetchTally(symbols.length, future);
  const waiting = jobs.values();
  const total = jobs.length;
  await Promise.all(
    Array.from({ length: Math.min(parallel, total) }, async () => {
      for (const job of waiting) {
        if (tally.isEnded) return;
        await runJob(job, ports, tally);
        ports.progress.show("months", tally.done, total);
      }
    }),
  );
  if (tally.end !== null) throw tally.end;
  return tally.report();
}

async function runJob(job: Job, { fetcher, logger }: FetchPorts, tally: FetchTally): Promise<void> {
  try {
    tally.take(job, await fetcher.fetch(job.kind, job.symbol, job.month));
  } catch (error) {
    tally.fail(job, error);
    if (tally.failedCount <= NAMED_MAX)
      logger.warn(
        { ...job, code: errorCode(error) },
        `${job.symbol} ${job.month} ${job.kind}: ${errorMessage(error)}`,
      );
  }
}

class FetchTally {
  done = 0;
  end: unknown = null;
  readonly #symbols: number;
  readonly #future: readonly Month[];
  readonly #failed: FailedMonth[] = [];
  readonly #counts = { fetched: 0, had: 0, absent: 0 };
  readonly #sums = { files: 0, bars: 0, rates: 0, filled: 0 };
  #inARow = 0;

  constructor(symbols: number, future: readonly Month[]) {
    this.#symbols = symbols;
    this.#future = future;
  }

  get isEnded(): boolean {
    return this.end !== null;
  }

  get failedCount(): number {
    return this.#failed.length;
  }

  take({ kind }: Job, { type, files, rowsAdded, filled }: MonthOutcome): void {
    this.done++;
    this.#inARow = 0;
    this.#counts[type]++;
    this.#sums.files += files;
    this.#sums[kind === "bars" ? "bars" : "rates"] += rowsAdded;
    this.#sums.filled += filled;
  }

  fail(job: Job, error: unknown): void {
    this.done++;
    const isOurs = error instanceof SmcqError && !error.code.startsWith("HISTORY");
    if (!isOurs) {
      this.end ??= error;
      return;
    }
    this.#failed.push({ ...job, code: error.code, message: error.message });
    if (++this.#inARow >= FAILURES_IN_A_ROW_MAX)
      this.end ??= new SmcqError(
        error.code,
        `${FAILURES_IN_A_ROW_MAX} months in a row failed, the last: ${error.message}; what is stored stays, another run goes on here`,
        { context: error.context, cause: error },
      );
  }

  report(): FetchReport {
    const failed = this.#failed.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    return { symbols: this.#symbols, ...this.#counts, ...this.#sums, future: this.#future, failed };
  }
}

function orderOf({ symbol, month, kind }: FailedMonth): string {
  return `${symbol} ${month} ${kind}`;
}

/** The report for eyes. */
export function fetchText(report: FetchReport): string {
  const { symbols, fetched, had, absent, future, files, bars, rates, filled, failed } = report;
  const lines = [
    `${symbols} symbols: ${fetched} months fetched, ${had} stored before, ${absent} the archive does not have (not traded, or not put together yet)`,
    `${files} files, ${bars} bars, ${rates} funding rates${filled > 0 ? `; ${filled} bars of them by REST` : ""}`,
  ];
  if (future.length > 0)
    lines.push(
      `left out: ${future.length === 1 ? "" : `${future.length} months, `}${future[0]}${future.length > 1 ? ` to ${future.at(-1)}` : ""}: not begun`,
    );
  for (const { symbol, month, kind, message } of failed.slice(0, NAMED_MAX))
    lines.push(`FAILED ${symbol} ${month} ${kind}: ${message}`);
  if (failed.length > 0) lines.push(`${failed.length} months failed; run the same command again to go on`);
  return `${lines.join("\n")}\n`;
}
