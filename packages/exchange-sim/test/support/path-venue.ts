import type { IncomeRow, OrderSide } from "@smcq/exchange";
import { e8Text, parseE8, type SymbolId, symbolId } from "@smcq/kernel";
import {
  type AlgoWish,
  type OrderWish,
  type Reply,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  type SimExchangeOptions,
  type VenueEvent,
  venueRules,
  type VenueSymbol,
} from "../../src/index.ts";
import { Brackets } from "../../src/venue/brackets.ts";

export const A: SymbolId = symbolId(0);
export const B: SymbolId = symbolId(1);
export const FEES = { takerRatio: 0.0005, makerRatio: 0.0002 };

/** Maintenance 1 % up to 1,000 and 2 % above (cum 10), leverage 20 and 10: easy to reckon by hand. */
export const BRACKETS: Brackets = new Brackets([
  ["0", "1000", "0.01", "0", "20"],
  ["1000", "5000", "0.02", "10", "10"],
]);

export const SYMBOL: VenueSymbol = {
  symbol: "AUSDT",
  pair: "AUSDT",
  contractType: "PERPETUAL",
  deliveryDate: 4_133_404_800_000,
  onboardDate: 0,
  status: "TRADING",
  baseAsset: "A",
  quoteAsset: "USDT",
  marginAsset: "USDT",
  liquidationFee: "0.0125",
  marketTakeBound: "0.05",
  triggerProtect: "0.05",
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "1", maxPrice: "100000", tickSize: "0.01" },
    { filterType: "LOT_SIZE", minQty: "0.1", maxQty: "1000", stepSize: "0.1" },
    { filterType: "MARKET_LOT_SIZE", minQty: "0.1", maxQty: "100", stepSize: "0.1" },
    { filterType: "MIN_NOTIONAL", notional: "5" },
    { filterType: "PERCENT_PRICE", multiplierUp: "1.05", multiplierDown: "0.95", multiplierDecimal: "4" },
    { filterType: "MAX_NUM_ORDERS", limit: 3 },
  ],
};

type OrderTexts = Partial<Omit<OrderWish, "qtyE8" | "priceE8">> & {
  readonly id: string;
  readonly side: OrderSide;
  readonly qty: string;
  readonly price?: string;
};

type AlgoTexts = Partial<Omit<AlgoWish, "qtyE8" | "priceE8" | "triggerPriceE8">> & {
  readonly id: string;
  readonly side: OrderSide;
  readonly at: string;
  readonly qty?: string;
  readonly price?: string;
};

/** A venue with two like symbols at 100, everything it tells, and short ways to order; numbers as decimal text. */
export class PathVenue {
  readonly events: VenueEvent[] = [];
  readonly income: IncomeRow[] = [];
  readonly exchange: SimExchange;
  readonly startE8: bigint;
  nowMs = 1_000;

  constructor(options: Partial<SimExchangeOptions> & { readonly wallet?: string } = {}) {
    this.startE8 = parseE8(options.wallet ?? "1000");
    this.exchange = new SimExchange({
      ...SIM_EXCHANGE_DEFAULTS,
      slippageE4: 0n,
      walletE8: this.startE8,
      ...options,
    });
    this.exchange.listen((event) => {
      if (event.type === "income") this.income.push(event.row);
      else this.events.push(event);
    });
    for (const id of [A, B]) {
      this.exchange.list(id, venueRules(SYMBOL, BRACKETS), FEES);
      this.print("100", "100", id);
    }
  }

  /** Moves last and mark one second later. */
  print(last: string, mark: string = last, id: SymbolId = A): void {
    this.nowMs += 1_000;
    this.exchange.print(id, { timeMs: this.nowMs, lastE8: parseE8(last), markE8: parseE8(mark) });
  }

  order({ id, qty, price, ...texts }: OrderTexts): string {
    const wish: OrderWish = {
      symbolId: A,
      clientOrderId: id,
      type: price === undefined ? "MARKET" : "LIMIT",
      timeInForce: "GTC",
      qtyE8: parseE8(qty),
      priceE8: parseE8(price ?? "0"),
      isReduceOnly: false,
      selfTradePrevention: "EXPIRE_TAKER",
      ...texts,
    };
    return wordOf(this.exchange.place(wish, this.nowMs));
  }

  algo({ id, at, qty, price, ...texts }: AlgoTexts): string {
    const wish: AlgoWish = {
      symbolId: A,
      clientAlgoId: id,
      type: "STOP_MARKET",
      triggerPriceE8: parseE8(at),
      priceE8: parseE8(price ?? "0"),
      timeInForce: "GTC",
      qtyE8: parseE8(qty ?? "0"),
      isClosePosition: false,
      isReduceOnly: qty !== undefined,
      workingType: "CONTRACT_PRICE",
      isPriceProtected: false,
      selfTradePrevention: "EXPIRE_MAKER",
      ...texts,
    };
    return wordOf(this.exchange.placeAlgo(wish, this.nowMs));
  }

  /** What has been told since the last look, a line an event. */
  told(): readonly string[] {
    return this.events.splice(0).flatMap((event) => {
      switch (event.type) {
        case "order": {
          const { order, trade, execution } = event;
          const id = order.clientOrderId.replace(/\d{19}$/, "N");
          const deal = trade === null ? "" : ` ${short(trade.qtyE8)} @ ${short(trade.priceE8)}`;
          return [`${id} ${execution} ${order.status}${deal}`];
        }
        case "algo":
          return [`${event.algo.clientAlgoId} ${event.algo.status}`];
        case "leverage":
          return [`leverage ${event.leverage}`];
        case "account":
          return event.reason === "ORDER" ? [] : [`account ${event.reason}`];
        case "income":
          return [];
        default:
          return event satisfies never;
      }
    });
  }

  /** Signed quantity, entry price, isolated wallet. */
  held(id: SymbolId = A): string {
    const found = this.exchange.positions().find(({ symbolId: own }) => own === id);
    if (found === undefined) return "flat";
    return `${short(found.qtyE8)} @ ${short(found.entryPriceE8)} [${short(found.isolatedWalletE8)}]`;
  }

  liquidation(id: SymbolId = A): string {
    const priceE8 = this.exchange.positions().find(({ symbolId: own }) => own === id)?.liquidationPriceE8;
    return priceE8 === null || priceE8 === undefined ? "none" : short(priceE8);
  }

  get wallet(): string {
    return short(this.exchange.walletE8());
  }

  /** What the account book adds up to, start included. */
  get booked(): string {
    return short(this.income.reduce((sum, { amountE8 }) => sum + amountE8, this.startE8));
  }

  booksOf(type: IncomeRow["type"]): readonly string[] {
    return this.income.filter((row) => row.type === type).map(({ amountE8 }) => short(amountE8));
  }
}

function wordOf<T extends { readonly status?: string }>(reply: Reply<T>): string {
  return reply.type === "done" ? (reply.value.status ?? "done") : String(reply.error.code);
}

/** Decimal text without zeros at the end. */
export function short(valueE8: bigint): string {
  const text = e8Text(valueE8);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
