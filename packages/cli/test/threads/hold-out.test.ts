import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ResearchBook, researchFile } from "@smcq/ledger";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import { temporaryFolder } from "../support/account-bench.ts";
import { captureOutput } from "../support/capture-output.ts";

// Its bars begin on 2026-02-01.
const FIXTURE = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");

let folder = "";
let dataDir = "";
let klines: readonly string[] = [];
let output: ReturnType<typeof captureOutput>;

beforeEach(() => {
  folder = temporaryFolder();
  dataDir = join(folder, "data");
  mkdirSync(dataDir);
  const file = join(folder, "ALGOUSDT-1m-fixture.csv.gz");
  copyFileSync(FIXTURE, file);
  klines = ["--data-dir", dataDir, "--klines", file];
  output = captureOutput();
  return () => vi.restoreAllMocks();
});

async function seal(name: string, from: string, to: string): Promise<void> {
  const days = ["--from", from, "--to", to];
  expect(await main(["holdout", "seal", name, "--data-dir", dataDir, ...days])).toBe(0);
}

function openings(): readonly number[] {
  const book = new ResearchBook(researchFile(dataDir));
  try {
    return book.holdOuts().map((holdOut) => holdOut.openings);
  } finally {
    book.close();
  }
}

describe("smcq dataset and what is held out", () => {
  const run = (out: string, ...flags: readonly string[]): Promise<number> =>
    main(["dataset", ...klines, "--out", join(folder, out), ...flags]);

  it("labels no day of a hold-out before it is opened, and writes an opening down", async () => {
    expect(await run("free")).toBe(0);
    expect(existsSync(researchFile(dataDir))).toBe(false);
    await seal("late", "2026-02-03", "2026-02-28");
    expect(await run("closed")).toBe(4);
    expect(output.said()).toContain("hold-out late, 2026-02-03 to 2026-02-28");
    expect(existsSync(join(folder, "closed", "labels.csv"))).toBe(false);
    expect(openings()).toEqual([0]);
    expect(await run("open", "--hold-out", "late")).toBe(0);
    expect(output.said()).toContain("opened now, for the first time");
    expect(openings()).toEqual([1]);
    // What is open is no secret any more; whoever names it once more spoils it, and hears so.
    expect(await run("after")).toBe(0);
    expect(await run("again", "--hold-out", "late")).toBe(0);
    expect(output.said()).toContain("NO hold-out any more");
    expect(openings()).toEqual([2]);
  });

  it("opens nothing by a name that is none, or whose days are others", async () => {
    await seal("past", "2025-01-01", "2025-01-31");
    expect(await run("others")).toBe(0);
    expect(await run("none", "--hold-out", "passt")).toBe(4);
    expect(output.said()).toContain("sealed are past");
    expect(await run("useless", "--hold-out", "past")).toBe(4);
    expect(output.said()).toContain("it stays closed");
    expect(openings()).toEqual([0]);
  });
});

it("smcq backtest trades up to the days that are sealed, and on them when they are opened", async () => {
  await seal("late", "2026-02-02", "2026-02-28");
  const run = (out: string, ...flags: readonly string[]): Promise<number> =>
    main(["backtest", ...klines, "--out", join(folder, out), "--scan-threads=1", "--rows=1800", ...flags]);
  expect(await run("closed")).toBe(4);
  expect(output.said()).toContain("or open it by --hold-out");
  expect(existsSync(join(folder, "closed", "report.json"))).toBe(false);
  expect(await run("before", "--to", "2026-02-02")).toBe(0);
  expect(openings()).toEqual([0]);
  expect(await run("open", "--hold-out", "late")).toBe(0);
  expect(openings()).toEqual([1]);
});

it("smcq backtest counts as a try, the same settings on the same bars once, and says so when it cannot", async () => {
  const run = (out: string, ...flags: readonly string[]): Promise<number> =>
    main(["backtest", ...klines, "--out", join(folder, out), "--scan-threads=1", "--rows=1200", ...flags]);
  const tried = (): object => {
    const book = new ResearchBook(researchFile(dataDir));
    try {
      const { known, unseen } = book.triedBut([]);
      return { known: known.length, unseen };
    } finally {
      book.close();
    }
  };
  expect(await run("one")).toBe(0);
  expect(await run("again")).toBe(0);
  expect(tried()).toEqual({ known: 1, unseen: 0 });
  expect(await run("other", "--set=risk.costRatioMax=0.2")).toBe(0);
  expect(tried()).toEqual({ known: 2, unseen: 0 });
  const nowhere = ["--data-dir", join(folder, "ALGOUSDT-1m-fixture.csv.gz", "no-folder"), "--no-cache"];
  expect(await run("uncounted", ...nowhere)).toBe(0);
  expect(output.said()).toContain("not counted in the book of research");
});
