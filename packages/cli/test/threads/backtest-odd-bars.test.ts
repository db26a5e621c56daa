import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseE8 } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { captureOutput } from "../support/capture-output.ts";

const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");
const INSTRUMENTS = join(MARGIN, "instruments.json");
const FIDELITIES = ["bar", "path"] as const;

let folder = "";
let output: ReturnType<typeof captureOutput>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-odd-bars-"));
  output = captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** The golden set's bars of a symbol, header left out. */
function linesOf(symbol: string): readonly string[] {
  const path = join(MARGIN, "klines", `${symbol}-1m-slice.csv.gz`);
  return gunzipSync(readFileSync(path)).toString().trimEnd().split("\n").slice(1);
}

function klines(symbol: string, lines: readonly string[], name = "odd"): string {
  const path = join(folder, `${symbol}-1m-${name}.csv`);
  writeFileSync(path, `${["open_time,open,high,low,close,volume", ...lines].join("\n")}\n`);
  return path;
}

let runs = 0;

/** A small account, unless the flags say otherwise. */
function sized(flags: readonly string[]): readonly string[] {
  return flags.some((flag) => flag.startsWith("--equity")) ? [] : ["--equity=1000", "--leverage=4"];
}

/** Runs the command over these files; its report. */
async function backtest(files: readonly string[], ...flags: readonly string[]): Promise<BacktestReport> {
  const out = join(folder, `out${++runs}`);
  const own = ["--instruments", INSTRUMENTS, "--no-cache", `--set=dataDir=${folder}/var`, ...sized(flags)];
  const exitCode = await main(["backtest", `--out=${out}`, "--klines", ...files, ...own, ...flags]);
  expect(exitCode === 0 ? "" : output.said()).toBe("");
  return JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as BacktestReport;
}

describe("smcq backtest over odd bars", () => {
  it("a symbol whose bars all lie behind --to changes nothing for the others", async () => {
    const ada = klines("ADAUSDT", linesOf("ADAUSDT").slice(0, 1_000));
    const btc = klines("BTCUSDT", linesOf("BTCUSDT").slice(-1_000));
    const to = `--to=${linesOf("BTCUSDT").at(-1_000)?.split(",")[0]}`;
    for (const fidelity of FIDELITIES) {
      const alone = await backtest([ada], to, "--fidelity", fidelity);
      const both = await backtest([ada, btc], to, "--fidelity", fidelity);
      expect(alone.total.trades).toBeGreaterThan(5);
      expect([both.total, both.wallet]).toEqual([alone.total, alone.wallet]);
    }
  });

  it("an account that the brackets bind has its entries filled: what is approved keeps below them at the mark", async () => {
    const fat = (symbol: string): string =>
      klines(
        symbol,
        linesOf(symbol).map((line) => line.replace(/,(\d+)(?:\.\d+)?$/, ",$10000000")),
      );
    const flags = ["--equity=300000000", "--leverage=20", "--set=risk.unprovenRiskRatioMax=0.02"];
    const { total, decisions } = await backtest([fat("DOGEUSDT")], "--fidelity=path", ...flags);
    expect(total.trades).toBeGreaterThan(15);
    expect(decisions["APPROVED"]).toBe(total.trades);
  });

  it("a result folder that cannot be made is refused before any bar is scanned", async () => {
    const file = klines("ADAUSDT", linesOf("ADAUSDT"));
    const own = ["--klines", file, "--instruments", INSTRUMENTS, `--set=dataDir=${folder}/var`];
    const out = join(folder, "link");
    symlinkSync(join(folder, "nowhere/at-all"), out);
    const exitCode = await main(["backtest", "--out", out, ...own]);
    expect(exitCode).toBe(4);
    expect(output.said()).toContain(`cannot write ${out}`);
    expect(existsSync(join(folder, "var/cache"))).toBe(false);
  });

  it("an account that is liquidated is accounted for to the last unit", async () => {
    // A funding time takes nearly all that a long position of more than the account is worth.
    const funding = join(folder, "funding.csv");
    writeFileSync(funding, "time,symbol,rate\n1749275280000,DOGEUSDT,0.99\n");
    const flags = ["--equity=1000", "--leverage=25", "--set=risk.unprovenRiskRatioMax=0.02"];
    const doge = klines("DOGEUSDT", linesOf("DOGEUSDT"));
    const found = await backtest([doge], "--fidelity=path", "--funding", funding, ...flags);
    expect(found.exits["liquidation"]).toBe(1);
    expect(Number(found.liquidation)).not.toBe(0);
    expect(parseE8(found.wallet)).toBe(
      parseE8("1000") + parseE8(found.total.net) + parseE8(found.liquidation),
    );
    expect(output.said()).not.toContain("Invariant");
  });
});
