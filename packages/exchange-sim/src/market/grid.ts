import { SmcqError } from "@smcq/kernel";

/**
 * How the venue prints a symbol's numbers. Prices and volumes are integers ("units") at these decimals:
 * value = units / 10^decimals, which is the double nearest to the printed text.
 */
export interface Grid {
  readonly priceDecimals: number;
  /** One price tick in units. */
  readonly tickUnits: number;
  readonly volumeDecimals: number;
  /** One lot step in units. */
  readonly stepUnits: number;
  /** Lowest price of the symbol in units, at least one tick. */
  readonly minPriceUnits: number;
  readonly maxPriceUnits: number;
  /** 10^priceDecimals and 10^volumeDecimals: divide units by them. */
  readonly priceScale: number;
  readonly volumeScale: number;
}

const DECIMAL = /^(\d{1,12})(?:\.(\d{1,12}))?$/;

/** Reads a decimal text into integer units at its own decimals; throws SmcqError `SIM_UNIVERSE` on other text. */
export function parseDecimal(text: string): { readonly units: number; readonly decimals: number } {
  const match = DECIMAL.exec(text);
  const fraction = match?.[2] ?? "";
  const units = Number((match?.[1] ?? "") + fraction);
  if (match === null || !Number.isSafeInteger(units))
    throw new SmcqError("SIM_UNIVERSE", `not a decimal the venue would print: ${text}`);
  return { units, decimals: fraction.length };
}

/** Builds a grid from the texts of PRICE_FILTER and LOT_SIZE. */
export function createGrid(texts: {
  readonly tickSize: string;
  readonly stepSize: string;
  readonly minPrice: string;
  readonly maxPrice: string;
}): Grid {
  const tick = parseDecimal(texts.tickSize);
  const step = parseDecimal(texts.stepSize);
  if (tick.units === 0 || step.units === 0) throw new SmcqError("SIM_UNIVERSE", "tick and step must be > 0");
  const priceScale = 10 ** tick.decimals;
  const volumeScale = 10 ** step.decimals;
  return {
    priceDecimals: tick.decimals,
    tickUnits: tick.units,
    volumeDecimals: step.decimals,
    stepUnits: step.units,
    minPriceUnits: Math.max(tick.units, Math.round(Number(texts.minPrice) * priceScale)),
    maxPriceUnits: Math.round(Number(texts.maxPrice) * priceScale),
    priceScale,
    volumeScale,
  };
}
