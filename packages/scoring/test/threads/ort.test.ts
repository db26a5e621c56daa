import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { gunzipSync } from "node:zlib";
import { FEATURES_V2 } from "@smcq/features";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { makeGolden } from "../../src/golden/make-golden.ts";
import { parseLightGbm } from "../../src/lightgbm/parse-lightgbm.ts";
import { rawMargins } from "../../src/lightgbm/raw-margins.ts";
import { toTreeEnsemble } from "../../src/lightgbm/to-tree-ensemble.ts";
import { createModelMemory } from "../../src/model-memory.ts";
import type { ModelMemory } from "../../src/model-memory.ts";
import { writeOnnx } from "../../src/onnx/write-onnx.ts";
import { ORT_WAIT_MS_MAX } from "../../src/ort/lane-scorer.ts";
import { OrtHost } from "../../src/ort/ort-host.ts";
import { ortMargins } from "../../src/ort/ort-oracle.ts";
import { OrtProcess } from "../../src/ort/ort-process.ts";
import { codeOf, lightGbmText } from "../model-support.ts";
import { adversarialRows, fixtureSet, testRng } from "../tree-support.ts";

const clock = new SystemClock();
const model = parseLightGbm(lightGbmText());
const onnx = writeOnnx(toTreeEnsemble(model), {});
const golden = makeGolden(model, 1);

const root = join(import.meta.dirname, "../../../..");
const shared = join(process.env["SMCQ_SHARED"] ?? join(root, "../shared"), "data/models");
const hasShared = existsSync(shared);
if (!hasShared)
  console.warn(
    "shared data not found (SMCQ_SHARED or ../shared): ONNX Runtime is not compared with LightGBM",
  );

/** `SMCQ_LONG=1` tries it more often. */
const TERMINATIONS = process.env["SMCQ_LONG"] === "1" ? 50 : 3;
const SETS = ["plain", "zeromiss", "dart", "isnan_only", "bin-100x31", "bin-500x31"];
const SPECIAL: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };

/** Rows and LightGBM's raw margins of a set. */
function readSet(set: string): { features: Float32Array; count: number; raw: Float64Array } {
  const lines = gunzipSync(readFileSync(join(shared, set, "rows.csv.gz")))
    .toString()
    .trim()
    .split(/\r?\n/)
    .slice(1);
  const rows = lines.map((line) => line.split(",").map((text) => SPECIAL[text] ?? Number(text)));
  return {
    features: Float32Array.from(rows.flatMap((row) => row.slice(0, 12))),
    count: rows.length,
    raw: Float64Array.from(rows, (row) => row[12]!),
  };
}

describe("ONNX Runtime in a process of its own", () => {
  it("averages a random forest as LightGBM does, to the bit", async () => {
    const forest = fixtureSet("rf");
    const file = writeOnnx(toTreeEnsemble(parseLightGbm(forest.text)), {});
    expect(await ortMargins(file, { features: forest.rows, count: 600 }, clock)).toEqual(forest.margins);
  });

  it.skipIf(!hasShared)("gives LightGBM's raw margin for every row of every set, to the bit", async () => {
    const ort = new OrtProcess(clock);
    for (const [epoch, set] of SETS.entries()) {
      const text = readFileSync(join(shared, set, "model.txt"), "utf8");
      const { features, count, raw } = readSet(set);
      await ort.load(epoch, writeOnnx(toTreeEnsemble(parseLightGbm(text)), {}));
      expect(await ort.score(epoch, features, count)).toEqual(raw);
    }
    await ort.close();
  });

  it("scores more rows than one request takes, in a throw-away process", async () => {
    const { features, margins } = golden;
    const nine = Float32Array.from({ length: features.length * 9 }, (_, k) => features[k % features.length]!);
    const expected = Float64Array.from(
      { length: margins.length * 9 },
      (_, k) => margins[k % margins.length]!,
    );
    expect(await ortMargins(onnx, { features: nine, count: expected.length }, clock)).toEqual(expected);
  });

  it("refuses a file that it cannot read, and goes on with others", async () => {
    const ort = new OrtProcess(clock);
    try {
      expect(await codeOf(() => ort.load(1, onnx.slice(0, 500)))).toBe("UNKNOWN");
      expect(await codeOf(() => ort.score(1, golden.features, golden.count))).toBe("MODEL_EPOCH");
      await ort.load(2, onnx);
      expect(await ort.score(2, golden.features, golden.count)).toEqual(golden.margins);
      await ort.drop(2);
      expect(await codeOf(() => ort.score(2, golden.features, golden.count))).toBe("MODEL_EPOCH");
    } finally {
      await ort.close();
    }
    expect(await codeOf(() => ort.load(1, onnx))).toBe("ORT_FAILED");
  });

  it("fails what is asked of it when it is killed, and ends when its parent's channel closes", async () => {
    const ort = new OrtProcess(clock);
    await ort.load(1, onnx);
    const asked = Promise.all([
      codeOf(() => ort.score(1, golden.features, golden.count)),
      codeOf(() => ort.score(1, golden.features, golden.count)),
    ]);
    process.kill(ort.pid, "SIGKILL");
    // The first one may have been answered before.
    expect((await asked)[1]).toBe("ORT_FAILED");
    await ort.exited;
    const other = new OrtProcess(clock);
    await other.load(1, onnx);
    await other.close();
    expect(() => process.kill(other.pid, 0)).toThrow(/ESRCH/);
  });
});

