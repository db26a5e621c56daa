import {
  type AccountAnswer,
  type AccountListener,
  type AccountQuery,
  type CancelTarget,
  type FeeRates,
  type OrderRequest,
  type Outcome,
  type RiskApproved,
} from "@smcq/exchange";
import {
  LATENCY_DEFAULT,
  markE8At,
  type Print,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  turnsOf,
  type VenueRules,
} from "@smcq/exchange-sim";
import { type ManualClock, MINUTE_MS, type SymbolId, symbolId } from "@smcq/kernel";
import { BarField, type BacktestRun, type BacktestVenue, type FundingDue } from "./backtest-venue.ts";

/** How long after the last bar words may still be on their way. */
const FINISH_MS = 10 * MINUTE_MS;

export interface PathVenueOptions {
  readonly walletE8: bigint;
  /** By symbol number. */
  readonly rules: readonly VenueRules[];
  readonly fees: FeeRates;
  readonly seed: number;
  readonly clock: ManualClock;
  readonly listener: AccountListener;
}

/** A point of a minute's path. */
interface Knot {
  readonly timeMs: number;
  readonly lastE8: bigint;
}

/** A symbol on its way through the minute. */
interface Walk {
  readonly id: SymbolId;
  readonly path: readonly Knot[];
  /** The knot that it goes to. */
  knot: number;
  /** What happens to it next: it meets a level, or comes to its knot. */
  next: Print;
  isAtKnot: boolean;
}

/**
 * Fidelity `path`: prices follow the documented path inside each minute, orders and words take their time, and whatever a
 * price reaches happens at that price. Time goes from one thing that matters to the next: a level that something waits at,
 * a turn of a path, a word that arrives. A market is looked at only while something is held or waits in it.
 */
export class PathVenue implements BacktestVenue {
  readonly #options: PathVenueOptions;
  readonly #run: BacktestRun;
  readonly #exchange: SimExchange;
  readonly #gateway: SimGateway;
  /** Of the present minute. */
  readonly #walks = new Map<SymbolId, Walk>();
  /** Where something new may wait. */
  readonly #stale = new Set<Walk>();
  #minuteMs = 0;

