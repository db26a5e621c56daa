import type { RecordReader, StoredTrade } from "@smcq/ledger";
import { minuteText, numberText, signedText, stopsText } from "../report/format.ts";
import { sideText } from "../report/receipt-text.ts";
import { groupOf } from "../report/trade-groups.ts";
import type { Answer } from "./answer/answer.ts";
import { cutNotice, type Question, runLine, shownText, strangerText } from "./answer/question.ts";
import { TRADE_COLUMNS, tradeRow } from "./answer/record-rows.ts";
import { textTable, wrapped } from "./answer/text-table.ts";

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
      minuteText(exitMs).slice(11),
      symbol,
      `S${setup} ${sideText(side)}`,
      reason,
      signedText(Number(pnlE8) / 1e8, 2),
      stopsText(r),
    ]),
  );
  return `${table}\n`;
}

function footOf(
  trades: readonly StoredTrade[],
  total: number,
  { wins, net, fees, funding }: ReturnType<typeof groupOf>,
): string {
  const shown = wrapped(shownText(trades.length, total, "trades"));
  if (trades.length === 0) return shown;
  const sums = `of these ${numberText(wins)} won: net ${net} USDT, with fees of ${fees} and funding of ${funding} in it`;
  const how = `how one came about: smcq explain ${trades.at(-1)?.symbol} "${minuteText(trades.at(-1)?.signalMs ?? 0)}"`;
  return `${shown}${wrapped(sums)}${wrapped(how)}`;
}
