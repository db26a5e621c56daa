import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Command, EngineEvent, TradeRecord } from "@smcq/engine";
import { wordsOf } from "@smcq/engine";
import { notionalE8, parseE8 } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { utcText } from "@smcq/scoring";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import type { Row } from "../../src/offline/ledger/answer/answer.ts";
import { GROUPINGS } from "../../src/offline/ledger/ask-pnl.ts";
import {
  recorded,
  recordedLedger,
  type RecordedRun,
  temporaryDataDir,
  twentyRuns,
} from "../support/recorded-ledger.ts";
import { readCsv, sameCell } from "../support/read-csv.ts";
import { runCommand as smcq } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

interface Pnl {
  readonly groups: readonly Record<string, unknown>[];
  readonly total: Record<string, unknown>;
  readonly accounts: readonly Record<string, string | boolean | null>[];
}

type Turns = RecordedRun["turns"];

function commandsOf<T extends Command["type"]>(
  turns: Turns,
  type: T,
): readonly Extract<Command, { type: T }>[] {
  return turns.flatMap(({ commands }) =>
    commands.filter((command): command is Extract<Command, { type: T }> => command.type === type),
  );
}

/** As the last word about each has it. */
const tradesOf = (turns: Turns): readonly TradeRecord[] => {
  const corrected = new Map(
    commandsOf(turns, "trade-corrected").map(({ trade }) => [trade.tradeId, trade] as const),
  );
  return commandsOf(turns, "trade-closed").map(({ trade }) => corrected.get(trade.tradeId) ?? trade);
};

/** Cash that the venue's own words have moved: every trade and every payment once, whatever is told twice. */
function cashOf(turns: Turns): bigint {
  const rules = new Map<number, { readonly tickE8: bigint; readonly stepE8: bigint }>();
  const seen = new Set<string>();
  let cashE8 = 0n;
  const isNew = (key: string): boolean => !seen.has(key) && seen.add(key).size > 0;
  const sinceMs = turns[0]?.event.nowMs ?? 0;
  const income = (id: string, amountE8: bigint): void => {
    if (isNew(`income ${id}`)) cashE8 += amountE8;
  };
  for (const { event } of turns) {
    if (event.type === "instrument") rules.set(event.symbolId, event.rules);
    if (event.type === "income") income(event.income.incomeId, event.income.amountE8);
    if (event.type === "answer" && event.answer.type === "income")
      for (const row of event.answer.rows)
        if (row.type !== "realised" && row.type !== "commission" && row.timeMs >= sinceMs)
          income(row.incomeId, row.amountE8);
    for (const { fill } of wordsOf(event as EngineEvent)) {
      const own = fill === null ? undefined : rules.get(fill.symbolId);
      if (fill === null || own === undefined || !isNew(`fill ${fill.symbolId} ${fill.tradeId}`)) continue;
      const valueE8 = notionalE8(BigInt(fill.priceTicks) * own.tickE8, BigInt(fill.qtySteps) * own.stepE8);
      cashE8 -= BigInt(fill.side) * valueE8 + fill.feeE8;
    }
  }
  return cashE8;
}

/** What is held has cost: not earned and not lost, and in no wallet's way. */
function heldCostE8(dataDir: string, runId: string): bigint {
  const db = new DatabaseSync(ledgerFile(dataDir), { readOnly: true });
  const query = db.prepare(
    `SELECT sign(qty_steps) * entry_notional_e8 AS cost FROM positions JOIN runs USING (run_key) WHERE run_id = ?`,
  );
  query.setReadBigInts(true);
  const rows = query.all(runId) as { readonly cost: bigint }[];
  db.close();
  return rows.reduce((sum, { cost }) => sum + cost, 0n);
}

