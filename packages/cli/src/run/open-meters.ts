import type { EngineConfig } from "@smcq/config";
import type { Clock, Logger } from "@smcq/kernel";
import type { VenueConnection } from "../modes/ports.ts";
import type { Metric } from "../output/metrics/metric.ts";
import { lastAudit } from "../offline/audit/audits-file.ts";
import { dutyMetrics } from "../output/metrics/duty-metrics.ts";
import type { Duty } from "./duty/duty.ts";
import { auditMetrics } from "../output/metrics/audit-metrics.ts";
import { mirrorMetrics } from "../output/metrics/mirror-metrics.ts";
import { standardOutput } from "../output/outlet.ts";
import type { Closers } from "./steps/closers.ts";
import { SystemWatch } from "./control/system-watch.ts";
import type { RunEngine } from "./create-engine.ts";
import { MemoryWatch } from "./memory-watch.ts";
import type { MinuteLoop } from "./minute-loop.ts";
import type { RunLedger } from "./run-ledger.ts";
import { runMetrics } from "./run-metrics.ts";
import { ThreadPauses } from "./thread-pauses.ts";

export interface MeterDeps {
  readonly config: EngineConfig;
  readonly closers: Closers;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

export interface MeteredRun {
  readonly engine: RunEngine;
  readonly venue: VenueConnection;
  readonly run: RunLedger;
  readonly minutes: MinuteLoop;
  /** What this host is to an account that it shares with others; null: it shares none. */
  readonly duty: Duty | null;
}

/** What measures a run beside it. */
export interface Meters {
  readonly metrics: () => readonly Metric[];
  readonly system: SystemWatch;
}

/** Begins to measure; what does so ends with the run. */
export function openMeters(deps: MeterDeps, { engine, venue, run, minutes, duty }: MeteredRun): Meters {
  const { config, closers, wallClock } = deps;
  const memory = new MemoryWatch({
    ...deps,
    rssBytes: () => process.memoryUsage.rss(),
    limitMb: config.metrics.memoryMbWarn,
  });
  closers.add(() => memory.stop());
  const pauses = new ThreadPauses(wallClock);
  closers.add(() => pauses.stop());
  const system = new SystemWatch({
    ...deps,
    engine,
    ledger: () => run.client.stats(),
    log: standardOutput(),
    restUse: () => venue.restUse(),
    duty: () => duty?.view ?? null,
  });
  closers.add(() => system.stop());
  const metrics = (): readonly Metric[] => [
    ...runMetrics(engine, venue, minutes, pauses),
    ...memory.metrics(),
    ...engine.side.metrics(),
    ...(duty === null ? [] : dutyMetrics(duty.view)),
    ...auditMetrics(lastAudit(config.dataDir), wallClock.nowMs()),
    ...(config.ledger.mirrorUrl === null ? [] : mirrorMetrics(config.dataDir, wallClock.nowMs())),
  ];
  return { metrics, system };
}
