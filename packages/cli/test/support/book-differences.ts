import { DatabaseSync } from "node:sqlite";
import { parseE8 } from "@smcq/kernel";
import type { BookLine } from "../../src/drill/account-book.ts";

/** The simulated venue's own book of an account. */
export interface VenueBook {
  /** USDT. */
  readonly wallet: string;
  readonly income: readonly BookLine[];
  readonly timeMs: number;
  /** Signed, base units. */
  readonly positions: readonly { readonly symbol: string; readonly amount: string }[];
  readonly stops: readonly {
    readonly symbol: string;
    readonly side: "BUY" | "SELL";
    readonly amount: string;
    readonly isClosePosition: boolean;
  }[];
}

/** What the simulated venue has booked, by its own page. */
export async function venueBook(origin: string): Promise<VenueBook> {
  return (await (await fetch(`${origin}/sim/account`)).json()) as VenueBook;
}

/** Lines of the venue's account book that the ledger has otherwise, or not at all once they are so old, venue ms. */
export function bookDifferences(file: string, book: VenueBook, unheardMs: number): readonly string[] {
  const booked = bookedIn(file);
  return book.income.flatMap(({ type, incomeId, tradeId, symbol, amount, timeMs }) => {
    const isTrade = type === "realised" || type === "commission";
    const ours = booked.get(isTrade ? `${type} ${symbol ?? ""} ${tradeId ?? ""}` : `other ${incomeId}`);
    if (ours === parseE8(amount) || (ours === undefined && timeMs > book.timeMs - unheardMs)) return [];
    return [`${type} ${symbol ?? ""} ${amount}: ${ours ?? "nothing"} in the ledger`];
  });
}

/** Numbers of a ledger by name: the two columns `id` and `e8` of a query. */
export function readLedger(file: string, sql: string): ReadonlyMap<string, bigint> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return new Map(statement.all().map((row) => [String(row["id"]), row["e8"] as bigint]));
  } finally {
    db.close();
  }
}

function bookedIn(file: string): ReadonlyMap<string, bigint> {
  const fills = "FROM fills f JOIN instruments i USING (run_key, symbol_id)";
  return new Map([
    ...readLedger(
      file,
      `SELECT 'realised ' || i.symbol || ' ' || f.trade_id AS id, f.realised_e8 AS e8 ${fills}`,
    ),
    ...readLedger(
      file,
      `SELECT 'commission ' || i.symbol || ' ' || f.trade_id AS id, -f.fee_e8 AS e8 ${fills}`,
    ),
    ...readLedger(
      file,
      "SELECT 'other ' || substr(income_id, instr(income_id, '-') + 1) AS id, amount_e8 AS e8 FROM income",
    ),
  ]);
}
