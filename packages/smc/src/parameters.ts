/** The numbers of the detection rules (docs/smc.md section 0); stored with every run and every model. */
export interface SmcParameters {
  /** Rises with any change of a rule or a number: old models then no longer fit. */
  readonly version: number;
  /** Bars on each side that a swing point must beat. */
  readonly pivotBars: number;
  readonly atrBars: number;
  readonly rsiBars: number;
  /** A body above this many ATR (of the bar before) is a displacement. */
  readonly displacementAtr: number;
  /** A gap below this many ATR (of the bar before) is reported, but not tracked. */
  readonly gapTrackAtrMin: number;
  /** Objects, levels and trend live while their age in bars is at most this. */
  readonly ageBarsMax: number;
  /** Swing points within this many ATR (of the bar itself) are equal. */
  readonly equalToleranceAtr: number;
  /** Bars looked back from a break for its displacement, and one more from there for the block's candle. */
  readonly blockScanBars: number;
  readonly momentumBars: number;
  readonly volumeBars: number;
  /** A sweep counts on its own bar and the `sweepHoldBars - 1` bars after it. */
  readonly sweepHoldBars: number;
  /** S1: a sweep at most this many bars before the break. */
  readonly setupSweepBarsMax: number;
  readonly candleClipAtr: number;
  readonly gapSizeClipAtr: number;
  readonly gapDistanceClipAtr: number;
  readonly blockDistanceClipAtr: number;
  readonly blockCountClip: number;
  readonly volumeClip: number;
  readonly momentumClipAtr: number;
  readonly levelBarsMax: number;
  /** Least speed towards the next level, ATR per bar. */
  readonly levelSpeedAtrMin: number;
  /** Bars that must have been seen before candidates are raised. */
  readonly readyBars: number;
  /** Closed M5 bars from which on the M5 trend counts. */
  readonly m5ReadyBars: number;
  /** Bars from a candidate to the next possible one. */
  readonly restBars: number;
}

/** The one set of parameters in use. */
export const SMC_PARAMETERS: SmcParameters = Object.freeze({
  version: 1,
  pivotBars: 5,
  atrBars: 14,
  rsiBars: 14,
  displacementAtr: 1.5,
  gapTrackAtrMin: 0.25,
  ageBarsMax: 256,
  equalToleranceAtr: 0.1,
  blockScanBars: 10,
  momentumBars: 10,
  volumeBars: 20,
  sweepHoldBars: 3,
  setupSweepBarsMax: 10,
  candleClipAtr: 3,
  gapSizeClipAtr: 5,
  gapDistanceClipAtr: 5,
  blockDistanceClipAtr: 2,
  blockCountClip: 5,
  volumeClip: 10,
  momentumClipAtr: 5,
  levelBarsMax: 60,
  levelSpeedAtrMin: 0.1,
  readyBars: 320,
  m5ReadyBars: 60,
  restBars: 6,
});
