import { FEATURE_COUNT } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  attachModels,
  compileLeafMask,
  createModelMemory,
  LANE_ROWS_MAX,
  MODEL_SLOTS,
  openModelMemory,
  parseLightGbm,
  predictConfidence,
  toTreeEnsemble,
} from "../src/index.ts";
import { differing, fixtureSet } from "./tree-support.ts";

const plain = fixtureSet("plain");
const dart = fixtureSet("dart");
const plainTables = compileLeafMask(toTreeEnsemble(parseLightGbm(plain.text)));
const dartTables = compileLeafMask(toTreeEnsemble(parseLightGbm(dart.text)));
const calibration = { a: 0.9, b: -0.05 };
const count = plain.margins.length;

describe("a thread's scorers", () => {
  it("score by the heuristic under epoch 0 and by each model under its own", () => {
    const memory = createModelMemory({ lanes: 2 });
    memory.install({ epoch: 1, id: "plain-1", calibration, tables: plainTables });
    memory.install({ epoch: 2, id: "dart-ü", calibration, tables: dartTables });
    const registry = attachModels(memory.shared(), 1);
    expect([0, 1, 2].map((epoch) => registry.scorer(epoch).id)).toEqual(["heuristic-1", "plain-1", "dart-ü"]);
    const margins = new Float64Array(count);
    registry.model(1).margins(plain.rows, count, margins);
    expect(differing(margins, plain.margins)).toEqual([]);
    registry.model(2).margins(dart.rows, count, margins);
    expect(differing(margins, dart.margins)).toEqual([]);
  });

  it("give the calibrated margin as confidence", () => {
    const memory = createModelMemory({ lanes: 1 });
    memory.install({ epoch: 1, id: "plain", calibration, tables: plainTables });
    const scores = new Float64Array(count);
    attachModels(memory.shared(), 0).scorer(1).score(plain.rows, count, scores);
    const expected = plain.margins.map((margin) => predictConfidence(margin, calibration));
    expect(differing(scores, expected)).toEqual([]);
    expect(predictConfidence(0, { a: 1, b: 0 })).toBe(0.5);
    expect(predictConfidence(800, { a: -1, b: 0 })).toBe(0);
  });

  it("score batches longer than a lane in pieces, and parts of longer arrays", () => {
    const memory = createModelMemory({ lanes: 1 });
    memory.install({ epoch: 1, id: "plain", calibration, tables: plainTables });
    const scorer = attachModels(memory.shared(), 0).model(1);
    const repeats = 4;
    const rows = Float32Array.from(
      { length: repeats * plain.rows.length },
      (_, at) => plain.rows[at % plain.rows.length]!,
    );
    expect(repeats * count).toBeGreaterThan(2 * LANE_ROWS_MAX);
    const margins = new Float64Array(repeats * count);
    scorer.margins(rows, repeats * count, margins);
    const expected = margins.map((_, row) => plain.margins[row % count]!);
    expect(differing(margins, expected)).toEqual([]);
    const one = new Float64Array(1);
    for (let row = 0; row < 50; row++) {
      scorer.margins(plain.rows.subarray(row * FEATURE_COUNT), 1, one);
      expect(one[0]).toBe(plain.margins[row]);
    }
  });

  it("are the same objects from task to task, until their slot holds another model", () => {
    const memory = createModelMemory({ lanes: 1 });
    const registry = attachModels(memory.shared(), 0);
    memory.install({ epoch: 1, id: "plain", calibration, tables: plainTables });
    const first = registry.scorer(1);
    expect(registry.scorer(1)).toBe(first);
    memory.install({ epoch: 1 + MODEL_SLOTS, id: "dart", calibration, tables: dartTables });
    expect(() => registry.scorer(1)).toThrow(expect.objectContaining({ code: "MODEL_EPOCH" }));
    expect(registry.scorer(1 + MODEL_SLOTS).id).toBe("dart");
  });

  it("are refused for an epoch under which nothing is installed", () => {
    const registry = attachModels(createModelMemory({ lanes: 1 }).shared(), 0);
    for (const epoch of [1, 2, 5, -1])
      expect(() => registry.scorer(epoch)).toThrow(expect.objectContaining({ code: "MODEL_EPOCH" }));
  });

  it("have lanes that do not touch one another", () => {
    const memory = createModelMemory({ lanes: 2 });
    memory.install({ epoch: 1, id: "plain", calibration, tables: plainTables });
    const neighbour = memory.lane(1);
    neighbour.rows.fill(7);
    neighbour.margins.fill(7);
    neighbour.control.fill(7);
    const rows = new Float32Array(LANE_ROWS_MAX * FEATURE_COUNT);
    const margins = new Float64Array(LANE_ROWS_MAX);
    attachModels(memory.shared(), 0).model(1).margins(rows, LANE_ROWS_MAX, margins);
    const words = [...neighbour.rows, ...neighbour.margins, ...neighbour.control];
    expect(new Set(words)).toEqual(new Set([7]));
    expect(() => memory.lane(2)).toThrow(/lane/);
    expect(() => memory.lane(-1)).toThrow(/lane/);
  });
});

describe("the models' memory", () => {
  it("tells of each model what was installed, in every thread's view", () => {
    const memory = createModelMemory({ lanes: 1 });
    memory.install({ epoch: 6, id: "plain", calibration, tables: plainTables });
    memory.install({ epoch: 7, id: "in the other process", calibration, tables: "ort" });
    const other = openModelMemory(memory.shared());
    expect(other.entry(6)).toMatchObject({ epoch: 6, kind: "leaf-mask", id: "plain", calibration });
    expect(other.entry(6).tableBytes).toBe(plainTables.image.length);
    expect(other.entry(7)).toMatchObject({ kind: "ort", id: "in the other process", tableBytes: 0 });
    expect(other.isInstalled(6)).toBe(true);
    expect(other.isInstalled(2)).toBe(false);
  });
});
