import type { ClockSpec, WireError } from "@smcq/kernel";
import type { BurstReport } from "./burst-control.ts";
import type { SimEvent } from "./sim.ts";
import type { SimStats } from "./stats.ts";

/** What the parent may say to the simulator's process. */
export type SimControl =
  | { readonly type: "faults"; readonly faults: string }
  | { readonly type: "list"; readonly symbol: string }
  | { readonly type: "delist"; readonly symbol: string }
  | { readonly type: "stats" }
  | { readonly type: "prepare-close" }
  | { readonly type: "close-now" }
  | { readonly type: "steady"; readonly messagesPerSecond: number }
  | { readonly type: "stop" };

/** What the simulator's process says to its parent. */
export type SimReport =
  | { readonly type: "listening"; readonly port: number; readonly clock: ClockSpec }
  /** The start failed; the process ends with code 1. */
  | { readonly type: "failed"; readonly error: WireError }
  /** A control message was refused; the venue runs on. */
  | { readonly type: "refused"; readonly control: SimControl["type"]; readonly error: WireError }
  | { readonly type: "done"; readonly control: SimControl["type"] }
  | { readonly type: "stats"; readonly stats: SimStats }
  | { readonly type: "burst"; readonly burst: BurstReport }
  | SimEvent;
