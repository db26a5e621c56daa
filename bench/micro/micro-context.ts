import type { Calibration } from "../lib/calibration.ts";

/** What every small measurement is given. */
export interface MicroContext {
  readonly calibration: Calibration;
  readonly rounds: number;
  /** Shortest time of one measurement, ms. */
  readonly msPerMeasurement: number;
}
