import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readKlinesCsv } from "@smcq/history";
import { runScan } from "../src/offline/scan/scan-klines.ts";

const root = join(import.meta.dirname, "../../..");
const smcFixtures = join(root, "packages/smc/test/fixtures");
const featureFixtures = join(root, "packages/features/test/fixtures");
const HEADER = "open_time,open,high,low,close,volume";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-scan-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function lines(path: string): string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  return text.split(/\r?\n/).filter((line) => line !== "");
}

/** The cells of a line, numbers as numbers: golden files write 1 and 1.0. */
function cells(line: string): (string | number)[] {
  return line.split(",").map((cell) => (cell !== "" && Number.isFinite(Number(cell)) ? Number(cell) : cell));
}

function klines(symbol: string): string {
  return join(smcFixtures, `${symbol}-klines.csv.gz`);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error
      ? `${String(error.code)} ${error.message}`
      : String(error);
  }
  return "accepted";
}

describe.each(["BTCUSDT", "USDCUSDT", "ALGOUSDT"])("smcq scan over %s", (symbol) => {
  it("writes the golden columns, values and rows, plain or compressed", async () => {
    const events = join(folder, "events.csv");
    const features = join(folder, "features.csv.gz");
    const candidates = join(folder, "candidates.csv");
    const { bars: rows } = await runScan({ klines: klines(symbol), symbol, events, features, candidates });
    expect(rows).toBe(lines(klines(symbol)).length - 1);
    const golden = {
      events: lines(join(smcFixtures, `${symbol}-events.csv.gz`)),
      features: lines(join(featureFixtures, `${symbol}-features.csv.gz`)),
      candidates: lines(join(featureFixtures, `${symbol}-candidates.csv.gz`)),
    };
    expect(lines(events).map(cells)).toEqual(golden.events.map(cells));
    expect(lines(features).slice(0, golden.features.length).map(cells)).toEqual(golden.features.map(cells));
    expect(lines(features).length).toBe(1 + rows - 35);
    expect(lines(candidates).map(cells)).toEqual(golden.candidates.map(cells));
  });
});

describe("smcq scan", () => {
  it("writes a table of its own without the others, and nothing at all without outputs", async () => {
    const candidates = join(folder, "candidates.csv.gz");
    await runScan({ klines: klines("ALGOUSDT"), symbol: "ALGOUSDT", candidates });
    expect(lines(candidates)).toEqual(lines(join(featureFixtures, "ALGOUSDT-candidates.csv.gz")));
    expect((await runScan({ klines: klines("ALGOUSDT"), symbol: "ALGOUSDT" })).bars).toBe(5_000);
  });

  it("starts anew behind a hole, says so, and keeps counting rows", async () => {
    const all = lines(klines("BTCUSDT"));
    const whole = join(folder, "whole.csv");
    const tail = join(folder, "tail.csv");
    writeFileSync(whole, [...all.slice(0, 1_001), ...all.slice(1_004, 3_001)].join("\n"));
    writeFileSync(tail, [all[0], ...all.slice(1_004, 3_001)].join("\r\n"));
    const warnings: string[] = [];
    const out = (name: string): string => join(folder, name);
    await runScan({
      klines: whole,
      symbol: "BTCUSDT",
      events: out("e"),
      candidates: out("c"),
      warn: (line) => warnings.push(line),
    });
    await runScan({ klines: tail, symbol: "BTCUSDT", events: out("te"), candidates: out("tc") });
    expect(warnings).toEqual([
      expect.stringContaining("3 minutes are missing before line 1002"),
      expect.stringContaining("1 holes, 3 minutes missing"),
    ]);
    const shifted = (line: string, last: boolean): (string | number)[] =>
      cells(line).map((cell, k) => (k === 0 || (last && k === 5) ? Number(cell) + 1_000 : cell));
    const late = (name: string): (string | number)[][] =>
      lines(out(name))
        .slice(1)
        .map(cells)
        .filter(([i]) => Number(i) >= 1_000);
    expect(late("e")).toEqual(
      lines(out("te"))
        .slice(1)
        .map((line) => shifted(line, true)),
    );
    expect(late("c")).toEqual(
      lines(out("tc"))
        .slice(1)
        .map((line) => shifted(line, false)),
    );
    expect(late("c").length).toBeGreaterThan(10);
  });

  it("refuses outputs that collide, before anything is written", async () => {
    const one = { klines: klines("ALGOUSDT"), symbol: "ALGOUSDT" };
    const same = join(folder, "same.csv");
    expect(await refusal(runScan({ ...one, events: "-", candidates: "-" }))).toContain(
      "USAGE_OUTPUT only one",
    );
    expect(await refusal(runScan({ ...one, events: same, features: same }))).toContain("named twice");
    expect(await refusal(runScan({ ...one, events: one.klines }))).toContain("named twice");
    expect(await refusal(runScan({ ...one, symbol: " " }))).toContain("USAGE_SYMBOL");
    expect(existsSync(same)).toBe(false);
  });

  it("names the file that cannot be read or written, and does not empty an output over a bad input", async () => {
    const events = join(folder, "events.csv");
    writeFileSync(events, "older");
    const missing = join(folder, "none.csv");
    expect(await refusal(runScan({ klines: missing, symbol: "X", events }))).toMatch(
      /KLINES_READ .*none\.csv.*ENOENT/,
    );
    const cut = join(folder, "cut.csv.gz");
    writeFileSync(cut, gzipSync(lines(klines("ALGOUSDT")).slice(0, 100).join("\n")).subarray(0, 900));
    expect(await refusal(runScan({ klines: cut, symbol: "X", events: join(folder, "e") }))).toMatch(
      /KLINES_FORMAT .*cut\.csv\.gz: a gzip file that is cut or damaged/,
    );
    expect(readFileSync(events, "utf8")).toBe("older");
    const nowhere = join(folder, "no", "e.csv");
    for (const out of [nowhere, `${nowhere}.gz`])
      expect(await refusal(runScan({ klines: klines("ALGOUSDT"), symbol: "X", events: out }))).toMatch(
        /SCAN_WRITE cannot write .*ENOENT/,
      );
  });
});

