import { HeuristicScorer, singleScorer } from "@smcq/features";
import { SystemClock } from "@smcq/kernel";
import { KlineRingWriter, ResultRingReader, type ShardMemory } from "@smcq/wire";
import { workerData } from "node:worker_threads";
import { ScanCore } from "../../src/index.ts";
import { writeBars } from "../support.ts";

/** Writes bars of slot 0 one by one and scans each at once, as fast as it can. */
const { memory, bars, count } = workerData as {
  readonly memory: ShardMemory;
  readonly bars: Float64Array;
  readonly count: number;
};
const writer = new KlineRingWriter(memory.rings);
const scan = new ScanCore(memory, singleScorer(new HeuristicScorer()), new SystemClock(), {
  isEveryBarScored: false,
});
const rows = new ResultRingReader(memory.results);
for (let bar = 0; bar < count; bar++) {
  writeBars(writer, 0, bars, bar, bar + 1);
  rows.release(scan.scan({ shardId: memory.shardId, seeds: [] }).rows);
}
