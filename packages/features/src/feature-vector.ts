import { FEATURE_COUNT } from "@smcq/kernel";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { SmcDetector } from "@smcq/smc";
import { Feature } from "./feature-table.ts";
import { heuristicTwentieths } from "./heuristic.ts";

const {
  sweepHoldBars,
  momentumBars,
  candleClipAtr,
  gapSizeClipAtr,
  gapDistanceClipAtr,
  blockDistanceClipAtr,
  blockCountClip,
  volumeClip,
  momentumClipAtr,
  levelBarsMax,
  levelSpeedAtrMin,
} = SMC_PARAMETERS;

// Constants of this file, not properties of a shared table: the optimizing compiler folds only these.
const {
  AtrNormalizedVolume: ATR_NORMALIZED_VOLUME,
  ConfidenceEnsemble: CONFIDENCE_ENSEMBLE,
  FvgProximity: FVG_PROXIMITY,
  FvgSizeAtr: FVG_SIZE_ATR,
  InstitutionalCandle: INSTITUTIONAL_CANDLE,
  LiquidityGrab: LIQUIDITY_GRAB,
  MarketStructure: MARKET_STRUCTURE,
  MomentumAtr: MOMENTUM_ATR,
  ObProximity: OB_PROXIMITY,
  OrderBlocksCount: ORDER_BLOCKS_COUNT,
  Rsi14: RSI,
  TimeToNextLevel: TIME_TO_NEXT_LEVEL,
} = Feature;

function clipUnit(value: number): number {
  return value > 1 ? 1 : value < -1 ? -1 : value;
}

/** `-value`, with zero staying +0. */
function mirrored(value: number): number {
  return value === 0 ? 0 : -value;
}

/** The 12 features of a detector's current bar in float64 (docs/smc.md section 8), and their side view. */
export class FeatureVector {
  readonly values: Float64Array = new Float64Array(FEATURE_COUNT);
  #gapSizeAtr = 0;
  #momentumAtr = 0;

  /** Computes all 12 from the current bar; every value is finite. Means nothing before bar 35. */
  compute(detector: SmcDetector): void {
    const values = this.values;
    const atr = detector.atr;
    const close = detector.close;
    const body = close - detector.open;
    const momentum = close - detector.closeBefore(momentumBars);
    this.#momentumAtr = atr > 0 ? momentum / atr : 0;
    const before = detector.atrBefore;
    values[MARKET_STRUCTURE] = detector.trend;
    values[INSTITUTIONAL_CANDLE] = before > 0 ? clipUnit(body / (candleClipAtr * before)) : 0;
    values[LIQUIDITY_GRAB] = liquidityGrab(detector);
    values[ATR_NORMALIZED_VOLUME] = volumeFeature(detector);
    values[RSI] = detector.rsi;
    values[MOMENTUM_ATR] =
      Math.min(Math.max(this.#momentumAtr, -momentumClipAtr), momentumClipAtr) / momentumClipAtr;
    this.#setGap(detector, close, atr);
    this.#setBlocks(detector, close, atr);
    values[TIME_TO_NEXT_LEVEL] = this.#timeToNextLevel(detector, close, atr);
    values[CONFIDENCE_ENSEMBLE] = this.#heuristicUnsided();
  }

  #setGap(detector: SmcDetector, close: number, atr: number): void {
    const gaps = detector.gaps;
    const hasGap = atr > 0 && gaps.findNearest(close);
    this.#gapSizeAtr = hasGap ? gaps.nearestSize / atr : 0;
    this.values[FVG_SIZE_ATR] = Math.min(this.#gapSizeAtr, gapSizeClipAtr) / gapSizeClipAtr;
    this.values[FVG_PROXIMITY] = hasGap ? clipUnit(gaps.nearestDistance / (gapDistanceClipAtr * atr)) : 0;
  }

  #setBlocks(detector: SmcDetector, close: number, atr: number): void {
    const blocks = detector.blocks;
    blocks.survey(close);
    this.values[ORDER_BLOCKS_COUNT] = Math.min(blocks.blockCount, blockCountClip) / blockCountClip;
    this.values[OB_PROXIMITY] =
      atr > 0 && blocks.blockCount > 0
        ? Math.min(blocks.nearestDistance / (blockDistanceClipAtr * atr), 1)
        : 1;
  }

  /** Reads the blocks' edges: `#setBlocks` comes first. */
  #timeToNextLevel(detector: SmcDetector, close: number, atr: number): number {
    if (!(atr > 0)) return 1;
    const momentum = this.#momentumAtr;
    const direction = momentum > 0 ? 1 : momentum < 0 ? -1 : 0;
    const { edgeAbove, edgeBelow } = detector.blocks;
    const edge = direction > 0 ? edgeAbove : direction < 0 ? edgeBelow : Math.min(edgeAbove, edgeBelow);
    const distance = Math.min(edge, detector.pools.distanceAhead(close, direction));
    if (distance === Infinity) return 1;
    const speedAtrPerBar = Math.max(Math.abs(momentum) / momentumBars, levelSpeedAtrMin);
    return Math.min(distance / atr / speedAtrPerBar, levelBarsMax) / levelBarsMax;
  }

  #heuristicUnsided(): number {
    const values = this.values;
    const twentieths = heuristicTwentieths(
      values[MARKET_STRUCTURE] as number,
      values[LIQUIDITY_GRAB] !== 0,
      this.#gapSizeAtr,
      values[OB_PROXIMITY] as number,
      this.#momentumAtr,
      values[RSI] as number,
    );
    return twentieths / 20;
  }

  /** The heuristic in a side's form, exactly k/20: the score of a candidate when no model is used. */
  heuristicOf(side: 1 | -1): number {
    const values = this.values;
    const rsi = values[RSI] as number;
    const twentieths = heuristicTwentieths(
      side * (values[MARKET_STRUCTURE] as number),
      side * (values[LIQUIDITY_GRAB] as number) === 1,
      this.#gapSizeAtr,
      values[OB_PROXIMITY] as number,
      side * this.#momentumAtr,
      side > 0 ? rsi : 1 - rsi,
    );
    return twentieths / 20;
  }

  /** Writes the side's row (docs/smc.md section 10), rounded to float32, at `offset` of `out`. */
  writeSide(side: 1 | -1, out: Float32Array, offset: number): void {
    const values = this.values;
    for (let index = 0; index < FEATURE_COUNT; index++) out[offset + index] = values[index] as number;
    if (side < 0) {
      mirrorAt(values, out, offset, MARKET_STRUCTURE);
      mirrorAt(values, out, offset, INSTITUTIONAL_CANDLE);
      mirrorAt(values, out, offset, LIQUIDITY_GRAB);
      mirrorAt(values, out, offset, FVG_PROXIMITY);
      mirrorAt(values, out, offset, MOMENTUM_ATR);
      out[offset + RSI] = 1 - (values[RSI] as number);
    }
    out[offset + CONFIDENCE_ENSEMBLE] = this.heuristicOf(side);
  }
}

function mirrorAt(values: Float64Array, out: Float32Array, offset: number, feature: Feature): void {
  out[offset + feature] = mirrored(values[feature] as number);
}

function liquidityGrab(detector: SmcDetector): number {
  const direction = detector.lastSweepDir;
  return direction !== 0 && detector.sweepAge(direction) < sweepHoldBars ? direction : 0;
}

function volumeFeature(detector: SmcDetector): number {
  const mean = detector.volumeInAtrMean;
  if (mean > 0) return Math.min(detector.volumeInAtr / mean, volumeClip) / volumeClip;
  return detector.volume === 0 ? 0 : 1;
}
