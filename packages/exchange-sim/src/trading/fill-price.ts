import { divCeil } from "@smcq/kernel";

/** Slippage of a simulated market order, ten-thousandths of the price. */
export const SLIPPAGE_E4 = 2n;
const E4 = 10_000n;

/** Ticks at which a market order fills that meets `priceE8`: slippage and rounding both go against it. */
export function marketTicks(side: 1 | -1, priceE8: bigint, tickE8: bigint): number {
  const unit = E4 * tickE8;
  return Number(
    side > 0 ? divCeil(priceE8 * (E4 + SLIPPAGE_E4), unit) : (priceE8 * (E4 - SLIPPAGE_E4)) / unit,
  );
}
