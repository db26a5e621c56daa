import { FeedCounter } from "@smcq/exchange";
import type { Clock, FeedState } from "@smcq/kernel";
import { ResultRingReader, RING_BARS, ScanCounter } from "@smcq/wire";
import type { ShardViews } from "../memory/cluster-memory.ts";
import type { SlotTable } from "../memory/slot-table.ts";

/** How one shard does: its thread, its scans, its feed and its rings. */
export interface ShardReport {
  readonly shardId: number;
  readonly state: "idle" | "running" | "draining" | "stopped" | "off";
  /** Its scans died too often: nothing of it is scanned any more. */
  readonly isScanOff: boolean;
  readonly isScanInFlight: boolean;
  readonly restarts: number;
  readonly scanRestarts: number;
  readonly symbols: number;
  /** Since the thread's event loop turned last, wall ms; null: it never did. */
  readonly beatAgeMs: number | null;
  readonly feed: FeedState;
  /** Since when as many connections as now have been open, venue ms; null: none ever was. */
  readonly feedSinceMs: number | null;
  readonly connects: number;
  readonly reconnects: number;
  /** Connections given up because data stopped. */
  readonly watchdogTrips: number;
  readonly rings: RingReport;
}

export interface RingReport {
  /** Closed bars that the rings of all symbols hold, and how many they could. */
  readonly bars: number;
  readonly barsMax: number;
  /** Symbols that have a place, of the places there are. */
  readonly slots: number;
  readonly slotsMax: number;
  /** Scored rows that wait to be taken. */
  readonly results: number;
  readonly resultsMax: number;
  /** Times that a reader was overtaken by the writer and had to begin anew; no bar is lost by it. */
  readonly laps: number;
  readonly tornReads: number;
}

/** What only the shard itself knows. */
export type ShardFacts = Omit<
  ShardReport,
  "shardId" | "symbols" | "beatAgeMs" | "connects" | "reconnects" | "watchdogTrips" | "rings"
>;

/** Sums up a shard of what it shares with its threads, by reading alone. */
export function shardReport(
  views: ShardViews,
  slots: Pick<SlotTable, "ofShard">,
  facts: ShardFacts,
  wallClock: Clock,
): ShardReport {
  const { memory, control, reader } = views;
  const own = slots.ofShard(memory.shardId);
  const results = new ResultRingReader(memory.results);
  const { heartbeatNs } = control;
  return {
    shardId: memory.shardId,
    ...facts,
    symbols: own.length,
    beatAgeMs: heartbeatNs === 0 ? null : Math.max(0, Math.round((wallClock.monoNs() - heartbeatNs) / 1e6)),
    connects: control.feedCounter(FeedCounter.Connects),
    reconnects: control.feedCounter(FeedCounter.Reconnects),
    watchdogTrips: control.feedCounter(FeedCounter.WatchdogTrips),
    rings: {
      bars: own.reduce((sum, { slot }) => sum + reader.barCount(slot), 0),
      barsMax: own.length * RING_BARS,
      slots: own.length,
      slotsMax: reader.slots,
      results: results.available,
      resultsMax: results.capacity,
      laps: control.scanCounter(ScanCounter.Laps),
      tornReads: control.scanCounter(ScanCounter.TornReads),
    },
  };
}
