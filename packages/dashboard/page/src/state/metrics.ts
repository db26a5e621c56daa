import { type Asked, useAsked } from "./api.ts";

const AGAIN_MS = 2_000;

export interface Durations {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMs: number;
  readonly msMax: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: "gauge" | "counter" | "histogram";
  readonly value: number | null;
  readonly durations: Durations | null;
}

export interface MetricsAnswer {
  readonly metrics: readonly Metric[];
}

/** What the running engine measures, as `GET /metrics` names it. */
export function useMetrics(): Asked<MetricsAnswer> {
  return useAsked<MetricsAnswer>("metrics", {}, AGAIN_MS);
}

/** The value of a metric without labels, or with those; null: not measured. */
export function valueOf(
  { metrics }: MetricsAnswer,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const found = metrics.find(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  return found?.value ?? null;
}

/** The bound that a share of all durations lies at or below; null: above all bounds, or nothing was measured. */
export function quantile({ boundsMs, counts, count }: Durations, share: number): number | null {
  let sum = 0;
  for (const [at, own] of counts.entries()) {
    sum += own;
    if (count > 0 && sum >= share * count) return boundsMs[at] ?? null;
  }
  return null;
}

export function labelText(labels: Metric["labels"]): string {
  return Object.values(labels).join(" ");
}
