import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemClock } from "@smcq/kernel";
import { ledgerFile, LedgerReader } from "@smcq/ledger";

export const MAIN: string = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** The flags of this process that let one below run the sources; vitest's own are not among them. */
export const SOURCE_FLAGS: readonly string[] = process.execArgv.filter((flag) =>
  /^--(conditions|import)=/.test(flag),
);
const wallClock = new SystemClock();
/** No test takes so long, on whatever machine: what has not come by then does not come. */
const DEADLINE_MS = 60_000;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A folder for one test's ledger and lock; gone afterwards. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "smcq-cli-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10 }) };
}

export interface RunOptions {
  readonly isGroup?: boolean;
  readonly preloads?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `smcq` as a user starts it, from the sources, with its JSON log read line by line. */
export class SmcqRun {
  readonly lines: LogLine[] = [];
  readonly exited: Promise<number | null>;
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], options: RunOptions = {}) {
    // The processes below inherit it.
    const preload = (options.preloads ?? []).flatMap((url) => ["--import", url]);
    // A test that wants the dashboard says so: nobody else's processes are to wait for one more.
    const isWithout = args[0] === "engine" && !args.some((arg) => arg.startsWith("--dashboard"));
    const own = isWithout ? [...args, "--no-dashboard"] : args;
    this.child = spawn(process.execPath, [...SOURCE_FLAGS, ...preload, MAIN, ...own], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: options.isGroup ?? false,
      // A shell says so in `_` what it starts.
      env: { PATH: process.env["PATH"] ?? "", _: process.execPath, ...options.env },
    });
    let rest = "";
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
      rest += chunk.toString();
      const whole = rest.split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) if (line.startsWith('{"level"')) this.lines.push(JSON.parse(line) as LogLine);
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = new Promise((resolve) => this.child.once("close", (exitCode) => resolve(exitCode)));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the process was not started");
    return this.child.pid;
  }

  count(msg: string): number {
    return this.lines.filter((line) => line.msg.startsWith(msg)).length;
  }

  /** Waits until `count` lines begin with `msg`. */
  async sees(msg: string, count = 1, msMax = DEADLINE_MS): Promise<LogLine> {
    await until(() => this.count(msg) >= count || this.child.exitCode !== null, `"${msg}"`, msMax);
    const found = this.lines.filter((line) => line.msg.startsWith(msg));
    const line = found[count - 1];
    if (line === undefined) throw new Error(`ended without "${msg}":\n${this.stdout}\n${this.stderr}`);
    return line;
  }

  /** Waits for the end; fails loudly (and kills) when it does not come. */
  async ends(msMax = DEADLINE_MS): Promise<number | null> {
    let isLate = false;
    const cancel = wallClock.after(msMax, () => {
      isLate = true;
      this.child.kill("SIGKILL");
    });
    const exitCode = await this.exited;
    cancel();
    if (isLate) throw new Error(`did not end within ${msMax} ms:\n${this.stdout}\n${this.stderr}`);
    return exitCode;
  }
}

const SMALL = ["--shards", "2", "--symbols", "8", "--speed", "60", "--log-format", "json"];

/** The engines and folders of one test; `clean` belongs after each. */
export class EngineRuns {
  readonly #folders: { remove: () => void }[] = [];
  readonly #runs: SmcqRun[] = [];

  /** A data folder that is gone afterwards. */
  fresh(): string {
    const folder = temporaryFolder();
    this.#folders.push(folder);
    return folder.path;
  }

  /** Starts a small engine; flags given here win over its own. */
  start(args: readonly string[], folder: string = this.fresh(), isGroup = false): SmcqRun {
    return this.smcq(["engine", ...SMALL, "--data-dir", folder, ...args], { isGroup });
  }

  smcq(args: readonly string[], options: RunOptions = {}): SmcqRun {
    const run = new SmcqRun(args, options);
    this.#runs.push(run);
    return run;
  }

  clean(): void {
    for (const run of this.#runs.splice(0)) if (run.child.exitCode === null) run.child.kill("SIGKILL");
    for (const folder of this.#folders.splice(0)) folder.remove();
  }
}

/** What a data folder's ledger holds. */
export function storedSignals(folder: string): {
  readonly runs: number;
  readonly signals: number;
  readonly ended: number;
} {
  const reader = new LedgerReader(ledgerFile(folder));
  try {
    const all = reader.runIds(10).map((runId) => reader.summary(runId));
    return {
      runs: all.length,
      signals: all.reduce((sum, run) => sum + run.signalCount, 0),
      ended: all.filter((run) => run.endedAtMs !== null).length,
    };
  } finally {
    reader.close();
  }
}

/** A line of whole minutes: every bar of every symbol has come. */
export function isWholeMinute(line: LogLine): boolean {
  return (
    line.msg === "minute" && line["barsClosed"] === line["barsExpected"] && Number(line["barsClosed"]) > 0
  );
}

/** Awaits a condition with a deadline. */
export async function until(isDone: () => boolean, what: string, msMax = DEADLINE_MS): Promise<void> {
  const startNs = wallClock.monoNs();
  while (!isDone()) {
    if ((wallClock.monoNs() - startNs) / 1e6 > msMax) throw new Error(`waited ${msMax} ms for ${what}`);
    await new Promise<void>((resolve) => wallClock.after(20, resolve));
  }
}

/** Direct and further children of a process, by /proc. */
export function descendants(pid: number): { readonly pid: number; readonly command: string }[] {
  const parents = new Map<number, number>();
  const commands = new Map<number, string>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z") continue;
      parents.set(Number(name), Number(fields[1]));
      commands.set(Number(name), readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " "));
    } catch {
      continue;
    }
  }
  const isBelow = (candidate: number): boolean => {
    const parent = parents.get(candidate);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents.keys()]
    .filter(isBelow)
    .map((child) => ({ pid: child, command: commands.get(child) ?? "" }));
}

/** The engine's and the venue's process below a supervisor. */
export function partsOf(run: SmcqRun): { readonly engine: number; readonly venue: number } {
  const children = descendants(run.pid);
  const engine = children.find((child) => child.command.includes("engine-process"));
  const venue = children.find((child) => child.command.includes("binance-sim"));
  if (engine === undefined || venue === undefined)
    throw new Error(`parts are missing: ${JSON.stringify(children)}`);
  return { engine: engine.pid, venue: venue.pid };
}

/** The engine's process below a supervisor; null: it has none. */
export function engineOf(run: SmcqRun): number | null {
  return descendants(run.pid).find(({ command }) => command.includes("engine-process"))?.pid ?? null;
}

/** True while a process runs (a zombie does not). */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
