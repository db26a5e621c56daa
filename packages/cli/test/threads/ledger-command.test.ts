import { DatabaseSync } from "node:sqlite";
import { present } from "@smcq/kernel";
import { acquireRunLock, ledgerFile } from "@smcq/ledger";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { replayRun } from "../../src/replay/replay-run.ts";
import { recorded, recordedLedger, temporaryDataDir, twentyRuns } from "../support/recorded-ledger.ts";
import { runCommand as smcq } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
/** As the title says. */
const RUNS = 8;

const twoRuns = (): Promise<string> => recordedLedger([recorded(SEED), recorded(SEED + 1)]);

function change(dataDir: string, sql: string): void {
  const db = new DatabaseSync(ledgerFile(dataDir));
  db.exec(sql);
  db.close();
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

  it("says what an engine that was ended had not yet put into the tables, and so does who reads them", async () => {
    const dataDir = await twoRuns();
    change(dataDir, "UPDATE runs SET tables_seq = journal_seq - 1 WHERE run_key = 1");
    const { text } = await smcq("ledger", "rebuild", "--data-dir", dataDir);
    expect(text).toContain("the last 1 rows are not in them yet");
    const asked = await smcq("trades", "--data-dir", dataDir);
    expect(asked.said).toContain("the last 1 rows of the journal are not in the tables yet");
    expect((await smcq("ledger", "rebuild", "--write", "--data-dir", dataDir)).code).toBe(ExitCode.Ok);
    const again = await smcq("ledger", "rebuild", "--data-dir", dataDir);
    expect([again.code, again.text]).toEqual([ExitCode.Ok, expect.not.stringContaining("not in them yet")]);
    expect((await smcq("trades", "--data-dir", dataDir)).said).not.toContain("not in the tables yet");
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

describe("smcq ledger replay", () => {
  it(`gives the commands of 8 recorded runs again, byte for byte (seed ${SEED})`, async () => {
    const runs = twentyRuns(SEED).slice(0, RUNS);
    const dataDir = await recordedLedger(runs);
    const orders = runs
      .flatMap(({ turns }) => turns.flatMap(({ commands }) => commands))
      .filter(({ type }) => type === "submit");
    expect(orders.length).toBeGreaterThan(80);
    for (const { runId, turns } of runs) {
      const wanted = { runId, events: turns.length, difference: null, hole: null };
      expect(replayRun(ledgerFile(dataDir), runId)).toEqual(wanted);
    }
    const first = await smcq("ledger", "replay", "--data-dir", dataDir, "--run", `run-${SEED}`, "--json");
    expect([first.code, JSON.parse(first.text)]).toEqual([
      ExitCode.Ok,
      expect.objectContaining({ runId: `run-${SEED}`, events: runs[0]?.turns.length, difference: null }),
    ]);
    const last = await smcq("ledger", "replay", "--data-dir", dataDir);
    expect([last.code, last.text]).toEqual([
      ExitCode.Ok,
      `${runs.at(-1)?.turns.length} events of run run-${SEED + RUNS - 1} give the same commands, byte for byte\n`,
    ]);
    expect((await smcq("ledger", "verify", "--data-dir", dataDir)).code).toBe(ExitCode.Ok);
    expect((await smcq("ledger", "rebuild", "--data-dir", dataDir)).code).toBe(ExitCode.Ok);
  });

  it("names the first event whose commands are others", async () => {
    const run = recorded(SEED);
    const at = run.turns.findIndex(({ commands }) => commands.some(({ type }) => type === "submit"));
    const forged = run.turns.map((turn, index) =>
      index === at ? { ...turn, commands: turn.commands.slice(1) } : turn,
    );
    const dataDir = await recordedLedger([{ ...run, turns: forged }]);
    const { code, text } = await smcq("ledger", "replay", "--data-dir", dataDir);
    expect([code, text]).toEqual([
      ExitCode.Ledger,
      expect.stringContaining(`the commands differ first at seq ${at + 1} (${run.turns[at]?.event.type})`),
    ]);
  });

  it("finds a run whose core was made otherwise than its journal says", async () => {
    const run = recorded(SEED);
    const trading = present(run.options.trading, "Invariant: this engine trades");
    const options = { ...run.options, trading: { ...trading, risk: { ...trading.risk, leverage: 9 } } };
    const dataDir = await recordedLedger([{ ...run, options }]);
    const { code, text } = await smcq("ledger", "replay", "--data-dir", dataDir, "--json");
    expect(code).toBe(ExitCode.Ledger);
    expect(JSON.parse(text)).toMatchObject({
      difference: { replayed: expect.stringContaining('"leverage":9') },
    });
  });

  it("refuses a run that has no journal", async () => {
    const dataDir = await recordedLedger([]);
    const { code, said } = await smcq("ledger", "replay", "--data-dir", dataDir);
    expect([code, said]).toEqual([ExitCode.Ledger, "smcq: no run has a journal\n"]);
  });
});
