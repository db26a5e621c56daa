import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import { captureOutput } from "../support/capture-output.ts";
import { SweepFolder } from "./sweep-folder.ts";

/** A row without the bound, which counts everything that was tried before too. */
function figures(row: string): string {
  return row.split(",").slice(0, -2).join(",");
}

describe("smcq sweep", () => {
  beforeEach(() => void captureOutput());
  afterEach(() => void vi.restoreAllMocks());

  it("moves prices inside the minutes where --fidelity path wants it, and comes to the backtest's figures", async () => {
    const bed = new SweepFolder();
    bed.bars = ["--rows", "450", "--fidelity", "path"];
    bed.space([{ path: "risk.costRatioMax", values: [0.37] }]);
    expect(await bed.sweep("paths")).toBe(0);
    const { points } = bed.report("paths");
    const report = await bed.backtest("--set", "risk.costRatioMax=0.37");
    expect(points[0]?.result.wallet).toBe(report["wallet"]);
    expect(points[0]?.result.total.trades).toBeGreaterThan(0);
  });

  it("says of stored bars what it says of their files", async () => {
    const bed = new SweepFolder();
    expect(await main(["data", "import", "--klines", bed.klines, "--data-dir", bed.data])).toBe(0);
    expect(await bed.sweep("files")).toBe(0);
    bed.bars = ["--symbols", "all"];
    expect(await bed.sweep("stored")).toBe(0);
    expect(bed.read("stored", "sweep.csv").split("\n").map(figures)).toEqual(
      bed.read("files", "sweep.csv").split("\n").map(figures),
    );
  });
});
