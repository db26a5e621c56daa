import { type TradingCommand, withPlan } from "@smcq/engine";
import { present, SmcqError } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import { LedgerErrorCode, ledgerError } from "../errors.ts";
import { fromCanonical } from "../journal/canonical.ts";
import type { RunBegun } from "../journal/journal-row.ts";
import { openJournalFile, tablesSeqOf } from "../journal/stored-rows.ts";
import {
  BOOKED,
  DECISIONS,
  EQUITY,
  EQUITY_AT,
  FILLS,
  INCIDENTS,
  INCOME,
  KNOWS_SYMBOL,
  LAST_INCIDENTS,
  MINUTE_BEFORE,
  MONEY_OF_SYMBOLS,
  OPEN_POSITIONS,
  ORDERS,
  OUTCOMES,
  REFUSALS,
  MODELS,
  RUNS,
  SIGNALS_AT,
  TOLD_WALLET,
  TRADES,
  UNITS_OF,
} from "./record-sql.ts";
import type {
  Booked,
  EquityAt,
  JournaledRun,
  OpenPosition,
  OutcomeCount,
  RecordFilter,
  RecordPage,
  RefusalCount,
  SignalAt,
  StoredDecision,
  StoredFill,
  StoredIncident,
  StoredIncome,
  StoredOrder,
  StoredTrade,
  SymbolMoney,
  ToldWallet,
  Units,
} from "./record-types.ts";

/** A row whose money is still text. */
type WithText<T, K extends keyof T> = Omit<T, K> & { readonly [key in K]: string };
type UnitColumns = WithText<Units, "tickE8" | "stepE8">;
type TradeColumns = WithText<Omit<StoredTrade, "units">, "feesE8" | "fundingE8" | "pnlE8"> & UnitColumns;
type SignalColumns = Omit<SignalAt, "isRestConfirmed"> & { readonly isRestConfirmed: number };
type FillColumns = WithText<Omit<StoredFill, "isMaker" | "otherFee">, "feeE8" | "realisedE8"> & {
  readonly isMaker: number;
  readonly feeAsset: string | null;
  readonly feeAssetE8: string | null;
};
type IncomeColumns = WithText<StoredIncome, "amountE8">;
type IncidentColumns = StoredIncident & { readonly detail: string };
/** Tables as they are read here. */
const SCHEMA_MIN = 8;

type RunColumns = Omit<JournaledRun, "options" | "orders"> & { readonly begun: string };

/**
 * What the runs of a file decided, traded and booked, all from one moment; read-only, beside a writing engine. Throws
 * SmcqError `LEDGER_*`.
 */
export class RecordReader {
  readonly #db: Database;

  constructor(file: string) {
    this.#db = openJournalFile(file, SCHEMA_MIN);
    // What is read until `close` is of one moment, whatever is written meanwhile.
    this.#read(() => this.#db.exec("BEGIN"));
  }

  /** Runs with a journal, oldest first. */
  runs(): readonly JournaledRun[] {
    return this.#all<RunColumns>(RUNS).map(journaledRun);
  }

  /**
   * The run of that id, or the only one whose id begins so, or the last one (null); refuses with LEDGER_RUN_MISMATCH what has
   * no journal, and a beginning of several.
   */
  run(wanted: string | null): JournaledRun {
    const runs = this.runs();
    const exact = runs.findLast(({ runId }) => wanted === null || runId === wanted);
    const begun = exact === undefined ? runs.filter(({ runId }) => runId.startsWith(wanted ?? "")) : [exact];
    const [found] = begun;
    if (found !== undefined && begun.length === 1) return found;
    const text =
      begun.length > 1
        ? `${begun.length} runs begin with ${wanted ?? ""}: ${begun.map(({ runId }) => runId).join(", ")}`
        : wanted === null
          ? "no run has a journal"
          : `no run ${wanted} has a journal`;
    throw new SmcqError(LedgerErrorCode.RunMismatch, text, { context: { runId: wanted } });
  }

  /** Symbols that the models of a run looked at as their market, of all its processes, by name; none where none of them did, or said so. */
  market(runKey: number): readonly string[] {
    const models = this.#all<{ readonly model: string | null }>(MODELS, { runKey });
    return [...new Set(models.flatMap(({ model }) => marketOf(model)))].toSorted();
  }

