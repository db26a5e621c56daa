import { readMirrorStatus } from "../../mirror/mirror-status.ts";
import type { Metric } from "./metric.ts";

/** How far behind the mirror beside this engine is, as it last said; none before it has said anything. */
export function mirrorMetrics(dataDir: string, nowMs: number): Metric[] {
  const status = readMirrorStatus(dataDir);
  if (status === null) return [];
  const { rowsBehind, behindSinceMs, atMs, problem } = status;
  const seconds = (sinceMs: number): number => Math.max(0, nowMs - sinceMs) / 1_000;
  const gauge = (name: string, help: string, value: number): Metric => ({ name, help, type: "gauge", value });
  return [
    gauge(
      "mirror_rows_behind",
      "rows of the ledger that PostgreSQL did not have when it was last asked",
      rowsBehind,
    ),
    gauge(
      "mirror_behind_seconds",
      "how long the copy in PostgreSQL has not been level with the ledger; 0: it is",
      behindSinceMs === null ? 0 : seconds(behindSinceMs),
    ),
    gauge("mirror_silent_seconds", "since the mirror last said how it does", seconds(atMs)),
    gauge("mirror_problem", "1: something keeps the mirror from going on", Number(problem !== null)),
  ];
}
