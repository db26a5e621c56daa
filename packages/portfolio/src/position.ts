import type { Fill, OrderSide, TradingRules } from "@smcq/exchange";
import { assert, divRound, notionalE8, qtySteps, type SymbolId } from "@smcq/kernel";

/** What is held of a symbol, since it was last flat. */
export interface Position {
  readonly symbolId: SymbolId;
  readonly side: OrderSide;
  readonly qtySteps: number;
  readonly qtyE8: bigint;
  /** What the open quantity cost, USDT e8. */
  readonly entryNotionalE8: bigint;
  /** Average entry price: exact ticks where every fill had one price, else the nearest float64. */
  readonly avgPrice: number;
  /** The tick that every entry had; null when there were several. */
  readonly avgTicks: number | null;
  readonly openedMs: number;
}

/** What a fill did to a position. */
export interface PositionChange {
  /** Null: flat. */
  readonly position: Position | null;
  /** Price result of what was closed, without fees. */
  readonly realisedE8: bigint;
}

/**
 * Applies a fill: it opens or grows a position, reduces it, or turns it around. No order of ours does the last; a person's
 * may. It then closes what was held, and opens the rest.
 */
export function applyFill(position: Position | null, fill: Fill, rules: TradingRules): PositionChange {
  assert(fill.qtySteps > 0, "Invariant: a fill has a quantity");
  const qtyE8 = BigInt(fill.qtySteps) * rules.stepE8;
  const valueE8 = notionalE8(BigInt(fill.priceTicks) * rules.tickE8, qtyE8);
  if (position === null || position.side === fill.side)
    return { position: grown(position, fill, { qtyE8, valueE8, rules }), realisedE8: 0n };
  if (fill.qtySteps > position.qtySteps) return turned(position, fill, { qtyE8, valueE8, rules });
  // The part of the entry's notional that is closed, so that nothing is left over at flat.
  const costE8 =
    fill.qtySteps === position.qtySteps
      ? position.entryNotionalE8
      : divRound(position.entryNotionalE8 * BigInt(fill.qtySteps), BigInt(position.qtySteps));
  const realisedE8 = BigInt(position.side) * (valueE8 - costE8);
  if (fill.qtySteps === position.qtySteps) return { position: null, realisedE8 };
  const left = {
    ...position,
    qtySteps: position.qtySteps - fill.qtySteps,
    qtyE8: position.qtyE8 - qtyE8,
    entryNotionalE8: position.entryNotionalE8 - costE8,
  };
  return { position: left, realisedE8 };
}

/** A fill's quantity and what it is worth, exact, and the rules of its symbol. */
interface Figures {
  readonly qtyE8: bigint;
  readonly valueE8: bigint;
  readonly rules: TradingRules;
}

/** What is left of the fill's worth opens the rest, so that nothing of its cash is lost by rounding. */
function turned(position: Position, fill: Fill, { qtyE8, valueE8, rules }: Figures): PositionChange {
  const closedE8 = notionalE8(BigInt(fill.priceTicks) * rules.tickE8, position.qtyE8);
  const rest = { ...fill, qtySteps: qtySteps(fill.qtySteps - position.qtySteps) };
  return {
    position: grown(null, rest, { qtyE8: qtyE8 - position.qtyE8, valueE8: valueE8 - closedE8, rules }),
    realisedE8: BigInt(position.side) * (closedE8 - position.entryNotionalE8),
  };
}

function grown(before: Position | null, fill: Fill, { qtyE8, valueE8, rules }: Figures): Position {
  const entryNotionalE8 = (before?.entryNotionalE8 ?? 0n) + valueE8;
  const sumQtyE8 = (before?.qtyE8 ?? 0n) + qtyE8;
  const isOnePrice = before === null || before.avgTicks === fill.priceTicks;
  return {
    symbolId: fill.symbolId,
    side: fill.side,
    qtySteps: (before?.qtySteps ?? 0) + fill.qtySteps,
    qtyE8: sumQtyE8,
    entryNotionalE8,
    avgPrice: isOnePrice ? fill.priceTicks * rules.tickSize : Number(entryNotionalE8) / Number(sumQtyE8),
    avgTicks: isOnePrice ? fill.priceTicks : null,
    openedMs: before?.openedMs ?? fill.timeMs,
  };
}

/** What the position would win or lose at a price, without fees. */
export function unrealisedE8(position: Position, markE8: bigint): bigint {
  return BigInt(position.side) * (notionalE8(markE8, position.qtyE8) - position.entryNotionalE8);
}
