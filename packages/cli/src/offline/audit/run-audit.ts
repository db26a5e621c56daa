import { MarketTable } from "@smcq/features";
import { MINUTE_MS } from "@smcq/kernel";
import {
  type JournaledRun,
  type OpenPosition,
  RecordReader,
  type StoredDecision,
  type StoredTrade,
} from "@smcq/ledger";
import { replayRun } from "../../replay/replay-run.ts";
import {
  AUDIT_CLASSES,
  type AuditClass,
  type AuditReport,
  type ClassResult,
  type FillFigures,
  type Spread,
} from "./audit-types.ts";
import { candidateKey, Comparison, type Tally } from "./compare.ts";
import { type FreshMarket, type FreshScanner, MARKET_WARM_MS, takesPlainRows, warmMs } from "./fresh-scan.ts";
import { journaledStretch } from "./journaled-stretch.ts";

/** Bars of a symbol from `fromMs` to before `toMs`, flat, ascending; null: there are none. */
export type AuditBars = (symbol: string, fromMs: number, toMs: number) => Promise<Float64Array | null>;

/** The scorer is the one that scores are held against; those of another are left out. */
export interface AuditOptions extends FreshScanner {
  /** The ledger's file. */
  readonly file: string;
  /** A run's id or the beginning of it; null: the last one. */
  readonly run: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bars: AuditBars;
  readonly onSymbol: (done: number, of: number) => void;
}

/**
 * Holds a stretch of a run's journal against a fresh scan of the same bars: bars, candidates, features, scores, decisions
 * (recomputed by a replay of the journal, so with the account as it was at that minute) and fills. Symbols that
 * never raised a setup in the whole run are left out. Reads alone.
 */
export async function runAudit(options: AuditOptions): Promise<AuditReport> {
  const { file, fromMs, toMs } = options;
  const reader = new RecordReader(file);
  try {
    const run = reader.run(options.run);
    const journaled = journaledStretch(file, run.runId, options);
    const comparison = new Comparison(journaled, options, options);
    const symbols = [...new Set(journaled.symbols.values())].toSorted();
    if (!takesPlainRows(options.scorer)) {
      const raised = new Set(journaled.symbols.values());
      comparison.market = await marketOf(options, reader.market(run.runKey), raised);
    }
    const noBars: string[] = [];
    for (const [index, symbol] of symbols.entries()) {
      options.onSymbol(index, symbols.length);
      const bars = await options.bars(symbol, fromMs - warmMs(options), toMs);
      if (bars === null || bars.length === 0) noBars.push(symbol);
      else comparison.symbol(symbol, bars);
    }
    options.onSymbol(symbols.length, symbols.length);
    const filter = { runKey: run.runKey, symbol: null, kind: null, sinceMs: fromMs, untilMs: toMs };
    const all = { ...filter, limit: Number.MAX_SAFE_INTEGER };
    const decisions = compareDecisions(
      reader.decisions(all).rows,
      comparison,
      replayRun(file, run.runId).difference?.seq ?? null,
    );
    const approved = reader.decisions({ ...all, kind: "APPROVED" }).rows;
    // A trade belongs to its signal's stretch, whenever it ended.
    const closed = reader.trades({ ...all, sinceMs: null, untilMs: null }).rows;
    const trades = closed.filter(({ signalMs }) => signalMs >= fromMs && signalMs < toMs);
    const held = reader.openPositions(run.runKey);
    const fills = compareFills(run, { approved, trades, held }, comparison);
    const tallies: Record<AuditClass, Tally> = {
      bars: comparison.bars,
      candidates: comparison.candidates,
      features: comparison.features,
      scores: comparison.scores,
      decisions,
      fills: fills.tally,
    };
    return reportOf({ options, run, comparison, tallies, noBars, fills: fills.figures });
  } finally {
    reader.close();
  }
}

/** The closes of all that was watched, and of what raised setups besides; null: the run does not say, or some have no bars. */
async function marketOf(
  { bars, fromMs, toMs, onSymbol }: AuditOptions,
  watched: readonly string[],
  raised: ReadonlySet<string>,
): Promise<FreshMarket | null> {
  if (watched.length === 0) return null;
  const symbols = [...new Set([...raised, ...watched])].toSorted();
  const table = MarketTable.empty(symbols);
  for (const [index, symbol] of symbols.entries()) {
    onSymbol(index, symbols.length);
    const own = await bars(symbol, fromMs - MARKET_WARM_MS, toMs);
    if (own === null || own.length === 0) return null;
    table.takeBars(symbol, own);
  }
  return { table, symbols };
}

