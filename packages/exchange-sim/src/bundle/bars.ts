import { BAR_FIELDS, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { loadBundle } from "./load.ts";

/** Symbols that the bundle has real bars of, each once, by name. */
export function bundledSymbols(): readonly string[] {
  const own = loadBundle().series.filter(({ isOwn }) => isOwn);
  return own.map(({ symbol }) => symbol).toSorted();
}

/** All bundled bars of a symbol, `BAR_FIELDS` numbers a bar, ascending, without a hole; BUNDLE_SYMBOL when there are none. */
export function bundledBars(symbol: string): Float64Array {
  const { startMs, minuteCount, series } = loadBundle();
  const own = series.find((entry) => entry.isOwn && entry.symbol === symbol);
  if (own === undefined) throw new SmcqError("BUNDLE_SYMBOL", `no bars of ${symbol} are bundled`);
  const { open, high, low, close, volume } = own;
  const price = 10 ** own.priceDecimals;
  const quantity = 10 ** own.volumeDecimals;
  const bars = new Float64Array(minuteCount * BAR_FIELDS);
  for (let bar = 0; bar < minuteCount; bar++) {
    const at = bar * BAR_FIELDS;
    bars[at] = startMs + bar * MINUTE_MS;
    for (const [field, column] of [open, high, low, close].entries())
      bars[at + 1 + field] = (column[bar] as number) / price;
    bars[at + 5] = (volume[bar] as number) / quantity;
  }
  return bars;
}
