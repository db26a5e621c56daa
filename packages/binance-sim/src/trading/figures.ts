import type { HeldPosition } from "@smcq/exchange-sim";
import { divRound, E8, notionalE8, type SymbolId } from "@smcq/kernel";
import type { AccountDesk } from "./account-desk.ts";

/** What a position is worth at its mark; USDT e8. */
export interface PositionFigures {
  readonly held: HeldPosition;
  readonly markE8: bigint;
  /** Signed, as the quantity is. */
  readonly notionalE8: bigint;
  readonly unrealisedE8: bigint;
  readonly initialE8: bigint;
  readonly maintenanceE8: bigint;
  readonly breakEvenE8: bigint;
}

/** The account as a whole; USDT e8. */
export interface AccountFigures {
  readonly walletE8: bigint;
  readonly crossWalletE8: bigint;
  readonly unrealisedE8: bigint;
  readonly crossUnrealisedE8: bigint;
  readonly positionInitialE8: bigint;
  readonly orderInitialE8: bigint;
  readonly maintenanceE8: bigint;
  readonly availableE8: bigint;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The figures of every position, by symbol number. */
export function positionFigures(desk: AccountDesk): readonly PositionFigures[] {
  return desk.exchange.positions().map((held) => figuresOf(desk, held));
}

export function figuresOf(desk: AccountDesk, held: HeldPosition): PositionFigures {
  const { symbolId, qtyE8, entryPriceE8 } = held;
  const { exchange, settings } = desk;
  const markE8 = exchange.lastPrint(symbolId)?.markE8 ?? entryPriceE8;
  const worthE8 = notionalE8(markE8, abs(qtyE8));
  const side = qtyE8 < 0n ? -1n : 1n;
  // What closes it must earn the taker's fee of both sides.
  const feesE8 = BigInt(Math.round(2e8 * settings.fees.takerRatio));
  return {
    held,
    markE8,
    notionalE8: side * worthE8,
    unrealisedE8: divRound((markE8 - entryPriceE8) * qtyE8, E8),
    initialE8: divRound(worthE8, BigInt(exchange.settings(symbolId).leverage)),
    maintenanceE8: exchange.rules(symbolId).brackets.maintenanceE8(worthE8),
    breakEvenE8: entryPriceE8 + side * divRound(entryPriceE8 * feesE8, E8),
  };
}

/** Initial margin, and notional of either side, of the waiting orders of a symbol that would open. */
export function waitingFigures(
  desk: AccountDesk,
  id: SymbolId,
): { readonly initialE8: bigint; readonly bidE8: bigint; readonly askE8: bigint } {
  let [bidE8, askE8] = [0n, 0n];
  for (const order of desk.exchange.openOrders()) {
    if (order.symbolId !== id || order.isReduceOnly) continue;
    const worthE8 = notionalE8(order.priceE8, order.qtyE8 - order.executedE8);
    if (order.side > 0) bidE8 += worthE8;
    else askE8 += worthE8;
  }
  const initialE8 = divRound(bidE8 + askE8, BigInt(desk.exchange.settings(id).leverage));
  return { initialE8, bidE8, askE8 };
}

export function accountFigures(desk: AccountDesk): AccountFigures {
  const positions = positionFigures(desk);
  const { exchange } = desk;
  const sum = (of: (figures: PositionFigures) => bigint, among = positions): bigint =>
    among.reduce((total, figures) => total + of(figures), 0n);
  const cross = positions.filter(({ held }) => held.marginType === "cross");
  const ordered = new Set(exchange.openOrders().map(({ symbolId }) => symbolId));
  return {
    walletE8: exchange.walletE8(),
    crossWalletE8: exchange.walletE8() - sum(({ held }) => held.isolatedWalletE8),
    unrealisedE8: sum(({ unrealisedE8 }) => unrealisedE8),
    crossUnrealisedE8: sum(({ unrealisedE8 }) => unrealisedE8, cross),
    positionInitialE8: sum(({ initialE8 }) => initialE8),
    orderInitialE8: [...ordered].reduce((total, id) => total + waitingFigures(desk, id).initialE8, 0n),
    maintenanceE8: sum(({ maintenanceE8 }) => maintenanceE8),
    availableE8: exchange.availableE8(),
  };
}
