import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { inlineRun, threadedRun } from "./model-cluster.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const KILLS = 50;

describe("a model in real threads, for long", () => {
  it("scores over 10,000 rows as one thread does, bit for bit (--compute pool)", async () => {
    const run = await threadedRun({ kills: 0, compute: "pool", rng: new Rng(seed) });
    expect(run.signals).toEqual(await inlineRun());
  });

  it(`survives ${KILLS} ends of threads inside the scorer, nothing lost or doubled (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    const inline = await inlineRun();
    let kills = 0;
    while (kills < KILLS) {
      const run = await threadedRun({ kills: 2, compute: "pool", rng });
      expect(run.signals).toEqual(inline);
      kills += run.kills;
    }
    console.info(`${kills} threads ended inside the scorer, ${inline.length} signals the same each time`);
  });
});
