import { RING_BARS } from "@smcq/wire";
import { barNumbers, type RawRing } from "./ring-bars.ts";

/** One store of the writer; a dead writer has done a prefix of a list of these. */
export type Step = () => void;

const COLUMNS = ["openTime", "open", "high", "low", "close", "volume"] as const;

/** The stores of one append, in program order. */
export function appendSteps(raw: RawRing, index: number, version = 0): Step[] {
  const numbers = barNumbers(index, version);
  const cell = index % RING_BARS;
  return [
    () => raw.setWord("intent", index + 1),
    ...COLUMNS.map((column, at) => () => raw.setDouble(column, cell, numbers[at]!)),
    () => raw.setDouble("receivedNs", 0, index * 10),
    () => raw.setDouble("writtenNs", 0, index * 10 + 1),
    () => raw.setDouble("exchangeMs", 0, numbers[0]! + 62_000),
    () => raw.setDouble("source", 0, 1),
    () => raw.setWord("tail", index + 1),
  ];
}

/** The stores of one replacement, in program order. */
export function replaceSteps(raw: RawRing, index: number, version: number): Step[] {
  const numbers = barNumbers(index, version);
  const cell = index % RING_BARS;
  return [
    () => raw.setWord("revision", raw.word("revision") + 1),
    ...COLUMNS.slice(1).map((column, at) => () => raw.setDouble(column, cell, numbers[at + 1]!)),
    () => raw.setWord("revision", raw.word("revision") + 1),
  ];
}

/** The stores of one change of the forming bar, in program order. */
export function formingSteps(raw: RawRing, numbers: readonly number[]): Step[] {
  return [
    () => raw.setWord("formingSequence", (raw.word("formingSequence") & ~1) + 1),
    ...Array.from({ length: 7 }, (_, at) => () => raw.setDouble("forming", at, numbers[at]!)),
    () => raw.setWord("formingSequence", raw.word("formingSequence") + 1),
  ];
}

/** The stores of one reset, in program order. */
export function resetSteps(raw: RawRing, liveFromMs: number): Step[] {
  return [
    () => raw.setWord("revision", raw.word("revision") + 1),
    () => raw.setWord("runStart", raw.word("tail")),
    () => raw.setWord("generation", raw.word("generation") + 1),
    () => raw.setDouble("liveFromMs", 0, liveFromMs),
    () => raw.setWord("revision", raw.word("revision") + 1),
    ...formingSteps(raw, [0, 0, 0, 0, 0, 0, 0]),
  ];
}
