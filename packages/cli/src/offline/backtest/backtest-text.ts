import { TRADES_MIN } from "../report/expectancy.ts";
import type { BacktestReport } from "./backtest-report.ts";

/** The report in a few lines, for people; ends in a newline. */
export function backtestText(report: BacktestReport, out: string): string {
  const { symbols, bars, holes, candidates, total, input } = report;
  const lines = [
    `${symbols} symbols, ${bars} bars, ${holes} missing, ${candidates} candidates scored by ${input.scorer}`,
    `decisions: ${counts(report.decisions)}`,
    `${total.trades} trades, ${total.wins} won: ${counts(report.exits)}`,
    `gross ${total.gross}, fees ${total.fees}, funding ${total.funding}, net ${total.net} USDT`,
    `wallet ${input.equity} -> ${report.wallet}, deepest drawdown ${(100 * report.drawdownRatioMax).toFixed(2)} %`,
  ];
  const failed = counts(report.failedEntries);
  if (failed !== "none") lines.push(`approved entries that came to nothing: ${failed}`);
  if (Number(report.liquidation) !== 0)
    lines.push(
      `liquidations ${report.liquidation} USDT beside the trades: the venue's fee, or what its fund paid`,
    );
  if (report.isHalted)
    lines.push("HALTED: the drawdown reached its limit; nothing was entered from there on");
  if (!report.hasEnoughTrades)
    lines.push(`not enough trades: fewer than ${TRADES_MIN} say nothing about an edge`);
  lines.push(`written to ${out}: trades.csv, decisions.csv, equity.csv, report.json, report.html`, "");
  return lines.join("\n");
}

function counts(of: Readonly<Record<string, number>>): string {
  const words = Object.entries(of).map(([name, count]) => `${name} ${count}`);
  return words.length === 0 ? "none" : words.join(", ");
}
