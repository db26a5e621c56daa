import type { RecordReader, StoredTrade } from "@smcq/ledger";
import { minuteText, numberText, signedText, stopsText } from "../report/format.ts";
import { sideText } from "../report/receipt-text.ts";
import { groupOf } from "../report/trade-groups.ts";
import type { Answer } from "./answer/answer.ts";
import { cutNotice, type Question, runLine, shownText, strangerText } from "./answer/question.ts";
import { TRADE_COLUMNS, tradeRow } from "./answer/record-rows.ts";
import { textTable, wrapped } from "./answer/text-table.ts";

const DAY_MS = 86_400_000;

/** `smcq trades`: closed trades, the newest last. */
export function askTrades(reader: RecordReader, question: Question): Answer {
  const { rows: trades, total } = reader.trades(question);
  const rows = trades.map(tradeRow);
  const sums = groupOf(trades);
  return {
    isSound: true,
    data: { run: question.run?.runId ?? "all", total, shown: rows.length, sums, trades: rows },
    columns: TRADE_COLUMNS,
    rows,
    notice: cutNotice(rows.length, total, "trades"),
    text: `${runLine(question.run)}\n\n${tableOf(trades)}${footOf(trades, total, sums)}${strangerText(reader, question)}`,
  };
}

function tableOf(trades: readonly StoredTrade[]): string {
  if (trades.length === 0) return "";
  const table = textTable(
    [
      { name: "Decided (UTC)" },
      { name: "Out" },
      { name: "Symbol", mayShrink: true },
      { name: "Trade" },
      { name: "Reason", mayShrink: true },
      { name: "Net USDT", isFigure: true },
      { name: "R", isFigure: true },
    ],
    trades.map(({ signalMs, exitMs, symbol, side, setup, reason, pnlE8, r }) => [
      minuteText(signalMs),
      outText(signalMs, exitMs),
      symbol,
      `S${setup} ${sideText(side)}`,
      reason,
      signedText(Number(pnlE8) / 1e8, 2),
      stopsText(r),
    ]),
  );
  return `${table}\n`;
}

/** The minute of the exit; with the days that lie between where it is another day's. */
function outText(signalMs: number, exitMs: number): string {
  const days = Math.floor(exitMs / DAY_MS) - Math.floor(signalMs / DAY_MS);
  return `${minuteText(exitMs).slice(11)}${days === 0 ? "" : `+${days}d`}`;
}

function footOf(
  trades: readonly StoredTrade[],
  total: number,
  { wins, net, fees, funding }: ReturnType<typeof groupOf>,
): string {
  const shown = wrapped(shownText(trades.length, total, "trades"));
  if (trades.length === 0) return shown;
  const sums = `of these ${numberText(wins)} won: net ${net} USDT, with fees of ${fees} and funding of ${funding} in it`;
  const adopted = trades.filter(({ setup }) => setup === 0).length;
  const strange = adopted === 0 ? "" : wrapped(`S0: ${numberText(adopted)} that nobody of ours opened`);
  const last = trades.findLast(({ setup }) => setup !== 0);
  const how =
    last === undefined
      ? ""
      : wrapped(`how one came about: smcq explain ${last.symbol} "${minuteText(last.signalMs)}"`);
  return `${shown}${wrapped(sums)}${strange}${how}`;
}
