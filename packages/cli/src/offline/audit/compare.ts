import type { ScoredCandidate } from "@smcq/engine";
import { e8ToNumber, MINUTE_MS, numberToE8 } from "@smcq/kernel";
import type { AuditDifference, DifferenceKind } from "./audit-types.ts";
import {
  closesOf,
  type FreshCandidate,
  type FreshMarket,
  freshScan,
  type FreshScanner,
  isScoredAgain,
} from "./fresh-scan.ts";
import type { JournaledMark, JournaledStretch } from "./journaled-stretch.ts";

/** A symbol may still be warming up so long after its process began, venue ms. */
const STARTING_MS = 10 * MINUTE_MS;
/** Differences that are listed of each kind; all are counted. */
const LISTED_MAX = 50;

/** Equal and compared of one class. */
export interface Tally {
  compared: number;
  equal: number;
}

export const candidateKey = (symbol: string, openTimeMs: number, side: number): string =>
  `${symbol} ${openTimeMs} ${side}`;

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Holds what the engine had of each symbol against its bars, and keeps count of what differs. */
export class Comparison {
  readonly bars: Tally = { compared: 0, equal: 0 };
  readonly candidates: Tally = { compared: 0, equal: 0 };
  readonly features: Tally = { compared: 0, equal: 0 };
  readonly scores: Tally = { compared: 0, equal: 0 };
  readonly counts: Partial<Record<DifferenceKind, number>> = {};
  readonly differences: AuditDifference[] = [];
  /** Candidates that came out the same in everything a decision stands on. */
  readonly reproduced: Set<string> = new Set();
  /** Candidates that were held against something. */
  readonly judged: Set<string> = new Set();
  /** Symbols that were compared. */
  symbols: number = 0;
  notRunning: number = 0;
  otherScorer: number = 0;
  /** Scores of feature set v2 whose market is not known. */
  noMarket: number = 0;
  /** Scores that are the engine's when one symbol's bar of the minute before is left out. */
  lateSymbols: number = 0;
  readonly #journaled: JournaledStretch;
  readonly #stretch: Stretch;
  readonly #scanner: FreshScanner;
  /** Set before the first symbol where rows of feature set v2 are made. */
  market: FreshMarket | null = null;

  constructor(journaled: JournaledStretch, stretch: Stretch, scanner: FreshScanner) {
    this.#journaled = journaled;
    this.#stretch = stretch;
    this.#scanner = scanner;
  }

