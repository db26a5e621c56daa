import { defineLayout, type Layout } from "./layout.ts";

export const PAUSES_MAGIC = 0x5041_5553;
export const PAUSES_VERSION = 1;

/** Upper ends of the buckets of pauses, ms; what is longer counts in a last one without an end. */
export const PAUSE_BOUNDS_MS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1_000];

export type PausesField = "sumUs" | "usMax" | "counts";

/**
 * How long threads stood still: for the collector of garbage, or because a turn of their event loop was long. Any number of
 * threads may write; each word is changed by itself, and a look may see a pause counted that is not summed yet.
 *
 *   ┌──────────────────────────────┐
 *   │ sum (64 bit) | longest | counts │
 *   └──────────────────────────────┘
 */
export const PAUSES: Layout<PausesField> = defineLayout("pauses", PAUSES_VERSION, [
  { name: "sumUs", type: "f64", count: 1, isLineStart: true },
  { name: "usMax", type: "i32", count: 1 },
  { name: "counts", type: "i32", count: PAUSE_BOUNDS_MS.length + 1 },
]);
