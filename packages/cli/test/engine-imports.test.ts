import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** Import and re-export statements that are still there at run time: `import { type X } from` loads its module as well. */
const LOADING = /^(?:import|export)\s(?!type\s)(?:[^;"]*?\sfrom\s)?"([^"]+)"/gmu;
/** A module that is asked for when it is needed counts too. */
const LATE = /\bimport\(\s*"([^"]+)"\s*\)/gu;

/** What of other packages the files load that `entry` leads to, with the file that asks for it; `isStart`: at once, not when it is needed. */
function loadedFrom(entry: URL, isStart = false): Map<string, string> {
  const outside = new Map<string, string>();
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file.href)) continue;
    seen.add(file.href);
    const source = readFileSync(file, "utf8");
    const late = isStart ? [] : source.matchAll(LATE);
    for (const [, name = ""] of [...source.matchAll(LOADING), ...late])
      if (name.startsWith(".")) queue.push(new URL(name, file));
      else if (!outside.has(name)) outside.set(name, fileURLToPath(file));
  }
  return outside;
}

describe("what a process loads for its whole life", () => {
  it("of the engine and of the dashboard has no schema of the settings: they come checked", () => {
    for (const entry of ["process/engine-process.ts", "dashboard/dashboard-process.ts"]) {
      const loaded = loadedFrom(new URL(`../src/${entry}`, import.meta.url));
      expect(loaded.size).toBeGreaterThan(5);
      expect([entry, loaded.get("@smcq/config")]).toEqual([entry, undefined]);
    }
  });

  it("of an engine that meets no other host has nothing of NATS", () => {
    const entry = new URL("../src/process/engine-process.ts", import.meta.url);
    expect(loadedFrom(entry).has("@smcq/bus-nats")).toBe(true);
    const loaded = loadedFrom(entry, true);
    expect([loaded.size > 5, loaded.get("@smcq/bus-nats")]).toEqual([true, undefined]);
  });

  it("of a shard, a scan or the settings of a run has no library of REST or of schemas", () => {
    const entries = [
      "../src/workers/shard.worker.ts",
      "../src/workers/scan.worker.ts",
      "../../config/src/run.ts",
      "../../exchange-binance/src/feed.ts",
      "../../cluster/src/shard.ts",
      "../../cluster/src/scan.ts",
    ];
    for (const entry of entries) {
      const loaded = loadedFrom(new URL(entry, import.meta.url));
      for (const name of ["zod", "undici", "@smcq/config", "@smcq/exchange-binance"])
        expect([entry, name, loaded.get(name)]).toEqual([entry, name, undefined]);
    }
  });
});
