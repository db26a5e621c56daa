import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SystemClock } from "@smcq/kernel";

const clock = new SystemClock();
const ENTRY = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;
/** Were the bench killed, the product would end by itself. */
const RUN_MAX = "180s";
const OUTPUT_CHARS_MAX = 8_000;

/** `smcq engine` as a user starts it; `pid` is the engine's own process, not its supervisor's. */
export interface CliEngine {
  readonly pid: number;
  stop(): Promise<void>;
}

function children(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((text) => text !== "")
    .map(Number);
}

function engineOf(supervisorPid: number): number {
  const found = children(supervisorPid).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("engine-process"),
  );
  if (found === undefined) throw new Error("the supervisor has no engine process");
  return found;
}

/** Starts the product with these settings in a data folder of its own and waits for READY. */
export async function startCliEngine(settings: object): Promise<CliEngine> {
  const folder = mkdtempSync(join(tmpdir(), "smcq-bench-"));
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify({ ...settings, dataDir: join(folder, "var") }));
  const supervisor = spawn(process.execPath, [ENTRY, "engine", "--config", file, "--for", RUN_MAX], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<void>((resolve) => supervisor.once("exit", () => resolve()));
  let output = "";
  const stop = async (): Promise<void> => {
    supervisor.kill("SIGTERM");
    const cancel = clock.after(STOP_MS_MAX, () => supervisor.kill("SIGKILL"));
    await exited;
    cancel();
    rmSync(folder, { recursive: true, force: true });
  };
  const ready = new Promise<void>((resolve, reject) => {
    const refuse = (text: string): void => reject(new Error(`smcq engine ${text}\n${output}`));
    const cancel = clock.after(READY_MS_MAX, () => refuse(`was not READY within ${READY_MS_MAX} ms`));
    void exited.then(() => refuse("ended before READY"));
    for (const stream of [supervisor.stdout, supervisor.stderr])
      stream.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
        if (!output.includes("READY:")) return;
        cancel();
        resolve();
      });
  });
  try {
    await ready;
    return { pid: engineOf(supervisor.pid ?? -1), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
