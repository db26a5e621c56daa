import type { Assessment } from "@smcq/research";
import type { PointResult } from "./point-result.ts";
import type { AxisValue, Space } from "./space.ts";

/** A combination with what it came to, and what may be said of it. */
export interface SweepPoint {
  /** By axis. */
  readonly values: readonly AxisValue[];
  readonly result: Omit<PointResult, "daily">;
  /** Corrected for every combination of this space and everything that was ever tried on this data folder. */
  readonly assessment: Assessment;
}

/** What `sweep.json` says; points in the order of the space, the last axis fastest. */
export interface SweepReport {
  readonly version: 1;
  readonly space: Space;
  readonly dataSha256: string;
  /** What was tried before, besides these. */
  readonly tried: { readonly known: number; readonly unseen: number };
  readonly points: readonly SweepPoint[];
}
