import type { Metric } from "../output/metrics/metrics-text.ts";
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

/** Everything that a run measures, for a scrape and for whoever asks over the control socket. */
export function runMetrics(
  { core, journal }: Pick<RunEngine, "core" | "journal">,
  venue: Pick<VenueConnection, "restUse">,
  minutes: Pick<MinuteLoop, "metrics">,
): readonly Metric[] {
  return [
    ...minutes.metrics(),
    ...restMetrics(venue.restUse()),
    ...logMetrics(standardOutput()),
    ...(core.trading === null ? [] : tradingMetrics(core.trading)),
    ...(journal === null ? [] : journalMetrics(journal)),
  ];
}
