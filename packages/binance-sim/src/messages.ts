import type { ClockSpec, WireError } from "@smcq/kernel";
import type { BinanceSimOptions } from "./options.ts";
import type { BurstReport } from "./burst-control.ts";
import type { SimEvent } from "./sim.ts";
import type { SimStats } from "./stats.ts";

/**
 * The parent's first word to the simulator's process. By message: whoever lists processes reads arguments, and the account's
 * keys are among the options.
 */
export interface SimStart {
  readonly type: "start";
  readonly options: BinanceSimOptions;
}

/** What the parent may say to the simulator's process afterwards. */
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
  | {
      readonly type: "listening";
      readonly port: number;
      readonly clock: ClockSpec;
      /** Whether the account is a new one, in words; null: it is not kept. */
      readonly accountText: string | null;
    }
  /** The start failed; the process ends with code 1. */
  | { readonly type: "failed"; readonly error: WireError }
  /** A control message was refused; the venue runs on. */
  | { readonly type: "refused"; readonly control: SimControl["type"]; readonly error: WireError }
  | { readonly type: "done"; readonly control: SimControl["type"] }
  | { readonly type: "stats"; readonly stats: SimStats }
  | { readonly type: "burst"; readonly burst: BurstReport }
  | SimEvent;
