import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemClock } from "@smcq/kernel";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const wallClock = new SystemClock();

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A folder for one test's ledger and lock; gone afterwards. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "smcq-cli-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** `smcq` as a user starts it, from the sources, with its JSON log read line by line. */
export class SmcqRun {
  readonly lines: LogLine[] = [];
  readonly exited: Promise<number | null>;
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(
    args: readonly string[],
    options: { readonly isGroup?: boolean; readonly preload?: string } = {},
  ) {
    // The processes below inherit it.
    const preload = options.preload === undefined ? [] : ["--import", options.preload];
    this.child = spawn(process.execPath, ["--conditions=@smcq/source", ...preload, MAIN, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: options.isGroup ?? false,
      env: { PATH: process.env["PATH"] ?? "" },
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
  async sees(msg: string, count = 1, msMax = 60_000): Promise<LogLine> {
    await until(() => this.count(msg) >= count || this.child.exitCode !== null, `"${msg}"`, msMax);
    const found = this.lines.filter((line) => line.msg.startsWith(msg));
    const line = found[count - 1];
    if (line === undefined) throw new Error(`ended without "${msg}":\n${this.stdout}\n${this.stderr}`);
    return line;
  }

  /** Waits for the end; fails loudly (and kills) when it does not come. */
  async ends(msMax = 30_000): Promise<number | null> {
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

/** Awaits a condition with a deadline. */
export async function until(isDone: () => boolean, what: string, msMax = 30_000): Promise<void> {
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

/** True while a process runs (a zombie does not). */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
