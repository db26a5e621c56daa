import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sources } from "../../scripts/guide-reference.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const RULES = join(ROOT, "deploy/prometheus/rules.yml");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** Names of the page of metrics. */
const KNOWN = new Set(
  [...read("docs/guide/metrics.md").matchAll(/^\| `(smcq_\w+)`/gm)].map(([, name = ""]) => name),
);
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
if (!hasPromtool)
  process.stderr.write("\n*** NO PROMTOOL: deploy/prometheus/rules.yml is NOT CHECKED by Prometheus ***\n\n");

/** Names of ours in queries, without what a histogram adds to its own. */
function namesIn(text: string): readonly string[] {
  return [...new Set(text.match(/smcq_\w+/g))].map((name) =>
    KNOWN.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, ""),
  );
}

describe("rules and board", () => {
  it("ask for metrics that there are", () => {
    const queries = read("deploy/prometheus/rules.yml") + read("deploy/grafana/smc-quant.json");
    const names = namesIn(queries);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !KNOWN.has(name))).toEqual([]);
  });

  it("each rule says what to do, and only rules do", () => {
    const alerts = [...read("deploy/prometheus/rules.yml").matchAll(/alert: (\w+)/g)].map(
      ([, name = ""]) => name,
    );
    const entries = [...read("docs/guide/rules.md").matchAll(/^## (\w+)$/gm)].map(([, name = ""]) => name);
    expect(entries).toEqual(alerts);
    for (const name of alerts)
      expect(read("deploy/prometheus/rules.yml")).toContain(`docs/guide/rules.md#${name.toLowerCase()}\n`);
  });

  it.skipIf(!hasPromtool)("the rules are what Prometheus takes (skipped without promtool)", () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
  });

  it("every metric of the page is one that the sources make", () => {
    const text = sources(ROOT)
      .map(([, source]) => source)
      .join("\n");
    const unknown = [...KNOWN].filter((name) => {
      const own = name.slice("smcq_".length);
      // Figures of the minute are named by their fields.
      const field = own
        .slice("minute_".length)
        .replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      return !text.includes(`"${own}"`) && !(own.startsWith("minute_") && text.includes(field));
    });
    expect(unknown).toEqual([]);
  });
});
