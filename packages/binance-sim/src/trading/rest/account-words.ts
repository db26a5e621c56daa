import { hash } from "node:crypto";
import type { AccountDesk, TradedSymbol } from "../account-desk.ts";
import {
  accountFigures,
  type AccountFigures,
  figuresOf,
  type PositionFigures,
  positionFigures,
  waitingFigures,
} from "../figures.ts";
import { money, padded } from "../words.ts";

const NOTHING_HELD = { qtyE8: 0n, entryPriceE8: 0n, isolatedWalletE8: 0n, liquidationPriceE8: null };

/** The figures of a symbol, flat where nothing is held. */
function figuresFor(desk: AccountDesk, { id }: TradedSymbol): PositionFigures {
  const held = desk.exchange.positions().find(({ symbolId }) => symbolId === id);
  const { marginType } = desk.exchange.settings(id);
  return figuresOf(desk, held ?? { symbolId: id, marginType, ...NOTHING_HELD });
}

/** Symbols in which something is held or an order waits, by number: all that the newer reads tell of. */
function activeSymbols(desk: AccountDesk): readonly TradedSymbol[] {
  const ids = new Set([
    ...desk.exchange.positions().map(({ symbolId }) => symbolId),
    ...desk.exchange.openOrders().map(({ symbolId }) => symbolId),
  ]);
  return [...ids].sort((a, b) => a - b).map((id) => desk.known(id));
}

function totals(figures: AccountFigures): object {
  const { walletE8, positionInitialE8, orderInitialE8, crossWalletE8, unrealisedE8 } = figures;
  return {
    totalInitialMargin: money(positionInitialE8 + orderInitialE8),
    totalMaintMargin: money(figures.maintenanceE8),
    totalWalletBalance: money(walletE8),
    totalUnrealizedProfit: money(unrealisedE8),
    totalMarginBalance: money(walletE8 + unrealisedE8),
    totalPositionInitialMargin: money(positionInitialE8),
    totalOpenOrderInitialMargin: money(orderInitialE8),
    totalCrossWalletBalance: money(crossWalletE8),
    totalCrossUnPnl: money(figures.crossUnrealisedE8),
    availableBalance: money(figures.availableE8),
    maxWithdrawAmount: money(withdrawable(figures)),
  };
}

/** Open profit cannot be taken out. */
function withdrawable({ availableE8, crossWalletE8 }: AccountFigures): bigint {
  return availableE8 < crossWalletE8 ? availableE8 : crossWalletE8;
}

function assetRows(desk: AccountDesk, figures: AccountFigures, nowMs: number): readonly object[] {
  const usdt = assetRow("USDT", figures, nowMs);
  return desk.purse.isUsed ? [usdt, assetRow("BNB", bnbFigures(desk), nowMs)] : [usdt];
}

/** BNB stands behind nothing: it pays commissions. */
function bnbFigures({ purse }: AccountDesk): AccountFigures {
  return {
    walletE8: purse.balanceE8,
    crossWalletE8: purse.balanceE8,
    unrealisedE8: 0n,
    crossUnrealisedE8: 0n,
    positionInitialE8: 0n,
    orderInitialE8: 0n,
    maintenanceE8: 0n,
    availableE8: purse.balanceE8,
  };
}

function assetRow(asset: string, figures: AccountFigures, updateTime: number): object {
  const { walletE8, unrealisedE8, positionInitialE8, orderInitialE8 } = figures;
  return {
    asset,
    walletBalance: money(walletE8),
    unrealizedProfit: money(unrealisedE8),
    marginBalance: money(walletE8 + unrealisedE8),
    maintMargin: money(figures.maintenanceE8),
    initialMargin: money(positionInitialE8 + orderInitialE8),
    positionInitialMargin: money(positionInitialE8),
    openOrderInitialMargin: money(orderInitialE8),
    crossWalletBalance: money(figures.crossWalletE8),
    crossUnPnl: money(figures.crossUnrealisedE8),
    availableBalance: money(figures.availableE8),
    maxWithdrawAmount: money(withdrawable(figures)),
    updateTime,
    marginAvailable: true,
  };
}

