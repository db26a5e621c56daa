import { FEATURE_COUNT } from "@smcq/kernel";
import { type ResultRow } from "@smcq/wire";

const NUMBERS = [
  "openTimeMs",
  "score",
  "exchangeMs",
  "receivedNs",
  "writtenNs",
  "takenNs",
  "featuresNs",
  "scoredNs",
  "slot",
  "side",
  "setup",
  "flags",
] as const;

/** The value of the `at`-th field of row `index`; exact in a float32 and in an int32. */
const valueOf = (index: number, at: number): number => ((index * 31 + at) % 0xff_ffff) - 1;

/** Fills every field of a row from its index, so that any mix of two rows is seen. */
export function fillRow(row: ResultRow, index: number): void {
  for (let at = 0; at < NUMBERS.length; at++) row[NUMBERS[at]!] = valueOf(index, at);
  for (let at = 0; at < FEATURE_COUNT; at++) row.features[at] = valueOf(index, NUMBERS.length + at);
}

/** True when every field of the row is that of `index`. */
export function isRow(row: ResultRow, index: number): boolean {
  for (let at = 0; at < NUMBERS.length; at++) if (row[NUMBERS[at]!] !== valueOf(index, at)) return false;
  for (let at = 0; at < FEATURE_COUNT; at++)
    if (row.features[at] !== valueOf(index, NUMBERS.length + at)) return false;
  return true;
}
