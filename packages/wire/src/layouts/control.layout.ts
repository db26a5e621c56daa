import { FEED_COUNTER_LINES } from "./control-sizes.ts";
import { defineLayout, type Layout } from "./layout.ts";

export const CONTROL_MAGIC = 0x4354_524c;
export const CONTROL_VERSION = 2;

/** Latency buckets: 8 per octave of microseconds, 0..2^24 us. */
export const LATENCY_BUCKETS = 192;

export type ControlField =
  | "heartbeatNs"
  | "connectionsOpen"
  | "stallMsMax"
  | "feed"
  | "tasks"
  | "barsScanned"
  | "candidates"
  | "rebuilds"
  | "tornReads"
  | "laps"
  | "scanNsTotal"
  | "latencyUsMax"
  | "latency"
  | "modelUsed"
  | "challengerUsed"
  | "clockOffsetMs"
  | "isStopping"
  | "modelEpoch"
  | "challengerEpoch";

/**
 * One shard's counters. Three writers, each on lines of its own: the shard, whoever scans, the coordinator.
 * Counters are doubles (exact to 2^53) written by one thread and read by others for display: an aligned 64-bit
 * store is seen whole on the platforms that Node supports.
 *
 *   ┌ shard ────────────────────────┐ ┌ scan ───────────────────────────────┐ ┌ coordinator ──────────┐
 *   │ heartbeat, feed counters, …   │ │ tasks, bars, histogram, models used │ │ clock offset, models  │
 *   └───────────────────────────────┘ └─────────────────────────────────────┘ └───────────────────────┘
 */
export const CONTROL: Layout<ControlField> = defineLayout("control block", CONTROL_VERSION, [
  { name: "heartbeatNs", type: "f64", count: 1, isLineStart: true },
  { name: "connectionsOpen", type: "f64", count: 1 },
  { name: "stallMsMax", type: "f64", count: 1 },
  { name: "feed", type: "f64", count: FEED_COUNTER_LINES, isLineStart: true },
  { name: "tasks", type: "f64", count: 1, isLineStart: true },
  { name: "barsScanned", type: "f64", count: 1 },
  { name: "candidates", type: "f64", count: 1 },
  { name: "rebuilds", type: "f64", count: 1 },
  { name: "tornReads", type: "f64", count: 1 },
  { name: "laps", type: "f64", count: 1 },
  { name: "scanNsTotal", type: "f64", count: 1 },
  { name: "latencyUsMax", type: "f64", count: 1 },
  { name: "latency", type: "i32", count: LATENCY_BUCKETS, isLineStart: true },
  { name: "modelUsed", type: "i32", count: 1 },
  { name: "challengerUsed", type: "i32", count: 1 },
  { name: "clockOffsetMs", type: "f64", count: 1, isLineStart: true },
  { name: "isStopping", type: "i32", count: 1 },
  { name: "modelEpoch", type: "i32", count: 1 },
  { name: "challengerEpoch", type: "i32", count: 1 },
]);
