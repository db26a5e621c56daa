import { textTable } from "../offline/ledger/answer/text-table.ts";
import { NONE, numberText } from "../offline/report/format.ts";
import type { DurationsView, MetricView } from "./protocol.ts";

/** What is timed, in the order in which it is told; names as in `GET /metrics`. */
const TIMED: readonly (readonly [metric: string, title: string])[] = [
  ["close_to_scored_ms", "From the closing frame to the score"],
  ["stage_ms", "Stages of a close that brought a candidate"],
  ["gc_pause_ms", "Collections of garbage by thread"],
  ["event_loop_late_ms", "Event loops: by how much they were late"],
  ["order_round_trip_ms", "Order round trip"],
  ["position_naked_ms", "Time without a confirmed stop"],
  ["journal_synced_ms", "From a word to its row on the disk"],
];

/** Durations of one thing. A quantile is the end of the bucket that it lies in; null: it lies above all bounds. */
export interface TimedView {
  /** The values of its labels: a stage, a thread, a kind of order; "all": it has none. */
  readonly of: string;
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly msMax: number;
  readonly meanMs: number;
}

/** How fast the engine is: the figures of the last minute line, and every duration since the start that was measured. */
export interface LatencyView {
  /** Null: no minute has been told yet. */
  readonly minute: Readonly<Record<"p50Ms" | "p99Ms" | "msMax", number | null>>;
  readonly positionsNaked: number | null;
  readonly groups: readonly {
    readonly metric: string;
    readonly title: string;
    readonly timed: readonly TimedView[];
  }[];
}

/** Of what the run measures, how long what takes. */
export function latencyView(metrics: readonly MetricView[]): LatencyView {
  const valueOf = (wanted: string): number | null =>
    metrics.find(({ name }) => name === wanted)?.value ?? null;
  return {
    minute: {
      p50Ms: valueOf("minute_close_to_scored_p50_ms"),
      p99Ms: valueOf("minute_close_to_scored_p99_ms"),
      msMax: valueOf("minute_close_to_scored_ms_max"),
    },
    positionsNaked: valueOf("positions_naked"),
    groups: TIMED.map(([metric, title]) => ({
      metric,
      title,
      timed: metrics.flatMap(({ name, labels, durations }) =>
        name === metric && durations !== null && durations.count > 0 ? [timedView(labels, durations)] : [],
      ),
    })),
  };
}

function timedView(labels: MetricView["labels"], durations: DurationsView): TimedView {
  const { count, sumMs, msMax } = durations;
  return {
    of: Object.values(labels).join(" ") || "all",
    count,
    p50Ms: quantileMs(durations, 0.5),
    p99Ms: quantileMs(durations, 0.99),
    msMax,
    meanMs: sumMs / count,
  };
}

function quantileMs({ boundsMs, counts, count }: DurationsView, share: number): number | null {
  let sum = 0;
  for (const [at, own] of counts.entries()) {
    sum += own;
    if (sum >= share * count) return boundsMs[at] ?? null;
  }
  return null;
}

/** `smcq latency` for eyes. */
export function latencyText({ minute, positionsNaked, groups }: LatencyView): string {
  const { p50Ms, p99Ms, msMax } = minute;
  const head = `close to scored, last minute: p50 ${msText(p50Ms)}, p99 ${msText(p99Ms)}, longest ${msText(msMax)} ms\npositions without a stop now: ${positionsNaked ?? NONE}\n`;
  const tables = groups
    .filter(({ timed }) => timed.length > 0)
    .map(({ title, timed }) => `\n${title}\n${timedTable(timed)}`);
  const empty = groups.filter(({ timed }) => timed.length === 0).map(({ title }) => `  ${title}\n`);
  const rest = empty.length === 0 ? "" : `\nnothing was timed of\n${empty.join("")}`;
  return `${head}${tables.join("")}${rest}`;
}

function timedTable(timed: readonly TimedView[]): string {
  const figure = (name: string): { readonly name: string; readonly isFigure: true } => ({
    name,
    isFigure: true,
  });
  return textTable(
    [{ name: "Of" }, ...["Times", "p50, ms", "p99, ms", "Longest, ms", "Mean, ms"].map(figure)],
    timed.map(({ of, count, p50Ms, p99Ms, msMax, meanMs }) => [
      of,
      numberText(count),
      boundText(p50Ms),
      boundText(p99Ms),
      msText(msMax),
      msText(meanMs),
    ]),
  );
}

function boundText(ms: number | null): string {
  return ms === null ? "above all" : `≤ ${msText(ms)}`;
}

function msText(ms: number | null): string {
  return ms === null ? NONE : ms.toFixed(ms >= 100 ? 0 : 2);
}
