import { parseE8 } from "@smcq/kernel";
import { ledgerFile, RecordReader } from "@smcq/ledger";

/** So young a line of the account book may be on its way to the engine when it ends, venue ms. */
const UNHEARD_MS = 180_000;
/** Lines that are named. */
const SAMPLES = 5;

/** A line of the simulated venue's account book, as `GET /sim/account` tells it. */
export interface BookLine {
  readonly type: string;
  readonly incomeId: string;
  readonly tradeId: string | null;
  readonly symbol: string | null;
  readonly amount: string;
  readonly timeMs: number;
}

/** What the venue tells of itself when the engine is about to end. */
export interface VenueBook {
  readonly account: {
    readonly timeMs: number;
    readonly wallet: string;
    readonly income: readonly BookLine[];
  };
  readonly stats: {
    readonly requests: number;
    readonly unexpected: number;
    readonly unexpectedSamples: readonly string[];
    readonly usedWeightMax: number;
    readonly weightLimit: number;
    readonly faults: Readonly<Record<string, number>>;
  };
}

/** How the venue's account book and the ledger compare. */
export interface Comparison {
  readonly lines: number;
  readonly fills: number;
  /** Lines that the ledger has otherwise, or not at all although they are old enough. */
  readonly differing: number;
  readonly samples: readonly string[];
}

/** Asks the simulated venue on loopback. */
export async function askVenue(port: number): Promise<VenueBook> {
  const ask = async (page: string): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}/sim/${page}`)).json();
  const [account, stats] = await Promise.all([ask("account"), ask("stats")]);
  return { account, stats } as VenueBook;
}

/** Holds every line of the venue's account book that names a symbol against the ledger of a data folder. */
export function compareBooks({ account }: VenueBook, dataDir: string): Comparison {
  const reader = new RecordReader(ledgerFile(dataDir));
  try {
    const { runKey } = reader.run(null);
    const lines = account.income.filter(({ symbol }) => symbol !== null);
    const symbols = new Set(lines.map(({ symbol }) => symbol ?? ""));
    const ours = new Map<string, bigint>();
    let fills = 0;
    for (const symbol of symbols) {
      for (const { tradeId, realisedE8, feeE8 } of reader.fills(runKey, symbol)) {
        fills++;
        ours.set(`realised ${symbol} ${tradeId}`, realisedE8);
        ours.set(`commission ${symbol} ${tradeId}`, -feeE8);
      }
      // The adapter puts the kind of a payment before the venue's number.
      for (const { incomeId, amountE8 } of reader.income(runKey, symbol))
        ours.set(incomeId.slice(incomeId.indexOf("-") + 1), amountE8);
    }
    const differing = lines.filter((line) => {
      const amountE8 = ours.get(keyOf(line));
      if (amountE8 === undefined) return line.timeMs < account.timeMs - UNHEARD_MS;
      return amountE8 !== parseE8(line.amount);
    });
    const samples = differing.slice(0, SAMPLES).map((line) => JSON.stringify(line));
    return { lines: lines.length, fills, differing: differing.length, samples };
  } finally {
    reader.close();
  }
}

function keyOf({ type, symbol, tradeId, incomeId }: BookLine): string {
  return type === "realised" || type === "commission" ? `${type} ${symbol ?? ""} ${tradeId ?? ""}` : incomeId;
}
