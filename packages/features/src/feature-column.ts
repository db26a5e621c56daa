/** One column of the feature row that is stored, trained on and scored. */
export interface FeatureColumn {
  readonly name: string;
  /** Position in the row. */
  readonly order: number;
  readonly dtype: "float32";
  readonly min: number;
  readonly max: number;
  /** The value when there is nothing to measure (no object, no movement). */
  readonly neutral: number;
}
