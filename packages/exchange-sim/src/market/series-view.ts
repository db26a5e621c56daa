import { hashText, Rng } from "@smcq/kernel";
import type { BundledSeries } from "../bundle/load.ts";
import type { Grid } from "./grid.ts";
import type { KlineCell } from "./path.ts";

/** How a derived series comes from a real one; equal for equal (seed, symbol, grid). */
export interface Derivation {
  /** The real series it follows: its symbol and the recorded day of its first bar. */
  readonly sourceIndex: number;
  /** Minutes by which the source is read ahead, cyclically. */
  readonly shiftMinutes: number;
  /** Exponent on the source's price relatives: 0.6..1.6 scales volatility, a negative sign mirrors it. */
  readonly exponent: number;
  /** Price at minute 0 in units. */
  readonly basePriceUnits: number;
  /** Volume units of the derived symbol for one volume unit of the source. */
  readonly volumeFactor: number;
}

/** A symbol's final bars, by minute 0..minuteCount-1. */
export interface SeriesView {
  readonly derivation: Derivation | null;
  /** Writes open, high, low, close, volume of a minute into `cell`. */
  read(minute: number, cell: KlineCell): void;
}

/** Prices (USDT, of the months around the bundle) of names a reader knows; the others get a seeded price. */
const FAMILIAR_PRICES: Readonly<Record<string, number>> = {
  BTCUSDT: 94_300,
  ETHUSDT: 1_840,
  BNBUSDT: 595,
  SOLUSDT: 147,
  XRPUSDT: 2.2,
  DOGEUSDT: 0.176,
  ADAUSDT: 0.77,
  LTCUSDT: 87,
  USDCUSDT: 1,
};

/** The real bars themselves, brought to the grid's decimals. */
export function createOwnView(series: BundledSeries, grid: Grid): SeriesView {
  const priceFactor = 10 ** (grid.priceDecimals - series.priceDecimals);
  const volumeFactor = 10 ** (grid.volumeDecimals - series.volumeDecimals);
  return {
    derivation: null,
    read(minute, cell) {
      cell.open = (series.open[minute] as number) * priceFactor;
      cell.high = (series.high[minute] as number) * priceFactor;
      cell.low = (series.low[minute] as number) * priceFactor;
      cell.close = (series.close[minute] as number) * priceFactor;
      cell.volume = (series.volume[minute] as number) * volumeFactor;
    },
  };
}

/** True when the series fits the grid exactly, so that it can be shown as the symbol's own. */
export function fitsGrid(series: BundledSeries, grid: Grid): boolean {
  return (
    series.priceDecimals <= grid.priceDecimals &&
    series.volumeDecimals <= grid.volumeDecimals &&
    grid.tickUnits <= 10 ** (grid.priceDecimals - series.priceDecimals) &&
    grid.stepUnits <= 10 ** (grid.volumeDecimals - series.volumeDecimals)
  );
}

// One tick is worth 0.5..5 bps of the price, as on most of the real market; the filter's range wins.
function chooseBasePrice(symbol: string, grid: Grid, rng: Rng): number {
  const tickBps = 0.5 * 10 ** rng.next();
  const wanted = FAMILIAR_PRICES[symbol]
    ? FAMILIAR_PRICES[symbol] * grid.priceScale
    : (grid.tickUnits * 10_000) / tickBps;
  const bounded = Math.min(Math.max(wanted, grid.minPriceUnits * 3), grid.maxPriceUnits / 10);
  return Math.max(1, Math.round(bounded / grid.tickUnits)) * grid.tickUnits;
}

/** Draws a derivation: source, shift, volatility and price depend on (seed, symbol) alone. */
export function drawDerivation(options: {
  readonly symbol: string;
  readonly grid: Grid;
  readonly seed: number;
  readonly sources: readonly BundledSeries[];
}): Derivation {
  const { symbol, grid, sources } = options;
  const rng = new Rng(hashText(symbol) ^ Math.imul(options.seed, 0x9e3779b1));
  const sourceIndex = rng.int(sources.length);
  const source = sources[sourceIndex] as BundledSeries;
  const shiftMinutes = rng.int(source.open.length);
  const volatility = 0.6 * (1.6 / 0.6) ** rng.next();
  const exponent = rng.chance(0.5) ? volatility : -volatility;
  const basePriceUnits = chooseBasePrice(symbol, grid, rng);
  const sourcePrice = (source.close[shiftMinutes] as number) / 10 ** source.priceDecimals;
  const liquidity = 0.2 * 25 ** rng.next();
  const lotsPerLot = ((sourcePrice * grid.priceScale) / basePriceUnits) * liquidity;
  const volumeFactor = (lotsPerLot * grid.volumeScale) / 10 ** source.volumeDecimals;
  return { sourceIndex, shiftMinutes, exponent, basePriceUnits, volumeFactor };
}

/**
 * A derived series: with p the source's price at place j = (minute + shift) mod L of its L bars,
 *   g(j, p) = ln p - j * ln(close[L-1] / close[0]) / L    (the detrended source: its end meets its start)
 *   price   = base * exp(exponent * (g(j, p) - g(shift, close[shift])))   rounded to the tick.
 * Rounding and the exponential are monotone, so OHLC stays valid (a negative exponent swaps high and low).
 * Volume is the source's times the factor, rounded to steps, at least one step where the source traded.
 */
export function createDerivedView(source: BundledSeries, derivation: Derivation, grid: Grid): SeriesView {
  const count = source.open.length;
  const { shiftMinutes, exponent, basePriceUnits, volumeFactor } = derivation;
  const drift = Math.log((source.close[count - 1] as number) / (source.close[0] as number)) / count;
  const origin = Math.log(source.close[shiftMinutes] as number) - shiftMinutes * drift;
  const { tickUnits, stepUnits } = grid;
  const lowestTick = Math.ceil(grid.minPriceUnits / tickUnits);
  const highestTick = Math.floor(grid.maxPriceUnits / tickUnits);
  const baseTicks = basePriceUnits / tickUnits;
  const map = (price: number, offset: number): number => {
    const ticks = Math.round(baseTicks * Math.exp(exponent * (Math.log(price) - offset)));
    return Math.min(Math.max(ticks, lowestTick), highestTick) * tickUnits;
  };
  return {
    derivation,
    read(minute, cell) {
      const place = (minute + shiftMinutes) % count;
      const offset = origin + place * drift;
      const top = map((exponent > 0 ? source.high : source.low)[place] as number, offset);
      const bottom = map((exponent > 0 ? source.low : source.high)[place] as number, offset);
      cell.open = map(source.open[place] as number, offset);
      cell.high = top;
      cell.low = bottom;
      cell.close = map(source.close[place] as number, offset);
      const traded = source.volume[place] as number;
      cell.volume =
        traded === 0 ? 0 : Math.max(1, Math.round((traded * volumeFactor) / stepUnits)) * stepUnits;
      // A minute without trades is flat, whatever the rounding of its flat source did.
      if (traded === 0) cell.open = cell.high = cell.low = cell.close;
    },
  };
}
