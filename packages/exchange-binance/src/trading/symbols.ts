import type { TradingRules } from "@smcq/exchange";
import {
  divRound,
  e8Text,
  priceTicks,
  type PriceTicks,
  qtySteps,
  type QtySteps,
  type SymbolId,
} from "@smcq/kernel";
import { roundE8 } from "./wire/fields.ts";

/** A symbol as orders and words need it. */
export interface TradedSymbol {
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly rules: TradingRules;
}

/** Which symbols there are. It may hand out ids for symbols that the run does not follow, and that a person trades. */
export interface SymbolDirectory {
  /** Null: never handed out. */
  byId(symbolId: SymbolId): TradedSymbol | null;
  /** Null: of no account of ours. */
  bySymbol(symbol: string): TradedSymbol | null;
}

/** Decimal text of a price, from whole ticks. */
export function priceText(ticks: PriceTicks, { tickE8, priceDecimals }: TradingRules): string {
  return e8Text(BigInt(ticks) * tickE8, priceDecimals);
}

/** Decimal text of a quantity, from whole steps. */
export function qtyText(steps: QtySteps, { stepE8, qtyDecimals }: TradingRules): string {
  return e8Text(BigInt(steps) * stepE8, qtyDecimals);
}

/** The nearest tick of a price that the venue told; at least one: a liquidation's may lie between two. */
export function ticksOf(text: string, { tickE8 }: TradingRules): PriceTicks {
  return priceTicks(Math.max(1, Number(divRound(roundE8(text), tickE8))));
}

/** Whole steps of a quantity without its sign; what is below a step is none. */
export function stepsOf(text: string, { stepE8 }: TradingRules): QtySteps {
  const e8 = roundE8(text);
  return qtySteps(Number((e8 < 0n ? -e8 : e8) / stepE8));
}
