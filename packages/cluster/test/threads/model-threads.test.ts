import { Rng } from "@smcq/kernel";
import { beforeAll, describe, expect, it } from "vitest";
import { inlineRun, threadedRun } from "./model-cluster.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
let inline: readonly string[] = [];

describe("a model in real threads", () => {
  beforeAll(async () => {
    inline = await inlineRun();
  });

  it("scores over 10,000 rows as one thread does, bit for bit (--compute shard)", async () => {
    const run = await threadedRun({ kills: 0, compute: "shard", rng: new Rng(seed) });
    expect(inline.length).toBeGreaterThan(10_000);
    expect(run.signals).toEqual(inline);
  });

  it(`survives the end of threads inside the scorer, nothing lost or doubled (seed ${seed})`, async () => {
    const run = await threadedRun({ kills: 2, compute: "pool", rng: new Rng(seed) });
    expect(run.kills).toBe(2);
    expect(run.scanRestarts).toBeGreaterThanOrEqual(2);
    expect(run.signals).toEqual(inline);
  });
});
