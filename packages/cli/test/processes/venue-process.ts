import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { SOURCE_FLAGS } from "./engine-run.ts";

const root = join(import.meta.dirname, "../../../..");
const entry = join(root, "packages/cli/src/main.ts");
let child: ChildProcess | null = null;

/** `smcq venue` as a person starts it. */
export interface Venue {
  readonly lines: readonly string[];
  /** What the banner says behind a name. */
  value(name: string): string;
  end(signal: "SIGINT" | "SIGTERM"): Promise<number | null>;
}

/** Starts the command and waits for its banner. */
export async function startVenue(...flags: readonly string[]): Promise<Venue> {
  const started = spawn(process.execPath, [...SOURCE_FLAGS, entry, "venue", ...flags], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  const ended = new Promise<number | null>((resolve) => {
    started.once("close", resolve);
  });
  let text = "";
  await new Promise<void>((resolve) => {
    started.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("faults ")) resolve();
    });
    void ended.then(() => resolve());
  });
  return {
    get lines() {
      return text.trimEnd().split("\n");
    },
    value: (name) => new RegExp(`^${name} +(.*)$`, "m").exec(text)?.[1] ?? "",
    end: async (signal) => {
      started.kill(signal);
      return await ended;
    },
  };
}

/** Ends the last one that was started, should it still run. */
export function killVenue(): void {
  child?.kill("SIGKILL");
  child = null;
}
