import type { VenueEvent } from "@smcq/exchange-sim";
import type { AccountDesk } from "../account-desk.ts";
import { figuresOf } from "../figures.ts";
import { bare, money, sideText } from "../words.ts";

type Told<T extends VenueEvent["type"]> = Extract<VenueEvent, { type: T }>;
export type OrderTold = Told<"order">;

/** An event of the private stream: its name, and its fields in the venue's order. */
export interface PrivateEvent {
  readonly e: string;
  readonly [field: string]: unknown;
}

const NO_SYMBOLS = { s: undefined } as const;

/** ACCOUNT_UPDATE: what has changed alone. `changeE8` is that of the wallet where no trade made it. */
export function accountUpdate(desk: AccountDesk, event: Told<"account">, changeE8: bigint): PrivateEvent {
  const { timeMs: T, reason, holdings } = event;
  const isFunding = reason === "FUNDING_FEE";
  const [first] = holdings;
  const told = isFunding ? holdings.filter(({ marginType }) => marginType === "isolated") : holdings;
  const P = told.map((holding) => {
    const { breakEvenE8, unrealisedE8 } = figuresOf(desk, { ...holding, liquidationPriceE8: null });
    const { symbol } = desk.known(holding.symbolId);
    return {
      s: symbol,
      pa: bare(holding.qtyE8),
      ep: bare(holding.entryPriceE8),
      bep: bare(breakEvenE8),
      cr: bare(desk.history.realisedE8(holding.symbolId)),
      up: bare(unrealisedE8),
      mt: holding.marginType,
      iw: bare(holding.isolatedWalletE8),
      ps: "BOTH",
    };
  });
  const B = [{ a: "USDT", wb: money(event.walletE8), cw: money(event.crossWalletE8), bc: bare(changeE8) }];
  if (desk.purse.isOpen && reason === "ORDER") B.push(bnbBalance(desk));
  const symbol = isFunding && first !== undefined ? { S: desk.known(first.symbolId).symbol } : NO_SYMBOLS;
  return { e: "ACCOUNT_UPDATE", T, E: T, a: { m: reason, B, P, ...symbol } };
}

function bnbBalance({ purse }: AccountDesk): { a: string; wb: string; cw: string; bc: string } {
  const balance = money(purse.balanceE8);
  return { a: "BNB", wb: balance, cw: balance, bc: "0" };
}

/** ORDER_TRADE_UPDATE. A conditional order's child says so by `si`, `ss` and `st`. */
export function orderUpdate(desk: AccountDesk, event: OrderTold): PrivateEvent {
  const { order, trade, execution, timeMs: T } = event;
  const { symbol } = desk.known(order.symbolId);
  const averageE8 = order.executedE8 === 0n ? 0n : averageOf(order);
  const cost = trade === null ? null : desk.purse.commissionOf(trade);
  const isChild = order.clientAlgoId !== null;
  const algoId = isChild ? desk.history.algoIdOf(order.symbolId, order.clientAlgoId ?? "") : 0n;
  const algo = isChild ? desk.history.algo(String(algoId)) : undefined;
  return {
    e: "ORDER_TRADE_UPDATE",
    T,
    E: T,
    o: {
      s: symbol,
      c: order.clientOrderId,
      S: sideText(order.side),
      o: order.type,
      f: order.timeInForce,
      q: bare(order.qtyE8),
      p: bare(order.priceE8),
      ap: bare(averageE8),
      sp: "0",
      x: execution,
      X: order.status,
      i: BigInt(order.orderId),
      l: bare(trade?.qtyE8 ?? 0n),
      z: bare(order.executedE8),
      L: bare(trade?.priceE8 ?? 0n),
      n: bare(cost?.amountE8 ?? 0n),
      N: cost?.asset ?? "USDT",
      T: order.updatedMs,
      t: BigInt(trade?.tradeId ?? 0),
      b: "0",
      a: "0",
      m: trade?.isMaker ?? false,
      R: order.isReduceOnly,
      wt: algo?.workingType ?? "CONTRACT_PRICE",
      ot: order.type,
      ps: "BOTH",
      cp: order.isClosePosition,
      rp: bare(trade?.realisedE8 ?? 0n),
      pP: algo?.isPriceProtected ?? false,
      si: algoId,
      ss: isChild ? -1 : 0,
      ...(isChild ? { st: "ALGO_CONDITION" } : {}),
      V: order.selfTradePrevention,
      pm: "NONE",
      gtd: 0,
      er: "0",
    },
  };
}

export function averageOf(order: { readonly cumQuoteE8: bigint; readonly executedE8: bigint }): bigint {
  const { cumQuoteE8, executedE8 } = order;
  return executedE8 === 0n ? 0n : (cumQuoteE8 * 100_000_000n + executedE8 / 2n) / executedE8;
}

/** TRADE_LITE: earlier than the others, without state and commission. */
export function tradeLite(desk: AccountDesk, { order, trade, timeMs: T }: OrderTold): PrivateEvent {
  return {
    e: "TRADE_LITE",
    E: T,
    T,
    s: desk.known(order.symbolId).symbol,
    q: bare(order.qtyE8),
    p: bare(order.priceE8),
    m: trade?.isMaker ?? false,
    c: order.clientOrderId,
    S: sideText(order.side),
    L: bare(trade?.priceE8 ?? 0n),
    l: bare(trade?.qtyE8 ?? 0n),
    t: BigInt(trade?.tradeId ?? 0),
    i: BigInt(order.orderId),
  };
}

/** ALGO_UPDATE: what it became is told once it has fired. */
export function algoUpdate(desk: AccountDesk, { algo, timeMs: T }: Told<"algo">): PrivateEvent {
  const hasFired = algo.actualOrderId !== null;
  const child = desk.history.order(algo.actualOrderId ?? "");
  const isMarket = algo.type === "STOP_MARKET" || algo.type === "TAKE_PROFIT_MARKET";
  const isDone = algo.status === "FINISHED";
  const actual = {
    ap: isDone && child !== undefined ? bare(averageOf(child)) : "0",
    aq: bare(algo.actualQtyE8),
    act: isMarket ? "MARKET" : "LIMIT",
  };
  return {
    e: "ALGO_UPDATE",
    T,
    E: T,
    o: {
      caid: algo.clientAlgoId,
      aid: BigInt(algo.algoId),
      at: "CONDITIONAL",
      o: algo.type,
      s: desk.known(algo.symbolId).symbol,
      S: sideText(algo.side),
      ps: "BOTH",
      f: algo.timeInForce,
      q: bare(algo.qtyE8),
      X: algo.status,
      ai: algo.actualOrderId ?? "",
      ...(hasFired ? actual : {}),
      tp: bare(algo.triggerPriceE8),
      p: bare(algo.priceE8),
      V: algo.selfTradePrevention,
      wt: algo.workingType,
      pm: "NONE",
      cp: algo.isClosePosition,
      pP: algo.isPriceProtected,
      R: algo.isReduceOnly,
      tt: desk.history.triggeredMs(algo.algoId),
      gtd: 0,
      ...(algo.rejectText === null ? {} : { rm: algo.rejectText }),
    },
  };
}

export function leverageUpdate(desk: AccountDesk, event: Told<"leverage">): PrivateEvent {
  const { timeMs: T, leverage } = event;
  return { e: "ACCOUNT_CONFIG_UPDATE", E: T, T, ac: { s: desk.known(event.symbolId).symbol, l: leverage } };
}