const sumOf = (rows: readonly Record<string, unknown>[], column: string): bigint =>
  rows.reduce((sum, row) => sum + parseE8(String(row[column])), 0n);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the money of 20 recorded runs", () => {
  let runs: readonly RecordedRun[];
  let dataDir: string;

  beforeAll(async () => {
    runs = twentyRuns(SEED);
    dataDir = await recordedLedger(runs, mkdtempSync(join(tmpdir(), "smcq-ask-")));
    return () => rmSync(dataDir, { recursive: true, force: true });
  });

  it(`adds up to the venue's wallet to the last 1e-8, by every grouping (seed ${SEED})`, async () => {
    let trades = 0;
    for (const { runId, options, turns } of runs) {
      const closed = tradesOf(turns);
      trades += closed.length;
      const netE8 = closed.reduce((sum, { pnlE8 }) => sum + pnlE8, 0n);
      const startE8 = options.trading?.startWalletE8 ?? 0n;
      const wantedE8 = startE8 + cashOf(turns) + heldCostE8(dataDir, runId);
      for (const by of GROUPINGS) {
        const { text } = await smcq("pnl", "--data-dir", dataDir, "--run", runId, "--by", by, "--json");
        const { groups, total, accounts } = JSON.parse(text) as Pnl;
        const [account = {}] = accounts;
        const money = (name: string): bigint => parseE8(String(account[name]));
        expect([runId, money("end")]).toEqual([runId, wantedE8]);
        expect([sumOf(groups, "net"), sumOf([total], "net"), money("closedTrades")]).toEqual([
          netE8,
          netE8,
          netE8,
        ]);
        for (const column of ["gross", "fees", "funding"])
          expect([column, sumOf(groups, column)]).toEqual([column, sumOf([total], column)]);
        expect(groups.reduce((sum, { trades: own }) => sum + Number(own), 0)).toBe(closed.length);
        const parts = ["closedTrades", "openPositions", "ofNoTrade", "liquidation", "other", "transfers"];
        expect(parts.reduce((sum, name) => sum + money(name), money("start"))).toBe(money("end"));
      }
    }
    expect(trades).toBeGreaterThan(50);
  });

  it("is said to add up exactly where the engine's own wallet is what was booked, with exit code 0 or 10", async () => {
    const codes = new Map<number, number>();
    for (const { runId } of runs) {
      const { code, text } = await smcq("pnl", "--data-dir", dataDir, "--run", runId);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(text).toContain(code === ExitCode.Ok ? "it adds up to the last 1e-8" : "IT DOES NOT ADD UP");
      expect(text).toContain("not enough trades: fewer than 100 say nothing about an edge");
    }
    expect([...codes]).toEqual([[ExitCode.Ok, 20]]);
  });

  it("lists every trade once, by every filter, in JSON as in CSV", async () => {
    const all = await smcq("trades", "--data-dir", dataDir, "--run", "all", "--json", "--limit", "10000");
    const found = (JSON.parse(all.text) as { readonly trades: readonly Row[] }).trades;
    const wanted = runs.flatMap(({ runId, turns }) => tradesOf(turns).map((trade) => ({ runId, trade })));
    expect(found.map(({ run, trade, pnl }) => [run, trade, parseE8(String(pnl))])).toEqual(
      wanted.map(({ runId, trade }) => [runId, trade.tradeId, trade.pnlE8]),
    );
    const { text } = await smcq("trades", "--data-dir", dataDir, "--run", "all", "--csv", "--limit", "10000");
    const rows = readCsv(text);
    expect(rows.length).toBe(found.length);
    for (const [index, row] of found.entries())
      for (const [column, cell] of Object.entries(row))
        expect([column, sameCell(rows[index]?.[column], cell)]).toEqual([column, true]);
    const stops = await smcq(
      "trades",
      "--data-dir",
      dataDir,
      "--run",
      "all",
      "--json",
      "--reason",
      "STOP",
      "--symbol",
      "s1",
    );
    expect((JSON.parse(stops.text) as { readonly total: number }).total).toBe(
      wanted.filter(({ trade: { reason, symbol } }) => reason === "stop" && symbol === "S1").length,
    );
    const parts = ["--run", String(runs[0]?.runId), "--json"];
    const cut = "2024-10-04T12:03Z";
    const before = await smcq("trades", "--data-dir", dataDir, ...parts, "--until", cut);
    const after = await smcq("trades", "--data-dir", dataDir, ...parts, "--since", cut);
    const count = (json: string): number => (JSON.parse(json) as { readonly total: number }).total;
    expect(count(before.text) + count(after.text)).toBe(tradesOf(runs[0]?.turns ?? []).length);
  });

  it("takes the beginning of a run's id where only one begins so", async () => {
    const several = await smcq("trades", "--data-dir", dataDir, "--run", "run-");
    expect([several.code, several.said]).toEqual([
      ExitCode.Ledger,
      expect.stringContaining("20 runs begin with run-: run-"),
    ]);
    const one = await recordedLedger([recorded(SEED)]);
    const whole = await smcq("pnl", "--data-dir", one, "--run", `run-${SEED}`);
    expect(await smcq("pnl", "--data-dir", one, "--run", "run-")).toEqual(whole);
  });

  it("shows the last rows of many and says how many more there are", async () => {
    const { text } = await smcq("trades", "--data-dir", dataDir, "--run", "all", "--limit", "3");
    const csv = await smcq("trades", "--data-dir", dataDir, "--run", "all", "--limit", "3", "--csv");
    expect([readCsv(csv.text).length, csv.said]).toEqual([3, expect.stringContaining("the last 3 of")]);
    const total = runs.reduce((sum, { turns }) => sum + tradesOf(turns).length, 0);
    expect(text).toContain(`the last 3 of ${total} trades: ${total - 3} more before (--limit ${total})`);
  });

  it("fits 80 columns", async () => {
    for (const argv of [
      ["trades"],
      ["pnl"],
      ["pnl", "--by", "symbol"],
      ["trades", "--run", "all"],
      ["pnl", "--run", "all"],
    ]) {
      const { text } = await smcq(...argv, "--data-dir", dataDir);
      expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });
});

