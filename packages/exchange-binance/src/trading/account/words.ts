import type { Fill, OrderUpdate } from "@smcq/exchange";
import { parseE8, type QtySteps, type SymbolId } from "@smcq/kernel";
import { z } from "zod";
import { NAMES_MAX } from "../limits.ts";
import { type SymbolDirectory, stepsOf, ticksOf } from "../symbols.ts";
import { Decimal, Flag, Id, Instant, Word as Text } from "../wire/fields.ts";
import { BoundedMap } from "./bounded-map.ts";
import { isId, type OrderNames } from "./order-names.ts";
import { statusOf } from "./statuses.ts";

/** What a trade cost, in the asset that it was paid in; negative is a rebate. */
export interface Commission {
  readonly asset: string;
  readonly amountE8: bigint;
}

export type Deal = Omit<Fill, "feeE8">;

/** What an event of the user stream says, in our words; nothing has been asked or converted yet. */
export type Word =
  | {
      readonly type: "order";
      readonly update: Omit<OrderUpdate, "fill">;
      readonly deal: Deal | null;
      readonly commission: Commission;
      /** The conditional order that it came from, whose client id nobody has told yet; null: none, or it is known. */
      readonly unnamedAlgoId: string | null;
    }
  | { readonly type: "leverage"; readonly symbolId: SymbolId; readonly leverage: number }
  /** The wallet changed for another reason than a trade; the account book has the line. */
  | { readonly type: "money"; readonly reason: string; readonly changeE8: bigint; readonly timeMs: number }
  | { readonly type: "key-expired"; readonly listenKey: string }
  | { readonly type: "alarm"; readonly text: string }
  | {
      readonly type: "none";
      readonly reason: "not-ours" | "said-elsewhere" | "unknown-event" | "unknown-symbol";
    };

const Envelope = z.looseObject({ e: z.string(), st: z.number().nullish() });

const OrderEvent = z.looseObject({
  T: Instant,
  o: z.looseObject({
    s: z.string(),
    c: Text,
    S: z.string(),
    q: Decimal,
    x: Text,
    X: Text,
    i: Id,
    l: Decimal,
    z: Decimal,
    L: Decimal,
    N: Text,
    n: Decimal,
    T: Instant,
    t: Id,
    m: Flag,
    si: Id,
  }),
});

const AlgoEvent = z.looseObject({
  T: Instant,
  o: z.looseObject({
    caid: Text,
    aid: Id,
    s: z.string(),
    q: Decimal,
    X: Text,
    ai: Id,
    aq: Decimal,
  }),
});

const AccountEvent = z.looseObject({
  T: Instant,
  a: z.looseObject({
    m: Text,
    B: z.array(z.looseObject({ a: z.string(), bc: Decimal })).nullish(),
  }),
});

const ConfigEvent = z.looseObject({
  ac: z.looseObject({ s: z.string(), l: z.coerce.number().int().positive() }).nullish(),
  ai: z.looseObject({ j: Flag }).nullish(),
});

const MarginEvent = z.looseObject({ p: z.array(z.looseObject({ s: z.string() })).nullish() });

const ExpiredEvent = z.looseObject({ listenKey: Text });

/** Reasons of an ACCOUNT_UPDATE that no line of the account book stands behind, or that a trade tells itself. */
const NO_MONEY: ReadonlySet<string> = new Set(["ORDER", "ADL", "MARGIN_TRANSFER", "MARGIN_TYPE_CHANGE"]);

/** Events that say nothing that another one does not: TRADE_LITE has no status and no commission, and the full one follows. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set([
  "TRADE_LITE",
  "STRATEGY_UPDATE",
  "GRID_UPDATE",
  "CONDITIONAL_ORDER_TRIGGER_REJECT",
]);

const NONE_BUT = (reason: Extract<Word, { type: "none" }>["reason"]): Word => ({ type: "none", reason });

/** Reads user events into words, and notes which order goes by which id. */
export class WordReader {
  readonly #symbols: SymbolDirectory;
  readonly #names: OrderNames;
  /** Steps that the orders filled which stops became, by the stop's id. */
  readonly #firedSteps = new BoundedMap<QtySteps>(NAMES_MAX);

  constructor(symbols: SymbolDirectory, names: OrderNames) {
    this.#symbols = symbols;
    this.#names = names;
  }

