import type { Fill, TradingRules } from "@smcq/exchange";
import { assert, divRound, notionalE8, type SymbolId } from "@smcq/kernel";

/** A position as the simulated venue keeps it (one-way mode). */
export interface SimPosition {
  readonly side: 1 | -1;
  readonly qtySteps: number;
  readonly entryNotionalE8: bigint;
}

/**
 * The venue's own account of the account: kept apart from the engine's, from the same fills, so that the two can be
 * held against each other.
 */
export class SimAccount {
  readonly #positions = new Map<SymbolId, SimPosition>();
  #walletE8: bigint;

  constructor(walletE8: bigint) {
    this.#walletE8 = walletE8;
  }

  get walletE8(): bigint {
    return this.#walletE8;
  }

  position(symbolId: SymbolId): SimPosition | null {
    return this.#positions.get(symbolId) ?? null;
  }

  positions(): ReadonlyMap<SymbolId, SimPosition> {
    return this.#positions;
  }

  pay(amountE8: bigint): void {
    this.#walletE8 += amountE8;
  }

  fill({ symbolId, side, priceTicks, qtySteps, feeE8 }: Fill, rules: TradingRules): void {
    const valueE8 = notionalE8(BigInt(priceTicks) * rules.tickE8, BigInt(qtySteps) * rules.stepE8);
    this.#walletE8 -= feeE8;
    const held = this.position(symbolId);
    if (held === null || held.side === side) {
      this.#positions.set(symbolId, {
        side,
        qtySteps: (held?.qtySteps ?? 0) + qtySteps,
        entryNotionalE8: (held?.entryNotionalE8 ?? 0n) + valueE8,
      });
      return;
    }
    assert(qtySteps <= held.qtySteps, "Invariant: the venue cuts what would turn a position around");
    const isFlat = qtySteps === held.qtySteps;
    const costE8 = isFlat
      ? held.entryNotionalE8
      : divRound(held.entryNotionalE8 * BigInt(qtySteps), BigInt(held.qtySteps));
    this.#walletE8 += BigInt(held.side) * (valueE8 - costE8);
    if (isFlat) this.#positions.delete(symbolId);
    else
      this.#positions.set(symbolId, {
        ...held,
        qtySteps: held.qtySteps - qtySteps,
        entryNotionalE8: held.entryNotionalE8 - costE8,
      });
  }
}
