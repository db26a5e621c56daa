import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ALERT_KINDS, factsOf } from "../src/index.ts";

const RUNBOOK = readFileSync(
  fileURLToPath(new URL("../../../docs/guide/runbook.md", import.meta.url)),
  "utf8",
);

/** The lines of an entry by their first words. */
function entry(kind: string): ReadonlyMap<string, string> {
  const text = RUNBOOK.split(`\n### ${kind}\n`)[1]?.split("\n#")[0] ?? "";
  return new Map([...text.matchAll(/^- ([^:]+): (.+)$/gmu)].map(([, name = "", said = ""]) => [name, said]));
}

describe("the runbook", () => {
  it.each(ALERT_KINDS)("has an entry for %s", (kind) => {
    const found = entry(kind);
    expect([...found.keys()]).toEqual(["Severity", "Means", "Look at", "Do"]);
    expect(found.get("Severity")).toBe(factsOf(kind).severity);
  });

  it("has no entry for a kind that there is not", () => {
    const entries = [...RUNBOOK.matchAll(/^### (.+)$/gmu)].map(([, name]) => name);
    expect(entries.toSorted()).toEqual([...ALERT_KINDS].toSorted());
  });
});
