import type { DutyView } from "../../control/duty-view.ts";
import type { Metric } from "./metric.ts";

/** What a host that shares its account measures of the lease and of the journal's copy. */
export function dutyMetrics(view: DutyView): readonly Metric[] {
  const { isConnected, losses, lease, refusals, copy } = view;
  const gauge = (name: string, help: string, value: number): Metric => ({ name, help, type: "gauge", value });
  const counter = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: "counter",
    value,
  });
  return [
    gauge("lease_bus_connected", "1: this host reaches the bus", Number(isConnected)),
    counter("lease_bus_losses_total", "how often the bus that keeps the lease was lost", losses),
    gauge(
      "lease_held_seconds",
      "how long the account's lease holds yet; 0: it does not",
      lease.heldMs / 1_000,
    ),
    gauge("lease_epoch", "number of this host's holding of the account", lease.epoch),
    counter("lease_renewals_total", "renewals of the account's lease that counted", lease.renewals),
    counter("lease_failures_total", "renewals without an answer, or refused", lease.failures),
    gauge("lease_answer_seconds", "how long the last renewal took", lease.answerMs / 1_000),
    counter("lease_reversions_total", "how often the store of leases went back", lease.reversions),
    counter("lease_refusals_total", "requests that were not signed for want of the lease", refusals),
    gauge("lease_standbys", "hosts that wait for the account, and that the venue answers", view.standbys),
    gauge(
      "lease_venue_silent_seconds",
      "since the venue answered this host last",
      view.venueSilentMs / 1_000,
    ),
    gauge("bus_journal_waiting_rows", "rows of the journal that the bus has not yet", copy?.waitingRows ?? 0),
    counter(
      "bus_journal_lost_rows_total",
      "rows that the stream lacks, made good by a copy",
      copy?.lostRows ?? 0,
    ),
    gauge("bus_journal_seconds", "how long the last rows took to the bus", (copy?.roundTripMs ?? 0) / 1_000),
  ];
}
