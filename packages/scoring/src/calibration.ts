/** A model of the expected result net of costs: its margin is that, in R. */
export interface NetRTarget {
  readonly kind: "net-r";
  /** The model abstains (score 0) where it expects at most this, R. */
  readonly abstainR: number;
}

/** How a raw margin becomes a probability: p = 1 / (1 + exp(-(a * margin + b))). */
export interface Calibration {
  /** `sigmoid`: the objective's own link (b is 0); `platt`: fitted on out-of-fold margins. */
  readonly type: "sigmoid" | "platt";
  readonly a: number;
  readonly b: number;
  /** Absent: the margin is that of P(win), and nothing is abstained from. */
  readonly target?: NetRTarget;
}

/** The part of a calibration that scores are made of. */
export type ScoreMap = Pick<Calibration, "a" | "b" | "target">;

/** The probability (0..1) that the model gives to a raw margin, 0 where it abstains; the one place where it is computed. */
export function predictConfidence(margin: number, calibration: ScoreMap): number {
  if (calibration.target !== undefined && !(margin > calibration.target.abstainR)) return 0;
  return 1 / (1 + Math.exp(-(calibration.a * margin + calibration.b)));
}
