import { holesIn } from "@smcq/history";
import { BAR_FIELDS, barFault, MINUTE_MS } from "@smcq/kernel";
import type { KlinesQuery } from "@smcq/exchange";

/** Rows of a call: weight 5 (docs/binance.md 4.1), the cheapest a row. */
const CALL_ROWS = 1_000;

/** REST's klines, as the venue's client has them. */
export type AskKlines = (query: KlinesQuery) => Promise<Float64Array>;

export interface FillChoice {
  readonly symbol: string;
  /** Minutes that are looked at: from here up to `endMs`, which is not included and over. */
  readonly fromMs: number;
  readonly endMs: number;
}

/** The bars with what REST has in their holes, ascending; what it does not have either stays a hole. */
export async function fillHoles(
  bars: Float64Array,
  { symbol, fromMs, endMs }: FillChoice,
  ask: AskKlines,
): Promise<Float64Array> {
  const found: number[][] = [];
  for (const hole of holesIn(bars, { fromMs, endMs })) {
    let nextMs = hole.fromMs;
    while (nextMs <= hole.toMs) {
      const rows = await ask({ symbol, interval: "1m", limit: CALL_ROWS, startMs: nextMs, endMs: hole.toMs });
      const own = barsOf(rows).filter(
        ([openMs]) => (openMs as number) >= nextMs && (openMs as number) <= hole.toMs,
      );
      found.push(...own.filter(isPlausible));
      const lastMs = own.at(-1)?.[0];
      // An answer that is not full has told all that there is.
      if (lastMs === undefined || rows.length < CALL_ROWS * BAR_FIELDS) break;
      nextMs = lastMs + MINUTE_MS;
    }
  }
  if (found.length === 0) return bars;
  const all = [...barsOf(bars), ...found].toSorted(([a], [b]) => (a as number) - (b as number));
  return Float64Array.from(all.flat());
}

function barsOf(flat: Float64Array): number[][] {
  return Array.from({ length: flat.length / BAR_FIELDS }, (_, k) =>
    Array.from(flat.subarray(k * BAR_FIELDS, (k + 1) * BAR_FIELDS)),
  );
}

function isPlausible(bar: readonly number[]): boolean {
  const [openMs = Number.NaN, open = 0, high = 0, low = 0, close = 0, volume = 0] = bar;
  return openMs % MINUTE_MS === 0 && barFault(open, high, low, close, volume) === null;
}
