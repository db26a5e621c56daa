import type { IncomeRow, MarginType, OrderSide, OtherFee } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";

/** Whose order goes when two of one account would meet (docs/binance.md 4.3). */
export type SelfTradePrevention = "EXPIRE_TAKER" | "EXPIRE_MAKER" | "EXPIRE_BOTH";

export type WorkingType = "CONTRACT_PRICE" | "MARK_PRICE";

/** A regular order as the venue is asked for it; prices and quantities e8, not yet judged by any filter. */
export interface OrderWish {
  readonly symbolId: SymbolId;
  readonly clientOrderId: string;
  readonly side: OrderSide;
  readonly type: "MARKET" | "LIMIT";
  /** Of a LIMIT order. */
  readonly timeInForce: "GTC" | "IOC" | "FOK" | "GTX";
  readonly qtyE8: bigint;
  /** Of a LIMIT order; 0 for MARKET. */
  readonly priceE8: bigint;
  readonly isReduceOnly: boolean;
  readonly selfTradePrevention: SelfTradePrevention;
}

/** A conditional order as the venue is asked for it. `STOP` and `TAKE_PROFIT` become LIMIT orders, the others MARKET. */
export interface AlgoWish {
  readonly symbolId: SymbolId;
  readonly clientAlgoId: string;
  readonly side: OrderSide;
  readonly type: "STOP_MARKET" | "TAKE_PROFIT_MARKET" | "STOP" | "TAKE_PROFIT";
  readonly triggerPriceE8: bigint;
  /** Of `STOP` and `TAKE_PROFIT`; else 0. */
  readonly priceE8: bigint;
  readonly timeInForce: "GTC" | "IOC" | "FOK" | "GTX";
  /** 0 with `isClosePosition`. */
  readonly qtyE8: bigint;
  /** It closes whatever is held when it fires; without quantity and without `isReduceOnly`. */
  readonly isClosePosition: boolean;
  readonly isReduceOnly: boolean;
  readonly workingType: WorkingType;
  readonly isPriceProtected: boolean;
  readonly selfTradePrevention: SelfTradePrevention;
}

export type VenueOrderStatus =
  | "NEW"
  | "PARTIALLY_FILLED"
  | "FILLED"
  | "CANCELED"
  | "EXPIRED"
  | "EXPIRED_IN_MATCH";

/** A regular order with what became of it; replaced, never changed. */
export interface VenueOrder extends OrderWish {
  /** 19 digits: more than a double holds. */
  readonly orderId: string;
  readonly status: VenueOrderStatus;
  readonly executedE8: bigint;
  /** What its trades were worth together. */
  readonly cumQuoteE8: bigint;
  /** The conditional order that it came from; null: none. */
  readonly clientAlgoId: string | null;
  readonly isClosePosition: boolean;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export type AlgoStatus =
  | "NEW"
  | "TRIGGERING"
  | "TRIGGERED"
  | "FINISHED"
  | "CANCELED"
  | "REJECTED"
  | "EXPIRED";

/** A conditional order with what became of it; replaced, never changed. */
export interface VenueAlgo extends AlgoWish {
  readonly algoId: string;
  readonly status: AlgoStatus;
  /** The order that it became; null: it has not fired. */
  readonly actualOrderId: string | null;
  readonly actualQtyE8: bigint;
  /** Why it was rejected or expired when it fired. */
  readonly rejectText: string | null;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** One trade of an order. */
export interface VenueTrade {
  readonly tradeId: string;
  readonly orderId: string;
  readonly clientOrderId: string;
  /** The conditional order that its order came from; null: none. */
  readonly clientAlgoId: string | null;
  readonly symbolId: SymbolId;
  readonly side: OrderSide;
  readonly priceE8: bigint;
  readonly qtyE8: bigint;
  /** USDT, or what `otherFee` was worth. */
  readonly commissionE8: bigint;
  readonly otherFee: OtherFee | null;
  readonly realisedE8: bigint;
  readonly isMaker: boolean;
  readonly timeMs: number;
}

/** A moment of a symbol's market: its last trade and its mark, e8. */
export interface Print {
  readonly timeMs: number;
  readonly lastE8: bigint;
  readonly markE8: bigint;
  /** Best prices where they are known; absent: a tick around the last price. 0 < bid < ask. */
  readonly book?: { readonly bidE8: bigint; readonly askE8: bigint };
}

/** A position as the account events state it. */
export interface VenueHolding {
  readonly symbolId: SymbolId;
  /** Signed. */
  readonly qtyE8: bigint;
  readonly entryPriceE8: bigint;
  readonly marginType: MarginType;
  /** 0 with cross margin. */
  readonly isolatedWalletE8: bigint;
}

/** What the venue tells of the account, in its own words and order (docs/binance.md 6). */
export type VenueEvent =
  | {
      readonly type: "account";
      readonly reason:
        | "ORDER"
        | "FUNDING_FEE"
        | "DEPOSIT"
        | "WITHDRAW"
        | "INSURANCE_CLEAR"
        | "MARGIN_TRANSFER";
      readonly walletE8: bigint;
      readonly crossWalletE8: bigint;
      /** What it tells of besides: a flat position has quantity 0. */
      readonly holdings: readonly VenueHolding[];
      readonly timeMs: number;
    }
  | {
      readonly type: "order";
      readonly execution: "NEW" | "TRADE" | "CANCELED" | "EXPIRED" | "CALCULATED" | "AMENDMENT";
      readonly order: VenueOrder;
      readonly trade: VenueTrade | null;
      readonly timeMs: number;
    }
  | { readonly type: "algo"; readonly algo: VenueAlgo; readonly timeMs: number }
  | {
      readonly type: "leverage";
      readonly symbolId: SymbolId;
      readonly leverage: number;
      readonly timeMs: number;
    }
  /** A line of the account book; the real venue tells of it when it is asked. */
  | { readonly type: "income"; readonly row: IncomeRow };

/** A position as the venue states it, with the mark at which it is liquidated while nothing else changes. */
export interface HeldPosition extends VenueHolding {
  readonly liquidationPriceE8: bigint | null;
}
