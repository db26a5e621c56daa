import type { DurationCounts } from "@smcq/engine";

/** One measured value, or durations by bucket, ready for a scrape. */
export type Metric = {
  /** Without the prefix `smcq_`: a-z, digits and `_`; units at the end. */
  readonly name: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
} & (
  | { readonly type: "gauge" | "counter"; readonly value: number }
  | { readonly type: "histogram"; readonly durations: DurationCounts }
);

/** `closeToScoredP50Ms` as a metric's name: `close_to_scored_p50_ms`. */
export function metricName(field: string): string {
  return field.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
