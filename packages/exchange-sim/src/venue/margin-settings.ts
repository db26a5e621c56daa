import type { MarginType, SymbolSettings } from "@smcq/exchange";
import { divRound, notionalE8, type SymbolId } from "@smcq/kernel";
import type { Admission } from "./admission.ts";
import { abs, min } from "./bigints.ts";
import { done, refused, type Reply, VENUE_ERRORS } from "./codes.ts";
import type { VenueFloor } from "./venue-floor.ts";

/** How an account trades a symbol: leverage, margin type, and the margin of isolated positions. */
export class MarginSettings {
  readonly #floor: VenueFloor;
  readonly #admission: Admission;

  constructor(floor: VenueFloor, admission: Admission) {
    this.#floor = floor;
    this.#admission = admission;
  }

  /** Its brackets' leverage at most; what is held or waits must still be allowed and paid for. */
  setLeverage(symbolId: SymbolId, leverage: number): Reply<SymbolSettings> {
    const { account, orders } = this.#floor;
    const { brackets } = this.#floor.listing(symbolId).rules;
    const { leverage: present, marginType } = account.settings(symbolId);
    if (!Number.isInteger(leverage) || leverage < 1 || leverage > brackets.leverageMax)
      return refused(VENUE_ERRORS.leverageInvalid);
    const isHeld = account.qtyE8(symbolId) !== 0n;
    if (isHeld && marginType === "isolated" && leverage < present)
      return refused(VENUE_ERRORS.leverageReduction);
    const isUsed = isHeld || orders.openOrders(symbolId).length > 0;
    if (this.#admission.worthE8(symbolId, 0n) > brackets.notionalMaxE8(leverage))
      return refused(VENUE_ERRORS.positionTooLarge);
    account.setLeverage(symbolId, leverage);
    if (isUsed && leverage < present && this.#admission.availableE8() === 0n) {
      account.setLeverage(symbolId, present);
      return refused(VENUE_ERRORS.marginInsufficient);
    }
    if (leverage !== present)
      this.#floor.emit({ type: "leverage", symbolId, leverage, timeMs: this.#floor.nowMs });
    return done(account.settings(symbolId));
  }

  /** Refused while something is held or waits; what it is already is no change. */
  setMarginType(symbolId: SymbolId, marginType: MarginType): Reply<SymbolSettings> {
    const { account, orders } = this.#floor;
    const isOther = account.settings(symbolId).marginType !== marginType;
    if (isOther && orders.openOrders(symbolId).length + orders.openAlgos(symbolId).length > 0)
      return refused(VENUE_ERRORS.marginTypeOrders);
    if (isOther && account.qtyE8(symbolId) !== 0n) return refused(VENUE_ERRORS.marginTypePosition);
    if (isOther) {
      account.setMarginType(symbolId, marginType);
      this.#floor.touch(symbolId);
    }
    return done(account.settings(symbolId));
  }

  /** More margin (positive), or some back: what a position needs for its leverage and its loss stays with it. */
  move(symbolId: SymbolId, amountE8: bigint): Reply<bigint> {
    const { account } = this.#floor;
    const { marginType, leverage } = account.settings(symbolId);
    const heldE8 = abs(account.qtyE8(symbolId));
    if (heldE8 === 0n) return refused(VENUE_ERRORS.positionMarginNone);
    if (marginType !== "isolated") return refused(VENUE_ERRORS.positionMarginCross);
    const { isolatedWalletE8 } = account.holding(symbolId);
    if (amountE8 > min(this.#admission.availableE8(), account.crossWalletE8))
      return refused(VENUE_ERRORS.crossBalanceTooSmall);
    const initialE8 = divRound(notionalE8(account.markE8(symbolId), heldE8), BigInt(leverage));
    const lossE8 = min(0n, account.unrealisedE8(symbolId));
    if (amountE8 < 0n && isolatedWalletE8 + amountE8 + lossE8 < initialE8)
      return refused(VENUE_ERRORS.isolatedBalanceTooSmall);
    account.giveMargin(symbolId, amountE8);
    this.#floor.emitAccount("MARGIN_TRANSFER", [symbolId]);
    return done(account.holding(symbolId).isolatedWalletE8);
  }
}
