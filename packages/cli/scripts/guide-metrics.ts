// Writes docs/guide/metrics.md from what a running engine serves (with a model and a mirror, so that everything is there):
// curl -s http://127.0.0.1:PORT/metrics | node packages/cli/scripts/guide-metrics.ts && oxfmt docs/guide/metrics.md
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A family of metrics: its name, what it is, and the names of its labels. */
export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Families of Prometheus text, in its order. */
export function metricRows(text: string): readonly MetricRow[] {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:\w+(?:\{.*\})? .*\n?)*)/gm)].map(
    ([, name = "", help = "", type = "", samples = ""]) => ({
      name,
      type,
      help,
      labels: [...new Set([...samples.matchAll(/[{,](\w+)="/g)].map(([, label = ""]) => label))].filter(
        (label) => label !== "le",
      ),
    }),
  );
}

const HEAD = `# Metrics

Written by \`packages/cli/scripts/guide-metrics.ts\` from what an engine serves; tests hold engines to it. \`GET /metrics\` on loopback
(\`metrics.port\`), Prometheus text. \`minute_…\` are the figures of the last line of a minute. Durations are in ms, as everywhere in the engine.

| metric | type | labels | what it is |
| --- | --- | --- | --- |
`;

export function metricsPage(text: string): string {
  const rows = metricRows(text).map(
    ({ name, type, help, labels }) => `| \`${name}\` | ${type} | ${labels.join(", ")} | ${help} |`,
  );
  return `${HEAD}${rows.join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(
    fileURLToPath(new URL("../../../docs/guide/metrics.md", import.meta.url)),
    metricsPage(readFileSync(0, "utf8")),
  );
