import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { scanThreadCount, threadCount } from "../src/modes/thread-count.ts";

const cores = Math.max(1, availableParallelism());

describe("the number of threads", () => {
  it("is one a core by itself, and as said otherwise", () => {
    expect([threadCount("auto"), threadCount(3)]).toEqual([cores, 3]);
  });

  it("of the scan is by itself never above the shards: each has one task at most", () => {
    expect(scanThreadCount({ scanThreads: "auto", shards: 1 })).toBe(1);
    expect(scanThreadCount({ scanThreads: "auto", shards: 64 })).toBe(Math.min(cores, 64));
    expect(scanThreadCount({ scanThreads: "auto", shards: "auto" })).toBe(cores);
    expect(scanThreadCount({ scanThreads: 5, shards: 2 })).toBe(5);
  });
});
