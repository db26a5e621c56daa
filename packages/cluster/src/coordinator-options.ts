import type { BarHistory } from "@smcq/exchange";
import type { Clock, ClockSpec, Logger, SmcqError } from "@smcq/kernel";
import type { Inbox } from "./loop/inbox.ts";
import type { ClusterMemory } from "./memory/cluster-memory.ts";
import type { ModelId } from "./scan/row-drain.ts";
import type { ScanOptions } from "./scan/scan-core.ts";
import type { SeedWish } from "./symbols/warm-up.ts";
import type { WorkerEntry } from "./threads/task-pool.ts";

export interface CoordinatorOptions {
  readonly memory: ClusterMemory;
  /** Where scored candidates and the health of feeds go. */
  readonly inbox: Inbox;
  readonly compute: "pool" | "shard";
  readonly scanThreads: number;
  /** The clock that every thread builds for itself; the venue's offset to it comes through the memory. */
  readonly clockSpec: ClockSpec;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly modelId: ModelId;
  readonly scan: ScanOptions;
  readonly barsReadyMin: number;
  readonly seed: SeedWish;
  readonly shardWorker: WorkerEntry;
  readonly scanWorker: WorkerEntry;
  readonly history: BarHistory;
  /** A scan hangs for ever, and its thread cannot be ended: the process has to be another one. Told once a shard at most. */
  readonly onStuck: (error: SmcqError) => void;
  readonly logger: Logger;
}

export interface ClusterHealth {
  readonly symbols: number;
  readonly ready: number;
  /** READY symbols whose M5 state, or that of the plan's longer timeframe, has the venue's history too. */
  readonly m5Ready: number;
  readonly short: number;
  readonly warming: number;
  readonly shardsRunning: number;
  readonly shardsOff: number;
  readonly shardRestarts: number;
  readonly scanRestarts: number;
  /** Scan tasks that run now, one a shard at most. */
  readonly scansInFlight: number;
}
