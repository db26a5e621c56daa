import type { Metric } from "../output/metrics/metric.ts";
import { threadMetrics } from "../output/metrics/thread-metrics.ts";
import { standardOutput } from "../output/outlet.ts";
import {
  journalMetrics,
  logMetrics,
  restMetrics,
  tradingMetrics,
} from "../output/metrics/trading-metrics.ts";
import type { VenueConnection } from "../modes/ports.ts";
import type { RunEngine } from "./create-engine.ts";
import type { MinuteLoop } from "./minute-loop.ts";
import type { ThreadPauses } from "./thread-pauses.ts";

/** Everything that a run measures, for a scrape and for whoever asks over the control socket. */
export function runMetrics(
  { core, coordinator, journal, stages }: Pick<RunEngine, "core" | "coordinator" | "journal" | "stages">,
  venue: Pick<VenueConnection, "restUse">,
  minutes: Pick<MinuteLoop, "metrics">,
  pauses: Pick<ThreadPauses, "gc" | "turns">,
): readonly Metric[] {
  return [
    ...minutes.metrics(),
    ...threadMetrics({ memory: coordinator.memory, pauses, stages }),
    ...restMetrics(venue.restUse()),
    ...logMetrics(standardOutput()),
    ...(core.trading === null ? [] : tradingMetrics(core.trading)),
    ...(journal === null ? [] : journalMetrics(journal)),
  ];
}
