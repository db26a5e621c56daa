import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ENGINE_FLAGS, engineEnvironment, VENUE_FLAGS } from "../src/process/engine-memory.ts";

const SOURCE = fileURLToPath(new URL("../src/process/engine-memory.ts", import.meta.url));

describe("the start of the engine's process", () => {
  it("sets the allocator, and leaves what the user has set", () => {
    expect(engineEnvironment({ PATH: "/bin" })).toMatchObject({ PATH: "/bin", MALLOC_ARENA_MAX: "1" });
    expect(engineEnvironment({ MALLOC_ARENA_MAX: "4" })).toMatchObject({ MALLOC_ARENA_MAX: "4" });
  });

  it("uses flags that this Node knows: an unknown one would stop every start", () => {
    const flags = [...new Set([...ENGINE_FLAGS, ...VENUE_FLAGS])];
    const version = execFileSync(process.execPath, [...flags, "-p", "process.version"]).toString();
    expect(version.trim()).toBe(process.version);
  });

  it("saves memory without a word of V8, before and after this Node", () => {
    for (const node of ["22.19.0", process.versions.node]) {
      const script = `Object.defineProperty(process.versions, "node", { value: "${node}" });
        const { growSlowly, saveMemory } = await import(${JSON.stringify(SOURCE)});
        saveMemory(); growSlowly(true); growSlowly(false);`;
      const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
      expect([status, stderr.toString()]).toEqual([0, ""]);
    }
  });

  it("keeps the young generation small from then on", () => {
    const script = `import v8 from "node:v8";
      const { keepYoungSmall } = await import(${JSON.stringify(SOURCE)}); keepYoungSmall();
      let kept = [];
      for (let index = 0; index < 2e6; index++) { kept.push({ index }); if (kept.length > 1e5) kept = []; }
      const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
      console.log(young.space_size);`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(stderr.toString()).toBe("");
    // Without it 32 MB. In the middle of a collection both halves count.
    expect(Number(stdout.toString())).toBeLessThanOrEqual(8 * 2 ** 20);
    expect(Number(stdout.toString())).toBeGreaterThan(0);
  });
});
