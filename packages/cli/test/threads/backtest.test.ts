import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { bundledSymbols, loadUniverseText } from "@smcq/exchange-sim";
import { parseE8 } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { captureOutput } from "../support/capture-output.ts";
import { csvRows, golden } from "../support/golden-backtest.ts";
import { zipOf } from "../support/zip.ts";

const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");
const KLINES = readdirSync(join(MARGIN, "klines")).map((name) => join(MARGIN, "klines", name));
const RESULT_FILES = ["decisions.csv", "equity.csv", "report.html", "report.json", "trades.csv"];
const DAY_MS = 86_400_000;

let folder = "";
let output: ReturnType<typeof captureOutput>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-backtest-"));
  output = captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Runs the command with the golden set's settings and the flags added to them; the exit code and the folder. */
async function backtest(
  name: string,
  flags: readonly string[] = [],
  klines: readonly string[] = KLINES,
): Promise<{ readonly exitCode: number; readonly out: string }> {
  const out = join(folder, name);
  const exitCode = await main([
    "backtest",
    "--no-cache",
    `--set=dataDir=${join(folder, "var")}`,
    "--klines",
    ...klines,
    `--out=${out}`,
    "--equity=1000",
    "--leverage=4",
    "--set=risk.unprovenRiskRatioMax=0.02",
    ...(flags.includes("--instruments") ? [] : ["--instruments", join(MARGIN, "instruments.json")]),
    ...flags,
  ]);
  return { exitCode, out };
}

function report(out: string): BacktestReport {
  return JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as BacktestReport;
}

function bytes(out: string): readonly string[] {
  return RESULT_FILES.map((name) => readFileSync(join(out, name), "utf8"));
}

/** Lines of the golden set's bars of a symbol, header first. */
function barLines(symbol: string): string[] {
  const path = join(MARGIN, "klines", `${symbol}-1m-slice.csv.gz`);
  return gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
}

