import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

/** Results that are listed; of more the newest. */
export const BACKTESTS_LISTED_MAX = 200;
/** Names that are looked at in the folder. */
const NAMES_MAX = 10_000;
/** Of one file of a result, bytes: a report of 1,000 symbols has some hundred kilobytes, a year's rows some megabytes. */
export const RESULT_BYTES_MAX: number = 64 * 1_024 * 1_024;
/** A name that is a folder's own and no way to another. */
const NAME = /^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$/u;

/** No link is followed, and nobody is waited for: a pipe of that name is opened and refused. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export type ResultFile = "report.json" | "trades.csv" | "equity.csv";

/** Where `smcq backtest` puts its results, and where they are looked for. */
export function backtestsFolder(dataDir: string): string {
  return join(dataDir, "backtests");
}

/** The folder of a result that begins now: `2026-11-26T19-22-46Z`. */
export function newBacktestFolder(dataDir: string, isoTime: string): string {
  return join(backtestsFolder(dataDir), `${isoTime.slice(0, 19).replaceAll(":", "-")}Z`);
}

export interface ListedResult {
  readonly id: string;
  /** When the report was written, wall ms. */
  readonly writtenMs: number;
  readonly bytes: number;
}

/** Every result of the folder, the newest first; what has no report, or is no folder of it, is none. */
export async function listResults(dataDir: string): Promise<readonly ListedResult[]> {
  const folder = backtestsFolder(dataDir);
  const names = await namesOf(folder);
  const found: ListedResult[] = [];
  for (const id of names) {
    const file = await lstat(join(folder, id, "report.json")).catch(() => null);
    if (file?.isFile() === true) found.push({ id, writtenMs: Math.round(file.mtimeMs), bytes: file.size });
  }
  return found.toSorted((a, b) => b.writtenMs - a.writtenMs || (a.id < b.id ? 1 : -1));
}

/**
 * Reads a file of a result. The id is one of the folder's own names, or there is no such result (BACKTEST_NONE): nothing
 * else is ever made into a path. BACKTEST_READ where it cannot be read, is no plain file or too large.
 */
export async function readResult(dataDir: string, id: string, file: ResultFile): Promise<string> {
  const folder = backtestsFolder(dataDir);
  if (!NAME.test(id) || !(await namesOf(folder)).includes(id))
    throw new SmcqError("BACKTEST_NONE", `there is no backtest ${JSON.stringify(id.slice(0, 100))}`);
  try {
    const handle = await open(join(folder, id, file), OPEN_FLAGS);
    try {
      const found = await handle.stat();
      const { size } = found;
      if (!found.isFile()) throw new SmcqError("BACKTEST_READ", `${file} of ${id} is no file`);
      if (size > RESULT_BYTES_MAX)
        throw new SmcqError(
          "BACKTEST_READ",
          `${file} of ${id} has ${size} bytes: at most ${RESULT_BYTES_MAX} are read`,
        );
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof SmcqError) throw error;
    throw new SmcqError("BACKTEST_READ", `cannot read ${file} of ${id}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** The folder's own folders; a link leads elsewhere and is none. */
async function namesOf(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .slice(0, NAMES_MAX)
      .flatMap((entry) => (entry.isDirectory() && NAME.test(entry.name) ? [entry.name] : []));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw new SmcqError("BACKTEST_READ", `cannot read ${folder}: ${errorMessage(error)}`, { cause: error });
  }
}
