import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { sharedData, sharedNumbers, sharedZeros } from "@smcq/wire";
import type { PackedBars, ScannedSeries, SeriesBars } from "../scan-series.ts";
import { barBatches } from "./bar-windows.ts";
import { BASE_BARS, PRICES } from "./packed-numbers.ts";

const VOLUME = 5;
const DECIMALS_MAX = 10;
const INT_MAX = 2 ** 31 - 1;
const SHORT_MAX = 2 ** 15 - 1;

/** Whether bars are packed where they are scanned, and with what. */
export type Packing = "none" | "prices" | "prices and volumes";

type LooseBars = Exclude<SeriesBars, PackedBars>;

/** A scan in memory that threads share, its bars packed; as it is where no packing is wanted. */
export function sharedSeries(series: ScannedSeries, packing: Packing): ScannedSeries {
  if (packing === "none") return series;
  const { bars, ...found } = series;
  return { ...sharedData(found), bars: packBars(bars, found.barCount, packing === "prices and volumes") };
}

/**
 * Bars for many threads: prices as whole numbers of their last decimal, and those as differences of 16 bits from the open of a bar
 * not long before, 8 bytes a bar in place of 48, in memory that threads share. Nothing is lost: prices that move too far are whole
 * numbers of 32 bits, and one that is no such number leaves the series as it is, shared. Volumes are kept where somebody asks
 * for them. Stored bars are read block by block.
 */
export function packBars(bars: SeriesBars, count: number, hasVolumes: boolean): SeriesBars {
  if (bars.type === "packed") return bars;
  const scale = scaleOf(bars);
  for (const isShort of scale === null ? [] : [true, false]) {
    const found = packed(bars, { count, scale: scale ?? 1, hasVolumes, isShort });
    if (found !== null) return found;
  }
  return { type: "held", flat: flatOf(bars, count) };
}

interface Shape {
  readonly count: number;
  readonly scale: number;
  readonly hasVolumes: boolean;
  /** Prices are differences of 16 bits. */
  readonly isShort: boolean;
}

/** Null: some price does not fit. */
function packed(bars: LooseBars, { count, scale, hasVolumes, isShort }: Shape): PackedBars | null {
  const prices = isShort ? sharedZeros(Int16Array, count * PRICES) : sharedZeros(Int32Array, count * PRICES);
  const bases = isShort ? sharedZeros(Int32Array, Math.ceil(count / BASE_BARS)) : null;
  const volumes = hasVolumes ? sharedZeros(Float64Array, count) : null;
  const most = isShort ? SHORT_MAX : INT_MAX;
  let bar = 0;
  let base = 0;
  for (const batch of barBatches(bars))
    for (let at = 0; at < batch.length; at += BAR_FIELDS, bar++) {
      if (bases !== null && bar % BASE_BARS === 0) {
        base = Math.round((batch[at + 1] as number) * scale);
        bases[bar / BASE_BARS] = base;
      }
      for (let k = 0; k < PRICES; k++) {
        const price = batch[at + 1 + k] as number;
        const whole = Math.round(price * scale);
        // A larger scale may have lost what a smaller one gave back.
        if (whole > INT_MAX || whole / scale !== price || Math.abs(whole - base) > most) return null;
        prices[bar * PRICES + k] = whole - base;
      }
      if (volumes !== null) volumes[bar] = batch[at + VOLUME] as number;
    }
  return { type: "packed", scale, minutes: minutesOf(bars, count), prices, bases, volumes };
}

/** A month without a hole is one number. */
function minutesOf(bars: LooseBars, count: number): Int32Array | number {
  const minutes = sharedZeros(Int32Array, count);
  let bar = 0;
  for (const batch of barBatches(bars))
    for (let at = 0; at < batch.length; at += BAR_FIELDS) minutes[bar++] = (batch[at] as number) / MINUTE_MS;
  const first = minutes[0] ?? 0;
  // Open times ascend by whole minutes.
  return count === 0 || minutes[count - 1] === first + count - 1 ? first : minutes;
}

/** The power of ten that makes every price a whole number and gives it back to the last bit; null: none does. */
function scaleOf(bars: LooseBars): number | null {
  let scale = 1;
  for (const batch of barBatches(bars))
    for (let at = 0; at < batch.length; at += BAR_FIELDS)
      for (let field = 1; field <= PRICES; field++) {
        const price = batch[at + field] as number;
        while (Math.round(price * scale) / scale !== price) {
          scale *= 10;
          if (scale > 10 ** DECIMALS_MAX) return null;
        }
      }
  return scale;
}

/** The bars as they are, in shared memory. */
function flatOf(bars: LooseBars, count: number): Float64Array {
  if (bars.type === "held") return sharedNumbers(bars.flat);
  const flat = sharedZeros(Float64Array, count * BAR_FIELDS);
  let at = 0;
  for (const batch of barBatches(bars)) {
    flat.set(batch, at);
    at += batch.length;
  }
  return flat;
}
