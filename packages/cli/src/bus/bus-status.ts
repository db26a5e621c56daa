import type { PartsView } from "@smcq/bus-nats";
import type { DurationCounts, SignalBusCounts } from "@smcq/engine";
import type { Metric } from "../output/metrics/metric.ts";

/** How an engine does with those of other hosts, as plain data. */
export interface BusStatus {
  readonly role: "scanner" | "executor";
  readonly isConnected: boolean;
  /** How often the connection was lost. */
  readonly losses: number;
  readonly signals: SignalBusCounts;
  /** Who scans which parts; null: this engine does not scan. */
  readonly parts: PartsView | null;
  /** What a scanner has told; null: this engine does not scan. */
  readonly told: ToldCounts | null;
  /** What was heard of scanners; null: this engine does not trade. */
  readonly heard: HeardCounts | null;
}

export interface ToldCounts {
  readonly signals: number;
  /** Signals of parts that another scanner tells of. */
  readonly foreign: number;
  readonly bars: number;
  /** Bars that were told without those of their minute, later. */
  readonly late: number;
  /** Bars that never came. */
  readonly missing: number;
}

export interface HeardCounts {
  readonly signals: number;
  /** Given to the core. */
  readonly taken: number;
  /** Heard before. */
  readonly repeated: number;
  /** Of another plan, other features or another model than this engine goes by. */
  readonly otherRun: number;
  /** Of symbols that this engine does not watch, or of parts that its settings do not know. */
  readonly unknown: number;
  /** Found no place in the core's inbox. */
  readonly dropped: number;
  readonly bars: number;
  readonly unscanned: number;
  /** Bars that nobody has told in time. */
  readonly missing: number;
  /** Parts whose scanner tells of them. */
  readonly partsLive: number;
  readonly parts: number;
  /** From the score on the scanner's host to the core's inbox here, by both hosts' wall clocks. */
  readonly latency: DurationCounts;
}

/** What a scrape reads of it. */
export function busMetrics(status: BusStatus): readonly Metric[] {
  const { signals: bus, parts, told, heard } = status;
  return [
    gauge("bus_connected", "1: there is a connection to the bus", Number(status.isConnected)),
    counter("bus_losses_total", "how often the connection to the bus was lost", status.losses),
    gauge("bus_waiting", "words that wait for the bus to keep them", bus.waiting),
    gauge(
      "bus_lag",
      "words that the bus keeps and that were not acknowledged here, as far as is known",
      bus.lag,
    ),
    ...Object.entries({
      published: bus.published,
      kept: bus.kept,
      known: bus.known,
      dropped: bus.dropped,
      heard: bus.heard,
      acknowledged: bus.acknowledged,
      poison: bus.poison,
    }).map(([fate, value]) =>
      counter("bus_words_total", "words of scanners, by what became of them", value, { fate }),
    ),
    ...(parts === null ? [] : partMetrics(parts)),
    ...(told === null
      ? []
      : Object.entries(told).map(([fate, value]) =>
          counter("role_told_total", "what this scanner has told, and what it has not", value, { fate }),
        )),
    ...(heard === null ? [] : heardMetrics(heard)),
  ];
}

function partMetrics(parts: PartsView): readonly Metric[] {
  const { held, warming, leaving, orphans, taken, lost, members } = parts;
  return [
    ...Object.entries({ held, warming, leaving }).map(([state, value]) =>
      gauge("part_count", "parts of the universe at this scanner, by state", value, { state }),
    ),
    gauge("part_orphans", "parts that nobody owns, or whose owner is silent", orphans),
    gauge("part_members", "scanners that share the universe", members.length),
    counter("part_taken_total", "parts that this scanner has taken over", taken),
    counter("part_lost_total", "parts that another scanner has taken from this one", lost),
  ];
}

function heardMetrics(heard: HeardCounts): readonly Metric[] {
  const { partsLive, parts, latency, ...counts } = heard;
  return [
    gauge("part_live", "parts whose scanner tells of them", partsLive),
    gauge("part_silent", "parts of which nothing is heard: nothing of them is entered", parts - partsLive),
    ...Object.entries(counts).map(([fate, value]) =>
      counter("role_heard_total", "what was heard of scanners, by what became of it", value, { fate }),
    ),
    {
      name: "bus_signal_latency_ms",
      help: "from a score on the scanner's host to the core's inbox here, by both hosts' wall clocks, ms",
      type: "histogram",
      durations: latency,
    },
  ];
}

function gauge(
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Metric {
  return { name, help, type: "gauge", value, labels };
}

function counter(
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Metric {
  return { name, help, type: "counter", value, labels };
}
