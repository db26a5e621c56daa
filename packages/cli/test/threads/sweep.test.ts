import { cpSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { ResearchBook, researchFile } from "@smcq/ledger";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import { captureOutput } from "../support/capture-output.ts";
import { SweepFolder } from "./sweep-folder.ts";

let bed: SweepFolder;
let output: ReturnType<typeof captureOutput>;

beforeEach(() => {
  bed = new SweepFolder();
  output = captureOutput();
  return () => vi.restoreAllMocks();
});

describe("smcq sweep", () => {
  it("comes to what a backtest of the same settings comes to", async () => {
    // The bars that come with the engine: many symbols, few rows.
    bed.bars = ["--rows", "1000"];
    expect(await bed.sweep("a", "--scan-threads=2", "--json")).toBe(0);
    const { points } = bed.report("a");
    expect(points.map(({ values }) => values)).toEqual([
      [0.2, 1.5],
      [0.2, 2],
      [0.37, 1.5],
      [0.37, 2],
    ]);
    const report = await bed.backtest("--set", "risk.costRatioMax=0.37");
    const { total, wallet, drawdownRatioMax } = points[2]?.result ?? {};
    expect(total?.trades).toBeGreaterThan(5);
    expect({ total, wallet, drawdownRatioMax }).toEqual({
      total: report["total"],
      wallet: report["wallet"],
      drawdownRatioMax: report["drawdownRatioMax"],
    });
    expect(points[3]?.result.total).not.toEqual(total);
    expect(bed.read("a", "sweep.csv").trim().split("\n")).toHaveLength(5);
    expect(bed.read("a", "sweep.html")).toContain("No setting has a proven edge");
    // A book counts what was tried, once.
    const book = new ResearchBook(researchFile(bed.data));
    expect(book.triedBut([])).toMatchObject({ known: { length: 4 }, unseen: 0 });
    book.close();
  });

  it("goes on where it was stopped, even in the middle of a line, and says the same", async () => {
    expect(await bed.sweep("whole")).toBe(0);
    cpSync(bed.path("whole"), bed.path("stopped"), { recursive: true });
    const file = bed.path("stopped", "results.jsonl");
    const lines = bed.read("stopped", "results.jsonl").split("\n");
    const kept = [lines[0], lines[2], lines[1]].join("\n").length + 40;
    writeFileSync(file, [lines[0], lines[2], lines[1], lines[3]].join("\n"));
    truncateSync(file, kept);
    expect(await bed.sweep("stopped", "--scan-threads=2")).toBe(0);
    for (const name of ["sweep.json", "sweep.csv", "sweep.html"])
      expect(bed.read("stopped", name)).toBe(bed.read("whole", name));
    const done = bed.read("stopped", "results.jsonl").trim().split("\n").slice(1);
    expect(
      done.map((line) => (JSON.parse(line) as { point: number }).point).toSorted((a, b) => a - b),
    ).toEqual([0, 1, 2, 3]);
  });

  it("looks at no period that is sealed, and says how to leave it out", async () => {
    // The fixture's bars begin on 2026-02-01.
    const seal = ["holdout", "seal", "late", "--data-dir", bed.data];
    expect(await main([...seal, "--from", "2026-02-03", "--to", "2026-02-28"])).toBe(0);
    expect(await bed.sweep("sealed")).toBe(4);
    expect(output.said()).toContain("hold-out late");
    const book = new ResearchBook(researchFile(bed.data));
    expect(book.triedBut([])).toEqual({ known: [], unseen: 0 });
    expect(await bed.sweep("before", "--to", "2026-02-03")).toBe(0);
    expect(book.triedBut([]).known).toHaveLength(4);
    book.close();
    // What only warms up is not looked at.
    expect(
      await main([
        ...seal.slice(0, 2),
        "early",
        ...seal.slice(3),
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-31",
      ]),
    ).toBe(0);
  });

  it("refuses a folder of another sweep, a setting that is none, and one that is set twice", async () => {
    expect(await bed.sweep("mine", "--set", "risk.unprovenRiskRatioMax=0.001")).toBe(0);
    expect(await bed.sweep("mine")).toBe(4);
    expect(output.said()).toContain("holds another sweep");
    mkdirSync(bed.path("other"));
    writeFileSync(bed.path("other", "notes.txt"), "mine");
    expect(await bed.sweep("other")).toBe(4);
    expect(await bed.sweep("twice", "--set", "risk.costRatioMax=0.3")).toBe(2);
    bed.space([{ path: "risk.nothing", values: [1] }]);
    expect(await bed.sweep("none")).toBe(3);
    bed.space([{ path: "plan.stopPadAtr", values: [-1] }]);
    expect(await bed.sweep("range")).toBe(3);
    expect(output.said()).toContain("stopPadAtr");
  });
});
