import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import {
  type DecisionRecord,
  Engine,
  NO_JOURNAL,
  type Quote,
  type ScoredCandidate,
  type SetupCode,
  type TradeRecord,
  type TradingCommand,
} from "@smcq/engine";
import type { FeeRates, TradingRules } from "@smcq/exchange";
import { BarExchange } from "@smcq/exchange-sim";
import { BAR_FIELDS, ManualClock, MINUTE_MS, numberToE8, type SymbolId, symbolId } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import type { FundingRate } from "./read-funding.ts";
import type { ScannedSeries } from "./scan-series.ts";

const HOUR_MS = 3_600_000;
const ENGINE_ID = "bt00";
const NO_FEATURES = new Float32Array(0);

export interface TradePassOptions {
  /** By name; the position in the list is the symbol's number. */
  readonly series: readonly ScannedSeries[];
  readonly rules: readonly TradingRules[];
  readonly fees: FeeRates;
  /** By time, then by symbol; at most one a symbol and time. */
  readonly funding: readonly FundingRate[];
  readonly walletE8: bigint;
  readonly risk: RiskParameters;
  readonly scoreMin: number;
  readonly scorerId: string;
  /** Candidates of bars that open before it are not decided on; null: none. */
  readonly fromMs: number | null;
}

/** A row of the equity curve. */
export interface EquityRow {
  readonly timeMs: number;
  readonly walletE8: bigint;
  readonly equityE8: bigint;
}

export interface TradePassResult {
  readonly trades: readonly TradeRecord[];
  readonly decisions: readonly DecisionRecord[];
  readonly equity: readonly EquityRow[];
  readonly walletE8: bigint;
  readonly isHalted: boolean;
}

/** A symbol's place in time. */
interface Track {
  readonly id: SymbolId;
  readonly series: ScannedSeries;
  /** The bar of the present minute, or the next one to come. */
  bar: number;
  candidate: number;
}

/**
 * The second pass of a backtest (docs/trading.md 8): the core that trades live, and a venue in memory, over candidates in
 * the order of time, on one thread and one clock that it moves by hand. A minute: funding; exits and entries decided on
 * the last bar execute at this open; stops and targets; wallet and equity; the rules; the batch.
 */
export class TradePass {
  readonly #options: TradePassOptions;
  readonly #clock: ManualClock;
  readonly #inbox = new Inbox();
  readonly #engine: Engine;
  readonly #loop: EngineLoop;
  readonly #venue: BarExchange;
  readonly #tracks: readonly Track[];
  /** When each symbol's next candidate is (open time of its bar): a minute looks at those alone that have one. */
  readonly #nextMs: Float64Array;
  readonly #trades: TradeRecord[] = [];
  readonly #decisions: DecisionRecord[] = [];
  readonly #equity: EquityRow[] = [];
  #lastWalletE8: bigint;
  /** The next funding rate. */
  #funding = 0;

