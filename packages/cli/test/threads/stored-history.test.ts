import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledBars } from "@smcq/exchange-sim";
import { HistoryStore } from "@smcq/history";
import { BAR_FIELDS, MINUTE_MS, monthOf } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csvOf } from "../../../history/test/support/made-bars.ts";
import { runCommand } from "../support/run-command.ts";

const SYMBOLS = ["ALGOUSDT", "XLMUSDT"];
const BARS = 5_000;
/** From the 300th bar of the second block on 41 minutes are missing: a hole beside a block's edge. */
const HOLE = { from: 4_396, to: 4_437 };
const KLINES: string[] = [];

let folder = "";
let startMs = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "smcq-stored-"));
  for (const symbol of SYMBOLS) {
    const bars = bundledBars(symbol).subarray(0, BARS * BAR_FIELDS);
    startMs = bars[0] as number;
    const holed = bars.filter((_, k) => {
      const bar = Math.floor(k / BAR_FIELDS);
      return symbol !== "XLMUSDT" || bar < HOLE.from || bar >= HOLE.to;
    });
    const path = join(folder, `${symbol}-1m-all.csv`);
    writeFileSync(path, csvOf(holed));
    KLINES.push(path);
  }
  await run("data", "import", "--klines", ...KLINES);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...words: readonly string[]): Promise<string> {
  const { code, text, said } = await runCommand(...words, "--data-dir", folder);
  expect([code, code === 0 ? "" : said]).toEqual([0, ""]);
  return text;
}

function filesOf(out: string, names: readonly string[]): readonly string[] {
  return names.map((name) => readFileSync(join(out, name), "latin1"));
}

describe("bars of the store", () => {
  /** What does not name files. */
  const TABLES = ["trades.csv", "decisions.csv", "equity.csv"];

  it.each(["bar", "path"])(
    "are backtested to the bytes of the same bars in files, fidelity %s",
    async (fidelity) => {
      const own = (name: string): string => join(folder, `${name}-${fidelity}`);
      const options = ["--fidelity", fidelity, "--set", "scan.scoreMin=0.3"];
      await run("backtest", "--klines", ...KLINES, "--out", own("files"), ...options);
      await run("backtest", "--symbols", "all", "--out", own("stored"), ...options);
      expect(filesOf(own("stored"), TABLES)).toEqual(filesOf(own("files"), TABLES));
      expect(readFileSync(join(own("files"), "trades.csv"), "utf8").split("\n").length).toBeGreaterThan(10);
    },
  );

  it("are taken from the cache of an earlier run to the same bytes", async () => {
    const [stored, cached] = [join(folder, "stored-bar"), join(folder, "cached")];
    await run("backtest", "--symbols", "all", "--out", cached, "--set", "scan.scoreMin=0.3");
    expect(filesOf(cached, [...TABLES, "report.json"])).toEqual(filesOf(stored, [...TABLES, "report.json"]));
  });

  it("pay the funding rates that are stored", async () => {
    const rows = Array.from({ length: 14 }, (_, k) => [
      startMs + k * 480 * MINUTE_MS,
      SYMBOLS[k % 2],
      "0.01",
    ]);
    const file = join(folder, "rates.csv");
    writeFileSync(file, `time,symbol,rate\n${rows.map((row) => `${row.join(",")}\n`).join("")}`);
    const options = ["--set", "scan.scoreMin=0.3"];
    const [given, stored] = [join(folder, "funding-given"), join(folder, "funding-stored")];
    await run("backtest", "--klines", ...KLINES, "--funding", file, "--out", given, ...options);
    await run("data", "import", "--funding", file);
    await run("backtest", "--symbols", SYMBOLS.join(","), "--out", stored, ...options);
    expect(filesOf(stored, TABLES)).toEqual(filesOf(given, TABLES));
    const report = JSON.parse(readFileSync(join(stored, "report.json"), "utf8")) as {
      input: { funding: object };
    };
    expect(report.input.funding).toMatchObject({ name: "the store", rates: 14 });
    rmSync(join(folder, "history/funding"), { recursive: true });
  });

  it("make the data set of the same bars in files", async () => {
    const [files, stored] = [join(folder, "set-files"), join(folder, "set-stored")];
    await run("dataset", "--klines", ...KLINES, "--out", files);
    await run("dataset", "--symbols", "all", "--out", stored);
    const names = readdirSync(files).filter((name) => name !== "dataset.json");
    expect(filesOf(stored, names)).toEqual(filesOf(files, names));
  });

  it("are scanned as the same bars in a file, one symbol or all of them", async () => {
    const text: string[] = [];
    for (const [index, symbol] of SYMBOLS.entries()) {
      const [file, stored] = [join(folder, `${symbol}-file.csv`), join(folder, `${symbol}-stored.csv`)];
      for (const kind of ["events", "features", "candidates"]) {
        await run("scan", "--symbol", symbol, `--${kind}`, stored);
        const { code } = await runCommand(
          "scan",
          "--klines",
          KLINES[index] as string,
          "--symbol",
          symbol,
          `--${kind}`,
          file,
        );
        expect(code).toBe(0);
        expect(readFileSync(stored, "utf8")).toBe(readFileSync(file, "utf8"));
      }
      text.push(...readFileSync(stored, "utf8").trim().split("\n").slice(1));
    }
    const listed = join(folder, "listed.csv");
    const sums = JSON.parse(
      await run("scan", "--symbols", "all", "--candidates", listed, "--json"),
    ) as object;
    const bars = 2 * BARS - (HOLE.to - HOLE.from);
    expect(sums).toMatchObject({ symbols: 2, bars, holes: 1, missingMinutes: 41, candidates: text.length });
    const rows = readFileSync(listed, "utf8").trim().split("\n").slice(1);
    expect(rows.map((row) => row.split(",").slice(2).join(","))).toEqual(
      text.map((row) => row.split(",").slice(1).join(",")),
    );
    const alone = join(folder, "one-thread.csv");
    await run("scan", "--symbols", "all", "--candidates", alone, "--scan-threads", "1");
    expect(readFileSync(alone, "utf8")).toBe(readFileSync(listed, "utf8"));
  });

  it("are taken from --from on, with what warms up before it, up to --to", async () => {
    const day = (k: number): string => new Date(startMs + k * 86_400_000).toISOString().slice(0, 16);
    const [short, long] = [join(folder, "from-short"), join(folder, "from-long")];
    await run(
      "backtest",
      "--symbols",
      "ALGOUSDT",
      "--from",
      day(3.25),
      "--to",
      day(3.45),
      "--out",
      short,
      "--set",
      "scan.scoreMin=0.3",
    );
    await run(
      "backtest",
      "--klines",
      KLINES[0] as string,
      "--from",
      day(3.25),
      "--to",
      day(3.45),
      "--out",
      long,
      "--set",
      "scan.scoreMin=0.3",
    );
    const report = (out: string): Record<string, unknown> =>
      JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as Record<string, unknown>;
    expect([report(short)["bars"], report(long)["bars"]]).toEqual([3.2 * 1_440, 3.45 * 1_440]);
    const scan = JSON.parse(
      await run("scan", "--symbols", "all", "--from", day(1), "--to", day(2), "--json"),
    ) as object;
    expect(scan).toMatchObject({ symbols: 2, bars: 2 * 1_440 });
  });
});