  /** Rows of the journal that the tables do not hold yet: an engine is just putting them in, or was ended before it did. */
  rowsBehind(): number {
    const count = this.#db
      .prepare<[number, number], number>("SELECT count(*) FROM journal WHERE run_key = ? AND seq > ?")
      .pluck();
    return this.#read(() =>
      [...tablesSeqOf(this.#db)].reduce((rows, [runKey, seq]) => rows + (count.get(runKey, seq) ?? 0), 0),
    );
  }

  /** Closed trades by the time of their end. */
  trades(filter: RecordFilter): RecordPage<StoredTrade> {
    return this.#page<TradeColumns, StoredTrade>(TRADES, filter, (row) => {
      const { tickE8, stepE8, priceDecimals, qtyDecimals, feesE8, fundingE8, pnlE8, ...trade } = row;
      return {
        ...trade,
        feesE8: BigInt(feesE8),
        fundingE8: BigInt(fundingE8),
        pnlE8: BigInt(pnlE8),
        units: unitsOf({ tickE8, stepE8, priceDecimals, qtyDecimals }),
      };
    });
  }

  decisions(filter: RecordFilter): RecordPage<StoredDecision> {
    type Columns = WithText<StoredDecision, "receipt">;
    return this.#page<Columns, StoredDecision>(DECISIONS, filter, ({ receipt, ...said }) => ({
      ...said,
      receipt: fromCanonical(receipt) as StoredDecision["receipt"],
    }));
  }

  /** How often each outcome came, most often first. */
  outcomes({ limit: _limit, ...filter }: RecordFilter): readonly OutcomeCount[] {
    return this.#all<OutcomeCount>(OUTCOMES, filter);
  }

  /** Refusals by the minute of the decision and code. */
  refusals(filter: RecordFilter): RecordPage<RefusalCount> {
    return this.#page<RefusalCount, RefusalCount>(REFUSALS, filter, (row) => row);
  }

  /** Money that was booked up to an event, or until now. */
  booked(runKey: number, seq: number = Number.MAX_SAFE_INTEGER): Booked {
    const [row] = this.#all<Record<keyof Booked, string>>(BOOKED, { runKey, seq });
    const text = present(row, "Invariant: sums have a row");
    return {
      realisedE8: BigInt(text.realisedE8),
      feesE8: BigInt(text.feesE8),
      feesElsewhereE8: BigInt(text.feesElsewhereE8),
      fundingE8: BigInt(text.fundingE8),
      transfersE8: BigInt(text.transfersE8),
      liquidationE8: BigInt(text.liquidationE8),
      otherE8: BigInt(text.otherE8),
    };
  }

  /** Null: no minute has closed in the run. */
  toldWallet(runKey: number): ToldWallet | null {
    const [row] = this.#all<{ readonly seq: number; readonly commands: string }>(TOLD_WALLET, runKey);
    if (row === undefined) return null;
    const commands = fromCanonical(row.commands) as readonly TradingCommand[];
    const told = commands.find((command) => command.type === "equity");
    if (told === undefined) return null;
    const { closeMs, walletE8, equityE8 } = told;
    return { seq: row.seq, closeMs, walletE8, equityE8 };
  }

  moneyOfSymbols(runKey: number): readonly SymbolMoney[] {
    return this.#all<WithText<SymbolMoney, "bookedE8" | "tradesE8">>(MONEY_OF_SYMBOLS, { runKey }).map(
      ({ symbol, bookedE8, tradesE8 }) => ({
        symbol,
        bookedE8: BigInt(bookedE8),
        tradesE8: BigInt(tradesE8),
      }),
    );
  }

  openPositions(runKey: number): readonly OpenPosition[] {
    type Columns = WithText<Omit<OpenPosition, "units">, "entryNotionalE8"> & UnitColumns;
    return this.#all<Columns>(OPEN_POSITIONS, runKey).map((row) => {
      const { symbol, qtySteps, openedMs } = row;
      return {
        symbol,
        qtySteps,
        openedMs,
        entryNotionalE8: BigInt(row.entryNotionalE8),
        units: unitsOf(row),
      };
    });
  }

  /** Signals of all symbols whose bar opened in [fromMs, toMs), in the order in which they were told. */
  signalsAt(runKey: number, fromMs: number, toMs: number): readonly SignalAt[] {
    return this.#all<SignalColumns>(SIGNALS_AT, runKey, fromMs, toMs).map(signalAt);
  }

  /** Null: no minute had closed in the run. */
  equityAt(runKey: number, atMs: number): EquityAt | null {
    const [row] = this.#all<WithText<EquityAt, "equityE8">>(EQUITY_AT, runKey, atMs);
    return row === undefined ? null : { closeMs: row.closeMs, equityE8: BigInt(row.equityE8) };
  }

  /** Equity at every closed minute of a run, oldest first. */
  equity(runKey: number): readonly EquityAt[] {
    return this.#all<WithText<EquityAt, "equityE8">>(EQUITY, runKey).map(({ closeMs, equityE8 }) => ({
      closeMs,
      equityE8: BigInt(equityE8),
    }));
  }

  /** Orders of a symbol in the order in which they left. */
  orders(runKey: number, symbol: string): readonly StoredOrder[] {
    return this.#all<StoredOrder & { readonly seq: number }>(ORDERS, { runKey, symbol }).map(
      ({ seq: _seq, ...order }) => order,
    );
  }

  /** Fills of a symbol in the order in which they were told. */
  fills(runKey: number, symbol: string): readonly StoredFill[] {
    return this.#all<FillColumns>(FILLS, runKey, symbol).map(storedFill);
  }

  /** Close of the minute that the core had been told of last before event `seq`, venue ms; null: of none. */
  minuteBefore(runKey: number, seq: number): number | null {
    return this.#all<{ readonly closeMs: number }>(MINUTE_BEFORE, runKey, seq)[0]?.closeMs ?? null;
  }

  /** Payments of a symbol. */
  income(runKey: number, symbol: string): readonly StoredIncome[] {
    return this.#all<IncomeColumns>(INCOME, runKey, symbol).map(storedIncome);
  }

  /** What of one kind happened in a run that a person may want to know of. */
  incidents(runKey: number, kind: string): readonly StoredIncident[] {
    return this.#all<IncidentColumns>(INCIDENTS, runKey, kind).map(storedIncident);
  }

  /** What happened last in a run that a person may want to know of, the newest first. */
  lastIncidents(runKey: number, limit: number): readonly StoredIncident[] {
    return this.#all<IncidentColumns>(LAST_INCIDENTS, runKey, limit).map(storedIncident);
  }

  /** Null: nobody has told the symbol's rules in this run. */
  units(runKey: number, symbol: string): Units | null {
    const [row] = this.#all<UnitColumns>(UNITS_OF, runKey, symbol);
    return row === undefined ? null : unitsOf(row);
  }

  /** False: no run has kept a signal or a rule of it. */
  knowsSymbol(symbol: string): boolean {
    return this.#count(KNOWS_SYMBOL, { symbol }) === 1;
  }

  close(): void {
    this.#db.close();
  }

  #page<Columns, T>(
    sql: { readonly rows: string; readonly count: string },
    filter: RecordFilter,
    of: (row: Columns) => T,
  ): RecordPage<T> {
    const rows = this.#all<Columns>(sql.rows, filter).map(of).reverse();
    const { limit: _limit, ...all } = filter;
    return { rows, total: this.#count(sql.count, all) };
  }

  #count(sql: string, values: object): number {
    return this.#read(() => this.#db.prepare<[object], number>(sql).pluck().get(values) ?? 0);
  }

  #all<Row>(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.#read(() => this.#db.prepare<unknown[], Row>(sql).all(...values));
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw ledgerError(error, "cannot read the ledger", { file: this.#db.name });
    }
  }
}