  constructor(options: TradePassOptions) {
    this.#options = options;
    this.#lastWalletE8 = options.walletE8;
    this.#tracks = options.series.map((series, index) => ({
      id: symbolId(index),
      series,
      bar: 0,
      candidate: 0,
    }));
    this.#nextMs = Float64Array.from(this.#tracks, candidateMs);
    this.#clock = new ManualClock(this.#firstMs());
    const { scoreMin, risk, walletE8 } = options;
    this.#engine = new Engine({
      scoreMin,
      decisionWindowNs: 0,
      signalAgeMsMax: Number.POSITIVE_INFINITY,
      trading: { engineId: ENGINE_ID, startWalletE8: walletE8, risk, isVenueRemote: false },
    });
    this.#venue = new BarExchange({
      walletE8,
      listener: {
        onOrder: (update) => this.#inbox.put({ type: "order-update", update }),
        onIncome: (income) => this.#inbox.put({ type: "income", income }),
      },
    });
    const inbox = this.#inbox;
    this.#loop = new EngineLoop({
      engine: this.#engine,
      inbox,
      journal: NO_JOURNAL,
      router: new CommandRouter(
        {
          onSignals() {},
          onDecision() {},
          onInvalidScores() {},
          onTrading: (command) => this.#carryOut(command),
        },
        { inbox, wallClock: this.#clock },
      ),
      venueClock: this.#clock,
      wallClock: this.#clock,
      // This pass drains by itself: nothing is left to chance.
      deferral: { soon() {}, later() {} },
    });
  }

  run(): TradePassResult {
    const { rules, fees } = this.#options;
    for (const { id, series } of this.#tracks) {
      const own = rules[id] as TradingRules;
      this.#venue.list(id, own, fees);
      this.#inbox.put({ type: "instrument", symbolId: id, symbol: series.symbol, rules: own, fees });
    }
    this.#drain();
    const lastMs = Math.max(...this.#tracks.map(({ series }) => openMs(series, series.barCount - 1)));
    for (let timeMs = this.#firstMs(); timeMs <= lastMs; timeMs += MINUTE_MS) this.#minute(timeMs);
    return {
      trades: this.#trades.toSorted((a, b) => a.entryMs - b.entryMs || a.tradeId - b.tradeId),
      decisions: this.#decisions,
      equity: this.#equity,
      walletE8: this.#venue.walletE8(),
      isHalted: this.#engine.trading?.holdings.state === "HALTED",
    };
  }

  #firstMs(): number {
    return Math.min(...this.#tracks.map(({ series }) => openMs(series, 0)));
  }

  #minute(timeMs: number): void {
    const closeMs = timeMs + MINUTE_MS;
    const present = (id: SymbolId): number => this.#barAt(this.#tracks[id] as Track, timeMs);
    this.#fund(timeMs);
    // (a), (b): what was decided on the last bar executes at this open.
    if (this.#venue.hasWaiting) {
      this.#clock.advanceTo(timeMs);
      this.#venue.open(timeMs, (id) => {
        const bar = present(id);
        return bar < 0 ? null : this.#priceE8(id, bar, 1);
      });
      this.#drain();
    }
    this.#clock.advanceTo(closeMs);
    // (c): stops and targets of this bar.
    const held = this.#heldIds();
    for (const id of held) {
      const bar = present(id);
      if (bar >= 0) this.#tradeBar(id, bar, timeMs);
    }
    this.#drain();
    // (d), (e): equity at the closes, then the rules.
    const marks = held.flatMap((id) => {
      const bar = present(id);
      return bar < 0 ? [] : [{ symbolId: id, priceE8: this.#priceE8(id, bar, 4) }];
    });
    if (held.length > 0 || closeMs % HOUR_MS === 0 || this.#venue.walletE8() !== this.#lastWalletE8) {
      this.#inbox.put({ type: "minute", closeMs, marks });
      this.#drain();
    }
    // (f): the batch of this bar.
    this.#batch(timeMs);
  }

  /** Settles what falls due with this minute's open, before anything executes at it. */
  #fund(timeMs: number): void {
    const { funding } = this.#options;
    for (let rate = funding[this.#funding]; rate !== undefined; rate = funding[this.#funding]) {
      if (rate.timeMs > timeMs) return;
      this.#funding++;
      const track = this.#tracks[rate.symbolId] as Track;
      this.#barAt(track, timeMs);
      // What fell due before the first bar found nothing held.
      if (rate.timeMs < timeMs || track.bar === 0) continue;
      this.#clock.advanceTo(timeMs);
      this.#venue.fund(rate.symbolId, { ...rate, markE8: this.#priceE8(rate.symbolId, track.bar - 1, 4) });
      this.#drain();
    }
  }

  #heldIds(): readonly SymbolId[] {
    const trades = this.#engine.trading?.holdings.openTrades() ?? [];
    return trades.map(({ symbolId: id }) => id);
  }

  #tradeBar(id: SymbolId, bar: number, timeMs: number): void {
    const closeMs = timeMs + MINUTE_MS;
    this.#venue.trade(id, timeMs, closeMs, {
      openE8: this.#priceE8(id, bar, 1),
      highE8: this.#priceE8(id, bar, 2),
      lowE8: this.#priceE8(id, bar, 3),
    });
    const { series } = this.#tracks[id] as Track;
    if (bar < series.barCount - 1) return;
    this.#drain();
    this.#inbox.put({ type: "data-ended", symbolId: id });
    this.#drain();
    this.#venue.settle(id, closeMs, this.#priceE8(id, bar, 4));
  }

  #batch(timeMs: number): void {
    const candidates: ScoredCandidate[] = [];
    const quotes: Quote[] = [];
    for (const track of this.#tracks) {
      if ((this.#nextMs[track.id] as number) > timeMs) continue;
      for (const index of this.#takeUntil(track, timeMs)) {
        const next = openPriceOf(track.series, (track.series.candidates.bar[index] as number) + 1);
        quotes.push({ symbolId: track.id, bid: next, ask: next });
        candidates.push(this.#candidateOf(track, index, timeMs));
      }
    }
    if (candidates.length === 0) return;
    this.#inbox.put({ type: "quotes", quotes });
    this.#inbox.put({ type: "candidates", shardId: 0, candidates });
    this.#inbox.put({ type: "time" });
    this.#drain();
  }

  /** Moves past the candidates up to this minute and returns those that are decided on in it. */
  #takeUntil(track: Track, timeMs: number): readonly number[] {
    const { series } = track;
    const { bar, score } = series.candidates;
    const taken: number[] = [];
    for (let atMs = candidateMs(track); atMs <= timeMs; atMs = candidateMs(track)) {
      const index = track.candidate++;
      // Without a next bar there is no decision.
      const isNext = openMs(series, (bar[index] as number) + 1) === timeMs + MINUTE_MS;
      const isNow = atMs === timeMs && atMs >= (this.#options.fromMs ?? 0);
      if (isNow && isNext && (score[index] as number) > this.#options.scoreMin) taken.push(index);
    }
    this.#nextMs[track.id] = candidateMs(track);
    return taken;
  }

  #candidateOf({ id, series }: Track, index: number, openTimeMs: number): ScoredCandidate {
    const { code, score, invalidationPrice, atr, medianTurnover } = series.candidates;
    const own = code[index] as number;
    return {
      symbol: series.symbol,
      symbolId: id,
      side: own > 0 ? 1 : -1,
      setup: Math.abs(own) as SetupCode,
      openTimeMs,
      score: score[index] as number,
      features: NO_FEATURES,
      scorerId: this.#options.scorerId,
      challenger: null,
      invalidationPrice: invalidationPrice[index] as number,
      atr: atr[index] as number,
      medianTurnover: medianTurnover[index] as number,
      exchangeMs: openTimeMs + MINUTE_MS,
      isRestConfirmed: false,
      times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
    };
  }

  #carryOut(command: TradingCommand): void {
    switch (command.type) {
      case "submit": {
        const { clientOrderId } = command.order.value;
        this.#venue.submit(command.order, (outcome) =>
          this.#inbox.put({ type: "order-outcome", clientOrderId, outcome }),
        );
        return;
      }
      case "cancel":
        this.#venue.cancel(command, () => {});
        return;
      case "set-leverage":
        this.#venue.setLeverage(command.symbolId, command.leverage, () => {});
        return;
      case "decided":
        this.#decisions.push(command.decision);
        return;
      case "trade-closed":
        this.#trades.push(command.trade);
        return;
      case "equity":
        this.#keepEquity(command.closeMs, command.walletE8, command.equityE8);
        return;
      case "ask":
      case "state":
        return;
      default:
        command satisfies never;
    }
  }

  #keepEquity(closeMs: number, walletE8: bigint, equityE8: bigint): void {
    if (walletE8 === this.#lastWalletE8 && closeMs % HOUR_MS !== 0) return;
    this.#lastWalletE8 = walletE8;
    this.#equity.push({ timeMs: closeMs, walletE8, equityE8 });
  }

  /** The bar of a symbol that opened at `timeMs`, or -1. */
  #barAt(track: Track, timeMs: number): number {
    const { series } = track;
    while (track.bar < series.barCount && openMs(series, track.bar) < timeMs) track.bar++;
    return openMs(series, track.bar) === timeMs ? track.bar : -1;
  }

  #priceE8(id: SymbolId, bar: number, field: 1 | 2 | 3 | 4): bigint {
    const { bars } = (this.#tracks[id] as Track).series;
    return numberToE8(bars[bar * BAR_FIELDS + field] as number);
  }

  #drain(): void {
    while (this.#inbox.size > 0) this.#loop.drain();
  }
}

/** Open time of a bar; infinite behind the last one. */
function openMs({ bars, barCount }: ScannedSeries, bar: number): number {
  return bar < barCount ? (bars[bar * BAR_FIELDS] as number) : Number.POSITIVE_INFINITY;
}

/** Open time of the bar that raised a track's next candidate; infinite behind the last one. */
function candidateMs({ series, candidate }: Track): number {
  const { openMs: times, count } = series.candidates;
  return candidate < count ? (times[candidate] as number) : Number.POSITIVE_INFINITY;
}

function openPriceOf({ bars }: ScannedSeries, bar: number): number {
  return bars[bar * BAR_FIELDS + 1] as number;
}
