import { type HistoryStore, type Hole, holeMinutes, holesIn, type Kind, KINDS } from "@smcq/history";
import { BAR_FIELDS, barFault, errorCode, errorMessage, MINUTE_MS, SmcqError } from "@smcq/kernel";
import type { Progress } from "../../output/progress.ts";

/** Faults and holes that are named one by one. */
const NAMED_MAX = 20;

export interface HistoryFault {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

/** Minutes that a stored month lacks between its first bar and its last. */
export interface NamedHole extends Hole {
  readonly symbol: string;
  readonly minutes: number;
}

export interface VerifyReport {
  readonly files: number;
  readonly rows: number;
  readonly faults: readonly HistoryFault[];
  /** Runs of missing minutes in the bars, the longest first. */
  readonly holes: readonly NamedHole[];
  readonly missingMinutes: number;
}

/** Reads every file of the store, checks every checksum and every bar, and finds the holes. */
export function verifyHistory(store: HistoryStore, progress: Progress): VerifyReport {
  const entries = (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
    store.symbols(kind).flatMap((symbol) => store.months(kind, symbol).map((entry) => ({ kind, entry }))),
  );
  const faults: HistoryFault[] = [];
  const holes: NamedHole[] = [];
  let rows = 0;
  let before = { symbol: "", lastMs: 0 };
  for (const [index, { kind, entry }] of entries.entries()) {
    const { symbol, month, path } = entry;
    try {
      const content = store.read(kind, symbol, month);
      const flat = content?.rows ?? new Float64Array(0);
      rows += flat.length / KINDS[kind].fields;
      if (kind === "bars" && flat.length > 0) {
        const bad = firstBadBar(flat);
        if (bad !== null) throw new SmcqError("HISTORY_BAR", `${path}: ${bad}`, { context: { file: path } });
        const fromMs = before.symbol === symbol ? before.lastMs + MINUTE_MS : (flat[0] as number);
        const lastMs = flat.at(-BAR_FIELDS) as number;
        for (const hole of holesIn(flat, { fromMs, endMs: lastMs + MINUTE_MS }))
          holes.push({ symbol, ...hole, minutes: holeMinutes(hole) });
        before = { symbol, lastMs };
      }
    } catch (error) {
      if (!(error instanceof SmcqError)) throw error;
      faults.push({ file: path, code: errorCode(error), message: errorMessage(error) });
    }
    progress.show("files verified", index + 1, entries.length);
  }
  const missingMinutes = holes.reduce((sum, { minutes }) => sum + minutes, 0);
  return {
    files: entries.length,
    rows,
    faults,
    holes: holes.toSorted(
      (a, b) => b.minutes - a.minutes || a.fromMs - b.fromMs || (a.symbol < b.symbol ? -1 : 1),
    ),
    missingMinutes,
  };
}

function firstBadBar(bars: Float64Array): string | null {
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openMs, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(at, at + BAR_FIELDS);
    const fault = barFault(open, high, low, close, volume);
    if (fault !== null) return `the bar of ${openMs} is no plausible one: ${fault}`;
  }
  return null;
}

/** The report for eyes; `isoText` writes a time. */
export function verifyText(report: VerifyReport, isoText: (timeMs: number) => string): string {
  const { files, rows, faults, holes, missingMinutes } = report;
  const lines = [
    `${files} files, ${rows} rows: ${faults.length === 0 ? "all sound" : `${faults.length} DAMAGED`}`,
  ];
  for (const { code, message } of faults.slice(0, NAMED_MAX)) lines.push(`${code} ${message}`);
  if (faults.length > 0) lines.push("remove the damaged files and fetch their months again");
  if (holes.length > 0) lines.push(`${holes.length} holes, ${missingMinutes} minutes missing; the longest:`);
  for (const { symbol, fromMs, toMs, minutes } of holes.slice(0, NAMED_MAX))
    lines.push(`  ${symbol} ${isoText(fromMs)} to ${isoText(toMs)}: ${minutes} minutes`);
  return `${lines.join("\n")}\n`;
}
