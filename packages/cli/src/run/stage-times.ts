import { DurationHistogram, type Signal, type SignalTimes } from "@smcq/engine";

/** Upper ends of the buckets of a close's stages, ms. */
const STAGE_BOUNDS_MS: readonly number[] = [
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000,
];

/** What a closed bar goes through, each stage from where the one before ended. */
const STAGES: readonly (readonly [name: string, from: keyof SignalTimes, to: keyof SignalTimes])[] = [
  ["written", "receivedNs", "writtenNs"],
  ["taken", "writtenNs", "takenNs"],
  ["features", "takenNs", "featuresNs"],
  ["scored", "featuresNs", "scoredNs"],
  ["emitted", "scoredNs", "emittedNs"],
];

/** How long each stage of the closes took that brought a candidate: what brought none carries no times. */
export class StageTimes {
  readonly #stages = STAGES.map(([name, from, to]) => ({
    name,
    from,
    to,
    durations: new DurationHistogram(STAGE_BOUNDS_MS),
  }));

  get stages(): readonly { readonly name: string; readonly durations: DurationHistogram }[] {
    return this.#stages;
  }

  add(signals: readonly Signal[]): void {
    for (const { times } of signals)
      for (const { from, to, durations } of this.#stages) {
        // 0: nobody has written it down.
        if (times[from] > 0 && times[to] > 0) durations.add((times[to] - times[from]) / 1e6);
      }
  }
}
