import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../src/cli.ts";
import { golden } from "../support/golden-backtest.ts";

const root = join(import.meta.dirname, "../../../..");
const data = join(process.env["SMCQ_SHARED"] ?? join(root, "../shared"), "data");
const sets = existsSync(join(data, "golden-trading"))
  ? readdirSync(join(data, "golden-trading"), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  : [];
if (sets.length === 0)
  console.warn("shared data not found (SMCQ_SHARED or ../shared): only the bundled golden backtest is tried");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-golden-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The bars and flags that a set's README names. */
function argumentsOf(set: string): readonly string[] {
  const dir = join(data, "golden-trading", set);
  const readme = readFileSync(join(dir, "README.md"), "utf8");
  const command = /`smcq backtest (.*?)`/.exec(readme)?.[1] ?? "";
  const own = join(dir, "klines");
  const names = /^- klines: (.*)$/m.exec(readme)?.[1] ?? "";
  const files = existsSync(own)
    ? readdirSync(own).map((name) => join(own, name))
    : [...command.matchAll(/[A-Z0-9]+-1m-[\w-]+\.csv\.gz/g)].map(([name]) => join(data, "klines", name));
  const rows = /first (\d+) rows of each file/.exec(names)?.[1];
  const flags = command
    .replace(/--klines \S+( \S+\.gz)*/, "")
    .replaceAll(/--(instruments|out) \S+/g, "")
    .split(/\s+/)
    .filter(Boolean);
  if (rows !== undefined) flags.push("--rows", rows);
  return ["--klines", ...files, "--instruments", join(dir, "instruments.json"), ...flags];
}

describe.skipIf(sets.length === 0)("smcq backtest", () => {
  it.each(sets.map(({ name }) => name))("equals the independent reference on %s", async (set) => {
    const out = join(folder, set);
    expect(
      await main([
        "backtest",
        "--no-cache",
        `--set=dataDir=${join(folder, "var")}`,
        ...argumentsOf(set),
        "--out",
        out,
      ]),
    ).toBe(0);
    expect(golden(join(data, "golden-trading", set), out)).toEqual([]);
  });
});
