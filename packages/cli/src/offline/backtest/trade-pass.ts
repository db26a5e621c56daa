import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import {
  type DecisionRecord,
  Engine,
  NO_JOURNAL,
  type ProtocolLimits,
  type Quote,
  type ScoredCandidate,
  type SetupCode,
  type TradeRecord,
  type TradingCore,
  type TradingCommand,
} from "@smcq/engine";
import type { AccountListener, FeeRates, TradingRules } from "@smcq/exchange";
import type { EntryPlan } from "@smcq/features";
import type { VenueRules } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, present, type SymbolId, symbolId } from "@smcq/kernel";
import type { RiskParameters, WinCounts } from "@smcq/risk";
import type { FundingRate } from "./read-funding.ts";
import { type HeatSample, type RiskSummary, RiskWatch } from "./risk-watch.ts";
import type { ScannedSeries } from "./scan-series.ts";
import { StoredBars } from "./stored-bars.ts";
import { BarField, type BacktestVenue } from "./venue/backtest-venue.ts";
import { BarVenue } from "./venue/bar-venue.ts";
import { PathVenue } from "./venue/path-venue.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
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
  readonly protocol: ProtocolLimits;
  readonly entry: EntryPlan;
  readonly scoreMin: number;
  readonly scorerId: string;
  /** What is proven of its scores; null: nothing. */
  readonly wins: WinCounts | null;
  /** Candidates of bars that open before it are not decided on; null: none. */
  readonly fromMs: number | null;
  readonly fidelity: Fidelity;
  /** Hears after each day of the run. */
  readonly onDay: (done: number, of: number) => void;
}

/** How the venue of a backtest moves inside a minute (docs/trading.md 7); `path` is drawn from a seed. */
export type Fidelity =
  | { readonly type: "bar" }
  | {
      readonly type: "path";
      readonly seed: number;
      /** By symbol number. */
      readonly rules: readonly VenueRules[];
    };

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
  /** What liquidations cost beside their trades (negative), or the insurance fund paid of them. */
  readonly liquidationE8: bigint;
  readonly isHalted: boolean;
  readonly risk: RiskSummary;
  /** What would be lost if every stop were hit, at each decision and each closed hour. */
  readonly heat: readonly HeatSample[];
}

/** A symbol's place in time. */
interface Track {
  readonly id: SymbolId;
  readonly series: ScannedSeries;
  /** The next one to come. */
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
  readonly #venue: BacktestVenue;
  readonly #bars: StoredBars;
  readonly #tracks: readonly Track[];
  /** When each symbol's next candidate is (open time of its bar): a minute looks at those alone that have one. */
  readonly #nextMs: Float64Array;
  readonly #trades: TradeRecord[] = [];
  readonly #decisions: DecisionRecord[] = [];
  readonly #equity: EquityRow[] = [];
  readonly #riskWatch = new RiskWatch();
  #lastWalletE8: bigint;
  #liquidationE8 = 0n;
  /** The next funding rate. */
  #funding = 0;

