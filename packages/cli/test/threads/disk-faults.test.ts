import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { compareTables, verifyJournal } from "@smcq/ledger";
import { describe, expect, it, onTestFinished } from "vitest";
import { replayRun } from "../../src/replay/replay-run.ts";
import { JournaledLoop } from "../support/journaled-loop.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const FAULTY = new URL("../../../ledger/test/threads/faulty-entry.ts", import.meta.url);

interface Disk {
  readonly fail: (file: string) => void | Promise<void>;
  readonly mend: (file: string) => void;
}

function fault(text: string): Disk {
  return { fail: (file) => writeFileSync(`${file}.fault`, text), mend: (file) => rmSync(`${file}.fault`) };
}

const HOLDER = `const { DatabaseSync } = require("node:sqlite");
const db = new DatabaseSync(process.argv[1]);
db.exec("BEGIN IMMEDIATE");
process.stdout.write("locked");
process.stdin.on("end", () => db.close()).resume();`;

/** Another program that holds the file's write lock until it is told to end: no fault on purpose, but SQLite's own. */
function locked(): Disk {
  let holder: ChildProcess | null = null;
  return {
    fail: async (file) => {
      const child = spawn(process.execPath, ["-e", HOLDER, file], { stdio: ["pipe", "pipe", "ignore"] });
      onTestFinished(() => void child.kill("SIGKILL"));
      holder = child;
      await once(child.stdout, "data");
    },
    mend: () => void holder?.stdin?.end(),
  };
}

const DISKS: readonly [string, Disk][] = [
  ["DK01 is full", fault("SQLITE_FULL")],
  ["DK02 cannot be written", fault("SQLITE_IOERR_WRITE")],
  ["DK02 is written and cannot be synced", fault("after SQLITE_IOERR_FSYNC")],
  ["DK04 is corrupt", fault("SQLITE_CORRUPT")],
  ["DK05 is read-only", fault("SQLITE_READONLY")],
  ["DK05 takes too long", fault("slow 2500")],
  ["is locked by another program", locked()],
];

describe("while the disk fails entries stop, exits go on, and nothing is lost that was acknowledged", () => {
  it.each(DISKS)("when it %s", async (_, disk) => {
    const ledger = { threadEntry: FAULTY, busyMsMax: 1 };
    const run = await JournaledLoop.open({ seed: SEED, ledger });
    run.minute(0);
    await run.until(() => run.sent.length === 3 && run.journal.isIdle);
    expect(run.sent.splice(0)).toEqual(["entry S0", "stop S0", "target S0"]);
    const acknowledged = run.journal.durableSeq;

    await disk.fail(run.file);
    // Approved before anybody knew.
    run.minute(1);
    await run.until(() => run.states.length === 1);
    expect([run.states, run.sent]).toEqual([["REDUCING ledger"], []]);
    run.minute(1, 2);
    run.put({ type: "operator", word: "flatten" });
    expect(run.sent.splice(0)).toEqual(["exit S0"]);
    expect(run.loop.entryCounts).toMatchObject({ held: 0, dropped: 1 });

    disk.mend(run.file);
    await run.until(() => run.states.length === 2);
    expect(run.states[1]).toBe("ACTIVE");
    run.minute(0, 1);
    await run.until(() => run.sent.length === 6);
    expect(run.sent.filter((order) => order.startsWith("entry"))).toEqual(["entry S0", "entry S1"]);
    await run.end();
    const { seq } = run.loop;
    expect(seq).toBeGreaterThan(acknowledged);
    expect(verifyJournal(run.file)).toMatchObject({ rows: seq + 1, eventsLost: 0, broken: null });
    expect(compareTables(run.file).isEqual).toBe(true);
    expect(replayRun(run.file, "r1")).toMatchObject({ events: seq, difference: null, hole: null });
  });
});
