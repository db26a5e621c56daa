import { numberText } from "../state/format.ts";
import {
  type Durations,
  type Metric,
  type MetricsAnswer,
  quantile,
  useMetrics,
  valueOf,
} from "../state/metrics.ts";
import { Answer, Bars, Empty, Panel, Tile, Tiles } from "../ui/parts.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** Durations of one kind, each of something of its own. */
interface Group {
  readonly metric: string;
  readonly title: string;
  /** Whose a row is: the heading of the table. */
  readonly of: string;
  /** What is said where nothing was timed. */
  readonly empty: string;
}

const GROUPS: readonly Group[] = [
  {
    metric: "close_to_scored_ms",
    title: "From the closing frame to the score, every bar since the start",
    of: "What",
    empty: "No bar has closed yet.",
  },
  {
    metric: "stage_ms",
    title: "Stages of a close that brought a candidate",
    of: "Until",
    empty: "No close has brought a candidate yet.",
  },
  {
    metric: "gc_pause_ms",
    title: "Collections of garbage by thread",
    of: "Thread",
    empty: "No thread has collected yet.",
  },
  {
    metric: "event_loop_late_ms",
    title: "Event loops: by how much they were late",
    of: "Thread",
    empty: "No event loop has been looked at yet.",
  },
  {
    metric: "order_round_trip_ms",
    title: "Order round trip",
    of: "Order",
    empty: "No order has been answered yet.",
  },
  {
    metric: "position_naked_ms",
    title: "Time without a confirmed stop",
    of: "Clock",
    empty: "No position has been opened yet.",
  },
  {
    metric: "journal_synced_ms",
    title: "From a word to its row on the disk",
    of: "What",
    empty: "Nothing has been written yet.",
  },
];

/** What a stage ends with. */
const STAGE_NAMES: Readonly<Record<string, string>> = {
  written: "the bar stands in the ring",
  taken: "a scan takes it",
  features: "its features are there",
  scored: "its score is there",
  emitted: "the signal is out",
};

/** How fast it is, stage by stage. */
export function Latency() {
  const asked = useMetrics();
  return (
    <>
      <h1 class="unseen">Latency</h1>
      <Answer asked={asked}>{(data) => <All data={data} />}</Answer>
    </>
  );
}

function All({ data }: { readonly data: MetricsAnswer }) {
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
      {GROUPS.map((group) => (
        <Timed key={group.metric} group={group} data={data} />
      ))}
    </>
  );
}

interface Row {
  readonly name: string;
  readonly durations: Durations;
}

function rowsOf({ metrics }: MetricsAnswer, metric: string): readonly Row[] {
  return metrics.flatMap(({ name, labels, durations }: Metric) => {
    if (name !== metric || durations === null || durations.count === 0) return [];
    const [label = "all"] = Object.values(labels);
    return [{ name: STAGE_NAMES[label] ?? label, durations }];
  });
}

interface TimedProps {
  readonly group: Group;
  readonly data: MetricsAnswer;
}

function Timed({ group: { metric, title, of, empty }, data }: TimedProps) {
  const rows = rowsOf(data, metric);
  const help = data.metrics.find(({ name }) => name === metric)?.help;
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <Empty>{help === undefined ? "The engine does not measure it in this run." : empty}</Empty>
      ) : (
        <>
          <Table name={title} columns={columnsOf(of)} rows={rows} keyOf={({ name }) => name} empty={empty} />
          <p class="note">{help}; a quantile is the end of the bucket that it lies in</p>
          <div class="columns">
            {rows.map((row) => (
              <Histogram key={row.name} row={row} title={title} />
            ))}
          </div>
        </>
      )}
    </Panel>
  );
}

function columnsOf(of: string): readonly Column<Row>[] {
  const share = (name: string, part: number): Column<Row> => ({
    name,
    isFigure: true,
    cell: ({ durations }) => quantileText(durations, part),
    by: ({ durations }) => quantile(durations, part) ?? durations.msMax,
  });
  return [
    { name: of, cell: ({ name }) => name, by: ({ name }) => name },
    {
      name: "Times",
      isFigure: true,
      cell: ({ durations: { count } }) => numberText(count, 0),
      by: ({ durations: { count } }) => count,
    },
    share("p50", 0.5),
    share("p99", 0.99),
    {
      name: "Longest",
      isFigure: true,
      cell: ({ durations: { msMax } }) => spanText(msMax),
      by: ({ durations: { msMax } }) => msMax,
    },
    {
      name: "Mean",
      isFigure: true,
      isMinor: true,
      cell: ({ durations: { sumMs, count } }) => spanText(sumMs / count),
      by: ({ durations: { sumMs, count } }) => sumMs / count,
    },
  ];
}

function Histogram({ row: { name, durations }, title }: { readonly row: Row; readonly title: string }) {
  const { boundsMs, counts, count } = durations;
  const beyond = count - counts.reduce((sum, own) => sum + own, 0);
  const bars = [
    ...boundsMs.map((bound, at) => ({ label: `≤ ${spanText(bound)}`, count: counts[at] ?? 0 })),
    { label: "longer", count: beyond },
  ];
  const first = bars.findIndex((bar) => bar.count > 0);
  const last = bars.findLastIndex((bar) => bar.count > 0);
  return (
    <section>
      <h3>{name === "all" ? "all" : name}</h3>
      <Bars name={`${title}: ${name}`} bars={bars.slice(first, last + 1)} />
    </section>
  );
}

function quantileText(durations: Durations, share: number): string {
  const bound = quantile(durations, share);
  return bound === null ? `> ${spanText(durations.boundsMs.at(-1) ?? 0)}` : `≤ ${spanText(bound)}`;
}

function spanText(ms: number): string {
  if (ms >= 1_000) return `${numberText(ms / 1_000, ms >= 10_000 ? 0 : 1)} s`;
  return `${numberText(ms, ms >= 10 ? 0 : 2)} ms`;
}
