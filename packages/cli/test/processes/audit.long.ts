import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { AuditReport } from "../../src/offline/audit/audit-types.ts";
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

it("of a simulated venue's day finds parity in bars, candidates, scores and decisions", () => {
  const settings = ["--mode", "sim", "--speed", "60", "--symbols", "40", "--data-dir", root];
  const ran = smcq("engine", ...settings, "--for", "90s", "--set", "dashboard.enabled=false");
  expect(ran.code === 0 || ran.code === 12).toBe(true);
  const { code, printed } = smcq("audit", ...settings, "--json");
  const report = JSON.parse(printed) as AuditReport;
  const parity = Object.fromEntries(report.classes.map(({ name, parity: own }) => [name, own]));
  expect(parity).toMatchObject({ bars: 1, candidates: 1, features: 1, scores: 1 });
  expect(parity["decisions"]).toBeGreaterThanOrEqual(0.995);
  expect(report.classes[1]?.compared).toBeGreaterThan(20);
  expect(code).toBe(0);
  expect(smcq("audit", ...settings, "--list").printed).toContain("100.00 %");
});
