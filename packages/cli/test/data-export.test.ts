import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledBars } from "@smcq/exchange-sim";
import { HistoryStore } from "@smcq/history";
import { BAR_FIELDS, type Month, monthOf } from "@smcq/kernel";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "./support/run-command.ts";

const SYMBOLS = ["ALGOUSDT", "XLMUSDT"];
const BARS = 5_000;

let folder = "";
let month = "" as Month;
const flat = new Map<string, Float64Array>();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-export-"));
  const store = new HistoryStore(join(folder, "history"));
  for (const symbol of SYMBOLS) {
    const rows = bundledBars(symbol).slice(0, BARS * BAR_FIELDS);
    month = monthOf(rows[0] as number);
    flat.set(symbol, rows);
    store.write({ kind: "bars", symbol, month, sources: [], isWhole: true, isFilled: false, rows });
    const rates = Float64Array.of(rows[0] as number, 0.0001, (rows[0] as number) + 28_800_000, -0.000_25);
    store.write({ kind: "funding", symbol, month, sources: [], isWhole: true, isFilled: false, rows: rates });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

type Row = Readonly<Record<string, bigint | number | string | null>>;

async function exported(...words: readonly string[]): Promise<readonly Row[]> {
  const out = join(folder, "out.parquet");
  const { code, said, text } = await runCommand(
    "data",
    "export",
    ...words,
    "--out",
    out,
    "--data-dir",
    folder,
  );
  expect([code, said]).toEqual([0, ""]);
  const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(out) })) as Row[];
  expect(text).toBe(`${rows.length} rows in ${out}\n`);
  return rows;
}

