import { outlive, type Outlived, STORM_S, stormOf, type Weather } from "./storm.ts";

/** Worlds that one reduction runs at most. */
const RUNS_MAX = 600;
const STORM_S_MIN = 30;

/** A storm and the strikes that it needs to fail: replays by itself, whatever chance is later made of. */
export interface StormScenario extends Weather {
  readonly title: string;
  /** What was wrong, or is meant to happen. */
  readonly found: readonly string[];
  readonly only: readonly string[];
}

/**
 * Reduces a storm that fails to fewer strikes and a shorter time in which it still fails: halves first, then smaller and
 * smaller parts. Null: it does not fail.
 */
export function shrunk(
  weather: Weather,
  faultsOf: (outlived: Outlived) => readonly string[] = ({ faults }) => faults,
): StormScenario | null {
  let runs = 0;
  const tried = (candidate: Weather): Outlived | null => {
    if (runs++ >= RUNS_MAX) return null;
    const outlived = outlive(candidate);
    return faultsOf(outlived).length > 0 ? outlived : null;
  };
  let outlived = tried(weather);
  if (outlived === null) return null;
  let least: Weather = { ...weather, only: outlived.strikes };
  // By name it is the same storm.
  outlived = tried(least) ?? outlived;
  for (let parts = 2; ;) {
    const kept = (least.only ?? []).length;
    const size = Math.max(1, Math.ceil(kept / parts));
    let isSmaller = false;
    for (let from = 0; from < (least.only ?? []).length;) {
      const names = least.only ?? [];
      const fewer = { ...least, only: [...names.slice(0, from), ...names.slice(from + size)] };
      const failed = tried(fewer);
      if (failed === null) from += size;
      else {
        // What did not happen any more is left out as well.
        const happened = new Set(failed.strikes);
        least = { ...fewer, only: fewer.only.filter((name) => happened.has(name)) };
        outlived = failed;
        isSmaller = true;
      }
    }
    if (runs >= RUNS_MAX || (size === 1 && !isSmaller)) break;
    parts = size === 1 ? parts : parts * 2;
  }
  for (let stormS = (least.stormS ?? STORM_S) / 2; stormS >= STORM_S_MIN; stormS = Math.floor(stormS / 2)) {
    const failed = tried({ ...least, stormS });
    if (failed === null) break;
    least = { ...least, stormS };
    outlived = failed;
  }
  return { title: "", ...least, only: least.only ?? [], found: faultsOf(outlived) };
}

/**
 * Lives through the storms of these seeds, and asks of each what else does not hold; the first that fails is reduced, so that
 * its scenario can be kept and played again.
 */
export function campaign(
  firstSeed: number,
  seeds: number,
  disprovenOf: (outlived: Outlived) => readonly string[],
): readonly string[] {
  const faultsOf = (outlived: Outlived): readonly string[] => [...outlived.faults, ...disprovenOf(outlived)];
  const faults: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const outlived = outlive(stormOf(seed));
    const found = faultsOf(outlived);
    if (found.length > 0 && faults.length === 0)
      faults.push(
        `packages/engine/test/scenarios/storms/${seed}.json: ${JSON.stringify(shrunk(stormOf(seed), faultsOf))}`,
      );
    faults.push(...found);
  }
  return faults;
}