describe("smcq backtest", () => {
  it("makes the independent reference's trades, decisions and equity, and the same bytes on 1 thread and on 4", async () => {
    const one = await backtest("one", ["--scan-threads", "1"]);
    expect(one.exitCode).toBe(0);
    expect(readdirSync(one.out).toSorted()).toEqual(RESULT_FILES);
    expect(golden(MARGIN, one.out)).toEqual([]);
    const four = await backtest("four", ["--scan-threads", "4"]);
    expect(bytes(four.out)).toEqual(bytes(one.out));
  });

  it("accounts for every unit of the wallet, in the report and in the rows", async () => {
    const { out } = await backtest("out", ["--trials", "7"]);
    const { total, wallet, bySymbol, bySetup, byMonth, byHour, decisions, ...rest } = report(out);
    const [header = [], ...trades] = csvRows(join(out, "trades.csv"));
    const pnl = header.indexOf("pnl");
    const net = trades.reduce((sum, row) => sum + parseE8(row[pnl] ?? ""), 0n);
    expect(trades.length).toBeGreaterThan(100);
    expect(parseE8(wallet) - parseE8("1000")).toBe(net);
    expect(parseE8(total.gross) - parseE8(total.fees) + parseE8(total.funding)).toBe(net);
    for (const groups of [bySymbol, bySetup, byMonth, byHour])
      expect(Object.values(groups).reduce((sum, group) => sum + parseE8(group.net), 0n)).toBe(net);
    expect(rest.input.trials).toBe(7);
    expect(rest.expectancy?.trades).toBe(trades.length);
    expect(rest.calibration.reduce((sum, bin) => sum + bin.trades, 0)).toBe(trades.length);
    expect(csvRows(join(out, "equity.csv")).at(-1)?.[1]).toBe(wallet);
    const { last, worst } = rest.risk;
    expect(last).toMatchObject({ heatRatio: 0, grossRatio: 0, openPositions: 0, pendingEntries: 0 });
    expect(worst.heatRatio).toBeGreaterThan(0.005);
    expect(worst.grossRatio).toBeGreaterThan(0.1);
    expect(worst.marginsRatio).toBeGreaterThan(0.02);
    expect(worst.drawdownRatio).toBeGreaterThan(0);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("Heat: at most");
    expect(Object.values(decisions).reduce((sum, count) => sum + count, 0)).toBe(
      csvRows(join(out, "decisions.csv")).length - 1,
    );
  });

  it("pays the fees that are set, and says with which settings it ran", async () => {
    const { out } = await backtest("out", ["--set=fees.takerRatio=0", "--set=fees.makerRatio=0", "--json"]);
    const { total, input } = report(out);
    expect(JSON.parse(output.printed())).toEqual({ out, ...report(out) });
    expect(Number(total.fees)).toBe(0);
    expect(total.trades).toBeGreaterThan(0);
    expect(input.fees).toEqual({ takerRatio: 0, makerRatio: 0 });
    expect(input.protocol.protectMs).toBe(1_500);
  });

  it("explains its first trade and the first refusal of each kind on the page", async () => {
    const { out } = await backtest("out");
    const page = readFileSync(join(out, "report.html"), "utf8");
    const explained = page.slice(page.indexOf("One of each, explained"));
    const [header = [], first = []] = csvRows(join(out, "trades.csv"));
    const of = (column: string): string => first[header.indexOf(column)] ?? "";
    expect(explained).toContain(`Signal: ${of("symbol")} ${of("side") === "1" ? "long" : "short"}`);
    const pnl = Number(of("pnl")).toFixed(2).replace("-", "−");
    expect(explained).toContain(`${Number(of("pnl")) > 0 ? "+" : ""}${pnl} USDT, `);
    const refusals = Object.keys(report(out).decisions).filter((outcome) => outcome !== "APPROVED");
    expect(refusals.length).toBeGreaterThan(3);
    for (const outcome of refusals) expect(explained).toContain(`>${outcome}<`);
  });

  it("takes the files of a symbol in any order and any cut", async () => {
    const [header = "", ...lines] = barLines("BTCUSDT");
    const half = Math.floor(lines.length / 2);
    const early = join(folder, "BTCUSDT-1m-a.csv");
    const late = join(folder, "BTCUSDT-1m-b.csv");
    writeFileSync(early, [header, ...lines.slice(0, half)].join("\n"));
    writeFileSync(late, [header, ...lines.slice(half)].join("\n"));
    const whole = await backtest("whole", [], [join(MARGIN, "klines/BTCUSDT-1m-slice.csv.gz")]);
    const cut = await backtest("cut", [], [late, early]);
    expect(bytes(cut.out).filter((_, file) => !RESULT_FILES[file]?.startsWith("report."))).toEqual(
      bytes(whole.out).filter((_, file) => !RESULT_FILES[file]?.startsWith("report.")),
    );
    const twice = await backtest("twice", [], [early, early]);
    expect(twice.exitCode).toBe(4);
    expect(output.said()).toContain("overlaps the file before it in time");
  });

  it("takes the public archive's zip as it is, with a header or without one", async () => {
    const lines = barLines("BTCUSDT");
    const whole = await backtest("whole", [], [join(MARGIN, "klines/BTCUSDT-1m-slice.csv.gz")]);
    for (const [name, text] of [
      ["new", lines.join("\n")],
      ["old", lines.slice(1).join("\n")],
    ] as const) {
      const file = join(folder, `BTCUSDT-1m-${name}.zip`);
      writeFileSync(file, zipOf({ [`BTCUSDT-1m-${name}.csv`]: Buffer.from(text) }));
      const { out } = await backtest(name, [], [file]);
      expect(bytes(out).slice(0, 2)).toEqual(bytes(whole.out).slice(0, 2));
    }
  });

  it("refuses an archive that is damaged, cut, or holds another number of files", async () => {
    const csv = Buffer.from(barLines("BTCUSDT").slice(0, 900).join("\n"));
    const good = zipOf({ "a.csv": csv });
    const wrongSum = Buffer.from(good);
    wrongSum.writeUInt32LE(7, good.indexOf("PK\u0001\u0002") + 16);
    for (const [bytesOfFile, text] of [
      [zipOf({ "a.csv": csv, "b.csv": csv }), "holds 2 .csv files, wanted one"],
      [zipOf({ "a.txt": csv }), 'without a .csv file; it holds "a.txt"'],
      [wrongSum, '"a.csv" is damaged'],
      [good.subarray(0, 300), "cut or damaged"],
    ] as const) {
      const file = join(folder, "BTCUSDT-1m-x.zip");
      writeFileSync(file, bytesOfFile);
      expect((await backtest("out", [], [file])).exitCode).toBe(4);
      expect(output.said()).toContain(text);
    }
  });

  it("decides from --from on, with the bars before it for warm-up, and leaves out what comes at --to", async () => {
    const whole = await backtest("whole");
    const times = csvRows(join(whole.out, "decisions.csv"))
      .slice(1)
      .map(([time]) => Number(time));
    const fromMs = Math.ceil((times[0] as number) / DAY_MS) * DAY_MS + DAY_MS / 2;
    const toMs = (times.at(-1) as number) - DAY_MS / 4;
    const part = await backtest("part", ["--from", new Date(fromMs).toISOString(), "--to", String(toMs)]);
    const own = csvRows(join(part.out, "decisions.csv")).slice(1);
    expect(own.length).toBeGreaterThan(10);
    expect(own.length).toBeLessThan(times.length);
    const signals = (rows: readonly (readonly string[])[]): readonly string[] =>
      rows.map(([time, symbol, side, score]) => `${time} ${symbol} ${side} ${score}`);
    // Other trades are open at that time, but what is decided on is the same.
    expect(signals(own).toSorted()).toEqual(
      signals(csvRows(join(whole.out, "decisions.csv")).slice(1))
        .filter((line) => Number(line.split(" ")[0]) > fromMs && Number(line.split(" ")[0]) < toMs)
        .toSorted(),
    );
  });

  it("scores by a model file that passes the gate", async () => {
    const model = join(import.meta.dirname, "../../../../models/lgbm_smc.onnx");
    const { exitCode, out } = await backtest("out", ["--model", model, "--set", "scan.scoreMin=0"]);
    expect(exitCode).toBe(0);
    expect(report(out).input.scorer).not.toContain("heuristic");
    expect(Object.keys(report(out).decisions).length).toBeGreaterThan(0);
    expect((await backtest("none", ["--model", join(folder, "no.onnx")])).exitCode).toBe(11);
  });

  it("trades the bars that come with it, and takes the venue's own document of rules", async () => {
    const bundled = join(folder, "bundled");
    expect(
      await main(["backtest", "--out", bundled, "--rows", "5000", `--set=dataDir=${join(folder, "var")}`]),
    ).toBe(0);
    expect(report(bundled).symbols).toBe(bundledSymbols().length);
    expect(report(bundled).bars).toBe(5_000 * bundledSymbols().length);
    expect(report(bundled).total.trades).toBeGreaterThan(0);
    const document = join(folder, "exchangeInfo.json");
    writeFileSync(document, loadUniverseText());
    const own = join(folder, "own");
    expect(
      await main([
        "backtest",
        "--out",
        own,
        "--rows",
        "5000",
        "--instruments",
        document,
        `--set=dataDir=${join(folder, "var")}`,
      ]),
    ).toBe(0);
    expect(bytes(own)).toEqual(bytes(bundled));
  });

  it.each([
    [["--equity", "-5"], 2, "--equity -5"],
    [["--rows", "0"], 2, "--rows 0"],
    [["--trials", "0"], 2, "--trials 0"],
    [["--trials", "1.5"], 2, "--trials 1.5"],
    [["--trials", "1000001"], 2, "--trials 1000001"],
    [["--from", "soon"], 2, "--from soon"],
    [["--leverage", "26"], 3, "risk.leverage"],
    [["--set", "risk.heatRatioMax=0.2"], 3, "risk.heatRatioMax"],
    [["--set", "risk.dayLossStopRatio=0.01"], 3, "risk.dayLossHalfRatio"],
    [["--set", "fees.takerRatio=0.02"], 3, "fees.takerRatio"],
    [["--set", "protocol.protectMs=50"], 3, "protocol.protectMs"],
    [["--instruments", "/no/such.json"], 4, "/no/such.json"],
  ] as const)("refuses %s with its place", async (flags, exitCode, text) => {
    const { exitCode: found, out } = await backtest("out", flags);
    expect(output.said()).toContain(text);
    expect(found).toBe(exitCode);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ["{", "no JSON"],
    ['{"symbols":[7]}', "symbols must hold objects"],
    ["[]", "wanted an object by symbol"],
    ['{"BTCUSDT":{}}', "ADAUSDT has bars but no entry"],
    ['\u{FEFF}{"BTCUSDT":{}}', "ADAUSDT has bars but no entry"],
    ['{"1000ADAUSDT":{}}', "ADAUSDT has bars but no entry (did you mean 1000ADAUSDT?)"],
    ['{"ADAUSDT":7}', "ADAUSDT must be an object"],
    ['{"ADAUSDT":{"tick":"1"}}', 'ADAUSDT: unknown key "tick"'],
    ['{"ADAUSDT":{"tickSize":1}}', "ADAUSDT: tickSize must be decimal text"],
    [
      '{"ADAUSDT":{"tickSize":"0","stepSize":"1","minQty":"1","marketMaxQty":"1","minNotional":"5"}}',
      'ADAUSDT: tickSize is "0"',
    ],
  ])("refuses the instruments %s", async (json, text) => {
    const file = join(folder, "instruments.json");
    writeFileSync(file, json);
    const { exitCode } = await backtest("out", ["--instruments", file]);
    expect(output.said()).toContain(text);
    expect(exitCode).toBe(4);
  });

  it("refuses bad bars with file and line, and a folder that holds anything", async () => {
    const lines = barLines("BTCUSDT");
    lines[500] = "1,2,3";
    const file = join(folder, "BTCUSDT-1m-bad.csv");
    writeFileSync(file, lines.join("\n"));
    expect((await backtest("out", [], [file])).exitCode).toBe(4);
    expect(output.said()).toContain("BTCUSDT-1m-bad.csv:501");
    expect((await backtest(".", [])).exitCode).toBe(4);
    expect(output.said()).toContain("is not empty");
  });
});
