import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import type { AuditReport, ClassResult } from "./audit-types.ts";

const FILE = "audits.jsonl";
/** Room for several lines. */
const TAIL_BYTES = 16_384;

/** A line of the file: what came of an audit, without its list of differences. */
export interface AuditLine {
  /** When it was made, wall ms. */
  readonly atMs: number;
  readonly runId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly parity: number | null;
  readonly classes: readonly ClassResult[];
  readonly counts: AuditReport["counts"];
}

/** Adds an audit to the data folder's list. */
export function keepAudit(dataDir: string, report: AuditReport, atMs: number): void {
  const { runId, fromMs, toMs, parity, classes, counts } = report;
  const line: AuditLine = { atMs, runId, fromMs, toMs, parity, classes, counts };
  try {
    appendFileSync(join(dataDir, FILE), `${JSON.stringify(line)}\n`);
  } catch (error) {
    throw new SmcqError("OUTPUT_WRITE", `cannot write ${FILE} in ${dataDir}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** All audits of a data folder, the oldest first; lines that were cut are left out. */
export function readAudits(dataDir: string): readonly AuditLine[] {
  try {
    return linesOf(readFileSync(join(dataDir, FILE), "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw new SmcqError("AUDIT_READ", `cannot read ${FILE} in ${dataDir}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** The last audit; null: there is none that can be read. However many there are, only the file's end is read: it is asked for often. */
export function lastAudit(dataDir: string): AuditLine | null {
  let file: number | null = null;
  try {
    file = openSync(join(dataDir, FILE), "r");
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return linesOf(tail.toString("utf8")).at(-1) ?? null;
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

function linesOf(text: string): AuditLine[] {
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as AuditLine];
    } catch {
      return [];
    }
  });
}
