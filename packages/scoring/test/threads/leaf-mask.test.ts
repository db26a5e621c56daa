import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import {
  attachModels,
  compileLeafMask,
  createModelMemory,
  parseLightGbm,
  toTreeEnsemble,
} from "../../src/index.ts";
import { differing, fixtureSet, testRng } from "../tree-support.ts";

const DEATHS = 20;
const LANES = 3;
/** A worker that scores nothing for so long is broken. */
const SCORE_MS_MAX = 20_000;

describe("leaf-mask in threads", () => {
  it("outlives neighbours that are terminated while they score", async () => {
    const { text, rows, margins } = fixtureSet("plain");
    const rng = testRng("terminations");
    const memory = createModelMemory({ lanes: LANES });
    const tables = compileLeafMask(toTreeEnsemble(parseLightGbm(text)));
    memory.install({ epoch: 1, id: "plain", calibration: { a: 1, b: 0 }, tables });
    const counters = new Int32Array(new SharedArrayBuffer(LANES * 4));
    const scorer = attachModels(memory.shared(), 0).model(1);
    const own = new Float64Array(margins.length);
    for (let death = 0; death < DEATHS; death++) {
      const lane = 1 + (death % (LANES - 1));
      const before = Atomics.load(counters, lane);
      const worker = new Worker(new URL("scoring-loop.worker.ts", import.meta.url), {
        workerData: { shared: memory.shared(), lane, rows, counters },
      });
      const scored = Atomics.waitAsync(counters, lane, before, SCORE_MS_MAX);
      expect(await scored.value).not.toBe("timed-out");
      // Somewhere within a batch: the worker does nothing but score.
      for (let spin = rng.int(200_000); spin > 0; spin--) Atomics.load(counters, lane);
      await worker.terminate();
      expect(Atomics.load(counters, lane)).toBeGreaterThan(before);
      scorer.margins(rows, margins.length, own);
      expect(differing(own, margins)).toEqual([]);
    }
  });
});