describe("a store that cannot be read", () => {
  it.each([
    [["backtest", "--symbols", "ALGOUSDT,NOUSDT"], 4, /holds no bars of NOUSDT/u],
    [["backtest", "--symbols", "ALGUSDT"], 4, /holds no bars of ALGUSDT/u],
    [["backtest", "--symbols", "all", "--klines", "x.csv"], 2, /not with --klines/u],
    [["backtest", "--symbols", "all", "--from", "2031-01-01"], 4, /no bars of these symbols in this time/u],
    [["dataset", "--symbols", "all", "--random-walk", "2x2"], 2, /one of --klines/u],
    [["dataset", "--random-walk", "2x2", "--from", "2026-01-01"], 2, /they belong to --symbols/u],
    [["dataset", "--symbols", "all", "--from", "2026-03-01", "--to", "2026-02-01"], 2, /is not before/u],
    [["scan", "--symbols", "all", "--symbol", "A"], 2, /either --symbol NAME or --symbols/u],
    [["scan", "--symbols", "all", "--features", "f.csv"], 2, /of one symbol/u],
    [["scan", "--symbols", "all", "--from", "yesterday"], 2, /must be a UTC time/u],
  ])("refuses %j", async (words, exit, wanted) => {
    const out = words[0] === "scan" ? [] : ["--out", join(folder, "never")];
    const { code, said } = await runCommand(...words, ...out, "--data-dir", folder);
    expect(said).toMatch(wanted);
    expect(code).toBe(exit);
  });

  it("names the damaged file, whoever reads it", async () => {
    const store = new HistoryStore(join(folder, "history"));
    const path = store.path("bars", "XLMUSDT", monthOf(startMs));
    const good = readFileSync(path);
    writeFileSync(path, Buffer.from(good.map((byte, at) => (at === good.length - 9 ? byte ^ 4 : byte))));
    for (const words of [
      ["backtest", "--no-cache", "--out", join(folder, "damaged")],
      ["dataset", "--out", join(folder, "damaged-set")],
      ["scan"],
    ]) {
      const { code, said } = await runCommand(...words, "--symbols", "all", "--data-dir", folder);
      expect(said).toContain(path);
      expect(code).toBe(4);
    }
    writeFileSync(path, good);
  });
});
