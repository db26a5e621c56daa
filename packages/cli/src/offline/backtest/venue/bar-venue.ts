import type {
  AccountQuery,
  CancelTarget,
  FeeRates,
  OrderRequest,
  Outcome,
  RiskApproved,
  TradingRules,
} from "@smcq/exchange";
import { BarExchange, type BarExchangeOptions } from "@smcq/exchange-sim";
import { assert, MINUTE_MS, type SymbolId, symbolId } from "@smcq/kernel";
import { BarField, type BacktestRun, type BacktestVenue, type FundingDue } from "./backtest-venue.ts";

export interface BarVenueOptions extends BarExchangeOptions {
  /** By symbol number. */
  readonly rules: readonly TradingRules[];
  readonly fees: FeeRates;
}

/** Fidelity `bar`: what was decided on a bar executes at the next open; then stops, else targets, of the whole bar. */
export class BarVenue implements BacktestVenue {
  readonly #exchange: BarExchange;
  readonly #run: BacktestRun;

  constructor({ rules, fees, ...options }: BarVenueOptions, run: BacktestRun) {
    this.#exchange = new BarExchange(options);
    this.#run = run;
    rules.forEach((own, index) => this.#exchange.list(symbolId(index), own, fees));
  }

  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    this.#exchange.submit(order, onOutcome);
  }

  cancel(target: CancelTarget): void {
    this.#exchange.cancel(target, () => {});
  }

  setLeverage(id: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    this.#exchange.setLeverage(id, leverage, onOutcome);
  }

  ask(query: AccountQuery): void {
    assert(false, `Invariant: a venue that tells everything is not asked (${query.type})`);
  }

  pass(timeMs: number, funding: readonly FundingDue[]): void {
    const { bars, moveTo, drain } = this.#run;
    for (const due of funding) {
      const bar = bars.before(due.symbolId, timeMs);
      // What fell due before the first bar found nothing held.
      if (bar < 0) continue;
      moveTo(timeMs);
      this.#exchange.fund(due.symbolId, { ...due, markE8: bars.valueE8(due.symbolId, bar, BarField.Close) });
      drain();
    }
    if (this.#exchange.hasWaiting) {
      moveTo(timeMs);
      this.#exchange.open(timeMs, (id) => {
        const bar = bars.at(id, timeMs);
        return bar < 0 ? null : bars.valueE8(id, bar, BarField.Open);
      });
      drain();
    }
    moveTo(timeMs + MINUTE_MS);
    for (const id of this.#run.heldIds()) {
      const bar = bars.at(id, timeMs);
      if (bar >= 0) this.#trade(id, bar, timeMs);
    }
    drain();
  }

  finish(): void {}

  walletE8(): bigint {
    return this.#exchange.walletE8();
  }

  #trade(id: SymbolId, bar: number, timeMs: number): void {
    const { bars, drain, dataEnded } = this.#run;
    const closeMs = timeMs + MINUTE_MS;
    const prices = {
      openE8: bars.valueE8(id, bar, BarField.Open),
      highE8: bars.valueE8(id, bar, BarField.High),
      lowE8: bars.valueE8(id, bar, BarField.Low),
    };
    if (this.#exchange.trade(id, timeMs, closeMs, prices)) {
      // The core places the stop of what has filled; the same bar may reach it.
      drain();
      this.#exchange.afterEntry(id, closeMs, prices);
    }
    if (!bars.isLast(id, bar)) return;
    drain();
    dataEnded(id);
    drain();
    this.#exchange.settle(id, closeMs, bars.valueE8(id, bar, BarField.Close));
  }
}
