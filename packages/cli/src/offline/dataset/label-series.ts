import { CandidateRows, labelPlan, planInMinutes } from "@smcq/features";
import type { CandidateCode, MarketPlace, TradePlanParameters } from "@smcq/features";
import {
  isTickTooCoarse,
  isTradedThrough,
  limitTicks,
  planTrade,
  resultR,
  stepEntryBar,
  stepPlan,
} from "@smcq/strategy";
import type { PlanBar, PlanCandidate, PlanExit, TradePlan } from "@smcq/strategy";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import type { KlineBatch } from "@smcq/history";
import type { DatasetRows } from "./dataset-rows.ts";

/** What became of the bars and candidates of one source; candidates are the sum of the six counts below them. */
export interface SourceCounts {
  bars: number;
  /** Open of the first bar, close of the last one, ms since 1970 UTC. */
  fromMs: number;
  toMs: number;
  candidates: number;
  labelled: number;
  /** Raised where a tick is too large a share of the price: not traded. */
  tickTooCoarse: number;
  stopTooWide: number;
  /** Entries that rested until they expired. */
  notFilled: number;
  /** No label: the plan was open, or not begun, when the bars ended or broke off. */
  openAtEnd: number;
  openAtHole: number;
  holes: number;
  minutesMissing: number;
}

export function emptyCounts(): SourceCounts {
  return {
    bars: 0,
    fromMs: 0,
    toMs: 0,
    candidates: 0,
    labelled: 0,
    tickTooCoarse: 0,
    stopTooWide: 0,
    notFilled: 0,
    openAtEnd: 0,
    openAtHole: 0,
    holes: 0,
    minutesMissing: 0,
  };
}

/** A candidate that waits for the next bar, where its plan begins. */
interface Pending extends PlanCandidate {
  readonly bar: number;
  readonly setup: number;
  readonly t0Ms: number;
  readonly features: Float32Array;
  readonly counts: SourceCounts;
}

interface OpenPlan {
  readonly candidate: Pending;
  readonly plan: TradePlan;
}

/** A plan whose order rests at so many ticks. */
interface RestingPlan extends OpenPlan {
  readonly ticks: number;
}

export interface LabelSeriesOptions {
  readonly symbolIndex: number;
  readonly plan: TradePlanParameters;
  /** The symbol's, price units; 0: nobody knows it, and only entries at the market are asked for. */
  readonly tickSize: number;
  /** For rows of feature set v2; absent: v1. */
  readonly market?: MarketPlace | undefined;
}

/**
 * Bars of one symbol in, labelled candidates out: the engine's own scanner, and the trade plan of every candidate on
 * its own, whatever other plans are open (docs/smc.md 11); an entry of kind `limit` that no bar trades through has no
 * label. A hole drops what is open and starts the symbol anew.
 */
export class LabelSeries {
  readonly #symbolIndex: number;
  /** Its bars are minutes. */
  readonly #plan: TradePlanParameters;
  readonly #tickSize: number;
  readonly #rows: DatasetRows;
  readonly #frames: CandidateRows;
  #counts: SourceCounts = emptyCounts();
  #pending: Pending | null = null;
  #resting: RestingPlan[] = [];
  #open: OpenPlan[] = [];
  #bar = 0;
  #lastOpenMs = -Infinity;

  constructor({ symbolIndex, plan, tickSize, market }: LabelSeriesOptions, rows: DatasetRows) {
    this.#symbolIndex = symbolIndex;
    this.#plan = planInMinutes(labelPlan(plan));
    this.#frames = new CandidateRows({ timeframe: plan.timeframe, market: market ?? null });
    this.#tickSize = tickSize;
    this.#rows = rows;
  }

  /** Counts what follows into `counts`; when the first bar follows the last one, plans go on across the sources. */
  startSource(counts: SourceCounts): void {
    this.#counts = counts;
  }

  /** Open time of the last bar taken, ms; -Infinity before the first. */
  get lastOpenMs(): number {
    return this.#lastOpenMs;
  }

