import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import { compareTables, ledgerFile, verifyJournal } from "@smcq/ledger";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { replayRun } from "../../src/replay/replay-run.ts";
import { recordedLedger, twentyRuns } from "../support/recorded-ledger.ts";
import { EngineRuns, isWholeMinute, MAIN, SOURCE_FLAGS, until } from "./engine-run.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const KILLS = 25;
const BACKUPS = 5;
const clock = new SystemClock();
const root = mkdtempSync(join(tmpdir(), "smcq-backup-"));
const runs = new EngineRuns();

afterAll(() => {
  runs.clean();
  rmSync(root, { recursive: true, force: true });
});

function start(...argv: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...SOURCE_FLAGS, MAIN, ...argv], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

function smcq(...argv: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stderr } = spawnSync(process.execPath, [...SOURCE_FLAGS, MAIN, ...argv], {
    encoding: "utf8",
  });
  return { code: status, said: stderr };
}

function isSound(dataDir: string): boolean {
  const file = ledgerFile(dataDir);
  return verifyJournal(file).broken === null && compareTables(file).isEqual;
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** Awaits the moment at which a folder has, or has no longer, the draft of a process; false: it has ended before. */
async function seen(child: ChildProcess, folder: string, prefix: string, isThere: boolean): Promise<boolean> {
  const has = (): boolean =>
    existsSync(folder) && readdirSync(folder).includes(`${prefix}${child.pid ?? ""}`);
  while (has() !== isThere) {
    if (child.exitCode !== null) return false;
    await new Promise<void>((resolve) => void clock.after(1, resolve));
  }
  return true;
}

/** How long a draft stands, ms. */
async function worked(child: ChildProcess, folder: string, prefix: string): Promise<number> {
  await seen(child, folder, prefix, true);
  const startMs = clock.nowMs();
  await seen(child, folder, prefix, false);
  const tookMs = clock.nowMs() - startMs;
  await exited(child);
  if (child.exitCode !== ExitCode.Ok) throw new Error(`it has ended with ${child.exitCode}`);
  return tookMs;
}

/** Kills it at a random moment of its work, or a little behind it. */
async function strike(
  child: ChildProcess,
  draft: readonly [folder: string, prefix: string],
  ms: number,
): Promise<void> {
  if (await seen(child, ...draft, true)) await new Promise<void>((resolve) => void clock.after(ms, resolve));
  child.kill("SIGKILL");
  await exited(child);
}

describe("a backup", () => {
  it("during a trading sim restores to a ledger that verifies and replays, and the engine's journal goes on", async () => {
    const dataDir = runs.fresh();
    const run = runs.start(["--symbols", "60"], dataDir);
    await until(
      () =>
        run.count("trade closed") + run.count("position") > 0 || run.lines.filter(isWholeMinute).length > 4,
      "trades",
    );
    for (let round = 0; round < BACKUPS; round++) {
      const [to, back] = [join(root, `sim-${round}.tar`), join(root, `sim-${round}`)];
      const before = verifyJournal(ledgerFile(dataDir)).rows;
      expect(smcq("backup", "--data-dir", dataDir, "--to", to)).toMatchObject({ code: ExitCode.Ok });
      expect(smcq("restore", "--from", to, "--data-dir", back)).toMatchObject({ code: ExitCode.Ok });
      expect(isSound(back)).toBe(true);
      expect(verifyJournal(ledgerFile(back)).rows).toBeGreaterThanOrEqual(before);
      expect(smcq("ledger", "verify", "--data-dir", back).code).toBe(ExitCode.Ok);
      expect(replayRun(ledgerFile(back), null).difference).toBeNull();
    }
    expect(smcq("restore", "--from", join(root, "sim-0.tar"), "--data-dir", dataDir)).toMatchObject({
      code: ExitCode.Locked,
    });
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(isSound(dataDir)).toBe(true);
  });

  it(`is whole or not there after kill -9 at ${KILLS} random moments, and so is what is restored of it (seed ${SEED})`, async () => {
    const rng = new Rng(SEED);
    const dataDir = join(root, "var");
    await recordedLedger(twentyRuns(SEED), dataDir);
    const [kept, first] = [join(root, "kills-kept"), join(root, "kills-first")];
    const [ours, theirs] = [".smcq-backup-draft-", ".restoring-"];
    const backupMs = await worked(start("backup", "--data-dir", dataDir, "--to", kept), root, ours);
    const restoreMs = await worked(start("restore", "--from", kept, "--data-dir", first), first, theirs);
    let [absent, whole, restored] = [0, 0, 0];
    const wrong: string[] = [];
    const judge = (what: string, isRight: boolean): void => {
      if (!isRight) wrong.push(what);
    };
    /** Makes a data folder of a backup, and says whether its ledger is whole. */
    const restores = (from: string, to: string): boolean =>
      smcq("restore", "--from", from, "--data-dir", to).code === ExitCode.Ok && isSound(to);
    for (let round = 0; round < KILLS; round++) {
      const to = join(root, `kill-${round}${round % 2 === 0 ? ".tar" : ""}`);
      const torn = join(root, `torn-${round}`);
      await strike(
        start("backup", "--data-dir", dataDir, "--to", to),
        [root, ours],
        rng.next() * 1.5 * backupMs,
      );
      if (existsSync(to)) {
        whole++;
        judge(to, restores(to, join(root, `back-${round}`)));
      } else absent++;
      const restore = start("restore", "--from", kept, "--data-dir", torn);
      await strike(restore, [torn, theirs], rng.next() * 1.5 * restoreMs);
      if (existsSync(ledgerFile(torn))) {
        restored++;
        judge(torn, isSound(torn));
      } else judge(`${torn}, again`, restores(kept, torn));
    }
    expect(wrong).toEqual([]);
    process.stdout.write(
      `${KILLS} kills of a backup: ${whole} whole, ${absent} not there; of a restore: ${restored} whole\n`,
    );
    expect(smcq("backup", "--data-dir", dataDir, "--to", join(root, "last"))).toMatchObject({
      code: ExitCode.Ok,
    });
    expect(readdirSync(root).filter((name) => name.startsWith(ours))).toEqual([]);
  });

  it("without room, or without the right to write, leaves nothing and says why", async () => {
    const dataDir = join(root, "room");
    await recordedLedger(twentyRuns(SEED), dataDir);
    const kept = join(root, "room-kept");
    expect(smcq("backup", "--data-dir", dataDir, "--to", kept).code).toBe(ExitCode.Ok);
    const small = join(root, "small");
    mkdirSync(small);
    // Half of what is needed: a real file system that is full.
    const bytes = Math.floor(statSync(ledgerFile(kept)).size / 2);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", small]);
    if (status !== 0) {
      process.stderr.write("\nSKIPPED: no small file system can be mounted here\n\n");
      return;
    }
    try {
      for (const to of ["a", "a.tar"]) {
        const { code, said } = smcq("backup", "--data-dir", dataDir, "--to", join(small, to));
        expect([ExitCode.Ledger, ExitCode.File]).toContain(code);
        expect(said).toMatch(/full|no space/i);
      }
      const { code, said } = smcq("restore", "--from", kept, "--data-dir", join(small, "var"));
      expect([code, said]).toEqual([ExitCode.File, expect.stringMatching(/no space/i)]);
      expect(existsSync(ledgerFile(join(small, "var")))).toBe(false);
      expect(readdirSync(small).filter((name) => name !== "var")).toEqual([]);
      writeFileSync(join(small, "room"), "there is room again");
      spawnSync("mount", ["-o", "remount,ro", small]);
      expect(smcq("backup", "--data-dir", dataDir, "--to", join(small, "b")).code).toBe(ExitCode.File);
    } finally {
      spawnSync("umount", [small]);
    }
  });
});
