import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Rng, SystemClock } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { rowsOf, randomDay } from "../../../ledger/test/support/journaled.ts";
import { runRecord } from "../../../ledger/test/support/written.ts";
import { differences } from "../support/compared.ts";
import { mirrorOf, never, WrittenLedger } from "../support/ledgers.ts";
import { hasServer, PostgresServer } from "../support/postgres.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const KILLS = 50;
const DAY_ROWS = 20_000;
const DAY_MS_MAX = 60_000;
const CHILD = fileURLToPath(new URL("mirror-forever.ts", import.meta.url));

const waited = (ms: number): Promise<void> =>
  new Promise((resolve) => void new SystemClock().after(ms, resolve));

interface MirrorProcess {
  readonly child: ChildProcess;
  /** The last row of the journal that it has told of. */
  journalKey: number;
}

function startMirror(file: string, url: string): MirrorProcess {
  const child = spawn(process.execPath, [...process.execArgv, CHILD, file, url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const mirror: MirrorProcess = { child, journalKey: -1 };
  child.stdout?.on("data", (chunk: Buffer) => {
    const told = [...chunk.toString().matchAll(/^journal (\d+)$/gm)].at(-1)?.[1];
    if (told !== undefined) mirror.journalKey = Number(told);
  });
  return mirror;
}

async function kill({ child }: MirrorProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`the mirror has ended with ${child.exitCode}`);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function told(mirror: MirrorProcess, journalKey: number): Promise<void> {
  while (mirror.journalKey < journalKey) {
    if (mirror.child.exitCode !== null) throw new Error(`the mirror has ended with ${mirror.child.exitCode}`);
    await waited(5);
  }
}

/** Steps of one run after another, for ever. */
function* steps(ledger: WrittenLedger): Generator<number, never> {
  for (;;) yield* ledger.run(60);
}

describe.skipIf(!hasServer())("a mirror under kill -9", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server.stop());

  async function different(file: string): Promise<readonly string[]> {
    const client = server.client();
    await client.connect();
    try {
      return await differences(file, client, "smcq");
    } finally {
      await client.end();
    }
  }

  /** The place in PostgreSQL; -1: there is none yet. */
  const place = async (): Promise<number> => {
    const [made] = await server.query<{ readonly made: boolean }>(
      "SELECT to_regclass('smcq.mirror_place') IS NOT NULL AS made",
    );
    if (made?.made !== true) return -1;
    const [row] = await server.query<{ readonly key: string }>(
      "SELECT key FROM smcq.mirror_place WHERE log = 'journal'",
    );
    return Number(row?.key ?? -1);
  };

  it(`has every row after ${KILLS} kills of the mirror at random moments (seed ${SEED})`, async () => {
    await server.query("DROP SCHEMA IF EXISTS smcq CASCADE");
    const [ledger, rng] = [new WrittenLedger(SEED), new Rng(SEED)];
    const rows = steps(ledger);
    let before = -1;
    let killedAtWork = 0;
    for (let round = 0; round < KILLS; round++) {
      const mirror = startMirror(ledger.file, server.url());
      if (round % 2 === 0) await told(mirror, 0);
      for (let step = rng.int(40); step >= 0; step--) {
        rows.next();
        if (rng.chance(0.3)) await waited(rng.int(10));
      }
      await waited(rng.int(round % 2 === 0 ? 60 : 900));
      await kill(mirror);
      const now = await place();
      expect(now).toBeGreaterThanOrEqual(Math.max(before, mirror.journalKey));
      if (now > before) killedAtWork++;
      before = now;
    }
    await mirrorOf(ledger.file, server.url()).once(never());
    expect(await different(ledger.file)).toEqual([]);
    process.stdout.write(
      `${KILLS} kills of the mirror, ${killedAtWork} after it had written; ${await place()} rows of the journal\n`,
    );
  });

  it(`has every row after ${KILLS} kills of PostgreSQL at random moments (seed ${SEED})`, async () => {
    await server.query("DROP SCHEMA IF EXISTS smcq CASCADE");
    const [ledger, rng] = [new WrittenLedger(SEED + 7), new Rng(SEED)];
    const rows = steps(ledger);
    const mirror = startMirror(ledger.file, server.url());
    await told(mirror, 0);
    let before = -1;
    let killedAtWork = 0;
    for (let round = 0; round < KILLS; round++) {
      for (let step = rng.int(60); step >= 0; step--) {
        rows.next();
        if (rng.chance(0.5)) await waited(rng.int(20));
      }
      const heard = mirror.journalKey;
      await server.kill();
      for (let step = rng.int(20); step >= 0; step--) rows.next();
      await server.up();
      const now = await place();
      expect(now).toBeGreaterThanOrEqual(Math.max(before, heard));
      if (now > before) killedAtWork++;
      before = now;
      // Of every other outage it is killed again before the mirror has come back to an end.
      if (round % 2 === 0) await told(mirror, now + 1);
    }
    await kill(mirror);
    await mirrorOf(ledger.file, server.url()).once(never());
    expect(await different(ledger.file)).toEqual([]);
    process.stdout.write(
      `${KILLS} kills of PostgreSQL, ${killedAtWork} after new rows; ${await place()} rows of the journal\n`,
    );
  });

  it("catches up with a day in under a minute", async () => {
    await server.query("DROP SCHEMA IF EXISTS smcq CASCADE");
    const ledger = new WrittenLedger(SEED);
    ledger.store.beginRun(runRecord("day"));
    let rows = rowsOf(randomDay(SEED, 1_000)).map(({ row }) => row);
    for (let minutes = 2_000; rows.length < DAY_ROWS; minutes *= 2)
      rows = rowsOf(randomDay(SEED, minutes)).map(({ row }) => row);
    ledger.store.appendJournal({
      runId: "day",
      rows: rows.slice(0, DAY_ROWS),
      isFull: true,
      isAwaited: false,
    });
    const clock = new SystemClock();
    const startMs = clock.nowMs();
    const { journalKey } = await mirrorOf(ledger.file, server.url()).once(never());
    const tookMs = clock.nowMs() - startMs;
    expect(journalKey).toBe(DAY_ROWS);
    expect(await different(ledger.file)).toEqual([]);
    process.stdout.write(`${DAY_ROWS} rows of the journal copied in ${(tookMs / 1_000).toFixed(1)} s\n`);
    expect(tookMs).toBeLessThan(DAY_MS_MAX);
  });
});
