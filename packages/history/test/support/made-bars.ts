import { BAR_FIELDS, MINUTE_MS, Rng } from "@smcq/kernel";

export interface MadeBars {
  readonly seed: number;
  readonly fromMs: number;
  readonly count: number;
  /** Decimal places of prices and volumes. */
  readonly places: number;
  /** Share of the minutes that are left out. */
  readonly holeRatio?: number;
}

/** Flat bars of a random walk on a grid of decimals, as the venue's texts would give them. */
export function madeBars({ seed, fromMs, count, places, holeRatio = 0 }: MadeBars): Float64Array {
  const rng = new Rng(seed);
  const grid = 10 ** places;
  const onGrid = (value: number): number => Number((Math.round(value * grid) / grid).toFixed(places));
  const rows: number[] = [];
  let price = 100 + rng.next() * 900;
  for (let minute = 0; minute < count; minute++) {
    const open = onGrid(price);
    price = Math.max(1, price * (1 + (rng.next() - 0.5) * 0.002));
    const close = onGrid(price);
    const high = onGrid(Math.max(open, close) + rng.next() * 0.3);
    const low = onGrid(Math.max(0.5, Math.min(open, close) - rng.next() * 0.3));
    const volume = onGrid(rng.next() * 5_000);
    if (rng.next() < holeRatio) continue;
    rows.push(
      fromMs + minute * MINUTE_MS,
      open,
      Math.max(high, open, close),
      Math.min(low, open, close),
      close,
      volume,
    );
  }
  return Float64Array.from(rows);
}

/** Bars as the lines of a kline file. */
export function csvOf(
  bars: Float64Array,
  { header = true, unit = 1 }: { readonly header?: boolean; readonly unit?: number } = {},
): string {
  const lines = header ? ["open_time,open,high,low,close,volume,close_time,quote_volume,count"] : [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openMs, ...rest] = bars.subarray(at, at + BAR_FIELDS);
    lines.push(
      [(openMs as number) * unit, ...rest, ((openMs as number) + MINUTE_MS - 1) * unit, 1, 1].join(","),
    );
  }
  return `${lines.join("\n")}\n`;
}
