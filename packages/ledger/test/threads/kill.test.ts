import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Rng, SystemClock, errorCode } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { LedgerReader, acquireRunLock, ledgerFile } from "../../src/index.ts";
import { openTestLedger, temporaryFolder, until } from "../helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const ROUNDS = 3;
const BATCH = 25;
const CHILD = fileURLToPath(new URL("./append-forever.ts", import.meta.url));

interface Appender {
  readonly child: ChildProcess;
  text: string;
  errors: string;
}

function startAppender(dataDir: string, runId: string, seed: number): Appender {
  const argv = [...process.execArgv, CHILD, dataDir, runId, String(seed)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const appender: Appender = { child, text: "", errors: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    appender.text += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    appender.errors += chunk.toString();
  });
  return appender;
}

function acknowledged(text: string): number {
  return Math.max(0, ...[...text.matchAll(/^stored (\d+)$/gm)].map((match) => Number(match[1])));
}

function lockCode(dataDir: string): string {
  try {
    acquireRunLock(dataDir).release();
    return "free";
  } catch (error) {
    return errorCode(error);
  }
}

it(`after kill -9 in mid-append the file opens with whole transactions only and the lock is taken over (seed ${SEED})`, async () => {
  const dataDir = temporaryFolder();
  const rng = new Rng(SEED);
  const clock = new SystemClock();
  let lastPid = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const runId = `run-${round}`;
    const appender = startAppender(dataDir, runId, SEED + round);
    await until(() => acknowledged(appender.text) > 0);
    expect(appender.text).toContain(round === 0 ? "began fresh\n" : `began ${lastPid}\n`);
    expect(lockCode(dataDir)).toBe("RUN_LOCKED");
    await new Promise<void>((resolve) => clock.after(rng.int(120), resolve));
    const exited = once(appender.child, "exit");
    appender.child.kill("SIGKILL");
    await exited;
    lastPid = appender.child.pid ?? -1;

    const db = new SqliteDatabase(ledgerFile(dataDir));
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
    const batches = db
      .prepare<[string], { batch: number; n: number }>(
        "SELECT batch, count(*) AS n FROM signals JOIN runs USING (run_key) WHERE run_id = ? GROUP BY batch ORDER BY batch",
      )
      .all(runId);
    db.close();
    // Every batch is there whole, none is missing in between, and nothing that was acknowledged is gone.
    expect(batches.filter((row, index) => row.n !== BATCH || row.batch !== index + 1)).toEqual([]);
    expect(batches.length * BATCH).toBeGreaterThanOrEqual(acknowledged(appender.text));
  }
  const lock = acquireRunLock(dataDir);
  expect(lock.takenOverFromPid).toBe(lastPid);
  lock.release();
  const { ledger } = await openTestLedger({ file: ledgerFile(dataDir) });
  await ledger.close();
  const reader = new LedgerReader(ledgerFile(dataDir));
  expect(reader.runIds(10)).toHaveLength(ROUNDS);
  expect(reader.summary("run-0").outcome).toBe("aborted");
  reader.close();
});

it("of several starters at once that all find a stale lease, exactly one gets the folder", async () => {
  const dataDir = temporaryFolder();
  const first = startAppender(dataDir, "dead", SEED);
  await until(() => first.text.includes("began"));
  const gone = once(first.child, "exit");
  first.child.kill("SIGKILL");
  await gone;
  const starters = Array.from({ length: 5 }, (_, index) => startAppender(dataDir, `starter-${index}`, index));
  const ended = starters.map(() => false);
  for (const [index, { child }] of starters.entries()) child.once("exit", () => (ended[index] = true));
  await until(() => ended.filter(Boolean).length === 4);
  await until(() => starters.some(({ text }) => text.includes("began")));
  expect(starters.filter(({ text }) => text.includes(`began ${first.child.pid}`))).toHaveLength(1);
  await until(() => starters.filter(({ errors }) => errors.includes("code: 'RUN_LOCKED'")).length === 4);
});
