/** Prices and quantities in decimal text. */
export interface PositionView {
  readonly symbol: string;
  readonly side: "long" | "short";
  readonly qty: string;
  readonly entry: string;
  readonly mark: string | null;
  readonly stop: string | null;
  /** The venue has confirmed stops for all of it. */
  readonly isStopConfirmed: boolean;
  readonly target: string | null;
  /** Unrealised, in stop distances; null: without a mark. */
  readonly r: number | null;
  readonly ageMs: number;
  readonly guard: "naked" | "guarded" | "exiting";
  /** Why it is being left. */
  readonly exitReason: string | null;
}
