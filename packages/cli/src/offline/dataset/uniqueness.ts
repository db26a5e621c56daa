import { MINUTE_MS } from "@smcq/kernel";
import type { DatasetRows } from "./dataset-rows.ts";

/**
 * Average uniqueness of each label (Lopez de Prado, Advances in Financial Machine Learning, 4.4): the mean over the
 * minutes of its plan, from t0 to t1, of 1 / (plans of the same symbol open in that minute). In (0, 1]; rows of
 * different symbols do not meet here.
 */
export function averageUniqueness(rows: DatasetRows): Float64Array {
  const weights = new Float64Array(rows.count);
  const bySymbol = Map.groupBy(Array(rows.count).keys(), (index) => rows.symbolIndexAt(index));
  for (const indices of bySymbol.values()) weighSymbol(rows, indices, weights);
  return weights;
}

function weighSymbol(rows: DatasetRows, indices: readonly number[], weights: Float64Array): void {
  const times = indices.map((index) => ({
    index,
    from: rows.t0MsAt(index) / MINUTE_MS,
    to: rows.t1MsAt(index) / MINUTE_MS,
  }));
  const first = times.reduce((least, { from }) => Math.min(least, from), Infinity);
  const last = times.reduce((most, { to }) => Math.max(most, to), -Infinity);
  // Minute k of the symbol: how many plans begin there less how many ended.
  const steps = new Int32Array(last - first + 1);
  for (const { from, to } of times) {
    steps[from - first] = (steps[from - first] as number) + 1;
    steps[to - first] = (steps[to - first] as number) - 1;
  }
  const shareBefore = new Float64Array(last - first + 1);
  let open = 0;
  for (let minute = 0; minute < last - first; minute++) {
    open += steps[minute] as number;
    shareBefore[minute + 1] = (shareBefore[minute] as number) + (open > 0 ? 1 / open : 0);
  }
  for (const { index, from, to } of times) {
    const shares = (shareBefore[to - first] as number) - (shareBefore[from - first] as number);
    weights[index] = shares / (to - from);
  }
}
