import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { parseE8 } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { FUNDING_LINE_LENGTH_MAX, readFunding } from "../../src/offline/backtest/read-funding.ts";
import { captureOutput } from "../support/capture-output.ts";
import { csvRows, golden } from "../support/golden-backtest.ts";

const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");
const KLINES = readdirSync(join(MARGIN, "klines")).map((name) => join(MARGIN, "klines", name));
const HEADER = "time,symbol,rate";
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The golden set's first trade: long 0.003 BTCUSDT, left by a market order at an open. */
const LONG = { entryMs: 1_749_273_900_000, exitMs: 1_749_275_760_000, pnl: "-0.05130975" };
/** Its seventeenth: short 183.1 XRPUSDT. */
const SHORT_MS = 1_749_284_580_000;
/** Its third, long DOGEUSDT, was stopped inside the bar that ends here. */
const STOPPED_MS = 1_749_277_680_000;
/** Where the golden set's data end. */
const END_MS = 1_749_427_200_000;

let folder = "";
let output: ReturnType<typeof captureOutput>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-funding-"));
  output = captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function fileOf(rows: readonly string[], name = "funding.csv"): string {
  const file = join(folder, name);
  const text = `${[HEADER, ...rows].join("\n")}\n`;
  writeFileSync(file, name.endsWith(".gz") ? gzipSync(text) : text);
  return file;
}

/** Runs the golden set with this file of funding rates (null: without the flag). */
async function backtest(
  name: string,
  funding: string | null,
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
    `--instruments=${join(MARGIN, "instruments.json")}`,
    ...(funding === null ? [] : [`--funding=${funding}`]),
  ]);
  return { exitCode, out };
}

/** Lines of the golden set's bars of Bitcoin, header first. */
function bitcoinLines(): readonly string[] {
  const packed = readFileSync(join(MARGIN, "klines/BTCUSDT-1m-slice.csv.gz"));
  return gunzipSync(packed).toString().trimEnd().split("\n");
}

function barsOf(lines: readonly string[]): string {
  const file = join(folder, "BTCUSDT-1m-own.csv");
  writeFileSync(file, lines.join("\n"));
  return file;
}

/** The trades of a result as objects. */
function trades(out: string): readonly Readonly<Record<string, string>>[] {
  const [header = [], ...rows] = csvRows(join(out, "trades.csv"));
  return rows.map((row) => Object.fromEntries(header.map((column, index) => [column, row[index] ?? ""])));
}

function report(out: string): BacktestReport {
  return JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as BacktestReport;
}