/**
 * A decision is reproduced when the bars give the candidate that it stood on, and the replay of the journal, with the account
 * of that minute, decides the same.
 */
function compareDecisions(
  decisions: readonly StoredDecision[],
  comparison: Comparison,
  differsAt: number | null,
): Tally {
  const tally = { compared: 0, equal: 0 };
  for (const { symbol, timeMs, side, seq, receipt } of decisions) {
    const openMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    const key = candidateKey(symbol, openMs, side);
    // Of a process that had just started, of no bars, or of before the stretch: nothing is known of what it stood on.
    if (!comparison.judged.has(key)) continue;
    tally.compared++;
    const live = receipt.outcome;
    if (!comparison.reproduced.has(key))
      comparison.tell("decision-input", {
        symbol,
        timeMs,
        live,
        fresh: "stood on a candidate that is another one",
      });
    else if (differsAt !== null && seq >= differsAt)
      comparison.tell("decision-outcome", {
        symbol,
        timeMs,
        live,
        fresh: `the replay differs from event ${differsAt} on`,
      });
    else tally.equal++;
  }
  return tally;
}

interface FillRows {
  readonly approved: readonly StoredDecision[];
  readonly trades: readonly StoredTrade[];
  readonly held: readonly OpenPosition[];
}

/** An entry fills, and its slippage stays within twice what costs assume. */
function compareFills(
  { options }: JournaledRun,
  { approved, trades, held }: FillRows,
  comparison: Comparison,
): { readonly tally: Tally; readonly figures: FillFigures } {
  const assumedRatio = options.trading?.risk.slippageRatio ?? 0;
  const entered = new Set(trades.map(({ symbol, signalMs }) => `${symbol} ${signalMs}`));
  const tally = { compared: 0, equal: 0 };
  let missed = 0;
  for (const { symbol, timeMs } of approved) {
    if (entered.has(`${symbol} ${timeMs}`)) continue;
    // Its trade has not ended yet: what came of its entry is told when it has.
    if (held.some((position) => position.symbol === symbol && position.openedMs >= timeMs)) continue;
    missed++;
    tally.compared++;
    comparison.tell("fill-missed", { symbol, timeMs, live: "no trade", fresh: "approved" });
  }
  for (const { symbol, entryMs, entrySlippage } of trades) {
    tally.compared++;
    if (entrySlippage === null || entrySlippage <= 2 * assumedRatio) tally.equal++;
    else
      comparison.tell("fill-slipped", {
        symbol,
        timeMs: entryMs,
        live: ratioText(entrySlippage),
        fresh: ratioText(assumedRatio),
      });
  }
  const figures: FillFigures = {
    trades: trades.length,
    missed,
    entrySlippage: spreadOf(trades.flatMap(({ entrySlippage }) => entrySlippage ?? [])),
    stopSlippage: spreadOf(trades.flatMap(({ stopSlippage }) => stopSlippage ?? [])),
    delayMs: spreadOf(trades.map(({ entryMs, signalMs }) => entryMs - signalMs)),
    assumedRatio,
  };
  return { tally, figures };
}

function reportOf({
  options,
  run,
  comparison,
  tallies,
  noBars,
  fills,
}: {
  readonly options: AuditOptions;
  readonly run: JournaledRun;
  readonly comparison: Comparison;
  readonly tallies: Readonly<Record<AuditClass, Tally>>;
  readonly noBars: readonly string[];
  readonly fills: FillFigures;
}): AuditReport {
  const classes = AUDIT_CLASSES.map((name): ClassResult => {
    const { compared, equal } = tallies[name];
    return { name, compared, equal, parity: compared === 0 ? null : equal / compared };
  });
  const known = classes.flatMap(({ name, parity }) => (name === "fills" || parity === null ? [] : parity));
  const { notRunning, otherScorer, noMarket, lateSymbols, counts, differences } = comparison;
  return {
    version: 1,
    runId: run.runId,
    fromMs: options.fromMs,
    toMs: options.toMs,
    scorerId: options.scorer.id,
    symbols: comparison.symbols + noBars.length,
    classes,
    parity: known.length === 0 ? null : Math.min(...known),
    fills,
    notCompared: { notRunning, noBars, otherScorer, noMarket, lateSymbols },
    counts,
    differences: differences.toSorted((a, b) => a.timeMs - b.timeMs),
  };
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  return { count: values.length, mean: sum / values.length, worst: Math.max(...values) };
}

function ratioText(ratio: number): string {
  return `${(100 * ratio).toFixed(3)} %`;
}
