import type { ClusterMemory } from "@smcq/cluster";
import type { DurationCounts } from "@smcq/engine";
import { LATENCY_BUCKETS, latencyBucketUs, Pauses } from "@smcq/wire";
import type { StageTimes } from "../../run/stage-times.ts";
import type { ThreadPauses } from "../../run/thread-pauses.ts";
import type { Metric } from "./metric.ts";

/** Buckets of a latency in an octave of microseconds. */
const OCTAVE = 8;
/** The octave of the first bound: 2^7 us, an eighth of a millisecond. */
const FIRST_OCTAVE = 7;

export interface ThreadMeters {
  readonly memory: Pick<ClusterMemory, "shards" | "scanGc">;
  readonly pauses: Pick<ThreadPauses, "gc" | "turns">;
  readonly stages: Pick<StageTimes, "stages">;
}

/** How long threads stood still, and how long a closed bar took to its score, since the start. */
export function threadMetrics({ memory, pauses, stages }: ThreadMeters): Metric[] {
  const gc = "collections of garbage, ms";
  const turns = "by how much a thread's event loop was late, looked at twice a second, ms";
  return [
    histogram("gc_pause_ms", gc, pauses.gc, { thread: "main" }),
    ...memory.shards.map(({ memory: { shardId }, gc: own }) =>
      histogram("gc_pause_ms", gc, own.counted, { thread: `shard ${shardId}` }),
    ),
    histogram("gc_pause_ms", gc, new Pauses(memory.scanGc).counted, { thread: "scan" }),
    histogram("event_loop_late_ms", turns, pauses.turns, { thread: "main" }),
    ...memory.shards.map(({ memory: { shardId }, turns: own }) =>
      histogram("event_loop_late_ms", turns, own.counted, { thread: `shard ${shardId}` }),
    ),
    ...stages.stages.map(({ name, durations }) =>
      histogram("stage_ms", "a stage of a close that brought a candidate, ms", durations, { stage: name }),
    ),
    histogram(
      "close_to_scored_ms",
      "from the closing frame to the score, every bar; sum and longest by the ends of narrow buckets, ms",
      closeToScored(memory),
    ),
  ];
}

/** The shards' narrow buckets by octaves, whose ends are theirs. */
function closeToScored({ shards }: Pick<ClusterMemory, "shards">): DurationCounts {
  const narrow = new Uint32Array(LATENCY_BUCKETS);
  for (const { control } of shards) control.sumLatency(narrow);
  const octaves = LATENCY_BUCKETS / OCTAVE;
  const boundsMs = Array.from(
    { length: octaves - FIRST_OCTAVE },
    (_, at) => 2 ** (at + FIRST_OCTAVE + 1) / 1e3,
  );
  const counts = boundsMs.map(() => 0);
  let [count, sumMs, msMax] = [0, 0, 0];
  for (const [bucket, own] of narrow.entries()) {
    if (own === 0) continue;
    const at = Math.max(0, Math.floor(bucket / OCTAVE) - FIRST_OCTAVE);
    counts[at] = (counts[at] ?? 0) + own;
    count += own;
    msMax = latencyBucketUs(bucket) / 1e3;
    sumMs += own * msMax;
  }
  return { boundsMs, counts, count, sumMs, msMax };
}

function histogram(
  name: string,
  help: string,
  durations: DurationCounts,
  labels: Readonly<Record<string, string>> = {},
): Metric {
  return { name, help, type: "histogram", durations, labels };
}
