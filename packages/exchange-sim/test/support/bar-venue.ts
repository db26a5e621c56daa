import {
  type FeeRates,
  type Income,
  type OrderRequest,
  type OrderSide,
  type OrderUpdate,
  type Outcome,
  tradingRules,
} from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { parseE8, priceTicks, qtySteps, type SymbolId, symbolId } from "@smcq/kernel";
import { BarExchange } from "../../src/index.ts";
import type { BarE8 } from "../../src/trading/bar-exchange.ts";

export const MINUTE_MS = 60_000;
export const START_E8 = parseE8("1000");
export const FEES: FeeRates = { takerRatio: 0.0005, makerRatio: 0.0002 };
export const RULES = tradingRules({
  symbol: "AUSDT",
  tickSize: "0.01",
  stepSize: "0.1",
  minQty: "0.1",
  marketMaxQty: "100",
  minNotional: "5",
});
export const A: SymbolId = symbolId(0);
export const B: SymbolId = symbolId(1);

type Wanted = { readonly id: string; readonly side: OrderSide; readonly steps: number };

/** A venue with two listed symbols, everything it tells, and short ways to order. */
export class BarVenue {
  readonly updates: OrderUpdate[] = [];
  readonly incomes: Income[] = [];
  readonly venue: BarExchange = new BarExchange({
    walletE8: START_E8,
    listener: {
      onOrder: (update) => this.updates.push(update),
      onIncome: (income) => this.incomes.push(income),
    },
  });

  constructor() {
    for (const id of [A, B]) this.venue.list(id, RULES, FEES);
  }

  submit(order: OrderRequest): Outcome {
    let outcome: Outcome = { type: "unknown", text: "no word" };
    this.venue.submit(approve(order), (word) => (outcome = word));
    return outcome;
  }

  market(wanted: Wanted & { readonly isReduceOnly: boolean; readonly symbol?: SymbolId }): Outcome {
    const { isReduceOnly } = wanted;
    const role = isReduceOnly ? "exit" : "entry";
    return this.submit({ ...base(wanted, wanted.symbol ?? A), type: "market", role, isReduceOnly });
  }

  stop(wanted: Wanted & { readonly ticks: number }): Outcome {
    const triggerTicks = priceTicks(wanted.ticks);
    return this.submit({
      ...base(wanted, A),
      type: "stop-market",
      role: "stop",
      isReduceOnly: true,
      triggerTicks,
      workingType: "last",
    });
  }

  target(wanted: Wanted & { readonly ticks: number }): Outcome {
    return this.submit({
      ...base(wanted, A),
      type: "limit",
      role: "target",
      isReduceOnly: true,
      timeInForce: "GTC",
      priceTicks: priceTicks(wanted.ticks),
    });
  }

  /** An entry that rests, and only rests. */
  rest(wanted: Wanted & { readonly ticks: number }): Outcome {
    return this.submit({
      ...base(wanted, A),
      type: "limit",
      role: "entry",
      isReduceOnly: false,
      timeInForce: "GTX",
      priceTicks: priceTicks(wanted.ticks),
    });
  }

  cancel(clientOrderId: string, isAlgo: boolean): Outcome {
    let outcome: Outcome = { type: "unknown", text: "no word" };
    this.venue.cancel({ symbolId: A, clientOrderId, isAlgo }, (word) => (outcome = word));
    return outcome;
  }

  /** Opens a position of `steps` at an open of `price`. */
  enter(side: OrderSide, steps: number, price: string): void {
    this.market({ id: `entry-${this.updates.length}`, side, steps, isReduceOnly: false });
    this.open(price);
  }

  open(price: string | null, timeMs = 0): void {
    this.venue.open(timeMs, () => (price === null ? null : parseE8(price)));
  }

  /** The inside of a bar; true when a resting entry has filled in it. */
  bar(open: string, high: string, low: string): boolean {
    return this.venue.trade(A, 0, MINUTE_MS, barOf(open, high, low));
  }

  /** The same bar once more, for the stop of what has filled in it. */
  afterEntry(open: string, high: string, low: string): void {
    this.venue.afterEntry(A, MINUTE_MS, barOf(open, high, low));
  }

  fund(timeMs: number, rate: string, mark: string, symbol: SymbolId = A): void {
    this.venue.fund(symbol, { timeMs, rateE8: parseE8(rate), markE8: parseE8(mark) });
  }

  /** Signed steps of the first symbol. */
  get held(): number {
    return this.venue.positions().find(({ symbolId: id }) => id === A)?.qtySteps ?? 0;
  }

  get fees(): bigint {
    return this.updates.reduce((sum, { fill }) => sum + (fill?.feeE8 ?? 0n), 0n);
  }

  /** What was told, shortly: id, status, price in ticks and steps of its fill. */
  get told(): readonly string[] {
    return this.updates.map(({ clientOrderId, status, fill }) =>
      fill === null
        ? `${clientOrderId} ${status}`
        : `${clientOrderId} ${status} ${fill.priceTicks} x ${fill.qtySteps}`,
    );
  }

  /** Forgets what was told until now. */
  clear(): void {
    this.updates.length = 0;
  }
}

function barOf(open: string, high: string, low: string): BarE8 {
  return { openE8: parseE8(open), highE8: parseE8(high), lowE8: parseE8(low) };
}

function base({ id, side, steps }: Wanted, symbol: SymbolId): Omit<OrderRequest, "type" | "role"> {
  return {
    clientOrderId: id,
    symbolId: symbol,
    symbol: "AUSDT",
    side,
    qtySteps: qtySteps(steps),
    isReduceOnly: false,
  };
}
