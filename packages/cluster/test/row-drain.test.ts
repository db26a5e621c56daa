import { createResultRow, ResultRingWriter } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { RowDrain } from "../src/scan/row-drain.ts";
import { createShardMemory, SlotTable } from "../src/index.ts";

/** A shard of one symbol with rows of these scores, and what its drain makes of them. */
function drained(rows: readonly { score: number; challengerEpoch?: number; challengerScore?: number }[]) {
  const memory = createShardMemory(0, 1);
  const slots = new SlotTable(1, 1);
  slots.add("BTCUSDT");
  const ring = new ResultRingWriter(memory.results);
  rows.forEach((given, index) =>
    ring.write(
      index,
      Object.assign(createResultRow(), { side: 1, setup: 2, openTimeMs: index, modelEpoch: 7, ...given }),
    ),
  );
  ring.publish(rows.length);
  return new RowDrain(memory, slots, (epoch) => `model-${epoch}`).take(rows.length);
}

describe("RowDrain", () => {
  it("drops and tells of a score that is no probability", () => {
    const scores = [0.5, Number.NaN, 1.000001, -0.1, Infinity, 0, 1];
    const { candidates, invalid } = drained(scores.map((score) => ({ score })));
    expect(candidates.map(({ score }) => score)).toEqual([0.5, 0, 1]);
    expect(invalid).toEqual([{ epoch: 7, rows: 4 }]);
  });

  it("names the model of each row, and of the challenger where it gave a probability", () => {
    const { candidates, invalid } = drained([
      { score: 0.4 },
      { score: 0.4, challengerEpoch: 9, challengerScore: 0.6 },
      { score: 0.4, challengerEpoch: 9, challengerScore: Number.NaN },
    ]);
    expect(candidates.map(({ scorerId }) => scorerId)).toEqual(["model-7", "model-7", "model-7"]);
    expect(candidates.map(({ challenger }) => challenger)).toEqual([
      null,
      { scorerId: "model-9", score: 0.6 },
      null,
    ]);
    expect(invalid).toEqual([]);
  });
});
