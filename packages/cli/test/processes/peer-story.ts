import type { OpenOrder, OrderStatus } from "@smcq/exchange";
import { parseE8 } from "@smcq/kernel";
import type { Amount, PeerOrder, PeerReport } from "../../../../scripts/peers/report.ts";
import type { OwnAccount } from "./own-account.ts";

/** A foreign client, and how it reads. */
export interface Peer {
  readonly file: string;
  /** Ids of 19 digits as they are; false: as doubles, the last digits rounded. */
  readonly hasWholeIds: boolean;
  /** Every word of the stream; false: what its cache of orders holds when it looks. */
  readonly hearsEveryWord: boolean;
}

/** One session on one account, in one form for whoever read it. Ids are as the client could read them. */
export interface Story {
  readonly tickE8: bigint;
  readonly stepE8: bigint;
  /** The minutes that were over, six numbers each. */
  readonly klines: readonly number[];
  readonly leverage: number;
  readonly marginType: string;
  readonly walletE8: bigint;
  /** Type, id, amount e8, trade's id. */
  readonly income: readonly (readonly [string, string, bigint, string])[];
  /** Steps, entry price e8, liquidation price e8. */
  readonly positions: readonly (readonly [number, bigint, bigint | null])[];
  /** Client id, id, steps, price or trigger in ticks. */
  readonly openOrders: readonly (readonly [string, string, number, number])[];
  /** Trade, order, side, ticks, steps, fee e8, ms. */
  readonly trades: readonly (readonly [string, string, number, number, number, bigint, number])[];
  /** Client id, status, steps filled. */
  readonly words: readonly (readonly [string, OrderStatus | undefined, number])[];
}

const STATUS: Readonly<Record<string, OrderStatus>> = {
  NEW: "new",
  PARTIALLY_FILLED: "partially-filled",
  FILLED: "filled",
  CANCELED: "canceled",
};
const INCOME: Readonly<Record<string, string>> = { COMMISSION: "commission", REALIZED_PNL: "realised" };

/** What the client read; amounts that are no whole ticks or steps throw. */
export function theirStory(peer: Peer, report: PeerReport, { traded }: OwnAccount): Story {
  const { tickE8, stepE8 } = traded.rules;
  const id = idsOf(peer);
  const ticks = (price: Amount): number => wholeUnits(price, tickE8);
  const steps = (qty: Amount): number => wholeUnits(qty, stepE8);
  const { market, settings, balance } = report;
  const orders: readonly PeerOrder[] = [...report.openOrders, ...report.openStops];
  return {
    tickE8: e8(market.tickSize),
    stepE8: e8(market.stepSize),
    klines: closed(report).flatMap((row) => row.map(Number)),
    leverage: settings.leverage,
    marginType: settings.marginType.toLowerCase(),
    walletE8: e8(balance.wallet),
    income: report.income.map(({ type, incomeId, amount, tradeId }) => [
      INCOME[type] ?? type,
      id(incomeId),
      e8(amount),
      id(tradeId),
    ]),
    positions: report.positions.map(({ qty, entryPrice, liquidationPrice }) => [
      steps(qty),
      e8(entryPrice),
      e8(liquidationPrice),
    ]),
    openOrders: orders.map(({ clientOrderId, orderId, qty, price }) => [
      clientOrderId,
      id(orderId),
      steps(qty),
      ticks(price),
    ]),
    trades: report.trades.map(({ tradeId, orderId, side, price, qty, fee, time }) => [
      id(tradeId),
      id(orderId),
      side === "BUY" ? 1 : -1,
      ticks(price),
      steps(qty),
      e8(fee),
      time,
    ]),
    words: told(
      peer,
      report.events.map(({ clientOrderId, status, filled = 0 }) => [
        clientOrderId,
        STATUS[status],
        steps(filled),
      ]),
    ),
  };
}

/** What our adapter reads of the same, with the client's account untouched since. */
export async function ourStory(peer: Peer, report: PeerReport, own: OwnAccount): Promise<Story> {
  const id = idsOf(peer);
  const { symbolId, symbol } = own.traded;
  const { rows } = await own.ask({ type: "income", sinceMs: 0 });
  const { walletE8 } = await own.ask({ type: "wallet" });
  const { settings } = await own.ask({ type: "settings", symbolId });
  const { positions } = await own.ask({ type: "positions" });
  const { orders } = await own.ask({ type: "open-orders" });
  const { fills } = await own.ask({ type: "trades", symbolId, sinceMs: 0 });
  const [first = [], ...more] = closed(report);
  const bars = { symbol, interval: "1m", limit: 1 + more.length, startMs: Number(first[0]) } as const;
  // A payment that fell due behind the client's last read is no difference.
  const isRead = ({ timeMs }: { readonly timeMs: number }): boolean => timeMs <= report.readMs;
  const lateE8 = rows.filter((row) => !isRead(row)).reduce((sum, { amountE8 }) => sum + amountE8, 0n);
  const orderIds = new Map(
    Object.values(report.replies).map(({ clientOrderId, orderId }) => [clientOrderId, orderId]),
  );
  await own.settle(report.events.length);
  return {
    tickE8: parseE8(own.instrument.tickSize),
    stepE8: parseE8(own.instrument.stepSize),
    klines: [...(await own.reference.klines(bars))],
    leverage: settings.leverage,
    marginType: settings.marginType,
    walletE8: walletE8 - lateE8,
    income: rows
      .filter(isRead)
      .map(({ type, incomeId, amountE8, tradeId }) => [
        type,
        id(incomeId.split("-")[1] ?? ""),
        amountE8,
        id(tradeId ?? ""),
      ]),
    positions: positions.map(({ qtySteps, entryPriceE8, liquidationPriceE8 }) => [
      qtySteps,
      entryPriceE8,
      liquidationPriceE8,
    ]),
    openOrders: orders.map((order) => [
      order.request.clientOrderId,
      id(order.orderId),
      order.request.qtySteps,
      priceOf(order),
    ]),
    trades: fills.map(({ tradeId, clientOrderId, side, priceTicks, qtySteps, feeE8, timeMs }) => [
      id(tradeId),
      id(orderIds.get(clientOrderId) ?? ""),
      side,
      priceTicks,
      qtySteps,
      feeE8,
      timeMs,
    ]),
    words: told(
      peer,
      own.listener.updates.map(({ clientOrderId, status, cumQtySteps }) => [
        clientOrderId,
        status,
        cumQtySteps,
      ]),
    ),
  };
}

/** The rows of minutes that were over. */
function closed({ klines }: PeerReport): PeerReport["klines"] {
  return klines.slice(0, -1);
}

function idsOf({ hasWholeIds }: Peer): (text: string) => string {
  return (text) => (hasWholeIds ? text : String(Number(text)));
}

function priceOf({ request }: OpenOrder): number {
  if (request.type === "market") return 0;
  return request.type === "limit" ? request.priceTicks : request.triggerTicks;
}

/** An amount at 8 places, whichever way it was read. */
function e8(amount: Amount): bigint {
  return parseE8(typeof amount === "number" ? amount.toFixed(8) : amount);
}

function wholeUnits(amount: Amount, unitE8: bigint): number {
  const value = e8(amount);
  if (value % unitE8 !== 0n) throw new RangeError(`${amount} is no multiple of ${unitE8}e-8`);
  return Number(value / unitE8);
}

/** All words, or the last one of each order. */
function told(peer: Peer, words: Story["words"]): Story["words"] {
  return peer.hearsEveryWord ? words : [...new Map(words.map((word) => [word[0], word])).values()];
}
