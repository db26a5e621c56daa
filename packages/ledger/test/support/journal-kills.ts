import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Rng, SystemClock } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { onTestFinished } from "vitest";
import { compareTables, ledgerFile, verifyJournal } from "../../src/index.ts";
import { until } from "../helpers.ts";

const CHILD = fileURLToPath(new URL("../threads/journal-forever.ts", import.meta.url));

export interface Writer {
  readonly child: ChildProcess;
  text: string;
}

/** `before`: what a shell does first. */
export function startWriter(dataDir: string, runId: string, seed: number, before = ""): Writer {
  const argv = [...process.execArgv, CHILD, dataDir, runId, String(seed)];
  const command = `${before} exec "$0" "$@"`;
  const child = spawn("/bin/sh", ["-c", command, process.execPath, ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const writer: Writer = { child, text: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    writer.text += chunk.toString();
  });
  return writer;
}

export function durable({ text }: Writer): number {
  return Number([...text.matchAll(/^durable (\d+)$/gm)].at(-1)?.[1] ?? -1);
}

export async function kill({ child }: Writer): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function lastSeq(dataDir: string, runId: string): number {
  const db = new SqliteDatabase(ledgerFile(dataDir));
  const seq = db
    .prepare<[string], number>("SELECT journal_seq FROM runs WHERE run_id = ?")
    .pluck()
    .get(runId);
  db.close();
  return seq ?? -1;
}

/**
 * Kills a writer as often as wanted, each time at another moment. Returns what was wrong then: a broken chain, tables that it
 * does not make, a durable row that is gone.
 */
export async function killAgainAndAgain(
  dataDir: string,
  kills: number,
  seed: number,
): Promise<readonly string[]> {
  const rng = new Rng(seed);
  const file = ledgerFile(dataDir);
  const wrong: string[] = [];
  for (let round = 0; round < kills; round++) {
    const runId = `run-${round}`;
    const writer = startWriter(dataDir, runId, seed + round);
    await until(() => durable(writer) > 50);
    await new Promise<void>((resolve) => void new SystemClock().after(rng.int(150), resolve));
    await kill(writer);
    const { broken, runs, eventsLost } = verifyJournal(file);
    if (broken !== null || runs !== round + 1 || eventsLost > 0)
      wrong.push(`${runId}: ${JSON.stringify({ broken, runs, eventsLost })}`);
    const tables = compareTables(file);
    if (!tables.isEqual) wrong.push(`${runId}: ${JSON.stringify(tables)}`);
    if (lastSeq(dataDir, runId) < durable(writer)) wrong.push(`${runId}: a durable row is gone`);
  }
  return wrong;
}
