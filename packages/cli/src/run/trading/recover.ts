import type { Engine, TradingCore } from "@smcq/engine";
import type { Instrument, Logger, SymbolId } from "@smcq/kernel";
import { type AccountRun, JournalReader } from "@smcq/ledger";
import { type BookedSymbol, rulesOf } from "../../accounts/symbol-book.ts";
import { CoreReplay, goOnReplaying } from "../../replay/replay-run.ts";

/** A run of the process before, to be gone on with: its core as its last row left it. */
export interface RecoveredRun {
  readonly runId: string;
  readonly lastBatch: number;
  readonly lastSeq: number;
  /** The close of the last minute that it was told of; null: of none. */
  readonly toldMinuteMs: number | null;
  readonly engine: Engine;
  /** What it has traded, by name. */
  readonly symbols: ReadonlyMap<string, BookedSymbol>;
  /** Symbols that it holds a position of. */
  readonly held: readonly string[];
}

/** What a standby has made again of a run while it followed. */
export interface Warm {
  take(runId: string): CoreReplay | null;
}

/** Where the run is looked for, and what the venue lists now, by symbol. */
export interface RecoverySource {
  readonly file: string;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** Has what was made again of the run already. */
  readonly warm?: Warm | null;
}

/**
 * The last run on this account, made again from its journal; null: there is none, or it cannot be gone on with (rows are
 * missing, this version decides otherwise, or the venue counts what is held in another tick or step), and what the account
 * holds is adopted.
 */
export async function recoverRun(
  { file, instruments, warm = null }: RecoverySource,
  fingerprint: string,
  logger: Logger,
): Promise<RecoveredRun | null> {
  const run = lastRunOn(file, fingerprint);
  if (run === null) return null;
  const { runId, lastBatch } = run;
  const replay = warm?.take(runId) ?? new CoreReplay(runId);
  const { engine, difference, hole, lastSeq, minuteMs } = await goOnReplaying(replay, file);
  const trading = engine?.trading ?? null;
  if (engine === null || trading === null || difference !== null || hole !== null) {
    logger.warn(
      { runId, difference, hole },
      "the run before cannot be made again from its journal: what the account holds is adopted",
    );
    return null;
  }
  const recounted = recountedOf(trading, instruments);
  if (recounted.length > 0) {
    logger.warn(
      { runId, symbols: recounted },
      "the venue counts what the run before holds in another tick or step: what the account holds is adopted",
    );
    return null;
  }
  const symbols = new Map<string, BookedSymbol>();
  for (const [symbolId, known] of trading.holdings.symbols())
    symbols.set(known.symbol, { ...known, symbolId });
  const held = trading.holdings.openTrades().map(({ symbol }) => symbol);
  return { runId, lastBatch, lastSeq, toldMinuteMs: minuteMs, engine, symbols, held };
}

/** Symbols that something is held or under way in, and whose ticks and steps mean something else by now. */
function recountedOf(
  { holdings, orders }: TradingCore,
  instruments: RecoverySource["instruments"],
): string[] {
  const recounted: string[] = [];
  for (const [symbolId, { symbol, rules }] of holdings.symbols()) {
    const instrument = instruments.get(symbol);
    if (instrument === undefined || !(holdings.trades.has(symbolId) || orders.hasOpen(symbolId))) continue;
    const now = rulesOf(instrument);
    if (now.tickE8 !== rules.tickE8 || now.stepE8 !== rules.stepE8) recounted.push(symbol);
  }
  return recounted;
}

/** Numbers that symbols had, by name. */
export function idsOf({ symbols }: RecoveredRun): ReadonlyMap<string, SymbolId> {
  return new Map([...symbols].map(([symbol, { symbolId }]) => [symbol, symbolId]));
}

function lastRunOn(file: string, fingerprint: string): AccountRun | null {
  const reader = new JournalReader(file);
  try {
    for (const run of reader.accountRuns()) if (run.account === fingerprint) return run;
    return null;
  } finally {
    reader.close();
  }
}
