import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import type { AuditReport, ClassResult } from "./audit-types.ts";

const FILE = "audits.jsonl";

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
  let text: string;
  try {
    text = readFileSync(join(dataDir, FILE), "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw new SmcqError("AUDIT_READ", `cannot read ${FILE} in ${dataDir}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as AuditLine];
    } catch {
      return [];
    }
  });
}

/** The last audit; null: there is none that can be read. */
export function lastAudit(dataDir: string): AuditLine | null {
  try {
    return readAudits(dataDir).at(-1) ?? null;
  } catch {
    return null;
  }
}
