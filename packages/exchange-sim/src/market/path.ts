import { unit4 } from "../hash.ts";
import type { Grid } from "./grid.ts";

/**
 * A kline at some moment of its minute, in integer units of its grid. `quoteUnits` are at
 * priceDecimals + volumeDecimals. With volume 0 there was no trade: flat, ids -1.
 */
export interface KlineCell {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  quote: number;
  trades: number;
  takerBase: number;
  takerQuote: number;
  firstTradeId: number;
  lastTradeId: number;
}

/** Returns an empty cell to be filled again and again. */
export function createCell(): KlineCell {
  return {
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    volume: 0,
    quote: 0,
    trades: 0,
    takerBase: 0,
    takerQuote: 0,
    firstTradeId: -1,
    lastTradeId: -1,
  };
}

/** What a path needs to know besides the final bar. */
export interface PathContext {
  readonly grid: Grid;
  readonly seed: number;
  readonly symbolKey: number;
  readonly minute: number;
  /** Size of a typical trade in volume units. */
  readonly tradeUnits: number;
  readonly firstTradeId: number;
}

const PATH_SALT = 0x70617468;
const TRADES_MAX = 900_000;
/** Trade ids of a minute start this far after the last minute's: more than a minute ever has trades. */
export const TRADE_ID_STRIDE = 1_000_000;

/** Where the path of a minute turns. */
export interface PathTurns {
  readonly isLowFirst: boolean;
  /** Of the minute, 0..1. */
  readonly first: number;
  readonly second: number;
}

/** The turns of a minute's path; a bar that closes at or above its open goes to its low first with chance 0.7. */
export function turnsOf(isUp: boolean, seed: number, symbolKey: number, minute: number): PathTurns {
  const draw = (number: number): number => unit4(seed ^ PATH_SALT, symbolKey, minute, number);
  return {
    isLowFirst: draw(0) < (isUp ? 0.7 : 0.3),
    first: 0.1 + 0.35 * draw(1),
    second: 0.55 + 0.35 * draw(2),
  };
}

/**
 * Turns the final bar in `cell` into the kline at `fraction` (0..1) of its minute.
 *
 * ```
 *  price                 the documented path: open -> first extreme at t1 -> second extreme at t2 -> close at 1,
 *  high      __x         straight lines, rounded to ticks. t1 lies in 0.10..0.45, t2 in 0.55..0.90 of the minute.
 *           /   \        An up bar goes to its low first with chance 0.7, a down bar to its high.
 *  open  __/     \   /x  Volume grows in step with time, rounded down to steps, so a quiet bar's first trade
 *                 \_/    comes late; until then the kline is unchanged (volume 0).
 *        0  t1   t2  1
 * ```
 * So the high never falls and the low never rises, and at fraction 1 the kline is the final bar.
 */
export function formKline(cell: KlineCell, fraction: number, context: PathContext): void {
  const { grid, seed, symbolKey, minute } = context;
  const { isLowFirst, first, second } = turnsOf(cell.close >= cell.open, seed, symbolKey, minute);
  const { open } = cell;
  const peak1 = isLowFirst ? cell.low : cell.high;
  const peak2 = isLowFirst ? cell.high : cell.low;
  const finalVolume = cell.volume;
  const finalClose = cell.close;
  const area1 = ((open + peak1) / 2) * first;
  const area2 = ((peak1 + peak2) / 2) * (second - first);
  let area: number;
  if (fraction >= 1) {
    area = area1 + area2 + ((peak2 + finalClose) / 2) * (1 - second);
  } else if (fraction < first) {
    const price = open + ((peak1 - open) * fraction) / first;
    area = ((open + price) / 2) * fraction;
    setPartial(cell, onTick(price, grid), open, open);
  } else if (fraction < second) {
    const price = peak1 + ((peak2 - peak1) * (fraction - first)) / (second - first);
    area = area1 + ((peak1 + price) / 2) * (fraction - first);
    setPartial(cell, onTick(price, grid), open, peak1);
  } else {
    const price = peak2 + ((finalClose - peak2) * (fraction - second)) / (1 - second);
    area = area1 + area2 + ((peak2 + price) / 2) * (fraction - second);
    cell.close = onTick(price, grid);
  }
  cell.volume =
    fraction >= 1
      ? finalVolume
      : Math.floor((finalVolume * Math.max(0, fraction)) / grid.stepUnits) * grid.stepUnits;
  addTrades(cell, finalVolume, area, context, unit4(seed ^ PATH_SALT, symbolKey, minute, 1));
}

function onTick(price: number, grid: Grid): number {
  return Math.round(price / grid.tickUnits) * grid.tickUnits;
}

function setPartial(cell: KlineCell, price: number, open: number, peak: number): void {
  cell.high = Math.max(open, peak, price);
  cell.low = Math.min(open, peak, price);
  cell.close = price;
}

/** Fills turnover, trade count, taker share and ids; all of them grow with the volume. */
function addTrades(
  cell: KlineCell,
  finalVolume: number,
  area: number,
  context: PathContext,
  shape: number,
): void {
  if (cell.volume === 0) {
    cell.quote = 0;
    cell.trades = 0;
    cell.takerBase = 0;
    cell.takerQuote = 0;
    cell.firstTradeId = -1;
    cell.lastTradeId = -1;
    return;
  }
  const { grid } = context;
  // The path's area up to now times the final volume: the turnover had trading been even, monotone in time.
  const quote = Math.round(finalVolume * area);
  cell.quote = Math.min(Math.max(quote, cell.volume * cell.low), cell.volume * cell.high);
  const finalTrades = Math.min(
    TRADES_MAX,
    finalVolume / grid.stepUnits,
    1 + finalVolume / context.tradeUnits,
  );
  cell.trades = Math.max(1, Math.floor((finalTrades * cell.volume) / finalVolume));
  const takerRatio = 0.3 + 0.4 * shape;
  cell.takerBase = Math.floor((cell.volume * takerRatio) / grid.stepUnits) * grid.stepUnits;
  cell.takerQuote = Math.floor((cell.quote * cell.takerBase) / cell.volume);
  cell.firstTradeId = context.firstTradeId + context.minute * TRADE_ID_STRIDE;
  cell.lastTradeId = cell.firstTradeId + cell.trades - 1;
}