  take({ bars, count }: KlineBatch): void {
    for (let at = 0; at < count * BAR_FIELDS; at += BAR_FIELDS) {
      const openTimeMs = bars[at] as number;
      if (openTimeMs !== this.#lastOpenMs + MINUTE_MS) this.#startAnew(openTimeMs);
      this.#lastOpenMs = openTimeMs;
      const open = bars[at + 1] as number;
      const high = bars[at + 2] as number;
      const low = bars[at + 3] as number;
      const close = bars[at + 4] as number;
      if (this.#pending !== null) this.#begin(this.#pending, open);
      if (this.#open.length > 0) this.#step(open, high, low, close);
      if (this.#resting.length > 0) this.#fill({ open, high, low, close });
      const code = this.#frames.push(openTimeMs, open, high, low, close, bars[at + 5] as number);
      if (code !== 0) this.#raise(code);
      if (this.#counts.bars === 0) this.#counts.fromMs = openTimeMs;
      this.#counts.toMs = openTimeMs + MINUTE_MS;
      this.#counts.bars++;
      this.#bar++;
    }
  }

  #startAnew(openTimeMs: number): void {
    const isInside = this.#counts.bars > 0;
    if (isInside) {
      this.#counts.holes++;
      this.#counts.minutesMissing += (openTimeMs - this.#lastOpenMs) / MINUTE_MS - 1;
    }
    this.#drop(isInside ? "openAtHole" : "openAtEnd");
  }

  /** No more bars come. */
  finish(): void {
    this.#drop("openAtEnd");
  }

  #drop(why: "openAtHole" | "openAtEnd"): void {
    for (const { candidate } of [...this.#open, ...this.#resting]) candidate.counts[why]++;
    if (this.#pending !== null) this.#pending.counts[why]++;
    this.#open = [];
    this.#resting = [];
    this.#pending = null;
  }

  #raise(code: CandidateCode): void {
    const { scanner } = this.#frames;
    const side = code > 0 ? 1 : -1;
    const features = new Float32Array(this.#frames.width);
    this.#frames.write(features, 0, side);
    this.#counts.candidates++;
    this.#pending = {
      side,
      invalidationPrice: scanner.invalidationPrice(code),
      atr: scanner.atr,
      bar: this.#bar,
      setup: Math.abs(code),
      t0Ms: this.#lastOpenMs + MINUTE_MS,
      features,
      counts: this.#counts,
    };
  }

  #begin(candidate: Pending, open: number): void {
    this.#pending = null;
    const tickSize = this.#tickSize;
    if (isTickTooCoarse(this.#plan, tickSize, open)) {
      candidate.counts.tickTooCoarse++;
      return;
    }
    const { entry } = this.#plan;
    const ticks = entry.kind === "limit" ? limitTicks({ ...candidate, quote: open }, entry, tickSize) : null;
    const plan = planTrade(candidate, ticks === null ? open : ticks * tickSize, this.#plan, tickSize);
    if (plan.type !== "plan") candidate.counts.stopTooWide++;
    else if (ticks === null) this.#open.push({ candidate, plan });
    else this.#resting.push({ candidate, plan, ticks });
  }

  /** Entries that rest: the bar trades through them, or they wait on until they expire. */
  #fill(bar: PlanBar): void {
    const { entry } = this.#plan;
    if (entry.kind === "market") return;
    this.#resting = this.#resting.filter(({ candidate, plan, ticks }) => {
      const heldBars = this.#bar - candidate.bar;
      if (!isTradedThrough(plan.side, ticks, bar, this.#tickSize)) {
        const isExpired = heldBars >= entry.expiryBars;
        if (isExpired) candidate.counts.notFilled++;
        return !isExpired;
      }
      const exit = stepEntryBar(plan, heldBars, bar);
      if (exit === null) this.#open.push({ candidate, plan });
      else this.#label({ candidate, plan }, exit);
      return false;
    });
  }

  #step(open: number, high: number, low: number, close: number): void {
    let kept = 0;
    for (const each of this.#open) {
      const exit = stepPlan(each.plan, this.#bar - each.candidate.bar, open, high, low, close);
      if (exit === null) this.#open[kept++] = each;
      else this.#label(each, exit);
    }
    this.#open.length = kept;
  }

  #label({ candidate, plan }: OpenPlan, exit: PlanExit): void {
    candidate.counts.labelled++;
    this.#rows.add(
      {
        symbolIndex: this.#symbolIndex,
        bar: candidate.bar,
        exitBar: this.#bar,
        side: candidate.side,
        setup: candidate.setup,
        entry: plan.entry,
        stopDistance: plan.stopDistance,
        reason: exit.reason,
        exitPrice: exit.price,
        r: resultR(plan, exit),
        t0Ms: candidate.t0Ms,
        t1Ms: this.#lastOpenMs + MINUTE_MS,
      },
      candidate.features,
    );
  }
}
