import type { Signal } from "@smcq/engine";
import { FEATURE_COUNT } from "@smcq/kernel";
import type { Clock } from "@smcq/kernel";
import type { CloseRows } from "./messages.ts";

/**
 * Takes the coordinator's signals of one close. While the burst runs it keeps references and times only; the columns
 * are made afterwards, when they are asked for.
 */
export class SignalCollector {
  readonly #clock: Clock;
  readonly #onComplete: () => void;
  #signals: Signal[] = [];
  #signalNs: number[] = [];
  #openTimeMs = -1;
  #expected = 0;
  #strays = 0;

  constructor(clock: Clock, onComplete: () => void) {
    this.#clock = clock;
    this.#onComplete = onComplete;
  }

  expect(openTimeMs: number, count: number): void {
    this.#openTimeMs = openTimeMs;
    this.#expected = count;
    this.#signals = [];
    this.#signalNs = [];
    this.#strays = 0;
  }

  take(signals: readonly Signal[]): void {
    const nowNs = this.#clock.monoNs();
    const before = this.#signals.length;
    for (const signal of signals) {
      if (signal.openTimeMs !== this.#openTimeMs) {
        this.#strays++;
        continue;
      }
      this.#signals.push(signal);
      this.#signalNs.push(nowNs);
    }
    if (before < this.#expected && this.#signals.length >= this.#expected) this.#onComplete();
  }

  rows(): CloseRows {
    const signals = this.#signals;
    const features = new Float32Array(signals.length * FEATURE_COUNT);
    signals.forEach((signal, row) => features.set(signal.features, row * FEATURE_COUNT));
    return {
      count: signals.length,
      symbols: signals.map(({ symbol }) => symbol),
      sides: Int8Array.from(signals, ({ side }) => side),
      scores: Float64Array.from(signals, ({ score }) => score),
      features,
      receivedNs: Float64Array.from(signals, ({ times }) => times.receivedNs),
      writtenNs: Float64Array.from(signals, ({ times }) => times.writtenNs),
      takenNs: Float64Array.from(signals, ({ times }) => times.takenNs),
      featuresNs: Float64Array.from(signals, ({ times }) => times.featuresNs),
      scoredNs: Float64Array.from(signals, ({ times }) => times.scoredNs),
      signalNs: Float64Array.from(this.#signalNs),
      strays: this.#strays,
    };
  }
}
