import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { e8Text, present } from "@smcq/kernel";
import { acquireRunLock, ledgerFile } from "@smcq/ledger";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HostileRun } from "../../../engine/test/support/hostile-run.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import type { Row } from "../../src/offline/ledger/answer/answer.ts";
import { readCsv, sameCell } from "../support/read-csv.ts";
import { recorded, recordedLedger, type RecordedRun } from "../support/recorded-ledger.ts";
import { runCommand as smcq } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

interface Risk {
  readonly isWhole: boolean;
  readonly governors: readonly string[];
  readonly reasons: readonly string[];
  readonly metrics: readonly Row[];
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** A run, and the core that has lived through it. */
function lived(seed: number): { readonly run: RecordedRun; readonly core: HostileRun["core"] } {
  const turns: RecordedRun["turns"][number][] = [];
  const hostile = new HostileRun(seed, (event, commands) => turns.push({ event, commands }));
  hostile.minutes(4, true);
  return { run: { runId: `run-${seed}`, options: hostile.options, turns }, core: hostile.core };
}

describe("smcq risk", () => {
  it(`tells the metrics of the very core that traded, and the wallet of pnl (seed ${SEED})`, async () => {
    for (let seed = SEED; seed < SEED + 8; seed++) {
      const { run, core } = lived(seed);
      const wanted = core.getRiskMetrics();
      const dataDir = await recordedLedger([run]);
      const { code, text } = await smcq("risk", "--data-dir", dataDir, "--json");
      const found = JSON.parse(text) as Risk;
      const value = (metric: string): unknown =>
        found.metrics.find((row) => row["metric"] === metric)?.["value"];
      expect([code, found.isWhole, found.reasons]).toEqual([ExitCode.Ok, true, wanted.reasons]);
      expect({
        state: value("state"),
        wallet: value("wallet"),
        equity: value("equity"),
        heat: value("heat"),
        gross: value("gross"),
        margins: value("margins"),
        day: value("day_loss"),
        drawdown: value("drawdown"),
        open: value("open_positions"),
        unknown: value("unknown_orders"),
      }).toEqual({
        state: wanted.state,
        wallet: e8Text(wanted.walletE8),
        equity: e8Text(wanted.equityE8),
        heat: wanted.heat.ratio,
        gross: wanted.gross.ratio,
        margins: wanted.margins.ratio,
        day: wanted.dayLossRatio,
        drawdown: wanted.drawdownRatio,
        open: wanted.openPositions,
        unknown: wanted.unknownOrders,
      });
      const pnl = await smcq("pnl", "--data-dir", dataDir, "--json");
      const { accounts } = JSON.parse(pnl.text) as { readonly accounts: readonly { readonly end: string }[] };
      expect(accounts[0]?.end).toBe(e8Text(wanted.walletE8));
      const rows = readCsv((await smcq("risk", "--data-dir", dataDir, "--csv")).text);
      for (const [index, row] of found.metrics.entries())
        for (const [column, cell] of Object.entries(row))
          expect([column, sameCell(rows[index]?.[column], cell)]).toEqual([column, true]);
      const shown = await smcq("risk", "--data-dir", dataDir);
      expect(shown.text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it("says that nothing is known where a fresh core answers otherwise, with exit code 10", async () => {
    const run = recorded(SEED);
    const trading = present(run.options.trading, "Invariant: this engine trades");
    const options = { ...run.options, trading: { ...trading, risk: { ...trading.risk, leverage: 9 } } };
    const dataDir = await recordedLedger([{ ...run, options }]);
    const { code, text } = await smcq("risk", "--data-dir", dataDir);
    expect([code, text]).toEqual([ExitCode.Ledger, expect.stringContaining("NOT KNOWN: after ")]);
    expect(text).not.toContain("equity");
  });
});

describe("a journal with a hole", () => {
  it("lets risk tell nothing, and pnl and explain say that there is one", async () => {
    const run = recorded(SEED);
    const dataDir = await recordedLedger([run]);
    const seq = Math.floor(run.turns.length / 2);
    const db = new DatabaseSync(ledgerFile(dataDir));
    db.exec(`UPDATE journal SET kind = 'events-lost', event = '{"fromSeq":${seq},"toSeq":${seq}}', commands = '[]' WHERE seq = ${seq};
      INSERT INTO incidents (run_key, seq, nth, at_ms, kind, symbol_id, detail) VALUES (1, ${seq}, 0, 1, 'events-lost', NULL, '{}');
      UPDATE fills SET fee_e8 = fee_e8 + 1 WHERE rowid = 1`);
    db.close();
    const risk = await smcq("risk", "--data-dir", dataDir);
    expect([risk.code, risk.text]).toEqual([
      ExitCode.Ledger,
      expect.stringContaining(`NOT KNOWN: events ${seq} to ${seq} were not kept`),
    ]);
    const pnl = await smcq("pnl", "--data-dir", dataDir);
    expect([pnl.code, pnl.text.replaceAll(/\s+/g, " ")]).toEqual([
      ExitCode.Ledger,
      expect.stringContaining("the journal has 1 hole: what happened there is not booked"),
    ]);
    const explain = await smcq("explain", "S1", "2024-10-04 12:03", "--data-dir", dataDir);
    expect([explain.code, explain.text.replaceAll(/\s+/g, " ")]).toEqual([
      ExitCode.Ok,
      expect.stringContaining("The journal of this run has 1 hole: what happened there is not known."),
    ]);
  });
});

describe("what asks a ledger", () => {
  it("changes nothing of it, and needs no lock: an engine may hold it", async () => {
    const run = recorded(SEED);
    const dataDir = await recordedLedger([run]);
    const hash = (): string =>
      createHash("sha256")
        .update(readFileSync(ledgerFile(dataDir)))
        .digest("hex");
    const before = hash();
    const lock = acquireRunLock(dataDir);
    try {
      for (const argv of [
        ["trades"],
        ["pnl"],
        ["decisions"],
        ["risk"],
        ["explain", "S1", "2024-10-04 12:03"],
      ])
        for (const format of [[], ["--json"], ["--csv"]])
          expect([argv, (await smcq(...argv, ...format, "--data-dir", dataDir)).code]).toEqual([
            argv,
            ExitCode.Ok,
          ]);
    } finally {
      lock.release();
    }
    expect(hash()).toBe(before);
  });
});
