import type { ModelEpochs } from "@smcq/wire";
import type { EngineOptions } from "@smcq/engine";
import type { BarHistory } from "@smcq/exchange";
import type { ClockSpec, Logger } from "@smcq/kernel";
import type { ScanOptions } from "./scan/scan-core.ts";
import type { SignalListeners } from "./loop/engine-loop.ts";
import type { WorkerEntry } from "./threads/scan-pool.ts";

export interface CoordinatorOptions {
  readonly symbols: readonly string[];
  readonly shards: number;
  readonly compute: "pool" | "shard";
  readonly scanThreads: number;
  readonly clock: ClockSpec;
  /** Names the model of an epoch; 0 is the heuristic. */
  readonly modelId: (epoch: number) => string;
  /** The models that score from the first task on. */
  readonly models: Readonly<ModelEpochs>;
  readonly engine: EngineOptions;
  readonly scan: ScanOptions;
  readonly barsReadyMin: number;
  readonly m5Bars: number;
  readonly shardWorker: WorkerEntry;
  readonly scanWorker: WorkerEntry;
  readonly history: BarHistory;
  readonly logger: Logger;
  readonly listeners: SignalListeners;
}

export interface ClusterHealth {
  readonly symbols: number;
  readonly ready: number;
  /** READY symbols whose M5 state has the venue's history too. */
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
