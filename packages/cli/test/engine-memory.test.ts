import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ENGINE_FLAGS, engineEnvironment } from "../src/process/engine-memory.ts";

describe("the start of the engine's process", () => {
  it("sets the allocator, and leaves what the user has set", () => {
    expect(engineEnvironment({ PATH: "/bin" })).toMatchObject({ PATH: "/bin", MALLOC_ARENA_MAX: "2" });
    expect(engineEnvironment({ MALLOC_ARENA_MAX: "4" })).toMatchObject({ MALLOC_ARENA_MAX: "4" });
  });

  it("uses flags that this Node knows: an unknown one would stop every start", () => {
    const version = execFileSync(process.execPath, [...ENGINE_FLAGS, "-p", "process.version"]).toString();
    expect(version.trim()).toBe(process.version);
  });
});
