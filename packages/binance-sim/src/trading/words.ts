import { divRound, e8Text } from "@smcq/kernel";

const PLACES_MAX = 8;

/** A decimal with exactly so many places, half away from zero: REST pads. */
export function padded(valueE8: bigint, places: number): string {
  const kept = Math.min(PLACES_MAX, places);
  const unit = 10n ** BigInt(PLACES_MAX - kept);
  return e8Text(divRound(valueE8, unit) * unit, kept);
}

/** A decimal without trailing zeros: the account's stream. */
export function bare(valueE8: bigint): string {
  const text = e8Text(valueE8);
  return text.replace(/\.?0+$/, "");
}

/** Money, 8 places. */
export function money(valueE8: bigint): string {
  return e8Text(valueE8);
}

/** Places of an average price. */
export function averagePlaces(pricePlaces: number): number {
  return Math.max(5, pricePlaces);
}

export function sideText(side: 1 | -1): "BUY" | "SELL" {
  return side > 0 ? "BUY" : "SELL";
}
