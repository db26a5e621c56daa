import type { OutcomeCount, RecordReader, StoredDecision } from "@smcq/ledger";
import { REFUSAL_CODES, type RiskParameters } from "@smcq/risk";
import { counted, minuteText, NONE, numberText, shareText } from "../report/format.ts";
import { outcomeMeaning } from "../report/meanings.ts";
import { sideText } from "../report/receipt-text.ts";
import type { Answer, Row } from "./answer/answer.ts";
import { cutNotice, type Question, runLine, shownText, strangerText } from "./answer/question.ts";
import { DECISION_COLUMNS, decisionRow } from "./answer/record-rows.ts";
import { textTable, wrapped } from "./answer/text-table.ts";
import { isoText } from "./answer/utc-time.ts";

export const OUTCOME_NAMES: readonly string[] = ["APPROVED", ...REFUSAL_CODES];

const REFUSAL_COLUMNS = ["run", "minute", "code", "count"] as const;

/** `smcq decisions`: what became of every signal above the threshold, the newest last. */
export function askDecisions(reader: RecordReader, question: Question): Answer {
  const { rows: decisions, total } = reader.decisions(question);
  const outcomes = reader.outcomes(question);
  const rows = decisions.map(decisionRow);
  const risk = question.run?.options.trading?.risk ?? null;
  const foot = wrapped(shownText(rows.length, total, "decisions"));
  return {
    isSound: true,
    data: { run: question.run?.runId ?? "all", total, shown: rows.length, outcomes, decisions: rows },
    columns: DECISION_COLUMNS,
    rows,
    notice: cutNotice(rows.length, total, "decisions"),
    text: `${runLine(question.run)}\n\n${decisionTable(decisions, risk)}${foot}${outcomeText(outcomes, total)}${strangerText(reader, question)}`,
  };
}

/** `smcq decisions --refusals`: how often which gate said no, minute by minute. */
export function askRefusals(reader: RecordReader, question: Question): Answer {
  const { rows: refusals, total } = reader.refusals(question);
  const outcomes = reader.outcomes(question).filter(({ outcome }) => outcome !== "APPROVED");
  const rows: readonly Row[] = refusals.map(({ runId, minuteMs, code, count }) => ({
    run: runId,
    minute: isoText(minuteMs),
    code,
    count,
  }));
  const table = textTable(
    [{ name: "Minute (UTC)" }, { name: "Refused with" }, { name: "Signals", isFigure: true }],
    refusals.map(({ minuteMs, code, count }) => [minuteText(minuteMs), code, numberText(count)]),
  );
  const sum = outcomes.reduce((own, { count }) => own + count, 0);
  const foot = wrapped(shownText(rows.length, total, "rows of minute and code"));
  return {
    isSound: true,
    data: { run: question.run?.runId ?? "all", total, shown: rows.length, outcomes, refusals: rows },
    columns: REFUSAL_COLUMNS,
    rows,
    notice: cutNotice(rows.length, total, "rows of minute and code"),
    text: `${runLine(question.run)}\n\n${rows.length === 0 ? "" : `${table}\n`}${foot}${outcomeText(outcomes, sum)}${strangerText(reader, question)}`,
  };
}

function decisionTable(decisions: readonly StoredDecision[], risk: RiskParameters | null): string {
  if (decisions.length === 0) return "";
  const table = textTable(
    [
      { name: "Decided (UTC)" },
      { name: "Symbol", mayShrink: true },
      { name: "Signal" },
      { name: "Score", isFigure: true },
      { name: "Outcome" },
      { name: "Judged by", mayShrink: true },
    ],
    decisions.map((decision) => {
      const { timeMs, symbol, setup, side, score, receipt } = decision;
      return [
        minuteText(timeMs),
        symbol,
        `S${setup} ${sideText(side)}`,
        score === null ? NONE : numberText(score, 3),
        receipt.outcome,
        judgedBy(decision, risk),
      ];
    }),
  );
  return `${table}\n`;
}

/** The figure that decided, in a few characters; what a gate means stands below the table. */
function judgedBy({ receipt }: StoredDecision, risk: RiskParameters | null): string {
  const { outcome, unknown, unit, size } = receipt;
  if (unknown.length > 0) return `no ${unknown.join(", ")}`;
  if (outcome === "APPROVED" || outcome === "TOO_SMALL")
    return size === null ? "" : `${counted(size.steps, "step")}, ${size.boundBy}`;
  if (unit === null) return "";
  const limit = (sign: string, value: number | undefined): string =>
    value === undefined ? "" : ` ${sign} ${value}`;
  if (outcome === "COST_GATE") return `${numberText(unit.c, 3)}${limit(">", risk?.costRatioMax)}`;
  if (outcome === "REWARD") return `${numberText(unit.b, 3)}${limit("<", risk?.rewardRatioMin)}`;
  return outcome === "STOP_TOO_WIDE" ? shareText(unit.d / unit.e, 2) : "";
}

/** What each outcome that came means. */
function outcomeText(outcomes: readonly OutcomeCount[], total: number): string {
  if (outcomes.length === 0) return "";
  const lines = outcomes.map(({ outcome, count }) =>
    wrapped(
      `${outcome} ${numberText(count)} (${shareText(count / total, 0)}): ${outcomeMeaning(outcome)}`,
      "    ",
    ),
  );
  return `\n${lines.join("")}`;
}
