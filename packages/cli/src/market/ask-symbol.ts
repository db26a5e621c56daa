import { e8Text, SmcqError } from "@smcq/kernel";
import { ledgerFile, LedgerErrorCode, RecordReader, type StoredFill, type Units } from "@smcq/ledger";
import { askEngine } from "../control/control-client.ts";
import type { BarRow, SymbolView } from "../control/market-protocol.ts";
import { m5Bars } from "./m5-bars.ts";
import { type Structures, structuresOf } from "./structures.ts";

/** Fills that are told of a symbol, the newest. */
const FILLS_MAX = 200;

/** A fill of the running engine's run; price and quantity in decimal text, venue ms. */
export interface FillView {
  readonly timeMs: number;
  readonly side: "buy" | "sell";
  readonly price: string;
  readonly qty: string;
  readonly trade: string;
}

/** `smcq symbol`: what the engine has of a symbol, its M5 bars, its structures, and the ledger's fills of that time. */
export interface SymbolAnswer extends Omit<SymbolView, "detector"> {
  readonly m5Bars: readonly BarRow[];
  readonly m5Forming: BarRow | null;
  /** Null: nothing was scanned yet. */
  readonly detector: Omit<NonNullable<SymbolView["detector"]>, "objects"> | null;
  readonly structures: Structures;
  readonly fills: readonly FillView[];
  /** Why the fills are not known; null: they are. */
  readonly fillsProblem: string | null;
}

/** Asks the engine of a data folder, and its ledger; refuses as `askEngine`. */
export async function askSymbol(dataDir: string, symbol: string): Promise<SymbolAnswer> {
  const view = await askEngine(dataDir, { request: "symbol", symbol });
  const { detector, ...rest } = view;
  const { closed, forming } = m5Bars(view.bars, view.forming);
  return {
    ...rest,
    m5Bars: closed,
    m5Forming: forming,
    detector:
      detector === null
        ? null
        : { lastOpenMs: detector.lastOpenMs, bars: detector.bars, m5Bars: detector.m5Bars },
    structures: structuresOf(view),
    ...fillsOf(dataDir, symbol, view.bars[0]?.[0] ?? view.nowMs),
  };
}

/** Fills of the last run since a moment; no ledger and a run without a journal have none. */
function fillsOf(
  dataDir: string,
  symbol: string,
  sinceMs: number,
): Pick<SymbolAnswer, "fills" | "fillsProblem"> {
  try {
    const reader = new RecordReader(ledgerFile(dataDir));
    try {
      const run = reader.runs().at(-1);
      const units = run === undefined ? null : reader.units(run.runKey, symbol);
      if (run === undefined || units === null) return { fills: [], fillsProblem: null };
      const recent = reader.fills(run.runKey, symbol).filter(({ timeMs }) => timeMs >= sinceMs);
      return { fills: recent.slice(-FILLS_MAX).map((fill) => fillView(fill, units)), fillsProblem: null };
    } finally {
      reader.close();
    }
  } catch (error) {
    // A ledger that cannot be read hides no bar.
    if (!(error instanceof SmcqError)) throw error;
    return { fills: [], fillsProblem: error.code === LedgerErrorCode.Absent ? null : error.message };
  }
}

function fillView({ timeMs, side, priceTicks, qtySteps, tradeId }: StoredFill, units: Units): FillView {
  return {
    timeMs,
    side: side > 0 ? "buy" : "sell",
    price: e8Text(BigInt(priceTicks) * units.tickE8, units.priceDecimals),
    qty: e8Text(BigInt(qtySteps) * units.stepE8, units.qtyDecimals),
    trade: tradeId,
  };
}