/** `GET /fapi/v3/account`: without leverage, entry price and rights. */
export function accountV3(desk: AccountDesk, nowMs: number): object {
  const figures = accountFigures(desk);
  const positions = activeSymbols(desk).map((traded) => {
    const { held, notionalE8, unrealisedE8, initialE8, maintenanceE8 } = figuresFor(desk, traded);
    return {
      symbol: traded.symbol,
      positionSide: "BOTH",
      positionAmt: padded(held.qtyE8, traded.qtyPlaces),
      unrealizedProfit: money(unrealisedE8),
      isolatedMargin: money(isolatedMarginE8(held, unrealisedE8)),
      notional: money(notionalE8),
      isolatedWallet: money(held.isolatedWalletE8),
      initialMargin: money(initialE8 + waitingFigures(desk, traded.id).initialE8),
      maintMargin: money(maintenanceE8),
      updateTime: desk.history.changedMs(traded.id),
    };
  });
  return { ...totals(figures), assets: assetRows(desk, figures, nowMs), positions };
}

/** `GET /fapi/v2/account`: with rights, and with every symbol. */
export function accountV2(desk: AccountDesk, nowMs: number): object {
  const figures = accountFigures(desk);
  const positions = desk.all().map((traded) => {
    const { held, unrealisedE8, initialE8, maintenanceE8, breakEvenE8, notionalE8 } = figuresFor(
      desk,
      traded,
    );
    const waiting = waitingFigures(desk, traded.id);
    const { leverage, marginType, notionalMaxE8 } = desk.exchange.settings(traded.id);
    return {
      symbol: traded.symbol,
      initialMargin: money(initialE8 + waiting.initialE8),
      maintMargin: money(maintenanceE8),
      unrealizedProfit: money(unrealisedE8),
      positionInitialMargin: money(initialE8),
      openOrderInitialMargin: money(waiting.initialE8),
      leverage: String(leverage),
      isolated: marginType === "isolated",
      entryPrice: padded(held.entryPriceE8, 8),
      breakEvenPrice: padded(breakEvenE8, 8),
      maxNotional: padded(notionalMaxE8, 0),
      positionSide: "BOTH",
      positionAmt: padded(held.qtyE8, traded.qtyPlaces),
      notional: money(notionalE8),
      isolatedWallet: money(held.isolatedWalletE8),
      updateTime: desk.history.changedMs(traded.id),
      bidNotional: money(waiting.bidE8),
      askNotional: money(waiting.askE8),
    };
  });
  return {
    ...accountRights(desk),
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    ...totals(figures),
    assets: assetRows(desk, figures, nowMs),
    positions,
  };
}

/** What the account may do. */
export function accountRights(desk: AccountDesk): object {
  return {
    feeTier: 0,
    feeBurn: desk.switches.isFeeBurnt,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
  };
}

/** `GET /fapi/v3/balance` and v2: one row an asset. */
export function balances(desk: AccountDesk, nowMs: number): readonly object[] {
  const accountAlias = aliasOf(desk);
  const usdt = { accountAlias, ...balanceRow("USDT", accountFigures(desk), nowMs) };
  return desk.purse.isUsed ? [usdt, { accountAlias, ...balanceRow("BNB", bnbFigures(desk), nowMs) }] : [usdt];
}

/** The venue's short name of the account: another one for the account of other keys. */
function aliasOf({ settings }: AccountDesk): string {
  return hash("sha256", settings.keys[0]?.key ?? "").slice(0, 8);
}

function balanceRow(asset: string, figures: AccountFigures, updateTime: number): object {
  return {
    asset,
    balance: money(figures.walletE8),
    crossWalletBalance: money(figures.crossWalletE8),
    crossUnPnl: money(figures.crossUnrealisedE8),
    availableBalance: money(figures.availableE8),
    maxWithdrawAmount: money(withdrawable(figures)),
    marginAvailable: true,
    updateTime,
  };
}

function isolatedMarginE8(held: PositionFigures["held"], unrealisedE8: bigint): bigint {
  return held.marginType === "isolated" ? held.isolatedWalletE8 + unrealisedE8 : 0n;
}