/** A scan thread on a lane, and what it posts. */
class Lane {
  readonly worker: Worker;
  readonly #posted: (Float64Array | string)[] = [];
  #wake: () => void = () => {};

  constructor(
    memory: ModelMemory,
    lane: number,
    rounds: number,
    { features, count }: { readonly features: Float32Array; readonly count: number } = golden,
  ) {
    this.worker = new Worker(new URL("./scan-lane.worker.ts", import.meta.url), {
      workerData: { shared: memory.shared(), lane, features, count, rounds },
    });
    this.worker.on("message", (posted: Float64Array | string) => {
      this.#posted.push(posted);
      this.#wake();
    });
  }

  async next(): Promise<Float64Array | string> {
    while (this.#posted.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#posted.shift()!;
  }
}

async function withHost(
  lanes: number,
  run: (memory: ModelMemory, host: OrtHost) => Promise<void>,
): Promise<void> {
  const memory = createModelMemory({ lanes });
  const host = new OrtHost({ memory, clock, logger: silentLogger });
  try {
    await host.install(1, onnx);
    memory.install({ epoch: 1, id: "m", calibration: { a: 1, b: 0 }, tables: "ort" });
    await run(memory, host);
  } finally {
    await host.close();
  }
}

describe("a live ONNX Runtime for scan threads", () => {
  it("scores rows of feature set v2, more of them than a lane takes at a time, to the bit", async () => {
    const wide = parseLightGbm(lightGbmText({ names: FEATURES_V2.columns.map(({ name }) => name) }));
    const count = 1_200;
    const rows = adversarialRows(testRng("wide rows by ONNX Runtime"), wide, count);
    const memory = createModelMemory({ lanes: 1 });
    const host = new OrtHost({ memory, clock, logger: silentLogger });
    try {
      await host.install(1, writeOnnx(toTreeEnsemble(wide), {}));
      const calibration = { a: 1, b: 0 };
      memory.install({ epoch: 1, id: "wide", calibration, tables: "ort", featureCount: 62 });
      const lane = new Lane(memory, 0, 1, { features: rows, count });
      expect(await lane.next()).toEqual(rawMargins(wide, rows, count));
    } finally {
      await host.close();
    }
  });

  it("scores for two threads at a time, to the bit", async () => {
    await withHost(2, async (memory) => {
      const lanes = [new Lane(memory, 0, 50), new Lane(memory, 1, 50)];
      for (let round = 0; round < 50; round++)
        for (const lane of lanes) expect(await lane.next()).toEqual(golden.margins);
    });
  });

  it("lives on when threads are terminated while they wait, and serves who takes over their lane", async () => {
    await withHost(2, async (memory, host) => {
      const neighbour = new Lane(memory, 1, Infinity);
      const pid = host.pid;
      for (let round = 0; round < TERMINATIONS; round++) {
        const doomed = new Lane(memory, 0, Infinity);
        await doomed.next();
        for (let k = 0; k < round % 4; k++) await neighbour.next();
        await doomed.worker.terminate();
      }
      expect(await new Lane(memory, 0, 1).next()).toEqual(golden.margins);
      expect(await neighbour.next()).toEqual(golden.margins);
      expect(host.pid).toBe(pid);
      await neighbour.worker.terminate();
    });
  });

  it("starts the process again when it is killed, and tells waiting threads of it", async () => {
    await withHost(1, async (memory, host) => {
      const lane = new Lane(memory, 0, Infinity);
      expect(await lane.next()).toEqual(golden.margins);
      const pid = host.pid;
      process.kill(pid!, "SIGKILL");
      while (host.pid === pid) await lane.next();
      // What was asked around the death may have failed; the new process answers.
      let next = await lane.next();
      while (next === "ORT_FAILED") next = await lane.next();
      expect(next).toEqual(golden.margins);
      await lane.worker.terminate();
    });
  });

  it("gives up after three restarts, and says so at once", async () => {
    await withHost(1, async (memory, host) => {
      for (let death = 0; death < 4; death++) {
        const pid = host.pid!;
        process.kill(pid, "SIGKILL");
        await expect.poll(() => host.pid, { timeout: 60_000, interval: 5 }).not.toBe(pid);
      }
      expect(host.pid).toBeNull();
      expect(await new Lane(memory, 0, 1).next()).toBe("ORT_FAILED");
      // Another version brings a process again, which must hold the models from before, too.
      await host.install(2, onnx);
      expect(await new Lane(memory, 0, 1).next()).toEqual(golden.margins);
    });
  });

  it("tells threads that wait, and threads that ask later, that it is closed", async () => {
    const memory = createModelMemory({ lanes: 1 });
    const host = new OrtHost({ memory, clock, logger: silentLogger });
    await host.install(1, onnx);
    memory.install({ epoch: 1, id: "m", calibration: { a: 1, b: 0 }, tables: "ort" });
    const lane = new Lane(memory, 0, Infinity);
    await lane.next();
    await host.close();
    const closedAt = performance.now();
    let next = await lane.next();
    while (next !== "ORT_FAILED") next = await lane.next();
    expect(await lane.next()).toBe("ORT_FAILED");
    expect(performance.now() - closedAt).toBeLessThan(ORT_WAIT_MS_MAX);
    await lane.worker.terminate();
  });
});
