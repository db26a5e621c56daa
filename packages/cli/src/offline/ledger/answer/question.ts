import { didYouMean, SmcqError } from "@smcq/kernel";
import type { JournaledRun, RecordFilter, RecordReader } from "@smcq/ledger";
import { minuteText, numberText } from "../../report/format.ts";
import { parseUtc } from "./utc-time.ts";

type Args = Readonly<Record<string, unknown>>;

/** Rows that are shown where nobody says how many. */
export const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1_000_000;

/** Which rows a command's flags ask for. */
export interface Question extends RecordFilter {
  /** Null: of all runs. */
  readonly run: JournaledRun | null;
}

/** A flag that names one kind of row, and what it may say. */
export interface Kinds {
  readonly flag: string;
  readonly names: readonly string[];
}

/** Reads `--run`, `--symbol`, `--since`, `--until`, `--limit` and a flag for the kind of row. */
export function questionOf(reader: RecordReader, args: Args, kinds: Kinds): Question {
  const run = runOf(reader, args);
  const symbol = textOf(args, "symbol");
  const [since, until] = [textOf(args, "since"), textOf(args, "until")];
  const question = {
    run,
    runKey: run?.runKey ?? null,
    symbol: symbol === null ? null : symbolOf(reader, symbol),
    sinceMs: since === null ? null : parseUtc("--since", since),
    untilMs: until === null ? null : parseUtc("--until", until),
    kind: kindOf(args, kinds),
    limit: limitOf(args),
  };
  const { sinceMs, untilMs } = question;
  if (sinceMs !== null && untilMs !== null && sinceMs >= untilMs)
    throw new SmcqError(
      "USAGE_TIME",
      `--since ${since} is not before --until ${until}: nothing lies between`,
    );
  return question;
}

/** The run of `--run`, the last one without it; null for `all`. */
export function runOf(reader: RecordReader, args: Args): JournaledRun | null {
  const wanted = textOf(args, "run");
  if (wanted !== "all") return reader.run(wanted);
  reader.run(null);
  return null;
}

/** The symbol as the ledger writes it: what is typed in small letters is found as well. */
export function symbolOf(reader: RecordReader, typed: string): string {
  const symbol = typed.trim();
  return reader.knowsSymbol(symbol) ? symbol : symbol.toUpperCase();
}

/** The kind as it is written, however it was typed. */
function kindOf(args: Args, { flag, names }: Kinds): string | null {
  const typed = textOf(args, flag);
  if (typed === null) return null;
  const found = names.find((name) => name.toLowerCase() === typed.trim().toLowerCase());
  if (found !== undefined) return found;
  throw new SmcqError("USAGE_KIND", `--${flag} ${typed}: must be one of ${names.join(", ")}`);
}

function limitOf(args: Args): number {
  const limit = args["limit"] as number;
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new SmcqError("USAGE_LIMIT", `--limit ${limit}: must be a whole number from 1 to ${LIMIT_MAX}`);
}

function textOf(args: Args, flag: string): string | null {
  const value = args[flag];
  return typeof value === "string" ? value : null;
}

/** Which run it is about, and which time it covers. */
export function runLine(run: JournaledRun | null): string {
  if (run === null) return "all runs with a journal";
  const { runId, modeName, orders, outcome } = run;
  const by = orders === null ? "" : `, orders ${orders}`;
  return `run ${runId} (${modeName}${by}, ${outcome})\n${periodText(run)}`;
}

/** From the first event to the last one. */
export function periodText({ firstMs, lastMs }: JournaledRun): string {
  if (firstMs === null || lastMs === null) return "no event yet";
  return `${minuteText(firstMs)} to ${minuteText(lastMs)} UTC`;
}

/** Why nothing may have been found: nobody has heard of the symbol. */
export function strangerText(reader: RecordReader, { symbol }: Question): string {
  if (symbol === null || reader.knowsSymbol(symbol)) return "";
  return `no run of this ledger has a signal or a rule of ${symbol}${symbolHint(reader, symbol)}\n`;
}

/** ` (did you mean BTCUSDT?)` when the ledger knows what was probably meant. */
export function symbolHint(reader: RecordReader, symbol: string): string {
  return didYouMean(symbol, (guess) => reader.knowsSymbol(guess));
}

/** How many of how many are shown. */
export function shownText(shown: number, total: number, name: string): string {
  if (total === 0) return `no ${name}`;
  const more = total - shown;
  if (more === 0) return `all ${numberText(total)} ${name}`;
  return `the last ${numberText(shown)} of ${numberText(total)} ${name}: ${numberText(more)} more before (--limit ${total})`;
}

/** The same for those who read rows alone; null where they have all of them. */
export function cutNotice(shown: number, total: number, name: string): string | null {
  return shown === total ? null : shownText(shown, total, name);
}
