import { Registry } from "prom-client";
import type { Metric } from "./metric.ts";

/** Label sets of one name that are told; of more the rest is left out, and counted. */
export const LABEL_SETS_MAX = 1_100;

/** What the client's registry reads of a metric. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics of one name as the registry asks for them: they were measured before. */
class Family {
  readonly name: string;
  readonly #metrics: readonly Metric[];

  constructor(name: string, metrics: readonly Metric[]) {
    this.name = `smcq_${name}`;
    this.#metrics = metrics;
  }

  async get(): Promise<object> {
    const [{ help, type } = { help: "", type: "gauge" }] = this.#metrics;
    const values = this.#metrics.slice(0, LABEL_SETS_MAX).flatMap((metric) => this.#samples(metric));
    return { name: this.name, help, type, values, aggregator: "sum" };
  }

  #samples(metric: Metric): readonly Sample[] {
    const { labels = {} } = metric;
    if (metric.type !== "histogram") return [{ labels, value: metric.value }];
    const { boundsMs, counts, count, sumMs } = metric.durations;
    let below = 0;
    const buckets = boundsMs.map((bound, at): Sample => {
      below += counts[at] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le: String(bound) }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
      { metricName: `${this.name}_sum`, labels, value: sumMs },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

/** The Prometheus text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), families by name. */
export async function metricsText(metrics: readonly Metric[]): Promise<string> {
  const byName = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const family = byName.get(metric.name);
    if (family === undefined) byName.set(metric.name, [metric]);
    else family.push(metric);
  }
  const left = [...byName.values()].reduce(
    (sum, { length }) => sum + Math.max(0, length - LABEL_SETS_MAX),
    0,
  );
  const help = "label sets beyond the limit of one name, which are not told";
  byName.set("metrics_left_out", [{ name: "metrics_left_out", help, type: "gauge", value: left }]);
  const registry = new Registry();
  for (const [name, family] of byName)
    // Its type wants the client's own class, of which only name and get are used.
    registry.registerMetric(
      new Family(name, family) as unknown as Parameters<typeof registry.registerMetric>[0],
    );
  return registry.metrics();
}
