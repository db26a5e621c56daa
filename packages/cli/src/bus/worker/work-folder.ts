import { linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { HistoryStore } from "@smcq/history";
import { errorCode, errorMessage, parseMonth, SmcqError } from "@smcq/kernel";

const PREFIX = "work-";
/** Any month will do: a symbol's months share a folder. */
const SOME_MONTH = parseMonth("2020-01", "a month");

/** Folders in which a job's inputs have the names that they have at the command's host; gone with their worker. */
export class WorkFolder {
  readonly #folder: string;
  #count = 0;

  /** In `parent`, which other workers may share. Refuses with JOBS_FOLDER what cannot be made. */
  constructor(parent: string) {
    this.#folder = join(parent, `${PREFIX}${process.pid}`);
    onDisk(parent, () => {
      mkdirSync(parent, { recursive: true });
      for (const name of readdirSync(parent))
        if (name.startsWith(PREFIX) && !isAlive(Number(name.slice(PREFIX.length))))
          rmSync(join(parent, name), { recursive: true, force: true });
      // Of an earlier process of this number.
      rmSync(this.#folder, { recursive: true, force: true });
      mkdirSync(this.#folder);
    });
  }

  /** An empty folder. */
  make(): string {
    const folder = join(this.#folder, String(this.#count++));
    onDisk(folder, () => mkdirSync(folder));
    return folder;
  }

  remove(folder: string): void {
    onDisk(folder, () => rmSync(folder, { recursive: true, force: true }));
  }

  close(): void {
    this.remove(this.#folder);
  }
}

/** The files with their names, each in a folder of its own, as several may be called alike; returns their paths. */
export function linkFiles(folder: string, names: readonly string[], files: readonly string[]): string[] {
  return names.map((name, index) => linked(join(folder, String(index), safe(name)), files[index] as string));
}

/** The files beside each other, as those of a model are; returns their paths. */
export function linkTogether(folder: string, names: readonly string[], files: readonly string[]): string[] {
  return names.map((name, index) => linked(join(folder, safe(name)), files[index] as string));
}

/** The files as months of a store in the folder; returns their paths. */
export function linkMonths(
  folder: string,
  symbol: string,
  { names, files }: { readonly names: readonly string[]; readonly files: readonly string[] },
): string[] {
  const months = dirname(new HistoryStore(folder).path("bars", symbol, SOME_MONTH));
  return linkTogether(months, names, files);
}

/** A link, so that whoever tidies the inputs takes nothing away from who reads them. */
function linked(path: string, file: string): string {
  onDisk(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    linkSync(file, path);
  });
  return path;
}

/** A name comes from another host and must lead nowhere else. */
function safe(name: string): string {
  if (name === basename(name) && name !== "" && name !== "." && name !== "..") return name;
  throw new SmcqError("JOBS_TASK", `${JSON.stringify(name.slice(0, 80))} is no name of a file`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SmcqError("JOBS_FOLDER", `${path}: ${errorMessage(error)}`, { cause: error });
  }
}
