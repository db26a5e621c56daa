/** One number of a knob, with the range the parser accepts. */
export interface KnobParameter {
  readonly name: string;
  readonly unit: "ratio" | "ms" | "count" | "bytes";
  readonly min: number;
  readonly max: number;
  /** The value of a knob that is named without one. */
  readonly initial: number;
}

/** A named fault of the simulated venue. */
export interface KnobDefinition {
  readonly fault: string;
  readonly parameters: readonly KnobParameter[];
}

export const SECOND_MS: number = 1000;
export const MINUTE_MS: number = 60 * SECOND_MS;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;

export const ratio = (initial: number, name = "ratio"): KnobParameter => ({
  name,
  unit: "ratio",
  min: 0,
  max: 1,
  initial,
});
export const time = (name: string, initial: number, min: number, max: number): KnobParameter => ({
  name,
  unit: "ms",
  min,
  max,
  initial,
});
export const period = (initial: number): KnobParameter => time("period", initial, 10 * SECOND_MS, DAY_MS);
export const after = (initial: number): KnobParameter => time("after", initial, 0, 7 * DAY_MS);
export const duration = (initial: number): KnobParameter => time("duration", initial, SECOND_MS, 7 * DAY_MS);
export const window = (initial: number): KnobParameter => time("window", initial, 10 * SECOND_MS, DAY_MS);
/** How many it strikes at most since the plan was set; 0: all that chance chooses. */
export const times: KnobParameter = { name: "times", unit: "count", min: 0, max: 1_000_000, initial: 0 };
export const late = (name: string, initial: number): KnobParameter => time(name, initial, 0, 10 * MINUTE_MS);
export const whole = (name: string, initial: number, max: number): KnobParameter => ({
  name,
  unit: "count",
  min: 0,
  max,
  initial,
});
export const knob = (fault: string, ...parameters: readonly KnobParameter[]): KnobDefinition => ({
  fault,
  parameters,
});