function unitsOf({ tickE8, stepE8, priceDecimals, qtyDecimals }: UnitColumns): Units {
  return { tickE8: BigInt(tickE8), stepE8: BigInt(stepE8), priceDecimals, qtyDecimals };
}

function journaledRun({ begun, ...run }: RunColumns): JournaledRun {
  const { orders = null, account: _account, ...options } = fromCanonical(begun) as RunBegun;
  const { trading } = options;
  return {
    ...run,
    options: trading === undefined ? options : { ...options, trading: withPlan(trading) },
    orders,
  };
}

function signalAt({ isRestConfirmed, ...signal }: SignalColumns): SignalAt {
  return { ...signal, isRestConfirmed: isRestConfirmed === 1 };
}

function storedFill({ feeE8, realisedE8, isMaker, feeAsset, feeAssetE8, ...fill }: FillColumns): StoredFill {
  return {
    ...fill,
    feeE8: BigInt(feeE8),
    realisedE8: BigInt(realisedE8),
    isMaker: isMaker === 1,
    otherFee: feeAsset === null ? null : { asset: feeAsset, amountE8: BigInt(feeAssetE8 ?? 0) },
  };
}

function storedIncome({ amountE8, ...income }: IncomeColumns): StoredIncome {
  return { ...income, amountE8: BigInt(amountE8) };
}

function storedIncident({ detail, ...incident }: IncidentColumns): StoredIncident {
  return { ...incident, detail: fromCanonical(detail) };
}

function marketOf(model: string | null): readonly string[] {
  const { market = [] } = JSON.parse(model ?? "{}") as { readonly market?: readonly string[] };
  return market;
}