describe("a kline file", () => {
  async function read(text: string | Uint8Array, name: string = "k.csv"): Promise<number[]> {
    const path = join(folder, name);
    writeFileSync(path, text);
    const values: number[] = [];
    for await (const { bars, count } of readKlinesCsv(path)) values.push(...bars.subarray(0, count * 6));
    return values;
  }

  it("may have more columns, CRLF, exponents, and no end of line at its end", async () => {
    const text = `${HEADER},trades\r\n60000,1.5,2e0,1,1.25,0,7\r\n120000,1,1,1.0,1.,.5,8`;
    expect(await read(text)).toEqual([60_000, 1.5, 2, 1, 1.25, 0, 120_000, 1, 1, 1, 1, 0.5]);
    expect(await read(`${HEADER}\n`)).toEqual([]);
  });

  it.each([
    ["", "KLINES_FORMAT .*:0: the file is empty"],
    ["open,high\n1,2\n", "KLINES_FORMAT .*:1: the header is not"],
    [`${HEADER}\n60000,1,1,1,1,1\n60000,1,1,1,1,1\n`, "KLINES_ORDER .*:3: open_time is not later"],
    [`${HEADER}\n120000,1,1,1,1,1\n60000,1,1,1,1,1\n`, "KLINES_ORDER .*:3: open_time is not later"],
    [`${HEADER}\n60001,1,1,1,1,1\n`, "KLINES_FORMAT .*:2: open_time is not a whole minute"],
    [`${HEADER}\n1746372780000001,1,1,1,1,1\n`, ":2: open_time is not a whole minute"],
    [`${HEADER}\n1746372780,1,1,1,1,1\n`, ":2: .*these look like seconds"],
    [`${HEADER}\n1746372780000000000,1,1,1,1,1\n`, ":2: .*these look like nanoseconds"],
    [`${HEADER}\n4102444800000,1,1,1,1,1\n60000,1,1,1,1,1\n`, ":2: open_time is not a whole minute"],
    [`${HEADER}\n-60000,1,1,1,1,1\n`, ":2: open_time is not a whole minute"],
    [`${HEADER}\n60000,1,1,1,1\n`, ":2: volume is missing"],
    [`${HEADER}\n60000,1,1,x,1,1\n`, ":2: low is not a number"],
    [`${HEADER}\n60000,1,1,,1,1\n`, ":2: low is not a number"],
    [`${HEADER}\n60000,1,1,1,1,NaN\n`, ":2: volume is not a number"],
    [`${HEADER}\n60000,1,1,1,1,1 \n`, ":2: volume is not a number"],
    [`${HEADER}\n60000,1,1,1,2,1\n`, ":2: no plausible bar: high or low"],
    [`${HEADER}\n60000,1,1,0,1,1\n`, ":2: no plausible bar: price"],
    [`${HEADER}\n60000,1,1,1,1,-1\n`, ":2: no plausible bar: .*volume is negative"],
    [`${HEADER}\n60000,1,1,1,1,1e999\n`, ":2: no plausible bar: .*volume is negative or above"],
    [`${HEADER}\n60000,1,1,1,1,1\n\n120000,1,1,1,1,1\n`, ":3: the line is empty, and others follow"],
    [`${HEADER}\r\n60000,1,1,1,1,1\r\n\r\n\n120000,1,1,1,1,1\n`, ":3: the line is empty"],
    [`\n${HEADER}\n60000,1,1,1,1,1\n`, ":1: the line is empty"],
    [`${HEADER}\n${"9".repeat(5_000)}`, ":2: the line is longer than 4096 bytes"],
  ])("is refused with file and line: %j", async (text, message) => {
    expect(await refusal(read(text))).toMatch(new RegExp(message));
  });

  it("is read alike whatever the size of the pieces", async () => {
    const text = lines(klines("BTCUSDT")).join("\n");
    const plain = await read(text);
    expect(plain.length).toBe(60_000);
    // Stored, not deflated: the pieces then end elsewhere than those of the plain file.
    expect(await read(gzipSync(text, { level: 0, chunkSize: 777 }), "k.csv.gz")).toEqual(plain);
  });
});
