import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TradeRecord } from "@smcq/engine";
import type { TradingRules } from "@smcq/exchange";
import { e8Text, e8ToNumber, errorMessage, SmcqError } from "@smcq/kernel";
import type { BacktestReport } from "./backtest-report.ts";
import type { LoggedDecision } from "./decision-log.ts";
import { examplesOf } from "./report/explained.ts";
import { type PageFacts, reportHtml } from "./report/page.ts";
import type { EquityRow, TradePassResult } from "./trade-pass.ts";

const TRADE_COLUMNS =
  "trade,symbol,side,setup,score,signal_time,entry_time,entry_price,qty,stop,target,exit_time,exit_price,reason,fees,funding,pnl,r,risk_ratio,bound_by";
const DECISION_COLUMNS = "time,symbol,side,score,outcome,bound_by,steps";
const EQUITY_COLUMNS = "time,wallet,equity";

/**
 * Writes the tables, report.json and report.html (docs/trading.md 8) into a folder that is there: all of them, or none.
 * OUTPUT_WRITE where that fails.
 */
export function writeBacktest(
  out: string,
  result: TradePassResult,
  rules: readonly TradingRules[],
  report: BacktestReport,
): void {
  const rulesOf = (symbolId: number): TradingRules => rules[symbolId] as TradingRules;
  const trades = result.trades.map((trade, index) => tradeRow(trade, index + 1, rulesOf(trade.symbolId)));
  writeAll(out, {
    "trades.csv": csv(TRADE_COLUMNS, trades),
    "decisions.csv": csv(
      DECISION_COLUMNS,
      [...result.decisions].map((decision) => decisionRow(decision, rulesOf(decision.symbolId))),
    ),
    "equity.csv": csv(EQUITY_COLUMNS, result.equity.map(equityRow)),
    "report.html": reportHtml(report, pageFacts(result, rulesOf)),
    "report.json": `${JSON.stringify(report, null, 2)}\n`,
  });
}

/** Files get their names once all of them are written: who is killed or finds the disk full leaves no half result. */
function writeAll(out: string, texts: Readonly<Record<string, string>>): void {
  const files = Object.entries(texts).map(([name, text]) => ({
    text,
    path: join(out, name),
    draft: join(out, `${name}.draft`),
  }));
  try {
    for (const { draft, text } of files) writeFileSync(draft, text);
    for (const { draft, path } of files) renameSync(draft, path);
  } catch (error) {
    for (const { draft } of files) rmSync(draft, { force: true });
    throw new SmcqError("OUTPUT_WRITE", `cannot write ${out}: ${errorMessage(error)}`, { cause: error });
  }
}

function pageFacts(
  { trades, decisions, equity, heat }: TradePassResult,
  rulesOf: (symbolId: number) => TradingRules,
): PageFacts {
  return {
    trades: trades.map((trade) => ({
      entryMs: trade.entryMs,
      exitMs: trade.exitMs,
      notional: trade.entryPrice * trade.qtySteps * rulesOf(trade.symbolId).stepSize,
      riskRatio: trade.riskRatio,
      pnl: e8ToNumber(trade.pnlE8),
      r: trade.r,
    })),
    equity: equity.map(({ timeMs, equityE8 }) => ({ timeMs, equity: e8ToNumber(equityE8) })),
    heat,
    examples: examplesOf(decisions, trades),
  };
}

function csv(header: string, rows: readonly (readonly (string | number)[])[]): string {
  return `${[header, ...rows.map((row) => row.join(","))].join("\n")}\n`;
}

function tradeRow(trade: TradeRecord, number: number, rules: TradingRules): readonly (string | number)[] {
  const price = (ticks: number): string =>
    e8Text(BigInt(Math.round(ticks)) * rules.tickE8, rules.priceDecimals);
  return [
    number,
    trade.symbol,
    trade.side,
    `S${trade.setup}`,
    trade.score,
    trade.signalMs,
    trade.entryMs,
    price(trade.entryPrice / rules.tickSize),
    e8Text(BigInt(trade.qtySteps) * rules.stepE8, rules.qtyDecimals),
    price(trade.stopTicks),
    price(trade.targetTicks),
    trade.exitMs,
    price(trade.exitPrice / rules.tickSize),
    trade.reason,
    e8Text(trade.feesE8),
    e8Text(trade.fundingE8),
    e8Text(trade.pnlE8),
    trade.r,
    trade.riskRatio,
    trade.boundBy,
  ];
}

function decisionRow(decision: LoggedDecision, { symbol }: TradingRules): readonly (string | number)[] {
  const { timeMs, side, score, outcome, boundBy, steps } = decision;
  return [timeMs, symbol, side, score, outcome, boundBy, steps];
}

function equityRow({ timeMs, walletE8, equityE8 }: EquityRow): readonly (string | number)[] {
  return [timeMs, e8Text(walletE8), e8Text(equityE8)];
}
