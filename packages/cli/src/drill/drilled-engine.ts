import { type ChildProcess, spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { type Clock, SmcqError } from "@smcq/kernel";
import type { DrillWord } from "../process/drill-channel.ts";

/** A line that is longer is no line of ours. */
const LINE_LENGTH_MAX = 1_048_576;
const LOOK_MS = 20;

/** A line of the engine's log that a drill reads. */
export interface DrillLine {
  readonly level: "debug" | "info" | "warn" | "error" | "fatal";
  readonly msg: string;
  readonly port?: number;
  readonly state?: string;
  readonly reasons?: readonly string[];
}

export interface DrilledEngineOptions {
  /** Node's own arguments and the command's, from `smcq`'s file on. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly wallClock: Clock;
  readonly onLine: (line: DrillLine) => void;
  /** Text that is no line of the log. */
  readonly onText: (text: string) => void;
}

/** `smcq engine` as a process of its own, and whoever it has started: to be told, killed, ended. */
export class DrilledEngine {
  readonly #options: DrilledEngineOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #counts = new Map<string, number>();
  /** Of the last line of each text. */
  readonly #last = new Map<string, DrillLine>();
  #rest = "";

  constructor(options: DrilledEngineOptions) {
    this.#options = options;
    // A group of its own, so that all of it can be killed at once.
    this.#child = spawn(process.execPath, [...options.args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
      env: options.env,
    });
    this.say({ type: "drill-begin" });
    const { stdout, stderr } = this.#child;
    const decoder = new StringDecoder("utf8");
    stdout?.on("data", (chunk: Buffer) => this.#take(decoder.write(chunk)));
    stderr?.on("data", (chunk: Buffer) => options.onText(chunk.toString()));
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", (code) => resolve(code));
      this.#child.once("error", () => resolve(null));
    });
  }

  /** How often a line with this text, or one that begins with it, has come. */
  count(text: string): number {
    let count = 0;
    for (const [msg, times] of this.#counts) if (msg.startsWith(text)) count += times;
    return count;
  }

  lastLine(text: string): DrillLine | null {
    return this.#last.get(text) ?? null;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until the text has come so often; false: the process has ended, or `msMax` wall ms are over. */
  async sees(text: string, times: number, msMax: number): Promise<boolean> {
    const { wallClock } = this.#options;
    const startNs = wallClock.monoNs();
    while (this.count(text) < times) {
      if (this.hasEnded || (wallClock.monoNs() - startNs) / 1e6 > msMax) return this.count(text) >= times;
      await new Promise<void>((resolve) => wallClock.after(LOOK_MS, resolve));
    }
    return true;
  }

  say(word: DrillWord): void {
    if (!this.#child.connected) throw new SmcqError("DRILL_ENDED", "the engine of the drill has ended");
    this.#child.send(word, () => {});
  }

  /** Kills every process of it at once (SIGKILL); resolves when the first of them is gone. */
  async killAll(): Promise<void> {
    this.#signalGroup("SIGKILL");
    await this.#ended;
  }

  /** Ends it as a service manager does; returns the exit code, null: it had to be killed after `msMax` wall ms. */
  async stop(msMax: number): Promise<number | null> {
    this.#child.kill("SIGTERM");
    const cancel = this.#options.wallClock.after(msMax, () => this.#signalGroup("SIGKILL"), { unref: true });
    const code = await this.#ended;
    cancel();
    return code;
  }

  /** The drill itself is ending, whatever the reason: nothing of it stays behind. */
  abandon(): void {
    if (!this.hasEnded) this.#signalGroup("SIGKILL");
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has just ended.
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-LINE_LENGTH_MAX);
    for (const line of lines) this.#read(line);
  }

  #read(text: string): void {
    let line: DrillLine;
    try {
      line = JSON.parse(text) as DrillLine;
    } catch {
      this.#options.onText(`${text}\n`);
      return;
    }
    if (typeof line?.msg !== "string") return;
    this.#counts.set(line.msg, (this.#counts.get(line.msg) ?? 0) + 1);
    this.#last.set(line.msg, line);
    this.#options.onLine(line);
  }
}
