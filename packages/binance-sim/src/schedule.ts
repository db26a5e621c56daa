import { knobOf, type KnobId } from "@smcq/exchange-sim";
import type { Outages } from "./outages.ts";
import { countFault, type SimStats } from "./stats.ts";
import type { Agenda } from "./stream/agenda.ts";
import type { Venue } from "./venue.ts";
import type { Connection } from "./ws/connection.ts";
import type { Hub } from "./ws/hub.ts";

/** Faults that happen at times of their own, not to single frames. */
const SCHEDULED = [
  "MD09",
  "MD10",
  "MD17",
  "MD18",
  "MD19",
  "MD20",
  "NW02",
  "NW08",
  "NW09",
  "NW10",
  "NW11",
  "NW12",
] as const satisfies readonly KnobId[];

type ScheduledId = (typeof SCHEDULED)[number];

/** The non-ASCII name that MD17 lists. */
export const NON_ASCII_LISTING = "龙虾USDT";

/** Fires the scheduled faults of the venue's plan, and the per-connection windows of MD02 and NW03. */
export class FaultSchedule {
  readonly #venue: Venue;
  readonly #hub: Hub;
  readonly #outages: Outages;
  readonly #stats: SimStats;
  readonly #agenda: Agenda;
  readonly #list: (name: string) => void;
  readonly #done = new Map<ScheduledId, number>();
  #startMs: number;

  constructor(parts: {
    readonly venue: Venue;
    readonly hub: Hub;
    readonly outages: Outages;
    readonly stats: SimStats;
    readonly agenda: Agenda;
    readonly list: (name: string) => void;
  }) {
    this.#venue = parts.venue;
    this.#hub = parts.hub;
    this.#outages = parts.outages;
    this.#stats = parts.stats;
    this.#agenda = parts.agenda;
    this.#list = parts.list;
    this.#startMs = parts.venue.time.startMs;
  }

  /** Counts the times of a new plan from now on. */
  restart(): void {
    this.#done.clear();
    this.#startMs = this.#venue.time.clock.nowMs();
  }

  /** Fires what is due. */
  run(nowMs: number): void {
    for (const id of SCHEDULED) {
      const count = this.#done.get(id) ?? 0;
      const offsetMs = this.#venue.faults.eventMs(id, count);
      if (offsetMs === null || nowMs < this.#startMs + offsetMs) continue;
      this.#done.set(id, count + 1);
      countFault(this.#stats, id);
      this.#fire(id, count, nowMs);
    }
    this.#strikeConnections(nowMs);
  }

  #fire(id: ScheduledId, count: number, nowMs: number): void {
    const { faults } = this.#venue;
    const untilMs = nowMs + this.#durationMs(id);
    switch (id) {
      case "MD09":
        this.#victim(id, count)?.reset();
        this.#outages.killSockets(id, untilMs);
        return;
      case "MD10":
      case "NW09":
        this.#hub.resetAll();
        this.#outages.killSockets(id, untilMs);
        return;
      case "NW10":
        this.#hub.resetAll();
        this.#outages.killSockets(id, untilMs);
        this.#outages.killRest(id, untilMs);
        return;
      case "NW08":
        this.#outages.killRest(id, untilMs);
        return;
      case "NW02":
        this.#hub.closeAll(1001, "lifetime reached");
        return;
      case "NW12":
        this.#hub.resetAll();
        return;
      case "NW11":
        this.#swizzle(nowMs, faults.value(id, "step"));
        return;
      case "MD17":
        this.#listOnce(NON_ASCII_LISTING);
        return;
      case "MD18":
        this.#listOnce(`LISTED${count + 1}USDT`);
        return;
      case "MD19":
      case "MD20":
        this.#strikeSymbol(id, count, nowMs);
        return;
      default:
        id satisfies never;
    }
  }

  #durationMs(id: ScheduledId): number {
    const hasDuration = knobOf(id).parameters.some((parameter) => parameter.name === "duration");
    return hasDuration ? this.#venue.faults.value(id, "duration") : 0;
  }

  #victim(id: ScheduledId, count: number): Connection | undefined {
    const connections = [...this.#hub.connections];
    if (connections.length === 0) return undefined;
    return connections[this.#venue.faults.pick(id, count, 0, connections.length)];
  }

  #listOnce(name: string): void {
    if (this.#venue.find(name) === null) this.#list(name);
  }

  /** MD19 ends a symbol after its announcement; MD20 halts one for a while. */
  #strikeSymbol(id: "MD19" | "MD20", count: number, nowMs: number): void {
    const { faults } = this.#venue;
    const names = this.#venue.passing();
    const name = names[faults.pick(id, count, 1, Math.max(1, names.length))];
    if (name === undefined) return;
    if (id === "MD19") {
      const deliveryMs = nowMs + faults.value(id, "lead");
      this.#venue.announceDelisting(name, deliveryMs);
      this.#agenda.add(deliveryMs, () => this.#venue.delist(name));
    } else {
      this.#venue.setHalted(name, true);
      this.#agenda.add(nowMs + faults.value(id, "duration"), () => this.#venue.setHalted(name, false));
    }
  }

  #swizzle(nowMs: number, stepMs: number): void {
    const order = [...this.#hub.connections].toSorted(
      (a, b) => this.#venue.faults.draw("NW11", a.ordinal, 1) - this.#venue.faults.draw("NW11", b.ordinal, 1),
    );
    for (const [place, connection] of order.entries())
      this.#agenda.add(nowMs + place * stepMs, () => connection.reset());
    this.#outages.swizzle(nowMs + 2 * order.length * stepMs);
  }

  #strikeConnections(nowMs: number): void {
    const { faults } = this.#venue;
    for (const id of ["MD02", "NW03"] as const) {
      if (!faults.isOn(id)) continue;
      const window = Math.floor(nowMs / faults.value(id, "window"));
      for (const connection of this.#hub.connections) {
        const isStruck = id === "MD02" ? connection.isMuted : connection.isBlackholed;
        if (isStruck || !faults.strikes(id, connection.ordinal, window)) continue;
        countFault(this.#stats, id);
        if (id === "MD02") connection.isMuted = true;
        else connection.blackhole();
      }
    }
  }
}