describe("smcq data export", () => {
  it("writes bars that a reader of others finds bit for bit", async () => {
    const rows = await exported("bars");
    const wanted = SYMBOLS.flatMap((symbol) =>
      Array.from({ length: BARS }, (_, bar) => [
        symbol,
        ...(flat.get(symbol) as Float64Array).subarray(bar * BAR_FIELDS, (bar + 1) * BAR_FIELDS),
      ]),
    );
    expect(rows.length).toBe(wanted.length);
    const names = ["symbol", "open_time", "open", "high", "low", "close", "volume"];
    const differs = rows.findIndex((row, k) =>
      names.some((name, at) => (name === "open_time" ? Number(row[name]) : row[name]) !== wanted[k]?.[at]),
    );
    expect(differs).toBe(-1);
    expect(typeof rows[0]?.["open_time"]).toBe("bigint");
  });

  it("writes funding rates and a range of one symbol", async () => {
    expect((await exported("funding", "--symbols", "XLMUSDT")).map(({ rate }) => rate)).toEqual([
      0.0001, -0.000_25,
    ]);
    const startMs = flat.get("XLMUSDT")?.[0] as number;
    const range = ["--from", String(startMs + 600_000), "--to", String(startMs + 720_000)];
    expect((await exported("bars", "--symbols", "XLMUSDT", ...range)).map((row) => row["open_time"])).toEqual(
      [600_000, 660_000].map((ms) => BigInt(startMs + ms)),
    );
  });

  it("writes the candidates that smcq scan lists, with their features", async () => {
    const rows = await exported("candidates");
    const listed = join(folder, "candidates.csv");
    await runCommand(
      "scan",
      "--symbols",
      "all",
      "--candidates",
      listed,
      "--data-dir",
      folder,
      "--scan-threads",
      "1",
    );
    const lines = readFileSync(listed, "utf8").trim().split("\n").slice(1);
    expect(lines.length).toBeGreaterThan(20);
    const text = rows.map(
      (row) => `${row["symbol"]},${row["open_time"]},${row["side"]},S${row["setup"]},${row["heuristic"]}`,
    );
    expect(text).toEqual(lines);
    expect(Object.keys(rows[0] ?? {}).length).toBe(5 + 12);
    expect(rows.every((row) => Object.values(row).every((cell) => cell !== null))).toBe(true);
  });

  it("writes labels with their features, and a backtest's tables", async () => {
    const [set, test] = [join(folder, "set"), join(folder, "test")];
    await runCommand("dataset", "--symbols", "all", "--out", set, "--data-dir", folder);
    const labels = readFileSync(join(set, "labels.csv"), "utf8").trim().split("\n");
    const rows = await exported("labels", "--dataset", set);
    expect(rows.map((row) => Object.values(row).slice(0, 13).join(","))).toHaveLength(labels.length - 1);
    expect(rows.map((row) => [String(row["i"]), row["symbol"], row["reason"], row["r"]])).toEqual(
      labels.slice(1).map((line) => {
        const cells = line.split(",");
        return [cells[0], cells[9], cells[6], Number(cells[7])];
      }),
    );
    const npy = readFileSync(join(set, "features.npy"));
    const start = 10 + npy.readUInt16LE(8);
    expect(Object.values(rows.at(-1) ?? {}).at(-1)).toBe(npy.readFloatLE(npy.length - 4));
    expect(Object.values(rows[0] ?? {}).at(13)).toBe(npy.readFloatLE(start));
    await runCommand(
      "backtest",
      "--symbols",
      "all",
      "--out",
      test,
      "--data-dir",
      folder,
      "--set",
      "scan.scoreMin=0.3",
    );
    for (const table of ["trades", "decisions", "equity"]) {
      const [header = "", ...lines] = readFileSync(join(test, `${table}.csv`), "utf8")
        .trim()
        .split("\n");
      const own = await exported(table, "--backtest", test);
      expect(own.length).toBe(lines.length);
      expect(Object.keys(own[0] ?? {})).toEqual(header.split(","));
      const cells = own.map((row) => Object.values(row).map((cell) => (cell === null ? "" : cell)));
      const wanted = lines.map((line) => line.split(","));
      const differs = wanted.findIndex((line, k) =>
        line.some((cell, at) => {
          const got = cells[k]?.[at];
          return typeof got === "string" ? got !== cell : Number(cell) !== Number(got);
        }),
      );
      expect(differs).toBe(-1);
    }
  });

  it.each([
    [["trades"], 2, /name it by --backtest/u],
    [["labels", "--backtest", "x"], 2, /name it by --dataset/u],
    [["bars", "--backtest", "x"], 2, /--backtest has no bars/u],
    [["equity", "--backtest", "x", "--symbols", "all"], 2, /--symbols chooses rows of the store/u],
    [["bars", "--symbols", "NOUSDT"], 4, /holds no bars of NOUSDT/u],
    [["trades", "--backtest", "/nowhere"], 4, /ENOENT|cannot read/u],
    [["labels", "--dataset", "/nowhere"], 4, /cannot read/u],
    [["candles"], 2, /Invalid values/u],
  ])("refuses %j", async (words, exit, wanted) => {
    const out = join(folder, "refused.parquet");
    const { code, said } = await runCommand("data", "export", ...words, "--out", out, "--data-dir", folder);
    expect(said).toMatch(wanted);
    expect(code).toBe(exit);
    expect(existsSync(out)).toBe(false);
  });

  it("leaves what stood there, and no draft, when it cannot be written whole", async () => {
    const own = join(folder, "broken");
    mkdirSync(own);
    writeFileSync(join(own, "trades.csv"), "a,b\n1,2\n3\n");
    const out = join(own, "out.parquet");
    writeFileSync(out, "before");
    const broken = await runCommand("data", "export", "trades", "--backtest", own, "--out", out);
    expect([broken.code, broken.said]).toEqual([
      4,
      expect.stringMatching(/trades\.csv:3: 1 columns, wanted 2/u),
    ]);
    expect(readFileSync(out, "utf8")).toBe("before");
    expect(readdirSync(own).toSorted()).toEqual(["out.parquet", "trades.csv"]);
    const nowhere = await runCommand(
      "data",
      "export",
      "funding",
      "--data-dir",
      folder,
      "--out",
      join(own, "no", "x"),
    );
    expect([nowhere.code, nowhere.said]).toEqual([4, expect.stringContaining("cannot write")]);
  });
});