  /** Compares one symbol; `bars` reach back far enough to warm up. */
  symbol(symbol: string, bars: Float64Array): void {
    this.symbols++;
    const closes = closesOf(bars);
    for (const mark of this.#journaled.marks)
      if (this.#journaled.symbols.get(mark.symbolId) === symbol) this.#mark(symbol, mark, closes);
    const own = this.#journaled.candidates.filter((live) => live.symbol === symbol);
    const fresh = this.#fresh(symbol, bars, own);
    for (const live of own) {
      const key = candidateKey(symbol, live.openTimeMs, live.side);
      this.#live(live, fresh.get(key) ?? null, closes);
      fresh.delete(key);
    }
    for (const missed of fresh.values()) this.#missed(symbol, missed);
  }

  /** What the bars hold, by `candidateKey`. */
  #fresh(symbol: string, bars: Float64Array, own: readonly ScoredCandidate[]): Map<string, FreshCandidate> {
    const keyOf = (openTimeMs: number, side: number): string => candidateKey(symbol, openTimeMs, side);
    const scores = new Map(
      own
        .filter(({ scorerId }) => scorerId === this.#scanner.scorer.id)
        .map(({ openTimeMs, side, score }) => [keyOf(openTimeMs, side), score]),
    );
    const liveScore = (openTimeMs: number, side: 1 | -1): number | null =>
      scores.get(keyOf(openTimeMs, side)) ?? null;
    const scanned = { symbol, bars, market: this.market, liveScore };
    return new Map(
      freshScan(scanned, this.#scanner, this.#stretch).map((one) => [keyOf(one.openTimeMs, one.side), one]),
    );
  }

  tell(kind: DifferenceKind, difference: Omit<AuditDifference, "kind">): void {
    const count = (this.counts[kind] ?? 0) + 1;
    this.counts[kind] = count;
    if (count <= LISTED_MAX) this.differences.push({ kind, ...difference });
  }

  #mark(symbol: string, { openTimeMs, priceE8 }: JournaledMark, closes: ReadonlyMap<number, number>): void {
    const close = closes.get(openTimeMs);
    this.bars.compared++;
    if (close !== undefined && numberToE8(close) === priceE8) this.bars.equal++;
    else {
      const live = String(e8ToNumber(priceE8));
      if (close === undefined)
        this.tell("bar-missing", { symbol, timeMs: openTimeMs, live, fresh: "no bar" });
      else this.tell("bar-close", { symbol, timeMs: openTimeMs, live, fresh: String(close) });
    }
  }

  #live(live: ScoredCandidate, fresh: FreshCandidate | null, closes: ReadonlyMap<number, number>): void {
    const { symbol, openTimeMs: timeMs } = live;
    if (fresh === null && this.#isStarting(timeMs)) {
      this.notRunning++;
      return;
    }
    this.candidates.compared++;
    this.judged.add(candidateKey(symbol, timeMs, live.side));
    const at = { symbol, timeMs };
    if (fresh === null) {
      const words = closes.has(timeMs) ? "none" : "no bar";
      this.tell("candidate-unfounded", { ...at, live: setupText(live), fresh: words });
      return;
    }
    if (fresh.setup !== live.setup) {
      this.tell("candidate-setup", { ...at, live: setupText(live), fresh: setupText(fresh) });
      return;
    }
    this.candidates.equal++;
    const isSame = [this.#basis(live, fresh), this.#features(live, fresh), this.#score(live, fresh)];
    if (isSame.every(Boolean)) this.reproduced.add(candidateKey(symbol, timeMs, live.side));
  }

  /** Where the setup is wrong, ATR and turnover: what plan and size stand on. */
  #basis(live: ScoredCandidate, fresh: FreshCandidate): boolean {
    const figures = ({ invalidationPrice, atr, medianTurnover }: Basis): string =>
      `X ${invalidationPrice}, ATR ${atr}, turnover ${medianTurnover}`;
    const [own, anew] = [figures(live), figures(fresh)];
    if (own === anew) return true;
    this.tell("plan-basis", { symbol: live.symbol, timeMs: live.openTimeMs, live: own, fresh: anew });
    return false;
  }

  #features(live: ScoredCandidate, fresh: FreshCandidate): boolean {
    this.features.compared++;
    const odd = live.features.findIndex((value, k) => !Object.is(value, fresh.features[k]));
    if (odd < 0 && live.features.length === fresh.features.length) {
      this.features.equal++;
      return true;
    }
    this.tell("features", {
      symbol: live.symbol,
      timeMs: live.openTimeMs,
      live: `feature ${odd}: ${live.features[odd]}`,
      fresh: String(fresh.features[odd]),
    });
    return false;
  }

  #score(live: ScoredCandidate, fresh: FreshCandidate): boolean {
    if (live.scorerId !== this.#scanner.scorer.id) {
      this.otherScorer++;
      return false;
    }
    if (!isScoredAgain(this.#scanner.scorer, this.market)) {
      this.noMarket++;
      return true;
    }
    if (fresh.lateSymbol !== null) {
      this.lateSymbols++;
      return true;
    }
    this.scores.compared++;
    if (live.score === fresh.score) {
      this.scores.equal++;
      return true;
    }
    this.tell("score", {
      symbol: live.symbol,
      timeMs: live.openTimeMs,
      live: String(live.score),
      fresh: String(fresh.score),
    });
    return false;
  }

  #missed(symbol: string, fresh: FreshCandidate): void {
    const { openTimeMs: timeMs } = fresh;
    if (!this.#isRunning(timeMs) || this.#isStarting(timeMs)) {
      this.notRunning++;
      return;
    }
    this.candidates.compared++;
    this.tell("candidate-missed", { symbol, timeMs, live: "none", fresh: setupText(fresh) });
  }

  #isRunning(openMs: number): boolean {
    return this.#journaled.running.some(({ fromMs, toMs }) => openMs >= fromMs && openMs <= toMs);
  }

  #isStarting(openMs: number): boolean {
    return this.#journaled.running.some(
      ({ fromMs }) => openMs >= fromMs - MINUTE_MS && openMs < fromMs + STARTING_MS,
    );
  }
}

type Basis = Pick<FreshCandidate, "invalidationPrice" | "atr" | "medianTurnover">;

function setupText({ setup, side }: { readonly setup: number; readonly side: 1 | -1 }): string {
  return `S${setup} ${side > 0 ? "long" : "short"}`;
}
