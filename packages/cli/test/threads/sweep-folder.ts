import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../src/cli.ts";
import type { SweepReport } from "../../src/offline/sweep/sweep-report.ts";
import { temporaryFolder } from "../support/account-bench.ts";

const FIXTURE = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const AXES = [
  { path: "risk.costRatioMax", values: [0.2, 0.37] },
  { path: "plan.targetRiskRatio", values: [1.5, 2] },
];

/** A folder with bars, a space of two axes and a data folder, in which sweeps run. */
export class SweepFolder {
  readonly folder: string = temporaryFolder();
  readonly data: string = join(this.folder, "data");
  readonly klines: string = join(this.folder, "ALGOUSDT-1m-fixture.csv.gz");
  /** Of which bars the sweeps are. */
  bars: readonly string[] = ["--klines", this.klines];

  constructor() {
    mkdirSync(this.data);
    copyFileSync(FIXTURE, this.klines);
    this.space(AXES);
  }

  space(axes: readonly { readonly path: string; readonly values: readonly number[] }[]): void {
    writeFileSync(this.path("space.json"), JSON.stringify({ axes }));
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  read(...names: readonly string[]): string {
    return readFileSync(this.path(...names), "utf8");
  }

  report(out: string): SweepReport {
    return JSON.parse(this.read(out, "sweep.json")) as SweepReport;
  }

  async sweep(out: string, ...more: readonly string[]): Promise<number> {
    return await main(["sweep", this.path("space.json"), ...this.#flags(out), ...more]);
  }

  /** The report of a backtest of the same bars. */
  async backtest(...more: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const code = await main(["backtest", ...this.#flags("backtest"), ...more]);
    if (code !== 0) throw new Error(`the backtest ended with ${code}`);
    return JSON.parse(this.read("backtest", "report.json")) as Record<string, unknown>;
  }

  #flags(out: string): readonly string[] {
    return ["--data-dir", this.data, "--scan-threads=1", ...this.bars, "--out", this.path(out)];
  }
}
