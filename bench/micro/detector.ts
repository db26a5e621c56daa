import { MarketData } from "@smcq/exchange-sim";
import { CandidateScanner, HeuristicScorer, recompute } from "@smcq/features";
import { BAR_FIELDS, type Bar, FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";
import { detect, SmcDetector } from "@smcq/smc";
import { comparePaired, timed } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import type { MicroContext } from "./micro-context.ts";

const SYMBOLS = 300;
const WARM_BARS = 512;
const RESCAN_BARS = 100;
/** Windows of one pass of the slow rivals. */
const PLAIN_WINDOWS = 4;

/** Real bars of many symbols; a cursor walks through the minutes and starts over at the end, time going on. */
class Bars {
  readonly flat: readonly Float64Array[];
  readonly minutes: number;
  #count = 0;

  constructor(market: MarketData, minutes: number) {
    this.minutes = minutes;
    this.flat = market.symbols.slice(0, SYMBOLS).map((symbol) => market.flatBars(symbol, 0, minutes - 1));
  }

  /** Goes on to the next minute. */
  next(): void {
    this.#count++;
  }

  get minute(): number {
    return this.#count % this.minutes;
  }

  /** What is added to the stored times, so that they go on when the bars start over. */
  get shiftMs(): number {
    return (this.#count - this.minute) * MINUTE_MS;
  }

  /** Last minute of a window: it always has a whole window behind it. */
  get windowEnd(): number {
    return Math.max(this.minute, WARM_BARS);
  }

  window(symbol: number, bars: number): Bar[] {
    const flat = this.flat[symbol] as Float64Array;
    return Array.from({ length: bars }, (_, index) => {
      const at = (this.windowEnd - bars + 1 + index) * BAR_FIELDS;
      const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = flat.subarray(
        at,
        at + BAR_FIELDS,
      );
      return { openTimeMs, open, high, low, close, volume };
    });
  }
}

/** The streaming scanner over all symbols, one new bar each a step, as a burst brings them. */
class Streaming {
  readonly #bars: Bars;
  readonly #scanner: CandidateScanner;
  readonly #features = new Float32Array(SYMBOLS * FEATURE_COUNT);
  readonly #scores = new Float64Array(SYMBOLS);
  readonly #scorer = new HeuristicScorer();

  constructor(bars: Bars) {
    this.#bars = bars;
    this.#scanner = new CandidateScanner({
      m1Buffer: new SharedArrayBuffer(SYMBOLS * CandidateScanner.M1_BYTES),
      carryBuffer: new SharedArrayBuffer(SYMBOLS * CandidateScanner.CARRY_BYTES),
    });
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      this.#attach(symbol);
      this.#scanner.resetAll();
      this.#push(symbol);
    }
    for (let bar = 0; bar < WARM_BARS; bar++) this.step(false);
  }

  #attach(symbol: number): void {
    this.#scanner.attach(symbol * CandidateScanner.M1_BYTES, symbol * CandidateScanner.CARRY_BYTES);
  }

  #push(symbol: number): void {
    const flat = this.#bars.flat[symbol] as Float64Array;
    const at = this.#bars.minute * BAR_FIELDS;
    this.#scanner.push(
      (flat[at] as number) + this.#bars.shiftMs,
      flat[at + 1] as number,
      flat[at + 2] as number,
      flat[at + 3] as number,
      flat[at + 4] as number,
      flat[at + 5] as number,
    );
  }

  step(hasFeatures: boolean): void {
    this.#bars.next();
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      this.#attach(symbol);
      this.#push(symbol);
      if (hasFeatures) this.#scanner.features(this.#features, symbol * FEATURE_COUNT, 1);
    }
    if (hasFeatures) this.#scorer.score(this.#features, SYMBOLS, this.#scores);
  }
}

/** A detector that is fed its whole window anew for each close: what rescanning costs in the same code. */
class Rescan {
  readonly #bars: Bars;
  readonly #detector = new SmcDetector(new SharedArrayBuffer(SmcDetector.BYTES));

  constructor(bars: Bars) {
    this.#bars = bars;
    this.#detector.attach(0);
  }

  all(): void {
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      this.#detector.reset();
      const flat = this.#bars.flat[symbol] as Float64Array;
      const end = this.#bars.windowEnd;
      for (let minute = end - RESCAN_BARS + 1; minute <= end; minute++) {
        const at = minute * BAR_FIELDS;
        this.#detector.push(
          flat[at + 1] as number,
          flat[at + 2] as number,
          flat[at + 3] as number,
          flat[at + 4] as number,
          flat[at + 5] as number,
        );
      }
    }
  }
}

let sum = 0;

/** Detection and features a close: streaming against rescanning a window. */
export async function benchDetector(context: MicroContext, recorder: PartRecorder): Promise<void> {
  const market = new MarketData({ symbols: SYMBOLS });
  const bars = new Bars(market, 4_000);
  const streaming = new Streaming(bars);
  const rescan = new Rescan(bars);
  let symbol = 0;
  const plain = (work: (window: Bar[]) => void, size: number) => (): void => {
    for (let window = 0; window < PLAIN_WINDOWS; window++) work(bars.window(symbol++ % SYMBOLS, size));
  };
  const msMin = context.msPerMeasurement;
  const shared = { rounds: context.rounds, calibration: context.calibration, unit: "ns a close" };
  recorder.compare(
    await comparePaired({
      ...shared,
      id: "detector",
      title: "Detection of one close (300 symbols in turn)",
      contenders: [
        timed(`rescan of ${RESCAN_BARS} bars, the streaming code`, {
          operations: SYMBOLS,
          msMin,
          run: () => rescan.all(),
        }),
        timed("streaming, M5 and candidates included", {
          operations: SYMBOLS,
          msMin,
          run: () => streaming.step(false),
        }),
        timed("stateless over 512 bars (the oracle)", {
          operations: PLAIN_WINDOWS,
          msMin,
          run: plain((window) => (sum += detect(window).events.length), 512),
        }),
        timed(`stateless over ${RESCAN_BARS} bars`, {
          operations: PLAIN_WINDOWS,
          msMin,
          run: plain((window) => (sum += detect(window).events.length), RESCAN_BARS),
        }),
      ],
    }),
  );
  recorder.compare(
    await comparePaired({
      ...shared,
      id: "features",
      title: "Detection, 12 features and score of one close",
      contenders: [
        timed(`stateless over ${RESCAN_BARS} bars`, {
          operations: PLAIN_WINDOWS,
          msMin,
          run: plain((window) => (sum += recompute(window).features?.length ?? 0), RESCAN_BARS),
        }),
        timed("streaming", { operations: SYMBOLS, msMin, run: () => streaming.step(true) }),
      ],
    }),
  );
}
