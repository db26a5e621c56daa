import { MINUTE_MS } from "@smcq/kernel";
import type { JournaledRun, RecordReader } from "@smcq/ledger";
import { minuteText } from "../../report/format.ts";
import type { Answer, Row } from "../answer/answer.ts";
import { periodText, symbolHint } from "../answer/question.ts";
import { wrapped } from "../answer/text-table.ts";
import { isoText } from "../answer/utc-time.ts";
import { factColumns, judgedFacts, momentFacts } from "./facts.ts";
import { judgedText } from "./judged-text.ts";
import { type Moment, momentOf } from "./moment.ts";
import { type Status, sentencesOf } from "./sentences.ts";
import { toldOf } from "./told.ts";

/** Runs that are named where none was running. */
const RUNS_NAMED_MAX = 5;

/** What is asked: a symbol's minute, in one run or in the last that has it. */
export interface MinuteQuestion {
  readonly symbol: string;
  /** The close of the bar: the minute in which it was decided on. */
  readonly closeMs: number;
  /** Null: the last run that was running then. */
  readonly run: JournaledRun | null;
}

/** `smcq explain`: why a minute of a symbol went as it went, and what is known where nothing happened. */
export function askExplain(reader: RecordReader, question: MinuteQuestion): Answer {
  const { symbol, closeMs } = question;
  const runs = question.run === null ? reader.runs() : [question.run];
  const run = runs.findLast((own) => isRunning(own, closeMs));
  if (run === undefined) return notRunning(question, runs);
  if (!reader.knowsSymbol(symbol)) return unknownSymbol(reader, question, run);
  const moment = momentOf(reader, run, symbol, closeMs);
  const { status, sentences } = sentencesOf(moment);
  const told = moment.judged.map((judged) => toldOf(reader, moment, judged));
  const facts = [...momentFacts(moment), ...told.flatMap((own) => judgedFacts(own))];
  const data = momentData(moment);
  const parts = told.map((own) => judgedText(run, own)).join("");
  return {
    ...answerOf(question, { run, status, sentences, facts, data }),
    text: `${headText(question, run)}\n${sentences.map((line) => wrapped(line)).join("")}${parts}`,
  };
}

function momentData({ state, held, otherSignals }: Moment): Readonly<Record<string, unknown>> {
  const { sinceMs, ...said } = state;
  return {
    state: { ...said, since: sinceMs === null ? null : isoText(sinceMs) },
    held:
      held === null
        ? null
        : {
            steps: held.steps,
            since: isoText(held.sinceMs),
            decided: held.decidedMs === null ? null : isoText(held.decidedMs),
          },
    otherSignals,
  };
}

/** Some event lies at or behind the close, and some before the end of its minute. */
function isRunning({ firstMs, lastMs }: JournaledRun, closeMs: number): boolean {
  return firstMs !== null && lastMs !== null && firstMs < closeMs + MINUTE_MS && lastMs >= closeMs;
}

function headText({ symbol, closeMs }: MinuteQuestion, run: JournaledRun | null): string {
  const bar = `${minuteText(closeMs - MINUTE_MS).slice(11)} to ${minuteText(closeMs).slice(11)}`;
  const head = wrapped(`${symbol} at ${minuteText(closeMs)} UTC, the close of the bar ${bar}`);
  if (run === null) return head;
  const { runId, modeName, outcome, scorerId } = run;
  return `${head}${wrapped(`run ${runId} (${modeName}, ${outcome}), scorer ${scorerId}`)}`;
}

interface Parts {
  readonly run: JournaledRun | null;
  readonly status: Status;
  readonly sentences: readonly string[];
  readonly facts: readonly Row[];
  readonly data: Readonly<Record<string, unknown>>;
}

function answerOf({ symbol, closeMs }: MinuteQuestion, parts: Parts): Omit<Answer, "text"> {
  const { run, status, sentences, data } = parts;
  const facts = [
    ...sentences.map((sentence, at): Row => ({
      part: "answer",
      name: String(at + 1),
      value: sentence,
      detail: null,
    })),
    ...parts.facts,
  ];
  const head = { symbol, time: isoText(closeMs), barOpen: isoText(closeMs - MINUTE_MS) };
  return {
    isSound: true,
    data: { ...head, run: run?.runId ?? null, status, answer: sentences, ...data, facts },
    columns: factColumns,
    rows: facts,
  };
}

function notRunning(question: MinuteQuestion, runs: readonly JournaledRun[]): Answer {
  const named = runs.slice(-RUNS_NAMED_MAX).map((run) => `run ${run.runId}: ${periodText(run)}`);
  const more = runs.length - named.length;
  const sentences = [
    `No engine was running at that minute${question.run === null ? "" : " in that run"}: the ledger knows nothing of it.`,
    ...named,
    ...(more > 0 ? [`and ${more} runs before`] : []),
  ];
  const parts = { run: null, status: "not-running" as const, sentences, facts: [], data: {} };
  return {
    ...answerOf(question, parts),
    text: `${headText(question, null)}\n${sentences.map((line) => wrapped(line)).join("")}`,
  };
}

function unknownSymbol(reader: RecordReader, question: MinuteQuestion, run: JournaledRun): Answer {
  const sentences = [
    `${question.symbol} is not known to this ledger${symbolHint(reader, question.symbol)}: no run has kept a signal or a rule of it. It was not watched, or never had a setup.`,
  ];
  const parts = { run, status: "unknown-symbol" as const, sentences, facts: [], data: {} };
  return {
    ...answerOf(question, parts),
    text: `${headText(question, run)}\n${sentences.map((line) => wrapped(line)).join("")}`,
  };
}
