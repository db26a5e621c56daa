import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ENGINE_FLAGS, engineEnvironment, MEMORY_SAVER_FLAG } from "@smcq/cli";
import { SystemClock } from "@smcq/kernel";
import type { EngineControl, EngineReport, EngineSetting } from "./messages.ts";

const clock = new SystemClock();
const START_MS_MAX = 120_000;
const ANSWER_MS_MAX = 30_000;
const STOP_MS_MAX = 20_000;
const LOG_BYTES_MAX = 4_000;

interface EngineMemory {
  readonly ENGINE_FLAGS: readonly string[];
  readonly MEMORY_SAVER_FLAG: string | null;
  engineEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
}

const OWN_MEMORY: EngineMemory = { ENGINE_FLAGS, MEMORY_SAVER_FLAG, engineEnvironment };

type ReportOf<T extends EngineReport["type"]> = Extract<EngineReport, { readonly type: T }>;

/** How a tree's supervisor starts its engine. */
export interface EngineStart {
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface EngineChildOptions {
  readonly isGcTapped: boolean;
  /** Null: this tree. */
  readonly baseDir: string | null;
  readonly start: EngineStart;
}

/** The flags and the environment of this tree's engine, or of another one's. */
export async function engineStart(baseDir: string | null): Promise<EngineStart> {
  const other = join(baseDir ?? "", "packages/cli/dist/process/engine-memory.js");
  // Trees before it set the young generation's size alone.
  if (baseDir !== null && !existsSync(other)) return { flags: ["--max-semi-space-size=2"], env: process.env };
  const memory = baseDir === null ? OWN_MEMORY : ((await import(other)) as EngineMemory);
  const late = memory.MEMORY_SAVER_FLAG === null ? [] : [memory.MEMORY_SAVER_FLAG];
  return { flags: [...memory.ENGINE_FLAGS, ...late], env: memory.engineEnvironment(process.env) };
}

/** The engine's process as the bench sees it. */
export class EngineChild {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stderr = "";

  constructor(setting: EngineSetting, { isGcTapped, baseDir, start }: EngineChildOptions) {
    const entry =
      baseDir === null
        ? new URL("./engine-process.ts", import.meta.url)
        : join(baseDir, "bench/pipeline/engine-process.ts");
    const tap = isGcTapped ? ["--import", new URL("./gc-tap.ts", import.meta.url).href] : [];
    this.#child = fork(entry, [JSON.stringify(setting)], {
      execArgv: ["--disable-warning=ExperimentalWarning", ...start.flags, ...tap],
      env: start.env,
      stdio: ["ignore", "inherit", "pipe", "ipc"],
      serialization: "advanced",
    });
    this.#child.setMaxListeners(50);
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-LOG_BYTES_MAX);
    });
    this.#ended = new Promise((resolve) => this.#child.once("exit", () => resolve()));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** What it has written to its error output. */
  get errorText(): string {
    return this.#stderr;
  }

  /** Resolves when every symbol has its history. */
  async warmed(): Promise<void> {
    await this.next("warmed", START_MS_MAX);
  }

  /** Resolves when every shard has heard the market; returns how many symbols are READY. */
  async ready(): Promise<number> {
    return (await this.next("ready", START_MS_MAX)).symbols;
  }

  /** The next report of a type; rejects when the process fails, ends or stays silent for `msMax`. */
  next<T extends EngineReport["type"]>(type: T, msMax = ANSWER_MS_MAX): Promise<ReportOf<T>> {
    return new Promise((resolve, reject) => {
      const refuse = (text: string): void => {
        settle();
        reject(new Error(`engine process: ${text}\n${this.#stderr}`));
      };
      const onMessage = (report: EngineReport): void => {
        if (report.type === "failed") refuse(report.text);
        if (report.type !== type) return;
        settle();
        resolve(report as ReportOf<T>);
      };
      const onExit = (): void => refuse(`ended before "${type}"`);
      const cancel = clock.after(msMax, () => refuse(`no "${type}" within ${msMax} ms`));
      const settle = (): void => {
        cancel();
        this.#child.off("message", onMessage);
        this.#child.off("exit", onExit);
      };
      this.#child.on("message", onMessage);
      this.#child.once("exit", onExit);
    });
  }

  /** Sends a control and waits for its answer. */
  async ask<T extends EngineReport["type"]>(control: EngineControl, type: T): Promise<ReportOf<T>> {
    const answer = this.next(type);
    this.#child.send(control);
    return answer;
  }

  /** Asks it to drain and end; kills it when it does not. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send({ type: "stop" } satisfies EngineControl);
    const cancel = clock.after(STOP_MS_MAX, () => this.#child.kill("SIGKILL"));
    await this.#ended;
    cancel();
  }
}
