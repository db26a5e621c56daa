import { distributionOf, type PartRecorder } from "../lib/results.ts";
import type { Burst } from "./session.ts";

type Column = "receivedNs" | "writtenNs" | "takenNs" | "featuresNs" | "scoredNs" | "signalNs";

const STAGES: readonly (readonly [Column, string])[] = [
  ["receivedNs", "frame received"],
  ["writtenNs", "bar written"],
  ["takenNs", "task taken"],
  ["featuresNs", "features"],
  ["scoredNs", "scored"],
  ["signalNs", "signal"],
];

/** Where every close of these bursts was at which time: since the first frame was sent, and since its own was read. */
export function recordStages(recorder: PartRecorder, title: string, bursts: readonly Burst[]): void {
  const sample = (column: Column, from: (burst: Burst, row: number) => number): number[] =>
    bursts.flatMap((burst) => Array.from(burst.rows[column], (ns, row) => (ns - from(burst, row)) / 1e3));
  for (const [column, stage] of STAGES)
    recorder.distribution(
      distributionOf(
        sample(column, (burst) => burst.startNs),
        {
          id: `stage-${column}`,
          group: `${title}: since the first frame was sent`,
          title: stage,
          unit: "us",
        },
      ),
    );
  for (const [column, stage] of STAGES.slice(1))
    recorder.distribution(
      distributionOf(
        sample(column, (burst, row) => burst.rows.receivedNs[row] ?? Number.NaN),
        {
          id: `own-${column}`,
          group: `${title}: since the close's own frame was read`,
          title: stage,
          unit: "us",
        },
      ),
    );
}
