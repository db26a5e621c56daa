import { utcText } from "@smcq/scoring";
import { textTable } from "../ledger/answer/text-table.ts";
import { counted, NONE } from "../report/format.ts";
import { type AuditReport, type DifferenceKind, PARITY_MIN, parityText, type Spread } from "./audit-types.ts";
import type { AuditLine } from "./audits-file.ts";

const SHOWN_MAX = 20;

/** What each kind of difference means. */
const MEANINGS: Readonly<Record<DifferenceKind, string>> = {
  "bar-close": "the engine marked a position at another close than the bars have",
  "bar-missing": "the engine had a bar that the bars do not have",
  "candidate-missed": "the bars hold a setup that the engine did not raise",
  "candidate-unfounded": "the engine raised a setup that the bars do not hold",
  "candidate-setup": "the setup is of another kind",
  "plan-basis": "invalidation, ATR or turnover are others: the plan would be another one",
  features: "a feature has other bits",
  score: "the score is another one",
  "decision-input": "it was decided on something that the bars do not give",
  "decision-outcome": "the core decides otherwise today, on the same events",
  "fill-slipped": "the entry slipped more than twice what costs assume",
  "fill-missed": "an approved entry came to no trade",
};

/** An audit for eyes. */
export function auditText(report: AuditReport): string {
  const { classes, parity, counts, differences, fills, notCompared } = report;
  const table = textTable(
    [
      { name: "class" },
      { name: "compared", isFigure: true },
      { name: "equal", isFigure: true },
      { name: "parity", isFigure: true },
    ],
    classes.map((one) => [one.name, String(one.compared), String(one.equal), shareText(one.parity)]),
  );
  const kinds = Object.entries(counts) as [DifferenceKind, number][];
  const shown = differences.slice(0, SHOWN_MAX);
  return [
    `run ${report.runId}, ${utcText(report.fromMs)} to ${utcText(report.toMs)}, ${counted(report.symbols, "symbol")}\n\n`,
    table,
    `\nparity ${shareText(parity)}${parity !== null && parity < PARITY_MIN ? `, below ${parityText(PARITY_MIN)}: the engine did not do what these bars say` : ""}\n`,
    ...kinds.map(([kind, count]) => `  ${count} × ${kind}: ${MEANINGS[kind]}\n`),
    shown.length === 0 ? "" : "\n",
    ...shown.map(
      ({ kind, symbol, timeMs, live, fresh }) =>
        `  ${utcText(timeMs)} ${symbol} ${kind}: engine ${live}; bars ${fresh}\n`,
    ),
    differences.length > SHOWN_MAX ? `  and ${differences.length - SHOWN_MAX} more (--json has them)\n` : "",
    `\nfills: ${counted(fills.trades, "trade")}, ${fills.missed} approved without a trade; entry slippage ${spreadText(fills.entrySlippage)}, stops ${spreadText(fills.stopSlippage)}, costs assume ${ratioText(fills.assumedRatio)}\n`,
    notCompared.notRunning > 0
      ? `not compared: ${counted(notCompared.notRunning, "setup")} of minutes in which no engine ran or one had just started\n`
      : "",
    notCompared.otherScorer > 0
      ? `not compared: ${counted(notCompared.otherScorer, "score")} of another scorer than ${report.scorerId}\n`
      : "",
    notCompared.noMarket > 0
      ? `not compared: ${counted(notCompared.noMarket, "score")} of features v2, without the bars of the whole market\n`
      : "",
    notCompared.lateSymbols > 0
      ? `not compared: ${counted(notCompared.lateSymbols, "score")} of features v2 that are the engine's without one symbol's bar of the minute before, which came late\n`
      : "",
    notCompared.noBars.length > 0
      ? `no bars of ${notCompared.noBars.slice(0, 5).join(", ")}${notCompared.noBars.length > 5 ? ` and ${notCompared.noBars.length - 5} more` : ""}\n`
      : "",
  ].join("");
}

/** The audits of a data folder, the newest last. */
export function auditsText(audits: readonly AuditLine[]): string {
  if (audits.length === 0) return "no audit was made on this data folder: smcq audit makes one\n";
  return textTable(
    [
      { name: "made" },
      { name: "from" },
      { name: "to" },
      { name: "run" },
      { name: "parity", isFigure: true },
      { name: "differences", isFigure: true },
    ],
    audits.map(({ atMs, fromMs, toMs, runId, parity, counts }) => [
      utcText(atMs),
      utcText(fromMs),
      utcText(toMs),
      runId.slice(0, 8),
      shareText(parity),
      String(Object.values(counts).reduce((sum, count) => sum + count, 0)),
    ]),
  );
}

function shareText(parity: number | null): string {
  return parity === null ? NONE : parityText(parity);
}

function spreadText(spread: Spread | null): string {
  return spread === null ? "none" : `${ratioText(spread.mean)} (worst ${ratioText(spread.worst)})`;
}

function ratioText(ratio: number): string {
  return `${(100 * ratio).toFixed(3)} %`;
}