describe("names and amounts of any length", () => {
  it.each(["1000SHIBUSDT", "1000000LONGESTNAMEUSDT_261225", "币安人生USDT"])(
    "fit 80 columns: %s",
    async (symbol) => {
      const dataDir = await recordedLedger(twentyRuns(SEED).slice(0, 2));
      const db = new DatabaseSync(ledgerFile(dataDir));
      for (const table of ["trades", "decisions", "instruments", "orders", "algo_orders"])
        db.exec(`UPDATE ${table} SET symbol = '${symbol}'`);
      db.exec("UPDATE trades SET pnl_e8 = -987654321012345, r = -12.345, reason = 'end-of-data'");
      db.exec("UPDATE fills SET fee_e8 = 123456789012345, realised_e8 = -987654321012345 WHERE rowid = 1");
      const decided = db.prepare("SELECT time_ms AS ms FROM decisions WHERE outcome = 'APPROVED'").get();
      db.close();
      const minute = utcText(Number((decided as { readonly ms: number }).ms)).slice(0, 16);
      for (const argv of [
        ["trades"],
        ["pnl"],
        ["pnl", "--by", "symbol"],
        ["decisions"],
        ["explain", symbol, minute],
      ])
        for (const run of [[], ["--run", "all"]].slice(0, argv[0] === "explain" ? 1 : 2)) {
          const { text } = await smcq(...argv, ...run, "--data-dir", dataDir);
          const width = (line: string): number => line.length + (line.match(/[\u4e00-\u9fff]/g) ?? []).length;
          expect([argv, text.split("\n").filter((line) => width(line) > 80)]).toEqual([argv, []]);
        }
      const { text } = await smcq("trades", "--data-dir", dataDir);
      expect(text).toContain(symbol.length > 14 ? "1000000" : symbol);
      expect(text).toContain("−9,876,543.21");
    },
  );
});

