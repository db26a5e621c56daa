import { DatabaseSync } from "node:sqlite";
import { acquireRunLock, ledgerFile } from "@smcq/ledger";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HostileRun } from "../../../engine/test/support/hostile-run.ts";
import { main } from "../../src/cli.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { captureOutput } from "../support/capture-output.ts";
import { recordedLedger, type RecordedRun, temporaryDataDir } from "../support/recorded-ledger.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function recorded(seed: number): RecordedRun {
  const turns: RecordedRun["turns"][number][] = [];
  const run = new HostileRun(seed, (event, commands) => turns.push({ event, commands }));
  run.minutes(5, true);
  return { runId: `run-${seed}`, options: run.options, turns };
}

const twoRuns = (): Promise<string> => recordedLedger([recorded(SEED), recorded(SEED + 1)]);

function change(dataDir: string, sql: string): void {
  const db = new DatabaseSync(ledgerFile(dataDir));
  db.exec(sql);
  db.close();
}

async function smcq(...argv: readonly string[]): Promise<{ code: number; text: string; said: string }> {
  const { said, printed } = captureOutput();
  const code = await main(argv);
  vi.restoreAllMocks();
  return { code, text: printed(), said: said() };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("smcq ledger verify", () => {
  it("says that the chain is whole, or where it is broken, with exit code 0 or 10", async () => {
    const dataDir = await twoRuns();
    const whole = await smcq("ledger", "verify", "--data-dir", dataDir);
    expect([whole.code, whole.text]).toEqual([
      ExitCode.Ok,
      expect.stringMatching(/^the chain is whole: \d+ rows of 2 runs\nhead /),
    ]);
    change(dataDir, "UPDATE journal SET event = replace(event, '100', '101') WHERE journal_key = 5");
    const broken = await smcq("ledger", "verify", "--data-dir", dataDir);
    expect(broken.code).toBe(ExitCode.Ledger);
    expect(broken.text).toContain(`the chain is broken at seq 4 of run run-${SEED}, row 5 of the file`);
    const json = await smcq("ledger", "verify", "--data-dir", dataDir, "--json");
    expect(json.code).toBe(ExitCode.Ledger);
    expect(JSON.parse(json.text)).toMatchObject({ broken: { runId: `run-${SEED}`, seq: 4, journalKey: 5 } });
  });

  it("refuses a folder without a ledger", async () => {
    const { code, said } = await smcq("ledger", "verify", "--data-dir", temporaryDataDir());
    expect([code, said]).toEqual([ExitCode.Ledger, expect.stringContaining("there is no ledger at")]);
  });
});

describe("smcq ledger rebuild", () => {
  it("names the table that differs and puts it right with --write, unless an engine runs", async () => {
    const dataDir = await twoRuns();
    const rebuild = (...more: readonly string[]) => smcq("ledger", "rebuild", "--data-dir", dataDir, ...more);
    expect(await rebuild()).toMatchObject({
      code: ExitCode.Ok,
      text: expect.stringContaining("rows: equal"),
    });
    change(dataDir, "UPDATE fills SET fee_e8 = fee_e8 - 1 WHERE rowid = 1");
    const differs = await rebuild();
    expect(differs.code).toBe(ExitCode.Ledger);
    expect(differs.text).toMatch(/fills +\d+ {2}1 missing, 1 unexpected/);
    const lock = acquireRunLock(dataDir);
    expect((await rebuild("--write")).code).toBe(ExitCode.Locked);
    lock.release();
    expect((await rebuild("--write")).code).toBe(ExitCode.Ok);
    const again = await rebuild("--json");
    expect([again.code, JSON.parse(again.text)]).toEqual([
      ExitCode.Ok,
      expect.objectContaining({ isEqual: true }),
    ]);
  });

  it("makes nothing of a journal whose chain is broken", async () => {
    const dataDir = await twoRuns();
    change(dataDir, "UPDATE journal SET now_ms = now_ms + 1 WHERE journal_key = 9; DELETE FROM fills");
    const { code, text } = await smcq("ledger", "rebuild", "--write", "--data-dir", dataDir);
    expect([code, text]).toEqual([ExitCode.Ledger, expect.stringContaining("the chain is broken at seq 8")]);
    const db = new DatabaseSync(ledgerFile(dataDir));
    expect(db.prepare("SELECT count(*) AS n FROM fills").get()).toEqual({ n: 0 });
    db.close();
  });
});
