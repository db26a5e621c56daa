import { defineLayout, type Layout } from "./layout.ts";

export const DETECTOR_STATE_MAGIC = 0x4453_5441;
export const DETECTOR_STATE_VERSION = 1;

export type DetectorStateField =
  | "begin"
  | "end"
  | "current"
  | "scanned"
  | "generation"
  | "revision"
  | "lastScannedMs"
  | "lastCandidateMs";

/**
 * The head of one symbol's detector state. The M1 state and two copies of the carry (M5, rest, last scanned bar)
 * follow; their sizes come from the detector, so they stand in the block's header, not here.
 *
 *   ┌────────────────────────────────────────────┬───────────────┬───────────────┬───────────────┐
 *   │ begin end current | record 0 | record 1    │ carry 0       │ carry 1       │ M1 state      │
 *   └────────────────────────────────────────────┴───────────────┴───────────────┴───────────────┘
 *
 * A scan sets begin = end + 1, works on the M1 state and on the carry copy that is not current, writes its results,
 * fills the record that is not current, flips `current`, sets end = begin. begin != end means a scan died here: the
 * M1 state is rebuilt from the ring, carry and record of `current` still hold.
 */
export const DETECTOR_STATE: Layout<DetectorStateField> = defineLayout(
  "detector state",
  DETECTOR_STATE_VERSION,
  [
    { name: "begin", type: "i32", count: 1, isLineStart: true },
    { name: "end", type: "i32", count: 1 },
    { name: "current", type: "i32", count: 1 },
    // Per record: bars scanned (ring index), ring generation, ring revision.
    { name: "scanned", type: "i32", count: 2 },
    { name: "generation", type: "i32", count: 2 },
    { name: "revision", type: "i32", count: 2 },
    { name: "lastScannedMs", type: "f64", count: 2, isLineStart: true },
    { name: "lastCandidateMs", type: "f64", count: 2 },
  ],
);
