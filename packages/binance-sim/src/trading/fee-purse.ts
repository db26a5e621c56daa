import type { VenueEvent, VenueTrade } from "@smcq/exchange-sim";
import { divRound, E8, notionalE8, type SymbolId } from "@smcq/kernel";

/** Commissions that can still be asked for; the oldest are forgotten. */
const COMMISSIONS_KEPT_MAX = 20_000;
const START_E8 = 100n * E8;
const FIRST_TRAN_ID = 7_000_000_000_000_000_000n;

/** A line of the account book in BNB. */
export interface BnbRow {
  readonly tranId: bigint;
  readonly symbolId: SymbolId;
  readonly tradeId: string;
  readonly amountE8: bigint;
  readonly timeMs: number;
}

/** What commissions are paid from while they are paid in BNB (AC09): 100 BNB at the start, beside the USDT wallet. */
export class FeePurse {
  readonly #fees: { readonly takerRatio: number; readonly makerRatio: number };
  readonly #priceE8: () => bigint;
  readonly #rows = new Map<string, BnbRow>();
  #onRow: (row: BnbRow, balanceE8: bigint) => void = () => {};
  #discount: number | null = null;
  #balanceE8 = START_E8;
  #tranId = FIRST_TRAN_ID;

  constructor(fees: { readonly takerRatio: number; readonly makerRatio: number }, priceE8: () => bigint) {
    this.#fees = fees;
    this.#priceE8 = priceE8;
  }

  /** Null: commissions are paid in USDT. */
  setDiscount(discount: number | null): void {
    this.#discount = discount;
  }

  get isOpen(): boolean {
    return this.#discount !== null;
  }

  /** True: the account has, or had, BNB to pay with. */
  get isUsed(): boolean {
    return this.isOpen || this.#rows.size > 0;
  }

  get balanceE8(): bigint {
    return this.#balanceE8;
  }

  hear(event: VenueEvent): void {
    if (event.type !== "order" || event.trade === null || this.#discount === null) return;
    const { symbolId, tradeId, priceE8, qtyE8, isMaker, timeMs } = event.trade;
    const ratio = (isMaker ? this.#fees.makerRatio : this.#fees.takerRatio) * (1 - this.#discount);
    const usdtE8 = divRound(notionalE8(priceE8, qtyE8) * BigInt(Math.round(ratio * 1e8)), E8);
    const amountE8 = divRound(usdtE8 * E8, this.#priceE8());
    this.#balanceE8 -= amountE8;
    const row = { tranId: ++this.#tranId, symbolId, tradeId, amountE8: -amountE8, timeMs };
    this.#keep(row);
    this.#onRow(row, this.#balanceE8);
  }

  #keep(row: BnbRow): void {
    this.#rows.set(keyOf(row), row);
    if (this.#rows.size <= COMMISSIONS_KEPT_MAX) return;
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  /** From now on each commission and what is left after it is written there. */
  writeTo(onRow: (row: BnbRow, balanceE8: bigint) => void): void {
    this.#onRow = onRow;
  }

  /** Takes up a commission that was paid earlier, and what was left then. */
  takeUp(row: BnbRow, balanceE8: bigint): void {
    this.#keep(row);
    this.#balanceE8 = balanceE8;
    this.#tranId = row.tranId;
  }

  /** What a trade cost, and in what. */
  commissionOf(trade: VenueTrade): { readonly asset: "USDT" | "BNB"; readonly amountE8: bigint } {
    const row = this.#rows.get(keyOf(trade));
    return row === undefined
      ? { asset: "USDT", amountE8: trade.commissionE8 }
      : { asset: "BNB", amountE8: -row.amountE8 };
  }

  rows(): readonly BnbRow[] {
    return [...this.#rows.values()];
  }
}

function keyOf({ symbolId, tradeId }: Pick<VenueTrade, "symbolId" | "tradeId">): string {
  return `${symbolId}:${tradeId}`;
}
