import { bundledBars, bundledSymbols } from "@smcq/exchange-sim";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { barNumbersOf } from "../src/offline/backtest/bars/bar-windows.ts";
import { packBars } from "../src/offline/backtest/bars/pack-bars.ts";

function unpacked(
  flat: Float64Array,
  hasVolumes: boolean,
): { readonly type: string; readonly flat: number[] } {
  const bars = packBars({ type: "held", flat }, flat.length / BAR_FIELDS, hasVolumes);
  const numbers = barNumbersOf(bars);
  const all = Array.from(flat, (_, at) => numbers.value(Math.floor(at / BAR_FIELDS), at % BAR_FIELDS));
  return { type: bars.type, flat: all };
}

const bar = (minute: number, ...prices: readonly [number, number, number, number]): number[] => [
  minute * MINUTE_MS,
  ...prices,
  0.5,
];

describe("packed bars", () => {
  it("give back every number of real bars, bit for bit", () => {
    for (const symbol of bundledSymbols().slice(0, 4)) {
      const flat = bundledBars(symbol).slice(0, 5_000 * BAR_FIELDS);
      expect(unpacked(flat, true)).toEqual({ type: "packed", flat: [...flat] });
    }
  });

  it("hold prices of few and of many decimals, and holes", () => {
    const flat = Float64Array.from([
      ...bar(29_000_000, 0.00001234, 0.0000124, 0.00001, 0.000012),
      ...bar(29_000_007, 0.1, 0.3, 0.1, 0.2),
    ]);
    expect(unpacked(flat, true)).toEqual({ type: "packed", flat: [...flat] });
  });

  it("are numbers of 16 bits from the open of a bar not long before, and of 32 where prices move too far", () => {
    const moved = (price: number): unknown => {
      const flat = Float64Array.from([
        ...bar(1, 1e6, 1e6, 1e6, 1e6),
        ...bar(2, 1e6, 1e6, price, 1e6),
        ...Array.from({ length: 14 }, (_, k) => bar(3 + k, 1e6, 1e6, 1e6, 1e6)).flat(),
        ...bar(17, 2e9, 2e9, 2e9, 2e9),
      ]);
      const packed = packBars({ type: "held", flat }, flat.length / BAR_FIELDS, false);
      expect(unpacked(flat, true)).toEqual({ type: "packed", flat: [...flat] });
      return packed.type === "packed" && [packed.prices.constructor, packed.prices[6], packed.bases];
    };
    expect(moved(1e6 - 32_767)).toEqual([Int16Array, -32_767, Int32Array.of(1e6, 2e9)]);
    expect(moved(1e6 - 32_768)).toEqual([Int32Array, 1e6 - 32_768, null]);
  });

  it("stay as they are where a price is no number of so many decimals", () => {
    for (const price of [1 / 3, 123_456_789.123, 1e-11, 3e9]) {
      const flat = Float64Array.from([...bar(1, 1, 1, 1, 1), ...bar(2, price, price, price, price)]);
      expect(unpacked(flat, true)).toEqual({ type: "held", flat: [...flat] });
    }
  });

  it("name their minutes one by one only where one is missing", () => {
    const minutesOf = (...minutes: readonly number[]): unknown => {
      const flat = Float64Array.from(minutes.flatMap((minute) => bar(minute, 1, 1, 1, 1)));
      const packed = packBars({ type: "held", flat }, minutes.length, false);
      return packed.type === "packed" ? packed.minutes : packed.type;
    };
    expect(minutesOf()).toBe(0);
    expect(minutesOf(5, 6, 7)).toBe(5);
    expect(minutesOf(5, 7, 8)).toEqual(Int32Array.of(5, 7, 8));
  });

  it("leave out volumes that nobody asks for", () => {
    const flat = Float64Array.from(bar(1, 1, 2, 1, 2));
    expect(unpacked(flat, false).flat).toEqual([60_000, 1, 2, 1, 2, Number.NaN]);
  });
});
