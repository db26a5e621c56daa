import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { jsonText } from "../../output/print-result.ts";
import type { WalkforwardReport } from "./report-types.ts";
import { walkforwardPage } from "./walkforward-page.ts";
import { walkforwardText } from "./walkforward-text.ts";

/** Refuses (OUTPUT_WRITE) a folder that holds something, before anything is tried. */
export function requireNewFolder(folder: string): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw writeFault(folder, error);
  }
  if (names.length > 0)
    throw new SmcqError("OUTPUT_WRITE", `${folder} is not empty: name a new folder`, {
      context: { file: folder },
    });
}

/** Writes walkforward.json, walkforward.txt and walkforward.html. */
export function writeWalkforward(folder: string, report: WalkforwardReport): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "walkforward.json"), jsonText(report));
    writeFileSync(join(folder, "walkforward.txt"), walkforwardText(report));
    writeFileSync(join(folder, "walkforward.html"), walkforwardPage(report));
  } catch (error) {
    throw writeFault(folder, error);
  }
}

function writeFault(folder: string, cause: unknown): SmcqError {
  return new SmcqError("OUTPUT_WRITE", `cannot write ${folder}: ${errorMessage(cause)}`, { cause });
}
