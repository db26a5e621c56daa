import type { FeedConfig } from "@smcq/config";
import type { ClockSpec } from "@smcq/kernel";

/** Whose code receives, parses and scans: the product's, or a rival on the same threads, rings and coordinator. */
export type EnginePath = "own" | "naive" | "rescan";

/** How the engine's process is started: one JSON argument. */
export interface EngineSetting {
  readonly path: EnginePath;
  readonly shards: number;
  readonly compute: "pool" | "shard";
  readonly scanThreads: number;
  /** The product's feed settings with the simulator's addresses. */
  readonly feed: FeedConfig;
  readonly clock: ClockSpec;
}

/** Bench -> engine. */
export type EngineControl =
  /** Moves the market's clock to this far behind the start (the venue's stands still between closes). */
  | { readonly type: "advance"; readonly offsetMs: number }
  /** The next close: whose bar, and how many signals it must raise. */
  | { readonly type: "expect"; readonly openTimeMs: number; readonly count: number }
  | { readonly type: "collect" }
  | { readonly type: "counters" }
  | { readonly type: "stop" };

/** What came of one close; columns of `count` signals in the order of emission. */
export interface CloseRows {
  readonly count: number;
  readonly symbols: readonly string[];
  readonly sides: Int8Array;
  readonly scores: Float64Array;
  readonly features: Float32Array;
  readonly receivedNs: Float64Array;
  readonly writtenNs: Float64Array;
  readonly takenNs: Float64Array;
  readonly featuresNs: Float64Array;
  readonly scoredNs: Float64Array;
  /** When the coordinator's listener was called. */
  readonly signalNs: Float64Array;
  /** Signals of other minutes that came meanwhile: none may. */
  readonly strays: number;
}

/** The longest pause and the number of pauses of one thread, from the garbage collector's own reports. */
export interface GcReport {
  readonly thread: string;
  readonly pauses: number;
  readonly pauseMsMax: number;
  readonly pauseMsTotal: number;
}

export interface EngineCountersReport {
  /** Frames that the feeds have read. */
  readonly messages: number;
  readonly finals: number;
  readonly clockFaults: number;
  readonly reconnects: number;
  readonly ready: number;
  readonly shardRestarts: number;
  readonly scanRestarts: number;
  readonly gc: readonly GcReport[];
}

/** Engine -> bench. */
export type EngineReport =
  | { readonly type: "ready"; readonly symbols: number }
  | { readonly type: "warmed" }
  | { readonly type: "done"; readonly control: EngineControl["type"] }
  | { readonly type: "closed" }
  | { readonly type: "rows"; readonly rows: CloseRows }
  | { readonly type: "counters"; readonly counters: EngineCountersReport }
  | { readonly type: "failed"; readonly text: string };