describe("smcq backtest --funding", () => {
  it("books to a long what was worked out by hand: not at its entry's open, still at its exit's", async () => {
    const { out, exitCode } = await backtest(
      "out",
      fileOf([
        `${LONG.exitMs},BTCUSDT,-0.0005`,
        `${LONG.entryMs + 10 * MINUTE_MS},BTCUSDT,0.00012345`,
        `${LONG.entryMs},BTCUSDT,0.01`,
        `${LONG.exitMs + MINUTE_MS},BTCUSDT,0.01`,
      ]),
    );
    expect(exitCode).toBe(0);
    // 0.003 * 104749.7 = 314.2491; * 0.00012345 = 0.038794051395, paid. 0.003 * 104868 = 314.604; * 0.0005, received.
    const funding = parseE8("-0.03879405") + parseE8("0.157302");
    const [first] = trades(out);
    expect(first).toMatchObject({ symbol: "BTCUSDT", qty: "0.003", exit_time: String(LONG.exitMs) });
    expect(parseE8(first?.["funding"] ?? "")).toBe(funding);
    expect(parseE8(first?.["pnl"] ?? "")).toBe(parseE8(LONG.pnl) + funding);
    const paid = csvRows(join(out, "equity.csv")).find(
      ([time]) => time === String(LONG.entryMs + 11 * MINUTE_MS),
    );
    // Until then the entry's fee alone was paid: 0.003 * 104759.4 * 0.0005 = 0.1571391.
    expect(parseE8(paid?.[1] ?? "")).toBe(parseE8("1000") - parseE8("0.1571391") - parseE8("0.03879405"));
  });

  it("pays a short, and takes nothing of what was left inside the bar before or at the end of its data", async () => {
    const { out } = await backtest(
      "out",
      fileOf(
        [`${SHORT_MS},XRPUSDT,0.0003`, `${STOPPED_MS},DOGEUSDT,0.01`, `${END_MS},BTCUSDT,0.01`],
        "funding.csv.gz",
      ),
    );
    // 183.1 * 2.1806 = 399.26786; * 0.0003 = 0.119780358.
    const funded = trades(out).filter(({ funding }) => funding !== "0.00000000");
    expect(funded).toMatchObject([{ symbol: "XRPUSDT", side: "-1", qty: "183.1", funding: "0.11978036" }]);
    const atEnd = { symbol: "BTCUSDT", exit_time: String(END_MS), reason: "end-of-data" };
    expect(trades(out)).toContainEqual(expect.objectContaining(atEnd));
    expect(trades(out)[2]).toMatchObject({ exit_time: String(STOPPED_MS), reason: "stop" });
  });

  it("takes the last close before a hole as the mark of a position that waits in it", async () => {
    const isInHole = (line: string): boolean => {
      const minute = (Number(line.split(",")[0]) - LONG.entryMs) / MINUTE_MS;
      return minute >= 5 && minute < 15;
    };
    const klines = barsOf(bitcoinLines().filter((line) => !isInHole(line)));
    const file = fileOf([`${LONG.entryMs + 10 * MINUTE_MS},BTCUSDT,0.001`]);
    const { out } = await backtest("out", file, [klines]);
    // 0.003 * 104764.9 = 314.2947; * 0.001.
    expect(trades(out)[0]).toMatchObject({ qty: "0.003", funding: "-0.31429470" });
  });

  it("takes from a position what falls due at an open that is beyond its stop", async () => {
    const dueMs = LONG.entryMs + 10 * MINUTE_MS;
    const klines = barsOf(
      bitcoinLines().map((line) =>
        line.startsWith(`${dueMs},`) ? `${dueMs},104000,104000,104000,104000,9` : line,
      ),
    );
    const { out } = await backtest("out", fileOf([`${dueMs},BTCUSDT,0.00012345`]), [klines]);
    expect(trades(out)[0]).toMatchObject({
      qty: "0.003",
      exit_time: String(dueMs),
      reason: "stop",
      funding: "-0.03879405",
    });
  });

  it("accounts for every unit with a rate an hour of every symbol, in the rows and in the report", async () => {
    const symbols = readdirSync(join(MARGIN, "klines")).map((name) => name.split("-")[0] ?? "");
    const firstMs = Math.ceil(LONG.entryMs / HOUR_MS) * HOUR_MS - 24 * HOUR_MS;
    const rows = Array.from({ length: 24 * 14 }, (_, hour) =>
      symbols.map(
        (symbol, at) => `${firstMs + hour * HOUR_MS},${symbol},${at % 2 === 0 ? "" : "-"}0.00${at}77`,
      ),
    ).flat();
    const one = await backtest("one", fileOf(rows));
    const two = await backtest("two", fileOf(rows.toReversed()));
    const { total, wallet, bySymbol, input } = report(one.out);
    const sum = (column: string): bigint =>
      trades(one.out).reduce((all, trade) => all + parseE8(trade[column] ?? ""), 0n);
    expect(trades(one.out).filter(({ funding }) => funding !== "0.00000000").length).toBeGreaterThan(20);
    expect(parseE8(total.funding)).toBe(sum("funding"));
    expect(parseE8(wallet) - parseE8("1000")).toBe(sum("pnl"));
    expect(parseE8(total.gross) - parseE8(total.fees) + parseE8(total.funding)).toBe(sum("pnl"));
    expect(Object.values(bySymbol).reduce((all, { funding }) => all + parseE8(funding), 0n)).toBe(
      sum("funding"),
    );
    expect(csvRows(join(one.out, "equity.csv")).at(-1)?.[1]).toBe(wallet);
    expect(input.funding).toMatchObject({ name: "funding.csv", rates: rows.length, ignoredRows: 0 });
    for (const name of ["trades.csv", "decisions.csv", "equity.csv"])
      expect(readFileSync(join(two.out, name), "utf8")).toBe(readFileSync(join(one.out, name), "utf8"));
  });

  it("changes nothing with rates of other symbols or times, and counts what it left out", async () => {
    const far = LONG.entryMs + 365 * 24 * HOUR_MS;
    const file = fileOf([
      `${LONG.exitMs},NOUSDT,0.01`,
      "0,BTCUSDT,0.01",
      `${far},BTCUSDT,0.01`,
      "0,NOUSDT,0.01",
    ]);
    const { out, exitCode } = await backtest("out", file);
    expect(exitCode).toBe(0);
    expect(golden(MARGIN, out)).toEqual([]);
    expect(report(out).input.funding).toMatchObject({ rates: 2, ignoredRows: 2 });
    const without = await backtest("without", null);
    expect(Object.keys(report(without.out).input)).not.toContain("funding");
    const { funding: _, ...input } = report(out).input;
    expect(report(without.out)).toEqual({ ...report(out), input });
  });

  it.each([
    [["1749273900000,BTCUSDT"], ":2: no row of time,symbol,rate"],
    [["1749273900000,BTCUSDT,0.1,7"], ":2: no row of time,symbol,rate"],
    [["60000,BTCUSDT,0.1", "", "120000,BTCUSDT,0.1"], ":3: no row of"],
    [["-60000,BTCUSDT,0.1"], ":2: no row of"],
    [["1749273901000,BTCUSDT,0.1"], ":2: time is not a whole minute"],
    [["174927390000000,BTCUSDT,0.1"], ":2: time is not a whole minute"],
    [["60000,BTCUSDT,1e-4"], ":2: rate is not a decimal"],
    [["60000,BTCUSDT,NaN"], ":2: rate is not a decimal"],
    [["60000,BTCUSDT,0.000000001"], ":2: rate is not a decimal"],
    [["60000,BTCUSDT,1"], ":2: rate is not a decimal between -1 and 1"],
    [["60000,BTCUSDT,-1.0"], ":2: rate is not a decimal between -1 and 1"],
    [["60000,BTCUSDT,0.1", "60000,ETHUSDT,0.1", "60000,BTCUSDT,0.1"], ":4: BTCUSDT has a rate at 60000"],
    [["60000,NOUSDT,0.1", "60000,NOUSDT,0.2"], ":3: NOUSDT has a rate at 60000"],
    [[`60000,BTCUSDT,0.${"1".repeat(FUNDING_LINE_LENGTH_MAX)}`], ":2: the line is longer than"],
  ] as const)("refuses the rows %j with file and line", async (rows, text) => {
    const { exitCode, out } = await backtest("out", fileOf(rows));
    expect(output.said()).toContain(`funding.csv${text}`);
    expect(exitCode).toBe(4);
    expect(existsSync(out)).toBe(false);
  });

  it("refuses another header, an empty file, another kind of file, and one that is not there or damaged", async () => {
    for (const [name, bytes, text] of [
      ["a.csv", "symbol,time,rate\n", "a.csv:1: the header is not time,symbol,rate"],
      ["b.csv", "", "b.csv:1: the header is not time,symbol,rate"],
      ["c.zip", "PK\u0003\u0004", "c.zip: a zip archive that is cut or damaged"],
      ["d.csv.gz", gzipSync(HEADER).subarray(0, 15), "d.csv.gz: a gzip file that is cut or damaged"],
    ] as const) {
      writeFileSync(join(folder, name), bytes);
      expect((await backtest("out", join(folder, name))).exitCode).toBe(4);
      expect(output.said()).toContain(text);
    }
    expect((await backtest("out", join(folder, "none.csv"))).exitCode).toBe(4);
    expect(output.said()).toContain("none.csv");
  });

  it("takes a time that is told some milliseconds late for its minute's, once", async () => {
    const symbols = ["BTCUSDT"];
    const late = fileOf(["1749273900007,BTCUSDT,0.0001", "1749302700999,BTCUSDT,0.0002"]);
    const { rates } = await readFunding(late, { symbols });
    expect(rates.map(({ timeMs }) => timeMs)).toEqual([1_749_273_900_000, 1_749_302_700_000]);
    const twice = fileOf(["1749273900007,BTCUSDT,0.0001", "1749273900000,BTCUSDT,0.0001"], "twice.csv");
    await expect(readFunding(twice, { symbols })).rejects.toMatchObject({ code: "FUNDING_FORMAT" });
  });

  it("takes Windows line ends, a last line without one, and as many rows as its limit", async () => {
    const file = join(folder, "f.csv");
    writeFileSync(file, `${HEADER}\r\n120000,BTCUSDT,-0.1\r\n60000,BTCUSDT,0.99999999`);
    const symbols = ["BTCUSDT"];
    const { rates } = await readFunding(file, { symbols, rowsMax: 2 });
    expect(rates.map(({ timeMs, rateE8 }) => [timeMs, rateE8])).toEqual([
      [60_000, 99_999_999n],
      [120_000, -10_000_000n],
    ]);
    await expect(readFunding(file, { symbols, rowsMax: 1 })).rejects.toMatchObject({
      code: "FUNDING_FORMAT",
      context: { line: 3 },
    });
  });
});
