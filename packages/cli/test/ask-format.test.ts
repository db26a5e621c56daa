import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { csvText, plainText } from "../src/offline/ledger/answer/answer.ts";
import { textTable, wrapped } from "../src/offline/ledger/answer/text-table.ts";
import { isoText, parseMinute, parseUtc } from "../src/offline/ledger/answer/utc-time.ts";
import { readCsv } from "./support/read-csv.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);

describe("CSV", () => {
  it("quotes commas, quotes and line ends, ends lines by CRLF, and leaves null empty", () => {
    const row = { a: 'say "no", twice', b: "two\r\nlines", c: null, d: true };
    const text = csvText(["a", "b", "c", "d"], [row]);
    expect(text).toBe('a,b,c,d\r\n"say ""no"", twice","two\r\nlines",,true\r\n');
    expect(readCsv(text)).toEqual([{ a: row.a, b: row.b, c: "", d: "true" }]);
  });

  it.each([
    [1e21, "1000000000000000000000"],
    [-1.5e-7, "-0.00000015"],
    [1.2345e22, "12345000000000000000000"],
    [5e-324, `0.${"0".repeat(323)}5`],
    [0.1, "0.1"],
    [0, "0"],
  ])("writes %s as %s", (value, text) => {
    expect(plainText(value)).toBe(text);
  });

  it(`writes any number without exponent, and it reads the same again (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    for (let round = 0; round < 5_000; round++) {
      const value = (rng.next() - 0.5) * 10 ** (rng.int(80) - 40);
      expect([Number(plainText(value)), /e/i.test(plainText(value))]).toEqual([value, false]);
    }
  });
});

describe("a table for eyes", () => {
  const columns = [{ name: "Symbol", mayShrink: true }, { name: "Net", isFigure: true }, { name: "Words" }];

  it("puts figures at the right and fits 80 columns by cutting what may be cut", () => {
    const short = textTable(columns, [
      ["BTCUSDT", "1.50", "a"],
      ["X", "-1,234,567.89", ""],
    ]);
    expect(short).toBe("Symbol             Net  Words\nBTCUSDT           1.50  a\nX        -1,234,567.89\n");
    const long = textTable(columns, [["S".repeat(60), "-1,234,567.89", "w".repeat(20)]]);
    for (const line of long.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(long).toContain("S… -1,234,567.89 wwww");
  });

  it("breaks lines at 80 columns, words of any length whole", () => {
    const text = wrapped(`${"word ".repeat(40)}${"x".repeat(90)}`);
    const lines = text.trimEnd().split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([`  ${"x".repeat(90)}`]);
    expect(text.replaceAll(/\s+/g, " ").trim().split(" ").length).toBe(41);
  });
});

describe("a time", () => {
  it.each([
    "2026-01-02T03:04Z",
    "2026-01-02 03:04",
    "2026-01-02T03:04",
    " 2026-01-02T03:04:59.999Z ",
    "2026-01-02 03:04 UTC",
  ])("is read as a minute: %s", (text) => {
    expect(isoText(parseMinute("TIME", text))).toBe("2026-01-02T03:04:00.000Z");
  });

  it.each([
    "",
    "2026-1-2 03:04",
    "2026-13-01 00:00",
    "2026-01-02T24:00",
    "2026-01-02T03:60",
    "2026-01-02T03:04+02:00",
    "02.01.2026 03:04",
    "now",
  ])("is none: %j", (text) => {
    expect(() => parseUtc("TIME", text)).toThrow(/must be UTC, 2026-01-02T03:04Z or 2026-01-02 03:04/);
  });

  it("keeps milliseconds, before 1970 too", () => {
    expect([isoText(1), isoText(-1), isoText(1_770_060_303_326)]).toEqual([
      "1970-01-01T00:00:00.001Z",
      "1969-12-31T23:59:59.999Z",
      "2026-02-02T19:25:03.326Z",
    ]);
  });
});
