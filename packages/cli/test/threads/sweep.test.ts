import { copyFileSync, cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ResearchBook, researchFile } from "@smcq/ledger";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { SweepReport } from "../../src/offline/sweep/sweep-report.ts";
import { temporaryFolder } from "../support/account-bench.ts";
import { captureOutput } from "../support/capture-output.ts";

const AXES = [
  { path: "risk.costRatioMax", values: [0.2, 0.37] },
  { path: "plan.targetRiskRatio", values: [1.5, 2] },
];
const FIXTURE = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");

let folder = "";
let flags: readonly string[] = [];
let output: ReturnType<typeof captureOutput>;

beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "space.json"), JSON.stringify({ axes: AXES }));
  flags = ["sweep", join(folder, "space.json"), "--data-dir", join(folder, "data"), "--scan-threads=1"];
  const file = join(folder, "ALGOUSDT-1m-fixture.csv.gz");
  copyFileSync(FIXTURE, file);
  flags = [...flags, "--klines", file];
  output = captureOutput();
  return () => vi.restoreAllMocks();
});

async function sweep(out: string, ...more: readonly string[]): Promise<number> {
  return await main([...flags, "--out", join(folder, out), ...more]);
}

function read(out: string, file: string): string {
  return readFileSync(join(folder, out, file), "utf8");
}

/** A row without the bound, which counts everything that was tried before too. */
function figures(row: string): string {
  return row.split(",").slice(0, -2).join(",");
}

describe("smcq sweep", () => {
  it("comes to what a backtest of the same settings comes to", async () => {
    // The bars that come with the engine: many symbols, few rows.
    flags = [...flags.slice(0, -2), "--rows", "1000"];
    expect(await sweep("a", "--scan-threads=2", "--json")).toBe(0);
    const { points } = JSON.parse(read("a", "sweep.json")) as SweepReport;
    expect(points.map(({ values }) => values)).toEqual([
      [0.2, 1.5],
      [0.2, 2],
      [0.37, 1.5],
      [0.37, 2],
    ]);
    const one = join(folder, "backtest");
    const set = ["--set", "risk.costRatioMax=0.37"];
    expect(await main(["backtest", ...flags.slice(2), "--out", one, ...set])).toBe(0);
    const report = JSON.parse(readFileSync(join(one, "report.json"), "utf8")) as Record<string, unknown>;
    const { total, wallet, drawdownRatioMax } = points[2]?.result ?? {};
    expect(total?.trades).toBeGreaterThan(5);
    expect({ total, wallet, drawdownRatioMax }).toEqual({
      total: report["total"],
      wallet: report["wallet"],
      drawdownRatioMax: report["drawdownRatioMax"],
    });
    expect(points[3]?.result.total).not.toEqual(total);
    expect(read("a", "sweep.csv").trim().split("\n")).toHaveLength(5);
    expect(read("a", "sweep.html")).toContain("No setting has a proven edge");
    // A book counts what was tried, once.
    const book = new ResearchBook(researchFile(join(folder, "data")));
    expect(book.triedBut([])).toMatchObject({ known: { length: 4 }, unseen: 0 });
    book.close();
  });

  it("moves prices inside the minutes where --fidelity path wants it, and comes to the backtest's figures", async () => {
    flags = [...flags.slice(0, -2), "--rows", "450", "--fidelity", "path"];
    writeFileSync(
      join(folder, "space.json"),
      JSON.stringify({ axes: [{ path: "risk.costRatioMax", values: [0.37] }] }),
    );
    expect(await sweep("paths")).toBe(0);
    const { points } = JSON.parse(read("paths", "sweep.json")) as SweepReport;
    const one = join(folder, "backtest");
    const set = ["--set", "risk.costRatioMax=0.37"];
    expect(await main(["backtest", ...flags.slice(2), "--out", one, ...set])).toBe(0);
    const report = JSON.parse(readFileSync(join(one, "report.json"), "utf8")) as Record<string, unknown>;
    expect(points[0]?.result.wallet).toBe(report["wallet"]);
    expect(points[0]?.result.total.trades).toBeGreaterThan(0);
  });

  it("goes on where it was stopped, even in the middle of a line, and says the same", async () => {
    expect(await sweep("whole")).toBe(0);
    cpSync(join(folder, "whole"), join(folder, "stopped"), { recursive: true });
    const file = join(folder, "stopped", "results.jsonl");
    const lines = read("stopped", "results.jsonl").split("\n");
    const kept = [lines[0], lines[2], lines[1]].join("\n").length + 40;
    writeFileSync(file, [lines[0], lines[2], lines[1], lines[3]].join("\n"));
    truncateSync(file, kept);
    expect(await sweep("stopped", "--scan-threads=2")).toBe(0);
    for (const name of ["sweep.json", "sweep.csv", "sweep.html"])
      expect(read("stopped", name)).toBe(read("whole", name));
    const done = read("stopped", "results.jsonl").trim().split("\n").slice(1);
    expect(
      done.map((line) => (JSON.parse(line) as { point: number }).point).toSorted((a, b) => a - b),
    ).toEqual([0, 1, 2, 3]);
  });

  it("says of stored bars what it says of their files", async () => {
    const data = join(folder, "data");
    const [klines = ""] = flags.slice(-1);
    expect(await main(["data", "import", "--klines", klines, "--data-dir", data])).toBe(0);
    expect(await sweep("files")).toBe(0);
    flags = [...flags.slice(0, -2), "--symbols", "all"];
    expect(await sweep("stored")).toBe(0);
    expect(read("stored", "sweep.csv").split("\n").map(figures)).toEqual(
      read("files", "sweep.csv").split("\n").map(figures),
    );
  });

  it("looks at no period that is sealed, and says how to leave it out", async () => {
    // The fixture's bars begin on 2026-02-01.
    const seal = ["holdout", "seal", "late", "--data-dir", join(folder, "data")];
    expect(await main([...seal, "--from", "2026-02-03", "--to", "2026-02-28"])).toBe(0);
    expect(await sweep("sealed")).toBe(4);
    expect(output.said()).toContain("hold-out late");
    const book = new ResearchBook(researchFile(join(folder, "data")));
    expect(book.triedBut([])).toEqual({ known: [], unseen: 0 });
    expect(await sweep("before", "--to", "2026-02-03")).toBe(0);
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
    expect(await sweep("mine", "--set", "risk.unprovenRiskRatioMax=0.001")).toBe(0);
    expect(await sweep("mine")).toBe(4);
    expect(output.said()).toContain("holds another sweep");
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "other", "notes.txt"), "mine");
    expect(await sweep("other")).toBe(4);
    expect(await sweep("twice", "--set", "risk.costRatioMax=0.3")).toBe(2);
    writeFileSync(
      join(folder, "space.json"),
      JSON.stringify({ axes: [{ path: "risk.nothing", values: [1] }] }),
    );
    expect(await sweep("none")).toBe(3);
    writeFileSync(
      join(folder, "space.json"),
      JSON.stringify({ axes: [{ path: "plan.stopPadAtr", values: [-1] }] }),
    );
    expect(await sweep("range")).toBe(3);
    expect(output.said()).toContain("stopPadAtr");
  });
});
