import { numberText } from "../state/format.ts";
import {
  labelText,
  type Metric,
  type MetricsAnswer,
  quantile,
  useMetrics,
  valueOf,
} from "../state/metrics.ts";
import { Answer, Bars, Empty, Panel, Tile, Tiles } from "../ui/parts.tsx";

const TITLES: Readonly<Record<string, string>> = {
  order_round_trip_ms: "Order round trip",
  position_naked_ms: "Time without a confirmed stop",
  journal_synced_ms: "To the row on the disk",
};

/** How fast it is, stage by stage. */
export function Latency() {
  const asked = useMetrics();
  return (
    <>
      <h1 class="unseen">Latency</h1>
      <Answer asked={asked}>{(data) => <Stages data={data} />}</Answer>
    </>
  );
}

function Stages({ data }: { readonly data: MetricsAnswer }) {
  const histograms = data.metrics.filter(({ durations }) => durations !== null && durations.count > 0);
  const naked = valueOf(data, "positions_naked");
  return (
    <>
      <Panel title="From the close of a bar to its score, last minute line">
        <Tiles>
          <Tile name="p50, ms" value={numberText(valueOf(data, "minute_close_to_scored_p50_ms"), 1)} />
          <Tile name="p99, ms" value={numberText(valueOf(data, "minute_close_to_scored_p99_ms"), 1)} />
          <Tile name="longest, ms" value={numberText(valueOf(data, "minute_close_to_scored_ms_max"), 1)} />
          <Tile
            name="Positions without a stop now"
            value={numberText(naked, 0)}
            tone={naked !== null && naked > 0 ? "bad" : ""}
          />
        </Tiles>
      </Panel>
      {histograms.length === 0 ? <Empty>No order has been sent yet: nothing has been timed.</Empty> : null}
      <div class="columns">
        {histograms.map((metric) => (
          <Durations key={`${metric.name} ${labelText(metric.labels)}`} metric={metric} />
        ))}
      </div>
    </>
  );
}

function Durations({ metric: { name, labels, help, durations } }: { readonly metric: Metric }) {
  if (durations === null) return null;
  const { boundsMs, counts, count, sumMs, msMax } = durations;
  const beyond = count - counts.reduce((sum, own) => sum + own, 0);
  const bars = [
    ...boundsMs.map((bound, at) => ({ label: `≤ ${boundText(bound)}`, count: counts[at] ?? 0 })),
    { label: "longer", count: beyond },
  ];
  const first = bars.findIndex((bar) => bar.count > 0);
  const last = bars.findLastIndex((bar) => bar.count > 0);
  const { clock } = labels;
  const suffix = clock === undefined ? labelText(labels) : `${clock} clock`;
  return (
    <Panel title={`${TITLES[name] ?? name}${suffix === "" ? "" : `: ${suffix}`}`}>
      <p class="note">
        {help}; n = {count.toLocaleString("en-US")}, mean {numberText(sumMs / count, 1)} ms, p50{" "}
        {quantileText(durations, 0.5)}, p99 {quantileText(durations, 0.99)}, longest {numberText(msMax, 1)} ms
      </p>
      <Bars name={`${name} ${suffix}`} bars={bars.slice(first, last + 1)} />
    </Panel>
  );
}

function quantileText(durations: NonNullable<Metric["durations"]>, share: number): string {
  const bound = quantile(durations, share);
  return bound === null ? `above ${boundText(durations.boundsMs.at(-1) ?? 0)}` : `≤ ${boundText(bound)}`;
}

function boundText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}
