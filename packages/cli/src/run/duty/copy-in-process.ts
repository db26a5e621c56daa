import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { workerExecArgv, workerUrl } from "@smcq/kernel";

/** A ledger of many GB takes minutes. */
const COPY_MS_MAX = 600_000;
const SMALL: readonly string[] = ["--max-semi-space-size=2"];

/** Copies a ledger as of one moment into a new file, in a process of its own. */
export async function copyInProcess(file: string, to: string, signal: AbortSignal): Promise<void> {
  const entry = fileURLToPath(workerUrl(import.meta.url, "./copy-ledger-process"));
  const argv = [...workerExecArgv(import.meta.url), ...SMALL, entry, file, to];
  await promisify(execFile)(process.execPath, argv, { env: {}, timeout: COPY_MS_MAX, signal });
}
