import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseE8 } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { backtestText } from "../../src/offline/backtest/backtest-text.ts";
import { captureOutput } from "../support/capture-output.ts";
import { csvRows } from "../support/golden-backtest.ts";

const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");
const KLINES = readdirSync(join(MARGIN, "klines")).map((name) => join(MARGIN, "klines", name));
const MINUTE_MS = 60_000;

let folder = "";
let output: ReturnType<typeof captureOutput>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-limit-"));
  output = captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function backtest(name: string, ...flags: readonly string[]): Promise<number> {
  const own = ["--klines", ...KLINES, "--instruments", join(MARGIN, "instruments.json")];
  const out = `--out=${join(folder, name)}`;
  return await main([
    "backtest",
    `--set=dataDir=${join(folder, "var")}`,
    ...own,
    out,
    "--set=strategy.entry.kind=limit",
    ...flags,
  ]);
}

function report(name: string): BacktestReport {
  return JSON.parse(readFileSync(join(folder, name, "report.json"), "utf8")) as BacktestReport;
}

describe("smcq backtest with entries that rest", () => {
  it("fills within the expiry, at the maker's fee, and accounts for every unit", async () => {
    const flags = ["--set=strategy.entry.expiryBars=3", "--set=strategy.entry.offsetAtr=0.2"];
    expect(await backtest("one", ...flags, "--scan-threads=1")).toBe(0);
    expect(await backtest("two", ...flags, "--scan-threads=2")).toBe(0);
    for (const file of ["trades.csv", "decisions.csv", "equity.csv", "report.json", "report.html"])
      expect(readFileSync(join(folder, "two", file), "utf8")).toBe(
        readFileSync(join(folder, "one", file), "utf8"),
      );
    const { total, wallet, decisions, input, risk } = report("one");
    expect(input.plan.entry).toMatchObject({ kind: "limit", offsetAtr: 0.2, expiryBars: 3 });
    const [header = [], ...rows] = csvRows(join(folder, "one", "trades.csv"));
    const column = (row: readonly string[], name: string): string => row[header.indexOf(name)] ?? "";
    expect(rows.length).toBeGreaterThan(50);
    // Some were approved and never filled.
    expect(rows.length).toBeLessThan(decisions["APPROVED"] ?? 0);
    const expired = (decisions["APPROVED"] ?? 0) - rows.length;
    expect(backtestText(report("one"), "here")).toContain(
      `approved entries that came to nothing: UNFILLED ${expired}`,
    );
    const page = readFileSync(join(folder, "one", "report.html"), "utf8");
    expect(page).toMatch(/>entry<.*>limit</s);
    let pnlE8 = 0n;
    for (const row of rows) {
      pnlE8 += parseE8(column(row, "pnl"));
      const waitedMs = Number(column(row, "entry_time")) - Number(column(row, "signal_time"));
      expect(waitedMs % MINUTE_MS).toBe(0);
      expect(waitedMs).toBeGreaterThanOrEqual(MINUTE_MS);
      expect(waitedMs).toBeLessThanOrEqual(3 * MINUTE_MS);
      const traded = Number(column(row, "entry_price")) * Number(column(row, "qty"));
      const isTarget = column(row, "reason") === "target";
      const rates = isTarget ? 0.0002 + 0.0002 : 0.0002 + 0.0005;
      expect(Number(column(row, "fees")) / traded / rates).toBeGreaterThan(0.97);
      expect(Number(column(row, "fees")) / traded / rates).toBeLessThan(1.03);
    }
    expect(parseE8(wallet) - parseE8(input.equity)).toBe(pnlE8);
    expect(parseE8(total.net)).toBe(pnlE8);
    expect(risk.last).toMatchObject({ heatRatio: 0, pendingEntries: 0, openPositions: 0 });
  });

  it("takes no model that was trained for entries at the market, and says which plans they are", async () => {
    const model = join(import.meta.dirname, "../../../../models/lgbm_smc.onnx");
    expect(await backtest("out", "--model", model)).toBe(11);
    expect(output.said()).toContain("trade plan m1-scalp, version 1, entries at the market");
    expect(output.said()).toContain("trade plan m1-scalp, version 2, limit entries 0.1 ATR away for 5 bars");
  });

  it.each(["strategy.entry.offsetAtr=-0.1", "strategy.entry.expiryBars=0", "strategy.entry.kind=stop"])(
    "refuses %s",
    async (setting) => {
      expect(await backtest("out", `--set=${setting}`)).toBe(3);
      expect(output.said()).toContain(setting.split("=")[0]);
    },
  );
});