  /** What a parsed event says; throws ZodError or RangeError where it is not what the documentation says. */
  read(event: unknown): Word {
    const { e, st } = Envelope.parse(event);
    // Since 2026-06-30 coin-margined contracts may be told of on the same stream.
    if (st !== undefined && st !== null && st !== 1) return NONE_BUT("not-ours");
    switch (e) {
      case "ORDER_TRADE_UPDATE":
        return this.#order(OrderEvent.parse(event));
      case "ALGO_UPDATE":
        return this.#algo(AlgoEvent.parse(event));
      case "ACCOUNT_UPDATE":
        return money(AccountEvent.parse(event));
      case "ACCOUNT_CONFIG_UPDATE":
        return this.#config(ConfigEvent.parse(event));
      case "MARGIN_CALL": {
        const symbols = (MarginEvent.parse(event).p ?? []).map(({ s }) => s);
        return { type: "alarm", text: `margin call: ${symbols.join(", ")}` };
      }
      case "listenKeyExpired":
        return { type: "key-expired", listenKey: ExpiredEvent.parse(event).listenKey };
      default:
        return NONE_BUT(SAID_ELSEWHERE.has(e) ? "said-elsewhere" : "unknown-event");
    }
  }

  #order({ o }: z.infer<typeof OrderEvent>): Word {
    const symbol = this.#symbols.bySymbol(o.s);
    if (symbol === null) return NONE_BUT("unknown-symbol");
    const { symbolId, rules } = symbol;
    const isChild = isId(o.si);
    const name = isChild ? (this.#names.algo(o.si) ?? this.#names.order(symbolId, o.i)) : undefined;
    const clientOrderId = name ?? o.c;
    const cumQtySteps = stepsOf(o.z, rules);
    const lastSteps = stepsOf(o.l, rules);
    const isTrade = (o.x === "TRADE" || o.x === "CALCULATED") && lastSteps > 0 && isId(o.t);
    const deal: Deal | null = isTrade
      ? {
          tradeId: o.t,
          clientOrderId,
          symbolId,
          side: o.S === "BUY" ? 1 : -1,
          priceTicks: ticksOf(o.L, rules),
          qtySteps: lastSteps,
          isMaker: o.m,
          timeMs: o.T,
        }
      : null;
    if (isChild) this.#firedSteps.set(clientOrderId, cumQtySteps);
    const unnamedAlgoId = isChild && name === undefined ? o.si : null;
    if (unnamedAlgoId === null) this.#names.noteOrder(symbolId, o.i, clientOrderId);
    // Of an order that a stop became, the trades alone are told: its beginning and end are the stop's.
    if (isChild && deal === null) return NONE_BUT("said-elsewhere");
    const status = isChild ? "triggered" : statusOf(o.X, cumQtySteps, stepsOf(o.q, rules));
    return {
      type: "order",
      update: { clientOrderId, symbolId, status, cumQtySteps, timeMs: o.T },
      deal,
      commission: { asset: o.N === "" ? "USDT" : o.N, amountE8: parseE8(o.n) },
      unnamedAlgoId,
    };
  }

  #algo({ T, o }: z.infer<typeof AlgoEvent>): Word {
    const symbol = this.#symbols.bySymbol(o.s);
    if (symbol === null) return NONE_BUT("unknown-symbol");
    const { symbolId, rules } = symbol;
    this.#names.noteAlgo(o.aid, o.caid);
    this.#names.noteOrder(symbolId, o.ai, o.caid);
    // TRIGGERED says that nothing is filled, and comes behind the trades (recorded in March 2026).
    const toldSteps = stepsOf(o.aq, rules);
    const firedSteps = this.#firedSteps.get(o.caid) ?? toldSteps;
    const cumQtySteps = firedSteps > toldSteps ? firedSteps : toldSteps;
    const status = statusOf(o.X, cumQtySteps, stepsOf(o.q, rules));
    return {
      type: "order",
      update: { clientOrderId: o.caid, symbolId, status, cumQtySteps, timeMs: T },
      deal: null,
      commission: { asset: "USDT", amountE8: 0n },
      unnamedAlgoId: null,
    };
  }

  #config({ ac, ai }: z.infer<typeof ConfigEvent>): Word {
    if (ai?.j === true) return { type: "alarm", text: "multi-assets margin was switched on" };
    if (ac === undefined || ac === null) return NONE_BUT("said-elsewhere");
    const symbol = this.#symbols.bySymbol(ac.s);
    if (symbol === null) return NONE_BUT("unknown-symbol");
    return { type: "leverage", symbolId: symbol.symbolId, leverage: ac.l };
  }
}

function money({ T, a }: z.infer<typeof AccountEvent>): Word {
  if (NO_MONEY.has(a.m)) return NONE_BUT("said-elsewhere");
  const usdt = (a.B ?? []).find(({ a: asset }) => asset === "USDT");
  if (usdt === undefined) return NONE_BUT("said-elsewhere");
  return { type: "money", reason: a.m, changeE8: parseE8(usdt.bc), timeMs: T };
}
