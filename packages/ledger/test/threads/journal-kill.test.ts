import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Rng, SystemClock } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { compareTables, ledgerFile, verifyJournal } from "../../src/index.ts";
import { temporaryFolder, until } from "../helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const ROUNDS = 6;
const CHILD = fileURLToPath(new URL("./journal-forever.ts", import.meta.url));

interface Writer {
  readonly child: ChildProcess;
  text: string;
}

/** `before`: what a shell does first. */
function startWriter(dataDir: string, runId: string, seed: number, before = ""): Writer {
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

function durable({ text }: Writer): number {
  return Number([...text.matchAll(/^durable (\d+)$/gm)].at(-1)?.[1] ?? -1);
}

async function kill({ child }: Writer): Promise<void> {
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

it(`after kill -9 at any moment the chain is whole, the tables are what it makes, and no durable row is gone (seed ${SEED})`, async () => {
  const dataDir = temporaryFolder();
  const rng = new Rng(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const runId = `run-${round}`;
    const writer = startWriter(dataDir, runId, SEED + round);
    await until(() => durable(writer) > 50);
    await new Promise<void>((resolve) => void new SystemClock().after(rng.int(150), resolve));
    await kill(writer);
    expect(verifyJournal(ledgerFile(dataDir))).toMatchObject({
      broken: null,
      runs: round + 1,
      eventsLost: 0,
    });
    expect(compareTables(ledgerFile(dataDir))).toMatchObject({ isEqual: true });
    expect(lastSeq(dataDir, runId)).toBeGreaterThanOrEqual(durable(writer));
  }
});

it("DK01 goes on by itself when a disk that was full has room again", async () => {
  const dataDir = temporaryFolder();
  // No file may grow beyond some hundred kB: the kernel's own refusal.
  const writer = startWriter(dataDir, "r1", SEED, "ulimit -S -f 1500;");
  await until(() => writer.text.includes("sound false"));
  const before = durable(writer);
  execFileSync("prlimit", ["--pid", String(writer.child.pid), "--fsize=unlimited:unlimited"]);
  await until(() => writer.text.includes("sound true"));
  await until(() => durable(writer) > before + 100);
  await kill(writer);
  expect(verifyJournal(ledgerFile(dataDir))).toMatchObject({ broken: null, eventsLost: 0 });
  expect(compareTables(ledgerFile(dataDir))).toMatchObject({ isEqual: true });
});