  constructor(options: TradePassOptions) {
    this.#options = options;
    this.#lastWalletE8 = options.walletE8;
    this.#bars = new StoredBars(options.series);
    this.#tracks = options.series.map((series, index) => ({
      id: symbolId(index),
      series,
      candidate: 0,
    }));
    this.#nextMs = Float64Array.from(this.#tracks, candidateMs);
    this.#clock = new ManualClock(this.#bars.firstMs);
    const { scoreMin, risk, protocol, entry, walletE8 } = options;
    this.#engine = new Engine({
      scoreMin,
      decisionWindowNs: 0,
      signalAgeMsMax: Number.POSITIVE_INFINITY,
      trading: {
        engineId: ENGINE_ID,
        startWalletE8: walletE8,
        risk,
        protocol,
        entry,
        isVenueRemote: options.fidelity.type === "path",
      },
    });
    this.#venue = this.#createVenue();
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
    const { rules, fees, scorerId, wins } = this.#options;
    this.#inbox.put({ type: "model", scorerId, sizeFactor: 1, wins });
    for (const { id, series } of this.#tracks) {
      const own = rules[id] as TradingRules;
      this.#inbox.put({ type: "instrument", symbolId: id, symbol: series.symbol, rules: own, fees });
    }
    this.#drain();
    const { firstMs, lastMs } = this.#bars;
    const days = Math.ceil((lastMs + MINUTE_MS - firstMs) / DAY_MS);
    for (let timeMs = firstMs; timeMs <= lastMs; timeMs += MINUTE_MS) {
      this.#minute(timeMs);
      const passedMs = timeMs + MINUTE_MS - firstMs;
      if (passedMs % DAY_MS === 0 || timeMs === lastMs)
        this.#options.onDay(Math.ceil(passedMs / DAY_MS), days);
    }
    this.#venue.finish();
    return {
      trades: this.#trades.toSorted((a, b) => a.entryMs - b.entryMs || a.tradeId - b.tradeId),
      decisions: this.#decisions,
      equity: this.#equity,
      walletE8: this.#venue.walletE8(),
      liquidationE8: this.#liquidationE8,
      isHalted: this.#core.holdings.state === "HALTED",
      risk: this.#riskWatch.summary(this.#core.getRiskMetrics()),
      heat: this.#riskWatch.heat,
    };
  }

  get #core(): TradingCore {
    return present(this.#engine.trading, "Invariant: this engine trades");
  }

  #createVenue(): BacktestVenue {
    const { walletE8, rules, fees, fidelity } = this.#options;
    const clock = this.#clock;
    const listener: AccountListener = {
      onOrder: (update) => this.#inbox.put({ type: "order-update", update }),
      onIncome: (income) => {
        if (income.type === "liquidation-fee") this.#liquidationE8 += income.amountE8;
        this.#inbox.put({ type: "income", income });
      },
      onLeverage: (id, leverage) => this.#inbox.put({ type: "leverage", symbolId: id, leverage }),
      onStream: (isLive) => this.#inbox.put({ type: "account-stream", isLive }),
    };
    const run = {
      bars: this.#bars,
      heldIds: () => this.#heldIds(),
      moveTo: (timeMs: number) => clock.advanceTo(Math.max(timeMs, clock.nowMs())),
      drain: () => this.#drain(),
      dataEnded: (id: SymbolId) => this.#inbox.put({ type: "data-ended", symbolId: id }),
    };
    return fidelity.type === "bar"
      ? new BarVenue({ walletE8, listener, rules, fees }, run)
      : new PathVenue({ walletE8, listener, fees, clock, seed: fidelity.seed, rules: fidelity.rules }, run);
  }

  #minute(timeMs: number): void {
    const closeMs = timeMs + MINUTE_MS;
    // (a), (b), (c): what was decided executes; stops and targets.
    const held = this.#heldIds();
    this.#venue.pass(timeMs, this.#dueFunding(timeMs));
    // (d), (e): equity at the closes, then the rules.
    const marked = new Set([...held, ...this.#heldIds()]);
    const marks = [...marked]
      .sort((a, b) => a - b)
      .flatMap((id) => {
        const bar = this.#bars.at(id, timeMs);
        return bar < 0 ? [] : [{ symbolId: id, priceE8: this.#bars.valueE8(id, bar, BarField.Close) }];
      });
    if (marked.size > 0 || closeMs % HOUR_MS === 0 || this.#venue.walletE8() !== this.#lastWalletE8) {
      this.#inbox.put({ type: "minute", closeMs, marks });
      this.#drain();
    }
    // (f): the batch of this bar.
    const decided = this.#decisions.length;
    this.#batch(timeMs);
    if (this.#decisions.length > decided || closeMs % HOUR_MS === 0)
      this.#riskWatch.sample(closeMs, this.#core.getRiskMetrics());
  }

  /** The rates that fall due with this minute's open. */
  #dueFunding(timeMs: number): readonly FundingRate[] {
    const { funding } = this.#options;
    const due: FundingRate[] = [];
    for (let rate = funding[this.#funding]; rate !== undefined; rate = funding[this.#funding]) {
      if (rate.timeMs > timeMs) break;
      this.#funding++;
      if (rate.timeMs === timeMs) due.push(rate);
    }
    return due;
  }

  #heldIds(): readonly SymbolId[] {
    return this.#core.holdings.openTrades().map(({ symbolId: id }) => id);
  }

  #batch(timeMs: number): void {
    const candidates: ScoredCandidate[] = [];
    const quotes: Quote[] = [];
    for (const track of this.#tracks) {
      if ((this.#nextMs[track.id] as number) > timeMs) continue;
      for (const index of this.#takeUntil(track, timeMs)) {
        const next = this.#bars.openPrice(track.id, (track.series.candidates.bar[index] as number) + 1);
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
      const isNext = this.#bars.openMs(track.id, (bar[index] as number) + 1) === timeMs + MINUTE_MS;
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
        this.#venue.cancel(command);
        return;
      case "set-leverage":
        this.#venue.setLeverage(command.symbolId, command.leverage);
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
        this.#venue.ask(command.query, (answer) => this.#inbox.put({ type: "answer", answer }));
        return;
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

  #drain(): void {
    while (this.#inbox.size > 0) this.#loop.drain();
  }
}

/** Open time of the bar that raised a track's next candidate; infinite behind the last one. */
function candidateMs({ series, candidate }: Track): number {
  const { openMs: times, count } = series.candidates;
  return candidate < count ? (times[candidate] as number) : Number.POSITIVE_INFINITY;
}
