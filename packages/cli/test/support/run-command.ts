import { vi } from "vitest";
import { main } from "../../src/cli.ts";
import { captureOutput } from "./capture-output.ts";

/** Runs a command in this process: its exit code, its output, and what went to standard error. */
export async function runCommand(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly text: string; readonly said: string }> {
  const { said, printed } = captureOutput();
  const before = new Set(process.stdout.listeners("error"));
  const code = await main(argv);
  vi.restoreAllMocks();
  // A process runs one command; here are many.
  for (const listener of process.stdout.listeners("error"))
    if (!before.has(listener)) process.stdout.off("error", listener as () => void);
  return { code, text: printed(), said: said() };
}