describe("a ledger that was changed", () => {
  it("is said not to add up, loudly, with exit code 10", async () => {
    const run = recorded(SEED);
    const dataDir = await recordedLedger([run]);
    const db = new DatabaseSync(ledgerFile(dataDir));
    db.exec("UPDATE fills SET fee_e8 = fee_e8 + 1 WHERE rowid = 1");
    db.close();
    const { code, text } = await smcq("pnl", "--data-dir", dataDir);
    expect([code, text]).toEqual([ExitCode.Ledger, expect.stringContaining("IT DOES NOT ADD UP")]);
    expect(text).toContain("0.00000001 beside");
    const json = await smcq("pnl", "--data-dir", dataDir, "--json");
    expect((JSON.parse(json.text) as Pnl).accounts[0]).toMatchObject({
      isWhole: false,
      difference: "0.00000001",
    });
    const all = await smcq("pnl", "--data-dir", dataDir, "--run", "all");
    expect([all.code, all.text]).toEqual([ExitCode.Ledger, expect.stringContaining("IT DOES NOT ADD UP")]);
  });
});

describe("what is asked wrongly", () => {
  let wrongDir: string;

  beforeAll(async () => {
    wrongDir = await recordedLedger([recorded(SEED)], mkdtempSync(join(tmpdir(), "smcq-ask-")));
    return () => rmSync(wrongDir, { recursive: true, force: true });
  });

  it.each([
    [["trades", "--run", "run-9"], ExitCode.Ledger, "no run run-9 has a journal"],
    [["trades", "--run", "nobody"], ExitCode.Ledger, "no run nobody has a journal"],
    [
      ["trades", "--since", "yesterday"],
      ExitCode.Usage,
      "must be UTC, 2026-01-02T03:04Z or 2026-01-02 03:04",
    ],
    [["trades", "--since", "2026-02-30"], ExitCode.Usage, "must be UTC"],
    [["trades", "--since", "2026-02-02", "--until", "2026-02-01"], ExitCode.Usage, "is not before --until"],
    [["trades", "--limit", "0"], ExitCode.Usage, "--limit 0: must be a whole number from 1 to"],
    [["trades", "--limit", "1.5"], ExitCode.Usage, "--limit 1.5"],
    [["trades", "--limit", "x"], ExitCode.Usage, "--limit NaN"],
    [["trades", "--reason", "luck"], ExitCode.Usage, "must be one of stop, target"],
    [["trades", "--json", "--csv"], ExitCode.Usage, "one of them at most"],
    [["pnl", "--by", "mood"], ExitCode.Usage, "by"],
    [["pnl", "--symbol", "S1"], ExitCode.Usage, "symbol"],
  ])("%j is refused", async (argv, code, text) => {
    const found = await smcq(...argv, "--data-dir", wrongDir);
    expect([found.code, found.said]).toEqual([code, expect.stringContaining(text)]);
  });

  it.each(["trades", "pnl"])(
    "%s tells of a ledger that is not there, is older, or has no run that traded",
    async (command) => {
      const empty = temporaryDataDir();
      const absent = await smcq(command, "--data-dir", empty);
      expect([absent.code, absent.said]).toEqual([
        ExitCode.Ledger,
        expect.stringContaining("there is no ledger at"),
      ]);
      const dataDir = await recordedLedger([]);
      const bare = await smcq(command, "--data-dir", dataDir);
      expect([bare.code, bare.said]).toEqual([ExitCode.Ledger, "smcq: no run has a journal\n"]);
      const all = await smcq(command, "--data-dir", dataDir, "--run", "all");
      expect([all.code, all.said]).toEqual([ExitCode.Ledger, "smcq: no run has a journal\n"]);
      const db = new DatabaseSync(ledgerFile(dataDir));
      db.exec("PRAGMA user_version = 4");
      db.close();
      const old = await smcq(command, "--data-dir", dataDir);
      expect([old.code, old.said]).toEqual([
        ExitCode.Ledger,
        expect.stringContaining("an engine brings it up to date"),
      ]);
    },
  );
});
