/** How a raw margin becomes a probability: p = 1 / (1 + exp(-(a * margin + b))). */
export interface Calibration {
  /** `sigmoid`: the objective's own link (b is 0); `platt`: fitted on out-of-fold margins. */
  readonly type: "sigmoid" | "platt";
  readonly a: number;
  readonly b: number;
}

/** The probability (0..1) that the model gives to a raw margin; the one place where it is computed. */
export function predictConfidence(margin: number, calibration: Pick<Calibration, "a" | "b">): number {
  return 1 / (1 + Math.exp(-(calibration.a * margin + calibration.b)));
}
