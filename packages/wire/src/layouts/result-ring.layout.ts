import { FEATURE_COUNT } from "@smcq/kernel";
import { defineLayout, type Layout } from "./layout.ts";
import { rowMaker, type RowOf } from "./row.ts";

export const RESULT_RING_MAGIC = 0x5253_4c54;
export const RESULT_RING_VERSION = 3;

export type ResultHeadField = "head" | "tail";

/**
 * Scored candidates of one shard: a ring of rows with one producer (whoever scans the shard) and one consumer (the
 * coordinator). Row n stands at n mod capacity.
 *
 *   ┌ line 0 ┐ ┌ line 1 ┐ ┌──────── row, 3 lines ───────────────────────────────────────────────┐
 *   │ head   │ │ tail   │ │ openTime score exchangeMs received written taken features scored    │ …
 *   │ reader │ │ writer │ │ slot side setup flags | 12 x f32 features                           │
 *   └────────┘ └────────┘ │ invalidationPrice atr medianTurnover challengerScore | model epochs │
 *                         └─────────────────────────────────────────────────────────────────────┘
 *
 * The producer writes rows, then the tail; the consumer reads rows, then the head. A full ring stops the scan: the
 * rest is done by the next task, nothing is dropped.
 */
export const RESULT_HEAD: Layout<ResultHeadField> = defineLayout("result ring head", RESULT_RING_VERSION, [
  { name: "head", type: "i32", count: 1, isLineStart: true },
  { name: "tail", type: "i32", count: 1, isLineStart: true },
]);

/** What a row says of a scored candidate. The row's memory, properties and types follow from this table alone. */
const ROW_FIELDS = [
  { name: "openTimeMs", type: "f64", count: 1, isLineStart: true },
  { name: "score", type: "f64", count: 1 },
  { name: "exchangeMs", type: "f64", count: 1 },
  { name: "receivedNs", type: "f64", count: 1 },
  { name: "writtenNs", type: "f64", count: 1 },
  { name: "takenNs", type: "f64", count: 1 },
  { name: "featuresNs", type: "f64", count: 1 },
  { name: "scoredNs", type: "f64", count: 1 },
  { name: "slot", type: "i32", count: 1, isLineStart: true },
  { name: "side", type: "i32", count: 1 },
  { name: "setup", type: "i32", count: 1 },
  { name: "flags", type: "i32", count: 1 },
  // The cast is for isolatedDeclarations, which infers no type from a name.
  { name: "features", type: "f32", count: FEATURE_COUNT as typeof FEATURE_COUNT },
  // Where the setup is wrong, and its bar's ATR-14, in price units: what a trade plan is made of.
  { name: "invalidationPrice", type: "f64", count: 1, isLineStart: true },
  { name: "atr", type: "f64", count: 1 },
  // Median of a minute's turnover over the last hour, quote units: how much the symbol can take.
  { name: "medianTurnover", type: "f64", count: 1 },
  // Of the model beside; meaningless while `challengerEpoch` is 0.
  { name: "challengerScore", type: "f64", count: 1 },
  { name: "modelEpoch", type: "i32", count: 1 },
  { name: "challengerEpoch", type: "i32", count: 1 },
] as const;

type ResultRowSpec = (typeof ROW_FIELDS)[number];

export const RESULT_ROW: Layout<ResultRowSpec["name"]> = defineLayout(
  "result row",
  RESULT_RING_VERSION,
  ROW_FIELDS,
);

/** A scored candidate on its way to the coordinator; one reusable object per reader or writer. */
export type ResultRow = RowOf<ResultRowSpec>;

/** Returns a blank row to be filled again and again. */
export const createResultRow: () => ResultRow = rowMaker<ResultRowSpec>(RESULT_ROW);

/** Bits of a row's `flags`. */
export const ResultFlag = { RestConfirmed: 1 } as const;
