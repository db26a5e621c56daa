import type { KnobId } from "@smcq/exchange-sim";
import { countFault, type SimStats } from "./stats.ts";
import type { Venue } from "./venue.ts";

/** Why a part of the venue is dead. */
export type Outage = Extract<KnobId, "MD09" | "MD10" | "NW08" | "NW09" | "NW10" | "NW11">;

/** Which halves of the venue answer at the moment, and how slowly. */
export class Outages {
  readonly #venue: Venue;
  readonly #stats: SimStats;
  #restDeadUntilMs = 0;
  #socketsDeadUntilMs = 0;
  #swizzleUntilMs = 0;
  restOutage: Outage = "NW08";
  socketOutage: Outage = "NW09";

  constructor(venue: Venue, stats: SimStats) {
    this.#venue = venue;
    this.#stats = stats;
  }

  /** Lets REST die until `untilMs`, for the reason given. */
  killRest(reason: Outage, untilMs: number): void {
    this.restOutage = reason;
    this.#restDeadUntilMs = Math.max(this.#restDeadUntilMs, untilMs);
  }

  /** Refuses WebSocket handshakes until `untilMs`, for the reason given. */
  killSockets(reason: Outage, untilMs: number): void {
    this.socketOutage = reason;
    this.#socketsDeadUntilMs = Math.max(this.#socketsDeadUntilMs, untilMs);
  }

  /** Accepts handshakes by chance only until `untilMs` (NW11). */
  swizzle(untilMs: number): void {
    this.#swizzleUntilMs = untilMs;
  }

  /** Ends every outage: a new fault plan begins with a venue that answers. */
  clear(): void {
    this.#restDeadUntilMs = 0;
    this.#socketsDeadUntilMs = 0;
    this.#swizzleUntilMs = 0;
  }

  isRestDead(): boolean {
    return this.#venue.time.clock.nowMs() < this.#restDeadUntilMs;
  }

  /** True when this handshake meets a dead venue. */
  isSocketDead(handshake: number): boolean {
    const nowMs = this.#venue.time.clock.nowMs();
    if (nowMs < this.#socketsDeadUntilMs) return true;
    if (nowMs >= this.#swizzleUntilMs) return false;
    this.socketOutage = "NW11";
    return this.#venue.faults.draw("NW11", handshake, 0) < 0.5;
  }

  /** Delay of frame or reply number `ordinal` in venue ms (NW06). */
  latencyMs(ordinal: number): number {
    const { faults } = this.#venue;
    if (!faults.isOn("NW06")) return 0;
    countFault(this.#stats, "NW06");
    return faults.value("NW06", "latency") + faults.value("NW06", "jitter") * faults.draw("NW06", ordinal, 0);
  }
}
