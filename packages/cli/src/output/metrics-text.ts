/** One measured value, ready for a scrape. */
export interface Metric {
  /** Without the prefix `smcq_`: a-z, digits and `_`; units at the end. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

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
    for (const { labels = {}, value } of family)
      text += `smcq_${name}${labelText(labels)} ${valueText(value)}\n`;
  }
  return text;
}

/** `closeToScoredP50Ms` as a metric's name: `close_to_scored_p50_ms`. */
export function metricName(field: string): string {
  return field.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}
