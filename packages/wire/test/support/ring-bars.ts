import { MINUTE_MS } from "@smcq/kernel";
import { KLINE_RING, type KlineRingField, type KlineRingWriter } from "@smcq/wire";

export const T0 = 1_700_000_040_000;

/** The six numbers of the bar with ring index `index`, in version `version`: any mix of two bars is seen. */
export function barNumbers(index: number, version = 0): number[] {
  const price = 1000 + index * 4 + version / 1024;
  return [T0 + index * MINUTE_MS, price + 1, price + 3, price, price + 2, index + version / 1024];
}

export function appendBar(writer: KlineRingWriter, slot: number, index: number, version = 0): void {
  const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = barNumbers(index, version);
  writer.append(
    slot,
    openTimeMs,
    open,
    high,
    low,
    close,
    volume,
    1,
    openTimeMs + 62_000,
    index * 10,
    index * 10 + 1,
  );
}

export function replaceBar(writer: KlineRingWriter, slot: number, index: number, version: number): boolean {
  const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = barNumbers(index, version);
  return writer.replace(slot, openTimeMs, open, high, low, close, volume);
}

const HEADER_BYTES = 64;

/** Reaches into a block behind the API's back: what a half-done write leaves. */
export class RawRing {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly #base: number;

  constructor(sab: SharedArrayBuffer, slot: number) {
    this.i32 = new Int32Array(sab);
    this.f64 = new Float64Array(sab);
    this.#base = HEADER_BYTES + slot * KLINE_RING.bytes;
  }

  wordIndex(field: KlineRingField): number {
    return (this.#base + KLINE_RING.offsets[field]) >> 2;
  }

  word(field: KlineRingField): number {
    return this.i32[this.wordIndex(field)]!;
  }

  setWord(field: KlineRingField, value: number): void {
    this.i32[(this.#base + KLINE_RING.offsets[field]) >> 2] = value;
  }

  setDouble(field: KlineRingField, index: number, value: number): void {
    this.f64[((this.#base + KLINE_RING.offsets[field]) >> 3) + index] = value;
  }

  double(field: KlineRingField, index: number): number {
    return this.f64[((this.#base + KLINE_RING.offsets[field]) >> 3) + index]!;
  }
}
