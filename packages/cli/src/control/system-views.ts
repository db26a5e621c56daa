import type { ShardReport } from "@smcq/cluster";
import type { BusStatus } from "../bus/bus-status.ts";
import type { DutyView } from "./duty-view.ts";

/** What the engine runs on: threads, connections, rings, queues and the venue's REST limits. */
export interface SystemView {
  /** Venue ms; what has a `sinceMs` began then. */
  readonly nowMs: number;
  readonly shards: readonly ShardReport[];
  readonly scan: {
    /** `pool`: threads of their own scan; `shard`: each shard's thread scans by itself. */
    readonly compute: "pool" | "shard";
    readonly threads: number;
  };
  readonly connections: readonly ConnectionView[];
  readonly queues: readonly QueueView[];
  /** What this host is to the account that it shares with others; null: it shares none. */
  readonly duty: DutyView | null;
  /** The oldest first, one each `stepMs` of the wall, an hour of it. */
  /** How the engine does with those of other hosts; null: it meets none. */
  readonly bus: BusStatus | null;
  /** What the last `smcq audit` found; null: none was made. */
  readonly audit: { readonly atMs: number; readonly parity: number | null } | null;
  readonly rest: { readonly stepMs: number; readonly samples: readonly RestSample[] };
}

export interface ConnectionView {
  /** What comes by it, such as `klines, shard 0`. */
  readonly kind: string;
  /** Connections that stand, of those that should. */
  readonly open: number;
  readonly wanted: number;
  /** Since when it has been so, venue ms; null: since before anything was known. */
  readonly sinceMs: number | null;
  /** How often it was lost and made again. */
  readonly reconnects: number;
  /** What the venue said last by itself; empty: nothing. */
  readonly words: string;
}

/** Something that waits, beside what may wait at most; `lost` is what found no room since the start. */
export interface QueueView {
  readonly name: string;
  readonly unit: "events" | "rows" | "signals" | "bytes";
  readonly waiting: number;
  readonly waitingMax: number;
  readonly lost: number;
}

export interface RestSample {
  /** Wall ms. */
  readonly atMs: number;
  /** Of the minute before, and what the venue allowed in one. */
  readonly weightUsed: number;
  readonly weightLimit: number;
}
