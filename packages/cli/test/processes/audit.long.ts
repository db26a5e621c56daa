import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { M1_SCALP } from "@smcq/features";
import { afterAll, expect, it } from "vitest";
import type { AuditReport } from "../../src/offline/audit/audit-types.ts";
import { richModel } from "../support/rich-model.ts";
import { MAIN, SOURCE_FLAGS } from "./engine-run.ts";

const root = mkdtempSync(join(tmpdir(), "smcq-audit-"));

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function smcq(...argv: readonly string[]): { readonly code: number | null; readonly printed: string } {
  const { status, stdout } = spawnSync(process.execPath, [...SOURCE_FLAGS, MAIN, ...argv], {
    encoding: "utf8",
    maxBuffer: 64 * 1_048_576,
  });
  return { code: status, printed: stdout };
}

/** The engine's own plan on bars of five minutes. */
function slowPlan(): string {
  const file = join(root, "m5-slow.json");
  writeFileSync(file, JSON.stringify({ ...M1_SCALP, name: "m5-slow", timeframe: "M5", holdBarsMax: 24 }));
  return file;
}

it("makes the scores of a model of feature set v2 again: of the whole market, which the run has recorded", () => {
  const dataDir = join(root, "rich");
  const venue = ["--mode", "sim", "--speed", "60", "--symbols", "24", "--data-dir", dataDir];
  const settings = [...venue, "--set", `scan.model=${richModel(root)}`];
  const ran = smcq("engine", ...settings, "--for", "90s", "--set", "dashboard.enabled=false");
  expect(ran.code === 0 || ran.code === 12).toBe(true);
  const report = JSON.parse(smcq("audit", ...settings, "--json").printed) as AuditReport;
  const parity = Object.fromEntries(report.classes.map(({ name, parity: own }) => [name, own]));
  // On a machine that is busy histories come late, and setups of that time are missed; none is scored otherwise.
  expect(parity).toMatchObject({ features: 1, scores: 1 });
  expect(report.counts).not.toHaveProperty("candidate-unfounded");
  expect(report.classes.find(({ name }) => name === "scores")?.compared).toBeGreaterThan(10);
  expect(report.notCompared).toMatchObject({ otherScorer: 0, noMarket: 0, noBars: [] });
});

it.each([
  { timeframe: "M1", plan: "m1-scalp", candidatesMin: 20 },
  { timeframe: "M5", plan: slowPlan(), candidatesMin: 2 },
])(
  "of a simulated venue's day of $timeframe finds parity in bars, candidates, scores and decisions",
  ({ timeframe, plan, candidatesMin }) => {
    const dataDir = join(root, timeframe);
    const venue = ["--mode", "sim", "--speed", "60", "--symbols", "40", "--data-dir", dataDir];
    const settings = [...venue, "--set", `strategy.plan=${plan}`];
    const ran = smcq("engine", ...settings, "--for", "90s", "--set", "dashboard.enabled=false");
    expect(ran.code === 0 || ran.code === 12).toBe(true);
    const { code, printed } = smcq("audit", ...settings, "--json");
    const report = JSON.parse(printed) as AuditReport;
    const parity = Object.fromEntries(report.classes.map(({ name, parity: own }) => [name, own]));
    expect(parity).toMatchObject({ bars: 1, candidates: 1, features: 1, scores: 1 });
    expect(parity["decisions"]).toBeGreaterThanOrEqual(0.995);
    expect(report.classes[1]?.compared).toBeGreaterThan(candidatesMin);
    expect(code).toBe(0);
    expect(smcq("audit", ...settings, "--list").printed).toContain("100.00 %");
  },
);
