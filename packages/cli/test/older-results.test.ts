import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runScan } from "../src/offline/scan/scan-klines.ts";

const HEADER = "open_time,open,high,low,close,volume";
/** More than the reader checks before the first output is made. */
const ROWS = 4_500;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-older-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const rows = (count: number): string[] =>
  Array.from({ length: count }, (_, row) => `${(row + 1) * 60_000},1,2,1,${1 + (row % 7) / 8},5`);
const write = (name: string, lines: readonly string[]): string => {
  writeFileSync(at(name), `${[HEADER, ...lines].join("\n")}\n`);
  return at(name);
};
const outputs = () => ({
  events: at("events.csv"),
  features: at("features.csv.gz"),
  candidates: at("candidates.csv"),
});
const texts = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /^(?:events|features|candidates|\.)/.test(name))
      .map((name) => [name, readFileSync(at(name)).toString("base64")]),
  );

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return errorCode(error);
  }
  return "done";
}

describe("a scan that fails", () => {
  it.each([
    ["a minute that comes twice", [...rows(ROWS), `${ROWS * 60_000},1,1,1,1,1`], "KLINES_ORDER"],
    ["a line that is cut", [...rows(ROWS), `${(ROWS + 1) * 60_000},1,1`], "KLINES_FORMAT"],
    ["no bar", [...rows(ROWS), `${(ROWS + 1) * 60_000},1,0.5,1,1,1`], "KLINES_FORMAT"],
  ])("late, by %s, leaves the older results as they were, and nothing else", async (_, late, code) => {
    await runScan({ klines: write("good.csv", rows(ROWS)), symbol: "A", ...outputs() });
    const before = texts();
    expect(Object.keys(before)).toHaveLength(3);
    expect(await codeOf(runScan({ klines: write("late.csv", late), symbol: "A", ...outputs() }))).toBe(code);
    expect(texts()).toEqual(before);
  });

  it("for one output that cannot be written leaves the others' older results", async () => {
    const klines = write("good.csv", rows(ROWS));
    await runScan({ klines, symbol: "A", ...outputs() });
    const before = texts();
    const other = write("other.csv", rows(ROWS - 100));
    const work = runScan({ klines: other, symbol: "A", ...outputs(), candidates: "/dev/full" });
    expect(await codeOf(work)).toBe("SCAN_WRITE");
    expect(texts()).toEqual(before);
  });

  it("before anything was written leaves nothing", async () => {
    const late = write("late.csv", [...rows(ROWS), "x"]);
    expect(await codeOf(runScan({ klines: late, symbol: "A", ...outputs() }))).toBe("KLINES_FORMAT");
    expect(texts()).toEqual({});
  });
});

describe("a scan that succeeds", () => {
  it("replaces what stands there, behind a link and with its permissions, and leaves no draft", async () => {
    const klines = write("good.csv", rows(ROWS));
    const target = at("target.csv");
    writeFileSync(target, "older");
    chmodSync(target, 0o640);
    symlinkSync(target, at("features.csv"));
    await runScan({ klines, symbol: "A", features: at("features.csv") });
    expect(lstatSync(at("features.csv")).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8").split("\n").length).toBeGreaterThan(1_000);
    expect(statSync(target).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).filter((name) => name.endsWith(".draft"))).toEqual([]);
  });

  it("writes into a device as it is", async () => {
    const klines = write("good.csv", rows(ROWS));
    expect((await runScan({ klines, symbol: "A", features: "/dev/null" })).bars).toBe(ROWS);
    expect(existsSync("/dev/null") && statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});
