import type { Inbox } from "@smcq/cluster";
import type { Metric } from "./metric.ts";

/** The core's inbox as metrics: events by kind, those dropped because too many waited, and the most that ever did. */
export function inboxMetrics({
  counts,
  size,
  sizeMax,
}: Pick<Inbox, "counts" | "size" | "sizeMax">): Metric[] {
  const kinds = Object.entries(counts);
  const counted = (name: string, help: string, pick: "put" | "dropped"): Metric[] =>
    kinds.map(([kind, count]) => ({ name, help, type: "counter", value: count[pick], labels: { kind } }));
  return [
    ...counted("inbox_events_total", "events put into the core's inbox", "put"),
    ...counted("inbox_dropped_total", "events dropped because too many waited", "dropped"),
    { name: "inbox_waiting", help: "events that wait for the core now", type: "gauge", value: size },
    { name: "inbox_waiting_max", help: "the most events that ever waited", type: "gauge", value: sizeMax },
  ];
}
