import {
  type AccountListener,
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

/**
 * Fidelity `path`: prices follow the documented path inside each minute, orders and words take their time, and whatever a
 * price reaches happens at that price. Time goes from one thing that matters to the next: a turn of a path, a level that
 * something waits at, a word that arrives.
 */
export class PathVenue implements BacktestVenue {
  readonly #options: PathVenueOptions;
  readonly #run: BacktestRun;
  readonly #exchange: SimExchange;
  readonly #gateway: SimGateway;

  constructor(options: PathVenueOptions, run: BacktestRun) {
    const { walletE8, rules, fees, seed, clock, listener } = options;
    this.#options = options;
    this.#run = run;
    this.#exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8 });
    this.#gateway = new SimGateway({ exchange: this.#exchange, clock, latency: LATENCY_DEFAULT, seed });
    rules.forEach((own, index) => this.#exchange.list(symbolId(index), own, fees));
    this.#gateway.listen(listener);
  }

  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    this.#gateway.submit(order, onOutcome);
  }

  cancel(target: CancelTarget): void {
    this.#gateway.cancel(target, () => {});
  }

  setLeverage(id: SymbolId, leverage: number): void {
    this.#gateway.setLeverage(id, leverage, () => {});
  }

  pass(timeMs: number, funding: readonly FundingDue[]): void {
    const { bars, moveTo, drain } = this.#run;
    moveTo(timeMs);
    for (const { symbolId: id, rateE8 } of funding) this.#exchange.fund(id, rateE8, timeMs);
    const paths = new Map<SymbolId, readonly Knot[]>();
    const closeMs = timeMs + MINUTE_MS;
    for (let nowMs = timeMs; nowMs < closeMs;) {
      for (const id of this.#activeIds()) if (!paths.has(id)) paths.set(id, this.#begin(id, timeMs, nowMs));
      nowMs = this.#step(paths, nowMs, closeMs);
      moveTo(nowMs);
      drain();
    }
    for (const id of this.#run.heldIds()) {
      const bar = bars.at(id, timeMs);
      if (bar >= 0 && bars.isLast(id, bar)) this.#run.dataEnded(id);
    }
    drain();
  }

  finish(): void {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + FINISH_MS;
    for (let due = clock.nextDueMs; due !== null && due <= untilMs; due = clock.nextDueMs) {
      this.#run.moveTo(due);
      this.#run.drain();
    }
  }

  walletE8(): bigint {
    return this.#exchange.walletE8();
  }

  /** What is held, waits, or is on its way. */
  #activeIds(): ReadonlySet<SymbolId> {
    return new Set([...this.#run.heldIds(), ...this.#exchange.activeIds()]);
  }

  /** A symbol's path of this minute, and its market where the path is now; none where it has no bar. */
  #begin(id: SymbolId, timeMs: number, nowMs: number): readonly Knot[] {
    const bar = this.#run.bars.at(id, timeMs);
    if (bar < 0) {
      this.#showLast(id, timeMs);
      return [];
    }
    const path = this.#pathOf(id, bar, timeMs);
    this.#exchange.setVolume(id, this.#run.bars.valueE8(id, bar, BarField.Volume));
    this.#print(id, nowMs, lastAt(path, nowMs));
    return path;
  }

  /** A symbol that has never been looked at stands where its last bar left it. */
  #showLast(id: SymbolId, timeMs: number): void {
    const bar = this.#run.bars.before(id, timeMs);
    if (bar >= 0 && this.#exchange.lastPrint(id) === null)
      this.#print(id, timeMs, this.#run.bars.valueE8(id, bar, BarField.Close));
  }

  #pathOf(id: SymbolId, bar: number, timeMs: number): readonly Knot[] {
    const value = (field: BarField): bigint => this.#run.bars.valueE8(id, bar, field);
    const [open, high, low, close] = [
      value(BarField.Open),
      value(BarField.High),
      value(BarField.Low),
      value(BarField.Close),
    ];
    const { seed } = this.#options;
    const { isLowFirst, first, second } = turnsOf(close >= open, seed, id, Math.floor(timeMs / MINUTE_MS));
    const at = (share: number): number => timeMs + Math.round(share * MINUTE_MS);
    return [
      { timeMs, lastE8: open },
      { timeMs: at(first), lastE8: isLowFirst ? low : high },
      { timeMs: at(second), lastE8: isLowFirst ? high : low },
      { timeMs: timeMs + MINUTE_MS, lastE8: close },
    ];
  }

  /** Moves all markets to the next moment that matters; returns it. */
  #step(paths: ReadonlyMap<SymbolId, readonly Knot[]>, nowMs: number, closeMs: number): number {
    let toMs = Math.max(nowMs, Math.min(closeMs, this.#options.clock.nextDueMs ?? closeMs));
    for (const path of paths.values()) {
      const knot = path.find(({ timeMs }) => timeMs > nowMs);
      if (knot !== undefined) toMs = Math.min(toMs, knot.timeMs);
    }
    let reached: { readonly id: SymbolId; readonly print: Print } | null = null;
    for (const [id, path] of paths) {
      if (path.length === 0) continue;
      const print = this.#exchange.reach(id, this.#printOf(id, toMs, lastAt(path, toMs)));
      if (print !== null && (reached === null || print.timeMs < reached.print.timeMs))
        reached = { id, print };
    }
    if (reached !== null) toMs = reached.print.timeMs;
    for (const [id, path] of paths) {
      if (path.length === 0) continue;
      if (reached?.id === id) this.#exchange.print(id, reached.print);
      else this.#print(id, toMs, lastAt(path, toMs));
    }
    return toMs;
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
