import { defineLayout, type Layout } from "./layout.ts";

/** Closed bars kept per symbol (docs/smc.md section 0: the window on which stateless and streaming agree). */
export const RING_BARS = 512;
export const RING_MASK: number = RING_BARS - 1;

export const KLINE_RING_MAGIC = 0x4b52_4e47;
export const KLINE_RING_VERSION = 1;

export type KlineRingField =
  | "intent"
  | "tail"
  | "runStart"
  | "generation"
  | "revision"
  | "owner"
  | "formingSequence"
  | "forming"
  | "liveFromMs"
  | "receivedNs"
  | "writtenNs"
  | "exchangeMs"
  | "source"
  | "openTime"
  | "open"
  | "high"
  | "low"
  | "close"
  | "volume";

/**
 * One symbol's ring. One writer (its shard), any number of readers. Counters count bars since the slot was made;
 * bar n stands in cell n mod 512 of each column.
 *
 *     line 0        line 1                    line 2..3                 columns, 512 x f64 each
 *   ┌──────────┬──────────────────────────┬──────────────────────┬──────────┬──────┬──────┬─────┬───────┬────────┐
 *   │ intent   │ tail runStart generation │ forming bar, times   │ openTime │ open │ high │ low │ close │ volume │
 *   │          │ revision owner           │ of the last final    │          │      │      │     │       │        │
 *   └──────────┴──────────────────────────┴──────────────────────┴──────────┴──────┴──────┴─────┴───────┴────────┘
 *
 * Append: intent = n+1, cells, tail = n+1. A copy of bars [a, tail) is whole if afterwards intent <= a + 512 and
 * `revision` is unchanged and even. `revision` is odd while a cell is replaced or the run is reset.
 */
export const KLINE_RING: Layout<KlineRingField> = defineLayout("kline ring", KLINE_RING_VERSION, [
  { name: "intent", type: "i32", count: 1, isLineStart: true },
  { name: "tail", type: "i32", count: 1, isLineStart: true },
  // First bar of the present run without a hole; bars before it are history of an older run.
  { name: "runStart", type: "i32", count: 1 },
  // Counts resets and changes of the slot's symbol: derived state of another generation is void.
  { name: "generation", type: "i32", count: 1 },
  { name: "revision", type: "i32", count: 1 },
  // Whose bars these are (symbolId + 1): a shard that takes a slot over asks before it trusts them.
  { name: "owner", type: "i32", count: 1 },
  { name: "formingSequence", type: "i32", count: 1, isLineStart: true },
  { name: "forming", type: "f64", count: 7 },
  { name: "liveFromMs", type: "f64", count: 1, isLineStart: true },
  { name: "receivedNs", type: "f64", count: 1 },
  { name: "writtenNs", type: "f64", count: 1 },
  { name: "exchangeMs", type: "f64", count: 1 },
  { name: "source", type: "f64", count: 1 },
  { name: "openTime", type: "f64", count: RING_BARS, isLineStart: true },
  { name: "open", type: "f64", count: RING_BARS },
  { name: "high", type: "f64", count: RING_BARS },
  { name: "low", type: "f64", count: RING_BARS },
  { name: "close", type: "f64", count: RING_BARS },
  { name: "volume", type: "f64", count: RING_BARS },
]);
