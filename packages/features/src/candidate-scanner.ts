import { assert, BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { SMC_PARAMETERS, SmcDetector } from "@smcq/smc";
import type { EventBuffer, LiveObjects } from "@smcq/smc";
import { FeatureVector } from "./feature-vector.ts";
import { M5Aggregator } from "./m5-aggregator.ts";

const { readyBars, m5ReadyBars, restBars, setupSweepBarsMax } = SMC_PARAMETERS;
const M5_MS = 5 * MINUTE_MS;
const NEVER_MINUTE = -1_000_000;
// int32 indices from the start of the carry block.
const I32_LAST_SCANNED = 0;
const I32_LAST_CANDIDATE = 1;

/** 0 for none, else side * setup: +1, +2, +3 for S1, S2, S3 of the up side, -1, -2, -3 of the down side. */
export type CandidateCode = -3 | -2 | -1 | 0 | 1 | 2 | 3;

export interface CandidateScannerOptions {
  /** Holds the detector states. */
  readonly m1Buffer: ArrayBufferLike;
  /** Holds the carry blocks; may be the same buffer. */
  readonly carryBuffer: ArrayBufferLike;
  /** Receives the events of the current bar; live scanning leaves it out. */
  readonly events?: EventBuffer;
}

/**
 * Bars in, candidates out (docs/smc.md section 10): the M1 detector, M5 from M1, the rest between candidates. One per
 * thread; `attach` moves it to a symbol. Nothing is allocated after construction.
 *
 * The carry block is plain bytes without pointers: a copy of it, taken after a push, continues exactly there.
 *
 *   byte 0             4                8               12             16          32     64
 *   | last scanned    | last candidate | M5 bar's open | minutes seen | high, low | spare | M5 structure |
 *     (all minutes since 1970, int32)                                  (float64)
 */
export class CandidateScanner {
  /** Bytes of one symbol's M1 state and of its carry block, multiples of 64. */
  static readonly M1_BYTES: number = SmcDetector.BYTES;
  static readonly CARRY_BYTES: number = M5Aggregator.CARRY_BYTES;

  readonly #detector: SmcDetector;
  readonly #m5: M5Aggregator;
  readonly #carry: Int32Array;
  readonly #vector: FeatureVector = new FeatureVector();
  #n = 0;
  #hasVector = false;

  constructor(options: CandidateScannerOptions) {
    this.#detector = new SmcDetector(options.m1Buffer, options.events ?? null);
    this.#m5 = new M5Aggregator(options.carryBuffer);
    this.#carry = new Int32Array(options.carryBuffer);
  }

  /** Moves to a symbol; its state must have been reset once (`resetAll`). Both offsets are multiples of 8. */
  attach(m1ByteOffset: number, carryByteOffset: number): void {
    this.#detector.attach(m1ByteOffset);
    this.#m5.attach(carryByteOffset);
    this.#n = carryByteOffset / 4;
    this.#hasVector = false;
  }

  /** Forgets everything of the symbol: bars, M5, rest and what was scanned. */
  resetAll(): void {
    this.#detector.reset();
    this.#m5.reset();
    this.#carry[this.#n + I32_LAST_SCANNED] = -1;
    this.#carry[this.#n + I32_LAST_CANDIDATE] = NEVER_MINUTE;
    this.#hasVector = false;
  }

  /** Forgets the M1 bars only, before they are given again by `pushM1Only`. */
  resetM1(): void {
    this.#detector.reset();
    this.#hasVector = false;
  }

  /**
   * The full step for the next closed bar; asserts that it follows the last one (any bar may follow a reset, but
   * none that was scanned before).
   */
  push(
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): CandidateCode {
    const minute = (openTimeMs / MINUTE_MS) | 0;
    assert(
      minute > (this.#carry[this.#n + I32_LAST_SCANNED] as number),
      "Invariant: a bar is scanned once, in order",
    );
    this.#pushM1(openTimeMs, open, high, low, close, volume);
    this.#m5.pushMinute(minute, high, low, close);
    this.#carry[this.#n + I32_LAST_SCANNED] = minute;
    const detector = this.#detector;
    if ((detector.breakSides | detector.gapSetupSides | detector.blockSetupSides) === 0) return 0;
    if (detector.barCount < readyBars) return 0;
    return this.#judge(minute);
  }

  /** Rebuilds the M1 state from stored bars, none after the last scanned one: M5, rest and emissions stay as they are. */
  pushM1Only(
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    assert(
      openTimeMs <= this.lastScannedOpenMs,
      "Invariant: a rebuild takes only bars that were scanned before",
    );
    this.#pushM1(openTimeMs, open, high, low, close, volume);
  }

  #pushM1(openTimeMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    const detector = this.#detector;
    const isNext =
      detector.barCount === 0 ? openTimeMs % MINUTE_MS === 0 : openTimeMs === detector.stamp + MINUTE_MS;
    assert(isNext, "Invariant: bars come minute by minute without a hole");
    detector.push(open, high, low, close, volume);
    detector.stamp = openTimeMs;
    this.#hasVector = false;
  }

  #judge(minute: number): CandidateCode {
    const up = this.#setupOf(1);
    const down = this.#setupOf(-1);
    // Both sides at once: neither, and no rest either.
    if ((up === 0) === (down === 0)) return 0;
    if (minute - (this.#carry[this.#n + I32_LAST_CANDIDATE] as number) < restBars) return 0;
    this.#carry[this.#n + I32_LAST_CANDIDATE] = minute;
    return (up - down) as CandidateCode;
  }

  /** The first setup (1..3) that holds for a side on the current bar, 0 for none. */
  #setupOf(side: 1 | -1): number {
    if (this.m5Trend === -side) return 0;
    const detector = this.#detector;
    const bit = side > 0 ? 1 : 2;
    if ((detector.breakSides & bit) !== 0 && detector.sweepAge(side) <= setupSweepBarsMax) return 1;
    if (detector.trend !== side) return 0;
    if ((detector.gapSetupSides & bit) !== 0) return 2;
    return (detector.blockSetupSides & bit) !== 0 ? 3 : 0;
  }

  /**
   * The price that the stop of the current bar's candidate lies beyond (docs/smc.md 11): the extreme since the sweep
   * (S1), or the far edge of the gaps (S2) or blocks (S3) that made the setup. `code` is what `push` returned, not 0.
   */
  invalidationPrice(code: CandidateCode): number {
    assert(code !== 0, "Invariant: only a candidate has an invalidation price");
    const detector = this.#detector;
    const setup = Math.abs(code);
    if (setup === 1) return detector.extremeSinceSweep(code);
    const tracker = setup === 2 ? detector.gaps : detector.blocks;
    return code > 0 ? tracker.setupBottom : tracker.setupTop;
  }

  /**
   * Seeds M5 anew: `m5Bars` are the venue's own closed 5m bars (flat, ascending; those that closed after the last
   * scanned bar are left out), `m1Bars` the stored minutes, of which those after the last M5 bar are replayed.
   */
  reseedM5(m5Bars: Float64Array, m1Bars: Float64Array): void {
    const lastMs = this.lastScannedOpenMs;
    this.#m5.reset();
    let nextMs = 0;
    for (let at = 0; at + BAR_FIELDS <= m5Bars.length; at += BAR_FIELDS) {
      const openTimeMs = m5Bars[at] as number;
      assert(openTimeMs >= nextMs && openTimeMs % M5_MS === 0, "Invariant: M5 bars are aligned and ascend");
      if (openTimeMs + M5_MS > lastMs + MINUTE_MS) break;
      this.#m5.pushBar(m5Bars[at + 2] as number, m5Bars[at + 3] as number, m5Bars[at + 4] as number);
      nextMs = openTimeMs + M5_MS;
    }
    for (let at = 0; at + BAR_FIELDS <= m1Bars.length; at += BAR_FIELDS) {
      const openTimeMs = m1Bars[at] as number;
      if (openTimeMs < nextMs || openTimeMs > lastMs) continue;
      this.#m5.pushMinute(
        openTimeMs / MINUTE_MS,
        m1Bars[at + 2] as number,
        m1Bars[at + 3] as number,
        m1Bars[at + 4] as number,
      );
    }
  }

  #vectorNow(): FeatureVector {
    if (!this.#hasVector) {
      this.#vector.compute(this.#detector);
      this.#hasVector = true;
    }
    return this.#vector;
  }

  /** Writes the current bar's 12 features in a side's view, as float32, at `offset`; bar 35 at the earliest. */
  features(out: Float32Array, offset: number, side: 1 | -1): void {
    this.#vectorNow().writeSide(side, out, offset);
  }

  /** Writes the current bar's 12 features without a side, float64, at the start of `out`; bar 35 at the earliest. */
  featuresF64(out: Float64Array): void {
    out.set(this.#vectorNow().values);
  }

  /** The side's heuristic on the current bar, exactly k/20. */
  heuristic(side: 1 | -1): number {
    return this.#vectorNow().heuristicOf(side);
  }

  /** M1 trend after the current bar: -1, 0 or +1. */
  get trend(): number {
    return this.#detector.trend;
  }

  /** M5 trend, the M5 bar that closed with the current one included; 0 below 60 M5 bars. */
  get m5Trend(): number {
    return this.#m5.barCount >= m5ReadyBars ? this.#m5.trend : 0;
  }

  get m5BarCount(): number {
    return this.#m5.barCount;
  }

  /** Gaps, blocks and pools that live after the current bar; for people to look at, it makes objects. */
  objects(): LiveObjects {
    return this.#detector.objects();
  }

  /** Open time of the current bar, ms: the last one that the M1 state has taken; 0 before the first. */
  get lastBarOpenMs(): number {
    return this.#detector.stamp;
  }

  /** ATR-14 of the current bar in price units; 0 while missing. */
  get atr(): number {
    return this.#detector.atr;
  }

  /** RSI-14 of the current bar, 0..1. */
  get rsi(): number {
    return this.#detector.rsi;
  }

  /** M1 bars seen since the last reset; candidates need 320. */
  get barCount(): number {
    return this.#detector.barCount;
  }

  /** Open time of the last bar given to `push`, ms; -60,000 when there was none. */
  get lastScannedOpenMs(): number {
    return (this.#carry[this.#n + I32_LAST_SCANNED] as number) * MINUTE_MS;
  }

  /** Open time of the last candidate's bar, ms; far before 1970 when there was none. */
  get lastCandidateOpenMs(): number {
    return (this.#carry[this.#n + I32_LAST_CANDIDATE] as number) * MINUTE_MS;
  }
}
