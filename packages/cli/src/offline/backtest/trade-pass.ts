import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import {
  type EntryFailure,
  Engine,
  NO_JOURNAL,
  type ProtocolLimits,
  type TradeRecord,
  type TradingCore,
  type TradingCommand,
} from "@smcq/engine";
import type { AccountListener, FeeRates, TradingRules } from "@smcq/exchange";
import { planInMinutes, type TradePlanParameters } from "@smcq/features";
import type { VenueRules } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, present, type SymbolId, symbolId } from "@smcq/kernel";
import type { RiskParameters, WinCounts } from "@smcq/risk";
import type { DecisionLog, Decisions } from "./decision-log.ts";
import type { FundingRate } from "./read-funding.ts";
import { type HeatSample, type RiskSummary, RiskWatch } from "./risk-watch.ts";
import type { ScannedSeries } from "./scan-series.ts";
import { SignalQueue } from "./signal-queue.ts";
import { StoredBars } from "./bars/stored-bars.ts";
import { BarField, type BacktestVenue } from "./venue/backtest-venue.ts";
import { BarVenue } from "./venue/bar-venue.ts";
import { PathVenue } from "./venue/path-venue.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ENGINE_ID = "bt00";

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
  readonly plan: TradePlanParameters;
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

export interface TradePassResult<Kept extends Decisions = DecisionLog> {
  readonly trades: readonly TradeRecord[];
  readonly decisions: Kept;
  /** Approved entries that came to nothing, by reason. */
  readonly failed: ReadonlyMap<EntryFailure, number>;
  readonly equity: readonly EquityRow[];
  readonly walletE8: bigint;
  /** What liquidations cost beside their trades (negative), or the insurance fund paid of them. */
  readonly liquidationE8: bigint;
  readonly isHalted: boolean;
  readonly risk: RiskSummary;
  /** What would be lost if every stop were hit, at each approval and each closed hour. */
  readonly heat: readonly HeatSample[];
}

/**
 * The second pass of a backtest (docs/trading.md 8): the core that trades live, and a venue in memory, over candidates in
 * the order of time, on one thread and one clock that it moves by hand. A minute: funding; exits and entries decided on
 * the last bar execute at this open; stops and targets; wallet and equity; the rules; the batch.
 */
export class TradePass<Kept extends Decisions = DecisionLog> {
  readonly #options: TradePassOptions;
  readonly #clock: ManualClock;
  readonly #inbox = new Inbox();
  readonly #engine: Engine;
  readonly #loop: EngineLoop;
  readonly #venue: BacktestVenue;
  readonly #bars: StoredBars;
  readonly #due: SignalQueue;
  readonly #trades: TradeRecord[] = [];
  readonly #decisions: Kept;
  readonly #failed = new Map<EntryFailure, number>();
  readonly #equity: EquityRow[] = [];
  readonly #riskWatch = new RiskWatch();
  #lastWalletE8: bigint;
  #liquidationE8 = 0n;
  /** The next funding rate. */
  #funding = 0;

  /** `decisions` hears of each one, and is part of the result. */
  constructor(options: TradePassOptions, decisions: Kept) {
    this.#options = options;
    this.#decisions = decisions;
    this.#lastWalletE8 = options.walletE8;
    this.#bars = new StoredBars(options.series);
    this.#due = new SignalQueue(options.series, this.#bars, options);
    this.#clock = new ManualClock(this.#bars.firstMs);
    const { scoreMin, risk, protocol, plan, walletE8 } = options;
    this.#engine = new Engine({
      scoreMin,
      decisionWindowNs: 0,
      signalAgeMsMax: Number.POSITIVE_INFINITY,
      trading: {
        engineId: ENGINE_ID,
        startWalletE8: walletE8,
        risk,
        protocol,
        plan: planInMinutes(plan),
        isVenueRemote: options.fidelity.type === "path",
        // Another run of the same bars decides by what is known, not by what this one has met.
        isSlippageMeasured: false,
        wordFloorMs: 0,
        refusesUnproven: false,
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

  run(): TradePassResult<Kept> {
    const { series, rules, fees, scorerId, wins } = this.#options;
    this.#inbox.put({ type: "model", scorerId, sizeFactor: 1, wins });
    for (const [index, { symbol }] of series.entries()) {
      const id = symbolId(index);
      const own = rules[index] as TradingRules;
      this.#inbox.put({ type: "instrument", symbolId: id, symbol, rules: own, fees });
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
      failed: this.#failed,
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
    const before = this.#core.holdings.openTrades();
    this.#venue.pass(timeMs, this.#dueFunding(timeMs));
    // (d), (e): equity at the closes, then the rules.
    const marked = eitherOf(before, this.#core.holdings.openTrades());
    const marks: (OfSymbol & { readonly priceE8: bigint })[] = [];
    for (const id of marked) {
      const bar = this.#bars.at(id, timeMs);
      if (bar >= 0) marks.push({ symbolId: id, priceE8: this.#bars.valueE8(id, bar, BarField.Close) });
    }
    if (marked.length > 0 || closeMs % HOUR_MS === 0 || this.#venue.walletE8() !== this.#lastWalletE8) {
      this.#inbox.put({ type: "minute", closeMs, marks });
      this.#drain();
    }
    // (f): the batch of this bar.
    const approvedBefore = this.#decisions.approvals;
    this.#batch(timeMs);
    if (this.#decisions.approvals > approvedBefore || closeMs % HOUR_MS === 0)
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
    const { candidates, quotes } = this.#due.at(timeMs);
    if (candidates.length === 0) return;
    this.#inbox.put({ type: "quotes", quotes });
    this.#inbox.put({ type: "candidates", shardId: 0, candidates });
    this.#drain();
    // The window of the batch closes at once: the core has asked to be woken for it.
    this.#clock.advanceTo(this.#clock.nowMs());
    this.#drain();
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
      case "set-leverage": {
        const { symbolId: id, leverage } = command;
        this.#venue.setLeverage(id, leverage, (outcome) =>
          this.#inbox.put({ type: "leverage-outcome", symbolId: id, leverage, outcome }),
        );
        return;
      }
      case "decided":
        this.#decisions.add(command.decision);
        return;
      case "entry-failed":
        this.#failed.set(command.reason, (this.#failed.get(command.reason) ?? 0) + 1);
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
      // Fundings of a file are told at their times.
      case "trade-corrected":
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

interface OfSymbol {
  readonly symbolId: SymbolId;
}

/** Symbols of the trades of either list, by number; each list is by number. */
function eitherOf(before: readonly OfSymbol[], after: readonly OfSymbol[]): readonly SymbolId[] {
  const ids = before.map(({ symbolId: id }) => id);
  // The core makes another list when its trades change.
  if (before === after) return ids;
  return [...new Set([...ids, ...after.map(({ symbolId: id }) => id)])].sort((a, b) => a - b);
}
