import {
  type DurationCounts,
  HALT_REASONS,
  REDUCE_REASONS,
  TRADING_STATES,
  type TradingCore,
  type TradingTally,
} from "@smcq/engine";
import type { RestUse } from "../../control/protocol.ts";
import type { TimedJournal } from "../../run/timed-journal.ts";
import type { Outlet } from "../outlet.ts";
import type { Metric } from "./metric.ts";

const REASONS = [...new Set<string>([...HALT_REASONS, ...REDUCE_REASONS])];

/** What was used of the venue's REST limits. */
export function restMetrics({
  requests,
  failures,
  weightUsed,
  weightLimit,
  bannedUntilMs,
  silentMs,
}: RestUse): Metric[] {
  return [
    counter("rest_calls_total", "REST calls without a signature that were sent", requests),
    counter("rest_failures_total", "REST calls without a signature that came to nothing", failures),
    gauge("rest_weight_used", "weight of the last minute, all calls of this address", weightUsed),
    gauge("rest_weight_limit", "weight that the venue allows in a minute", weightLimit),
    gauge("rest_banned", "1: the venue takes no call of this address", Number(bannedUntilMs > 0)),
    gauge(
      "rest_silent_ms",
      "how long something has waited for REST without any answer; 0: nothing waits",
      silentMs,
    ),
  ];
}

/** The engine's log. */
export function logMetrics({ dropped }: Pick<Outlet, "dropped">): Metric[] {
  return [counter("log_lines_dropped_total", "log lines that nobody will read", dropped)];
}

/** The journal on its way to the disk. */
export function journalMetrics({ stats, syncedMs }: Pick<TimedJournal, "stats" | "syncedMs">): Metric[] {
  return [
    histogram(
      "journal_synced_ms",
      "from a word of the venue or a person to its row on the disk, ms",
      syncedMs,
    ),
    gauge("journal_rows_waiting", "rows that wait for the disk now", stats.waiting),
    counter("journal_rows_stored_total", "rows that are stored", stats.stored),
    counter("journal_retries_total", "batches of rows that were tried again", stats.retries),
    counter("journal_events_lost_total", "events that found no room", stats.eventsLost),
  ];
}

/** State, reasons, and how orders and positions fared. */
export function tradingMetrics({ holdings, orders, tally }: TradingCore): Metric[] {
  const reasons = new Set(holdings.reasons);
  const isState = (state: string): boolean => state === holdings.state;
  const isReason = (reason: string): boolean => reasons.has(reason);
  return [
    ...flags({ name: "trading_state", help: "1: the state", label: "state" }, TRADING_STATES, isState),
    ...flags({ name: "trading_reason", help: "1: why not ACTIVE", label: "reason" }, REASONS, isReason),
    gauge("orders_unknown", "orders of unknown outcome now", orders.unknownCount),
    gauge("orders_open", "orders that may still do something", orders.openCount),
    ...(tally === null ? [] : tallyMetrics(tally)),
  ];
}

function tallyMetrics(tally: TradingTally): Metric[] {
  const { nakedVenueMs, nakedWallMs, roundTripMs, unknownOutcomes, resolutions, differences } = tally;
  const naked = "how long positions stood without a confirmed stop for all of them, ms";
  const trip = "from an order to its answer, of a cancel to the order's end, ms";
  return [
    histogram("position_naked_ms", naked, nakedVenueMs, { clock: "venue" }),
    histogram("position_naked_ms", naked, nakedWallMs, { clock: "wall" }),
    gauge("positions_naked", "positions without a confirmed stop for all of them now", tally.nakedCount),
    ...Object.entries(roundTripMs).map(([kind, durations]) =>
      histogram("order_round_trip_ms", trip, durations, { kind }),
    ),
    ...Object.entries(unknownOutcomes).map(([kind, count]) =>
      counter("orders_unknown_total", "orders whose outcome became unknown", count, { kind }),
    ),
    ...Object.entries(resolutions).map(([found, count]) =>
      counter("orders_resolved_total", "what those turned out to be", count, { as: found }),
    ),
    counter("reconciliations_total", "answers about what the venue holds", tally.reconciliations),
    ...Object.entries(differences).map(([kind, count]) =>
      counter("reconciliation_differences_total", "what put the books right", count, { kind }),
    ),
  ];
}

/** One of each value, 1 where it is given. */
function flags(
  { name, help, label }: { readonly name: string; readonly help: string; readonly label: string },
  values: readonly string[],
  isGiven: (value: string) => boolean,
): Metric[] {
  return values.map((value) => gauge(name, help, Number(isGiven(value)), { [label]: value }));
}

type Labels = Readonly<Record<string, string>>;

function counter(name: string, help: string, value: number, labels: Labels = {}): Metric {
  return { name, help, type: "counter", value, labels };
}

function gauge(name: string, help: string, value: number, labels: Labels = {}): Metric {
  return { name, help, type: "gauge", value, labels };
}

function histogram(name: string, help: string, durations: DurationCounts, labels: Labels = {}): Metric {
  return { name, help, type: "histogram", durations, labels };
}
