import { e8ToNumber, SmcqError } from "@smcq/kernel";
import type { JournaledRun, RecordReader, StoredIncident } from "@smcq/ledger";
import type { IncidentShown } from "@smcq/dashboard";
import { LIMIT_DEFAULT, questionOf, runOf, symbolOf } from "../offline/ledger/answer/question.ts";
import { isoText, parseMinute } from "../offline/ledger/answer/utc-time.ts";
import type { Answer } from "../offline/ledger/answer/answer.ts";
import { askDecisions, OUTCOME_NAMES } from "../offline/ledger/ask-decisions.ts";
import { askPnl, type Grouping, GROUPINGS } from "../offline/ledger/ask-pnl.ts";
import { askTrades } from "../offline/ledger/ask-trades.ts";
import { askExplain } from "../offline/ledger/explain/ask-explain.ts";
import { EXIT_REASONS, exitMeaning, outcomeMeaning, SETUP_MEANINGS } from "../offline/report/meanings.ts";
import { askReliability } from "./reliability.ts";
import { equityCurve } from "./equity-curve.ts";

export type Query = ReadonlyMap<string, string>;

/** Rows that a question of the page is answered with at most, and that a file is saved with. */
const ROWS_MAX = 1_000;
const FILE_ROWS_MAX = 100_000;
/** Incidents that are shown. */
export const INCIDENTS_SHOWN = 20;

/** A question that the ledger answers: what may be asked with it, and how. */
export interface Question {
  readonly parameters: readonly string[];
  readonly ask: (reader: RecordReader, query: Query) => Pick<Answer, "data" | "columns" | "rows">;
}

const PAGED = ["run", "symbol", "since", "until", "limit", "format"] as const;

/** The same answers as `smcq trades`, `pnl` … `--json`, and two that only curves and lists need. */
export const QUESTIONS: ReadonlyMap<string, Question> = new Map<string, Question>([
  [
    "trades",
    {
      parameters: [...PAGED, "reason"],
      ask: (reader, query) =>
        askTrades(reader, questionOf(reader, argsOf(query), { flag: "reason", names: EXIT_REASONS })),
    },
  ],
  [
    "decisions",
    {
      parameters: [...PAGED, "outcome"],
      ask: (reader, query) =>
        askDecisions(reader, questionOf(reader, argsOf(query), { flag: "outcome", names: OUTCOME_NAMES })),
    },
  ],
  [
    "pnl",
    {
      parameters: ["run", "by", "format"],
      ask: (reader, query) => askPnl(reader, runOf(reader, argsOf(query)), groupingOf(query)),
    },
  ],
  [
    "explain",
    {
      parameters: ["run", "symbol", "time"],
      ask: (reader, query) =>
        askExplain(reader, {
          symbol: symbolOf(reader, required(query, "symbol")),
          closeMs: parseMinute("time", required(query, "time")),
          run: query.has("run") ? reader.run(required(query, "run")) : null,
        }),
    },
  ],
  ["equity", { parameters: ["run"], ask: (reader, query) => askEquity(reader, oneRun(reader, query)) }],
  [
    "reliability",
    {
      parameters: ["run"],
      ask: (reader, query) => ({
        data: askReliability(reader, oneRun(reader, query)),
        columns: [],
        rows: [],
      }),
    },
  ],
  ["runs", { parameters: [], ask: askRuns }],
  ["words", { parameters: [], ask: () => WORDS }],
]);

/** What codes mean, and which there are. */
const WORDS = {
  data: {
    outcomes: Object.fromEntries(OUTCOME_NAMES.map((name) => [name, outcomeMeaning(name)])),
    reasons: Object.fromEntries(EXIT_REASONS.map((name) => [name, exitMeaning(name)])),
    setups: SETUP_MEANINGS,
  },
  columns: [],
  rows: [],
};

function oneRun(reader: RecordReader, query: Query): JournaledRun {
  return reader.run(query.get("run") ?? null);
}

function askEquity(reader: RecordReader, run: JournaledRun): Pick<Answer, "data" | "columns" | "rows"> {
  const startE8 = run.options.trading?.startWalletE8 ?? 0n;
  const points = equityCurve(reader.equity(run.runKey), startE8);
  return {
    data: { run: run.runId, start: e8ToNumber(startE8), ...points },
    columns: [],
    rows: [],
  };
}

function askRuns(reader: RecordReader): Pick<Answer, "data" | "columns" | "rows"> {
  const runs = reader.runs().map(({ runId, modeName, scorerId, outcome, orders, firstMs, lastMs }) => ({
    run: runId,
    mode: modeName,
    scorer: scorerId,
    outcome,
    orders,
    first: firstMs === null ? null : isoText(firstMs),
    last: lastMs === null ? null : isoText(lastMs),
  }));
  return { data: { runs }, columns: [], rows: [] };
}

/** The last incidents of a run, for whoever looks. */
export function incidentShown({ seq, atMs, kind, symbol, detail }: StoredIncident): IncidentShown {
  const text = JSON.stringify(detail, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
  return { seq, time: isoText(atMs), kind, symbol, detail: text };
}

/** As the commands' flags come; empty fields of a form are not given. */
function argsOf(query: Query): Readonly<Record<string, unknown>> {
  const limit = query.get("limit");
  const rowsMax = query.get("format") === "csv" ? FILE_ROWS_MAX : ROWS_MAX;
  const rows = limit === undefined ? LIMIT_DEFAULT : Number(limit);
  if (!(rows <= rowsMax))
    throw new SmcqError("USAGE_LIMIT", `limit ${limit ?? ""}: must be a whole number from 1 to ${rowsMax}`);
  return { ...Object.fromEntries(query), limit: rows };
}

function groupingOf(query: Query): Grouping {
  const given = query.get("by") ?? "day";
  const found = GROUPINGS.find((one) => one === given);
  if (found !== undefined) return found;
  throw new SmcqError(
    "USAGE_QUERY",
    `by ${JSON.stringify(given.slice(0, 64))}: must be one of ${GROUPINGS.join(", ")}`,
  );
}

/** A parameter that has to be there. */
export function required(query: Query, name: string): string {
  const given = query.get(name);
  if (given !== undefined && given !== "") return given;
  throw new SmcqError("USAGE_QUERY", `${name} is missing`);
}
