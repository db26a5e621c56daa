import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import type { BarSource } from "../dataset/bar-source.ts";
import type { KlineBatch } from "@smcq/history";

/** The ends of a symbol's stretches of bars without a hole, ms, ascending; filled while its sources are read. */
export class Stretches {
  readonly #endsMs: number[];

  /** `endsMs` of a symbol whose sources were read elsewhere. */
  constructor(endsMs: ArrayLike<number> = []) {
    this.#endsMs = Array.from(endsMs);
  }

  get endsMs(): Float64Array {
    return Float64Array.from(this.#endsMs);
  }

  /** The same source, which is looked at on its way. */
  watch(source: BarSource): BarSource {
    return { ...source, bars: () => this.#watched(source) };
  }

  /** Whether so much time of bars without a hole follows an instant. */
  isWhole(fromMs: number, lengthMs: number): boolean {
    const endMs = this.#endsMs.find((end) => end >= fromMs);
    return endMs !== undefined && fromMs + lengthMs <= endMs;
  }

  async *#watched(source: BarSource): AsyncGenerator<KlineBatch, void, undefined> {
    for await (const batch of source.bars()) {
      for (let bar = 0; bar < batch.count; bar++) this.#see(batch.bars[bar * BAR_FIELDS] as number);
      yield batch;
    }
  }

  #see(openMs: number): void {
    const last = this.#endsMs.length - 1;
    if (last >= 0 && this.#endsMs[last] === openMs) this.#endsMs[last] = openMs + MINUTE_MS;
    else this.#endsMs.push(openMs + MINUTE_MS);
  }
}
