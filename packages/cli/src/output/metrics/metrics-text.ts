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

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, (found) => ESCAPES[found] ?? found)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

/** The Prometheus text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
export function metricsText(metrics: readonly Metric[]): string {
  const byName = new Map<string, Metric[]>();
  for (const metric of metrics) byName.set(metric.name, [...(byName.get(metric.name) ?? []), metric]);
  let text = "";
  for (const [name, family] of byName) {
    const { help, type } = family[0] as Metric;
    text += `# HELP smcq_${name} ${help}\n# TYPE smcq_${name} ${type}\n`;
    for (const metric of family) text += linesOf(metric);
  }
  return text;
}

function linesOf(metric: Metric): string {
  const { name, labels = {} } = metric;
  if (metric.type !== "histogram") return `smcq_${name}${labelText(labels)} ${valueText(metric.value)}\n`;
  const { boundsMs, counts, count, sumMs } = metric.durations;
  let sum = 0;
  const buckets = boundsMs.map((bound, at) => {
    sum += counts[at] ?? 0;
    return [String(bound), sum] as const;
  });
  const bucketLines = [...buckets, ["+Inf", count] as const].map(
    ([le, value]) => `smcq_${name}_bucket${labelText({ ...labels, le })} ${value}\n`,
  );
  const ends = [`_sum${labelText(labels)} ${valueText(sumMs)}`, `_count${labelText(labels)} ${count}`];
  return [...bucketLines, ...ends.map((end) => `smcq_${name}${end}\n`)].join("");
}

/** `closeToScoredP50Ms` as a metric's name: `close_to_scored_p50_ms`. */
export function metricName(field: string): string {
  return field.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