/** `GET /fapi/v3/positionRisk`: active symbols alone, without leverage and margin type. */
export function positionRiskV3(desk: AccountDesk, symbol: TradedSymbol | null): readonly object[] {
  const active = activeSymbols(desk).filter(({ id }) => symbol === null || id === symbol.id);
  return active.map((traded) => {
    const figures = figuresFor(desk, traded);
    const { held, markE8, unrealisedE8, initialE8, maintenanceE8 } = figures;
    const waiting = waitingFigures(desk, traded.id);
    return {
      symbol: traded.symbol,
      positionSide: "BOTH",
      positionAmt: padded(held.qtyE8, traded.qtyPlaces),
      entryPrice: padded(held.entryPriceE8, 8),
      breakEvenPrice: padded(figures.breakEvenE8, 8),
      markPrice: padded(markE8, 8),
      unRealizedProfit: money(unrealisedE8),
      liquidationPrice: held.liquidationPriceE8 === null ? "0" : padded(held.liquidationPriceE8, 8),
      isolatedMargin: money(isolatedMarginE8(held, unrealisedE8)),
      notional: money(figures.notionalE8),
      marginAsset: "USDT",
      isolatedWallet: money(held.isolatedWalletE8),
      initialMargin: money(initialE8 + waiting.initialE8),
      maintMargin: money(maintenanceE8),
      positionInitialMargin: money(initialE8),
      openOrderInitialMargin: money(waiting.initialE8),
      adl: adlQuantile(figures),
      bidNotional: money(waiting.bidE8),
      askNotional: money(waiting.askE8),
      updateTime: desk.history.changedMs(traded.id),
    };
  });
}

/** `GET /fapi/v2/positionRisk`: every symbol, with leverage and margin type. */
export function positionRiskV2(desk: AccountDesk, symbol: TradedSymbol | null): readonly object[] {
  return (symbol === null ? desk.all() : [symbol]).map((traded) => {
    const { held, markE8, unrealisedE8, breakEvenE8, notionalE8 } = figuresFor(desk, traded);
    const { leverage, marginType, notionalMaxE8 } = desk.exchange.settings(traded.id);
    return {
      symbol: traded.symbol,
      positionAmt: padded(held.qtyE8, traded.qtyPlaces),
      entryPrice: padded(held.entryPriceE8, 8),
      breakEvenPrice: padded(breakEvenE8, 8),
      markPrice: padded(markE8, 8),
      unRealizedProfit: money(unrealisedE8),
      liquidationPrice: held.liquidationPriceE8 === null ? "0" : padded(held.liquidationPriceE8, 8),
      leverage: String(leverage),
      maxNotionalValue: padded(notionalMaxE8, 0),
      marginType,
      isolatedMargin: money(isolatedMarginE8(held, unrealisedE8)),
      isAutoAddMargin: "false",
      positionSide: "BOTH",
      notional: money(notionalE8),
      isolatedWallet: money(held.isolatedWalletE8),
      updateTime: desk.history.changedMs(traded.id),
      isolated: marginType === "isolated",
      adlQuantile: adlQuantile(figuresFor(desk, traded)),
    };
  });
}

/** 0: nothing is held, or it loses; else 1 to 4 by its profit's share of its margin, halves of it a step. */
export function adlQuantile({ unrealisedE8, initialE8 }: PositionFigures): number {
  if (unrealisedE8 <= 0n || initialE8 <= 0n) return 0;
  return Math.min(4, 1 + Number((unrealisedE8 * 2n) / initialE8));
}

/** The quantiles of all that is held. */
export function adlRows(desk: AccountDesk, symbol: TradedSymbol | null): readonly object[] {
  return positionFigures(desk)
    .filter(({ held }) => symbol === null || held.symbolId === symbol.id)
    .map((figures) => ({
      symbol: desk.known(figures.held.symbolId).symbol,
      adlQuantile: { LONG: 0, SHORT: 0, BOTH: adlQuantile(figures) },
    }));
}