  constructor(options: PathVenueOptions, run: BacktestRun) {
    const { walletE8, rules, fees, seed, clock, listener } = options;
    this.#options = options;
    this.#run = run;
    this.#exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8 });
    const onArrival = (id: SymbolId): void => this.#bring(id, clock.nowMs());
    this.#gateway = new SimGateway({
      exchange: this.#exchange,
      clock,
      latency: LATENCY_DEFAULT,
      seed,
      onArrival,
    });
    rules.forEach((own, index) => this.#exchange.list(symbolId(index), own, fees));
    this.#gateway.listen(listener);
  }

  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    this.#gateway.submit(order, onOutcome);
  }

  cancel(target: CancelTarget): void {
    this.#gateway.cancel(target, () => {});
  }

  setLeverage(id: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    this.#gateway.setLeverage(id, leverage, onOutcome);
  }

  ask(query: AccountQuery, onAnswer: (answer: AccountAnswer) => void): void {
    this.#gateway.ask(query, onAnswer);
  }

  pass(timeMs: number, funding: readonly FundingDue[]): void {
    const { bars, moveTo, drain } = this.#run;
    const { clock } = this.#options;
    const closeMs = timeMs + MINUTE_MS;
    this.#minuteMs = timeMs;
    this.#walks.clear();
    this.#stale.clear();
    for (const { symbolId: id, rateE8 } of funding) this.#exchange.fund(id, rateE8, timeMs);
    for (const id of this.#exchange.activeIds()) this.#bring(id, timeMs);
    for (;;) {
      const walk = this.#nextWalk();
      const dueMs = clock.nextDueMs ?? Number.POSITIVE_INFINITY;
      if (walk !== null && walk.next.timeMs <= Math.min(dueMs, closeMs)) this.#go(walk);
      else if (dueMs <= closeMs) {
        moveTo(dueMs);
        drain();
      } else break;
    }
    moveTo(closeMs);
    for (const id of this.#run.heldIds()) {
      const bar = bars.at(id, timeMs);
      if (bar >= 0 && bars.isLast(id, bar)) this.#run.dataEnded(id);
    }
    drain();
  }

  finish(): void {
    const { clock } = this.#options;
    this.#walks.clear();
    this.#minuteMs = clock.nowMs();
    const untilMs = clock.nowMs() + FINISH_MS;
    for (let due = clock.nextDueMs; due !== null && due <= untilMs; due = clock.nextDueMs) {
      this.#run.moveTo(due);
      this.#run.drain();
    }
  }

  walletE8(): bigint {
    return this.#exchange.walletE8();
  }

  /** The symbol to which something happens first; null: none is on its way. */
  #nextWalk(): Walk | null {
    for (const walk of this.#stale) this.#look(walk);
    this.#stale.clear();
    let first: Walk | null = null;
    for (const walk of this.#walks.values()) {
      if (walk.knot >= walk.path.length) continue;
      if (first === null || walk.next.timeMs < first.next.timeMs) first = walk;
    }
    return first;
  }

  #go(walk: Walk): void {
    this.#exchange.print(walk.id, walk.next);
    if (walk.isAtKnot) walk.knot++;
    this.#look(walk);
  }

  /** Finds what happens next to a symbol: something that waits on the way to its knot, or the knot. */
  #look(walk: Walk): void {
    const knot = walk.path[walk.knot];
    if (knot === undefined) return;
    const atKnot = this.#printOf(walk.id, knot.timeMs, knot.lastE8);
    const met = this.#exchange.reach(walk.id, atKnot);
    walk.isAtKnot = met === null;
    walk.next = met ?? atKnot;
  }

  /** Moves a symbol's market to where its path is now; begins to follow it where nobody has. */
  #bring(id: SymbolId, nowMs: number): void {
    const walk = this.#walks.get(id) ?? this.#begin(id, nowMs);
    if (walk === null) return;
    const isOver = walk.knot >= walk.path.length;
    if (!isOver) this.#print(id, nowMs, lastAt(walk.path, nowMs));
    // Whatever arrives now may wait on the way: that is looked for once it has arrived.
    this.#stale.add(walk);
  }

  /** Null: the symbol has no bar in this minute. */
  #begin(id: SymbolId, nowMs: number): Walk | null {
    const { bars } = this.#run;
    const bar = bars.at(id, this.#minuteMs);
    if (bar < 0) {
      this.#showLast(id, nowMs);
      return null;
    }
    this.#exchange.setVolume(id, bars.valueE8(id, bar, BarField.Volume));
    const path = this.#pathOf(id, bar);
    const passed = path.findIndex(({ timeMs }) => timeMs > nowMs);
    const next = this.#printOf(id, nowMs, lastAt(path, nowMs));
    const walk = { id, path, knot: passed < 0 ? path.length : passed, next, isAtKnot: false };
    this.#walks.set(id, walk);
    return walk;
  }

  /** A symbol without a bar stands where its last one left it. */
  #showLast(id: SymbolId, nowMs: number): void {
    const bar = this.#run.bars.before(id, this.#minuteMs + MINUTE_MS);
    if (bar >= 0 && this.#exchange.lastPrint(id) === null)
      this.#print(id, nowMs, this.#run.bars.valueE8(id, bar, BarField.Close));
  }

  #pathOf(id: SymbolId, bar: number): readonly Knot[] {
    const value = (field: BarField): bigint => this.#run.bars.valueE8(id, bar, field);
    const [open, high, low, close] = [
      value(BarField.Open),
      value(BarField.High),
      value(BarField.Low),
      value(BarField.Close),
    ];
    const timeMs = this.#minuteMs;
    const { isLowFirst, first, second } = turnsOf(close >= open, this.#options.seed, id, timeMs / MINUTE_MS);
    const at = (share: number): number => timeMs + Math.round(share * MINUTE_MS);
    return [
      { timeMs, lastE8: open },
      { timeMs: at(first), lastE8: isLowFirst ? low : high },
      { timeMs: at(second), lastE8: isLowFirst ? high : low },
      { timeMs: timeMs + MINUTE_MS, lastE8: close },
    ];
  }

  #print(id: SymbolId, timeMs: number, lastE8: bigint): void {
    this.#exchange.print(id, this.#printOf(id, timeMs, lastE8));
  }

  #printOf(id: SymbolId, timeMs: number, lastE8: bigint): Print {
    return { timeMs, lastE8, markE8: markE8At(lastE8, this.#options.seed, id, timeMs) };
  }
}

/** Where a path is at a time, on the straight line between its knots. */
function lastAt(path: readonly Knot[], timeMs: number): bigint {
  const next = path.findIndex((knot) => knot.timeMs >= timeMs);
  const to = path[next] as Knot;
  const from = path[next - 1] ?? to;
  if (to.timeMs === from.timeMs) return to.lastE8;
  const [passed, whole] = [BigInt(timeMs - from.timeMs), BigInt(to.timeMs - from.timeMs)];
  return from.lastE8 + ((to.lastE8 - from.lastE8) * passed) / whole;
}
