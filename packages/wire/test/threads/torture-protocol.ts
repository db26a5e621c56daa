/** What the torture's threads share and tell; the numbers of a bar say which bar it is. */
import { MINUTE_MS } from "@smcq/kernel";

export const T0 = 60_000_000;
/** Bars of one run are numbered from generation * EPOCH_STRIDE on, so that bars of two runs are never alike. */
export const EPOCH_STRIDE = 1e7;
export const VERSIONS = 1024;

/** Places in the shared control words. */
export const Word = { Stop: 0, Ready: 1, Reads: 2, Mixed: 3 } as const;

export interface TortureData {
  readonly role: "writer" | "reader";
  readonly rings: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
  readonly seed: number;
}

export interface WriterReport {
  readonly role: "writer";
  readonly appends: number;
  readonly replacements: number;
  readonly resets: number;
  readonly deaths: number;
}

export interface ReaderReport {
  readonly role: "reader";
  readonly reads: number;
  readonly accepted: number;
  /** Accepted although the writer had gone on since `begin`. */
  readonly acceptedOvertaken: number;
  readonly refused: number;
  readonly refusedAtBegin: number;
  /** Refused copies that held a mix of two bars or of two versions of one. */
  readonly mixedRefused: number;
  /** Refused although nothing was mixed: what caution costs. */
  readonly soundRefused: number;
  /** Copies of ranges that began at the very oldest cell. */
  readonly oldestAccepted: number;
  readonly formingAccepted: number;
  readonly formingRefused: number;
  readonly lastFinalAccepted: number;
  readonly lastFinalRefused: number;
  /** Last-final fields of two bars, seen and refused. */
  readonly lastFinalMixedRefused: number;
  /** What must not be: descriptions of the first torn copies that were accepted, and how many there were. */
  readonly faults: readonly string[];
  readonly faultCount: number;
}

export type TortureReport = WriterReport | ReaderReport;

export const openTimeOf = (sequence: number): number => T0 + sequence * MINUTE_MS;

export const priceOf = (sequence: number, version: number): number => sequence * 4 + version / VERSIONS;

/** True when the six numbers at `at` are one version of one bar. */
export function isOneBar(numbers: Float64Array, at: number): boolean {
  const sequence = ((numbers[at] as number) - T0) / MINUTE_MS;
  const volume = numbers[at + 5] as number;
  const price = priceOf(sequence, (volume - sequence) * VERSIONS);
  return (
    (numbers[at + 1] as number) === price + 1 &&
    (numbers[at + 2] as number) === price + 3 &&
    (numbers[at + 3] as number) === price &&
    (numbers[at + 4] as number) === price + 2
  );
}
