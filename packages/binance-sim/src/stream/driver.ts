import { unit4, type MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { countFault, type SimStats } from "../stats.ts";
import type { Venue } from "../venue.ts";
import type { Hub } from "../ws/hub.ts";
import type { Agenda } from "./agenda.ts";
import { sendCoinMargined, strangerKlines } from "./contract-info.ts";
import type { Sender } from "./sender.ts";

const DELAY_SALT = 0x64656c79;
const UPDATE_MS_MIN = 250;
const LATE_FINALS_MS = [2000, 10_000, 24_000] as const;
const CORRECTION_MS = 5000;
const REPLAY_AFTER_MS = 20_000;
const NOISE_EVERY_MINUTES = 10;

/** Where a symbol's stream stands. */
interface StreamState {
  readonly symbol: MarketSymbol;
  /** The minute whose `x:true` comes next, and when. */
  closingMinute: number;
  finalDueMs: number;
  updateDueMs: number;
  readonly last: { close: number; volume: number };
  badMinute: number;
}

/**
 * Moves the market's streams: for each symbol, forming updates while a minute runs (at most one in 250 ms of venue
 * time and in 1/updatesPerSecondWall of wall time), its `x:true` about 2 s after the boundary, then the next minute.
 */
export class MarketDriver {
  readonly #venue: Venue;
  readonly #hub: Hub;
  readonly #stats: SimStats;
  readonly #sender: Sender;
  readonly #agenda: Agenda;
  readonly #states: StreamState[] = [];
  readonly #updateEveryMs: number;
  #minute: number;

  constructor(parts: {
    readonly venue: Venue;
    readonly hub: Hub;
    readonly stats: SimStats;
    readonly sender: Sender;
    readonly agenda: Agenda;
  }) {
    this.#venue = parts.venue;
    this.#hub = parts.hub;
    this.#stats = parts.stats;
    this.#sender = parts.sender;
    this.#agenda = parts.agenda;
    const { settings, time } = this.#venue;
    this.#updateEveryMs = Math.max(UPDATE_MS_MIN, (1000 / settings.updatesPerSecondWall) * time.speed);
    this.#minute = settings.startMinute;
  }

  /** Sends everything that is due; new symbols join at their first minute. */
  tick(nowMs: number): void {
    const { market } = this.#venue;
    while (this.#states.length < market.symbols.length) this.#join(market.at(this.#states.length), nowMs);
    const minute = market.minuteAt(nowMs);
    while (this.#minute < minute) this.#beginMinute(++this.#minute, nowMs);
    for (const state of this.#states) this.#step(state, minute, nowMs);
  }

  #join(symbol: MarketSymbol, nowMs: number): void {
    const closingMinute = Math.max(symbol.firstMinute, this.#venue.market.minuteAt(nowMs));
    this.#states.push({
      symbol,
      closingMinute,
      finalDueMs: this.finalDueMs(symbol, closingMinute),
      updateDueMs: nowMs + this.#updateEveryMs * unit4(symbol.symbolKey, 0, 0, 0),
      last: { close: -1, volume: -1 },
      badMinute: -1,
    });
  }

  #step(state: StreamState, minute: number, nowMs: number): void {
    while (nowMs >= state.finalDueMs) {
      const closed = state.closingMinute;
      this.#close(state, closed);
      state.closingMinute = closed + 1;
      state.finalDueMs = this.finalDueMs(state.symbol, closed + 1);
      state.last.volume = -1;
    }
    if (nowMs < state.updateDueMs || state.closingMinute !== minute) return;
    state.updateDueMs = Math.max(nowMs, state.updateDueMs) + this.#updateEveryMs;
    if (this.#venue.isFlowing(state.symbol.index) && this.#venue.hasBar(state.symbol, minute))
      this.#update(state, minute, nowMs);
  }

  /** When `x:true` of a minute is due, before faults: boundary + delay +- spread/2, some with a tail. */
  finalDueMs(symbol: MarketSymbol, minute: number): number {
    const { settings, market, faults } = this.#venue;
    const boundaryMs = market.openTimeMs(minute + 1);
    if (faults.strikes("MD21", 0, minute)) return boundaryMs + settings.finalDelayMs;
    const seed = settings.seed ^ DELAY_SALT;
    const spread = settings.finalSpreadMs * (unit4(seed, symbol.symbolKey, minute, 0) - 0.5);
    const isTail = unit4(seed, symbol.symbolKey, minute, 1) < settings.finalTailRatio;
    const tail = isTail ? settings.finalTailMs * unit4(seed, symbol.symbolKey, minute, 2) : 0;
    return boundaryMs + Math.max(0, settings.finalDelayMs + spread) + tail;
  }

  #update(state: StreamState, minute: number, nowMs: number): void {
    const { faults, market } = this.#venue;
    const { symbol } = state;
    const fraction = (nowMs - market.openTimeMs(minute)) / MINUTE_MS;
    if (!this.#sender.forming(symbol, minute, fraction, state.last) || state.badMinute === minute) return;
    state.badMinute = minute;
    const order = { symbol, minute, fraction, isFinal: false };
    if (this.#hasBadForming(symbol, minute)) {
      countFault(this.#stats, "MD12");
      this.#sender.implausible(order);
    }
    if (faults.strikes("MD13", symbol.symbolKey, minute) && !this.#isJumpFinal(symbol, minute)) {
      countFault(this.#stats, "MD13");
      this.#sender.jump(order);
    }
  }

  #hasBadForming(symbol: MarketSymbol, minute: number): boolean {
    const { faults } = this.#venue;
    return (
      faults.strikes("MD12", symbol.symbolKey, minute) &&
      faults.draw("MD12", symbol.symbolKey, minute, 1) < 0.5
    );
  }

  #isJumpFinal(symbol: MarketSymbol, minute: number): boolean {
    const { faults } = this.#venue;
    return faults.draw("MD13", symbol.symbolKey, minute, 1) < faults.value("MD13", "finalRatio");
  }

  /** Ends a minute of a symbol: the regular `x:true`, or what a fault makes of it. */
  #close(state: StreamState, minute: number): void {
    const { symbol } = state;
    const { venue, key, strikes } = this.#faultsOf(symbol, minute);
    if (!venue.isFlowing(symbol.index) || !venue.hasBar(symbol, minute)) return;
    if (venue.settings.emptyMinutes === "silent" && this.#isEmpty(symbol, minute)) {
      this.#stats.emptyMinutes++;
      return;
    }
    if (strikes("MD21", 0)) this.#sendExtra(symbol, minute);
    if (strikes("MD11", key)) {
      countFault(this.#stats, "MD11");
      this.#sender.spoiled(symbol, minute);
    }
    if (this.#replaceFinal(symbol, minute)) return;
    this.#sender.final(symbol, minute, "regular");
    if (strikes("MD06", key)) {
      countFault(this.#stats, "MD06");
      const delayMs = CORRECTION_MS * Math.max(0, 2 * venue.faults.draw("MD06", key, minute, 1) - 1);
      this.#later(delayMs, () => this.#sender.final(symbol, minute, "duplicate"));
    }
    if (strikes("NW07", key)) {
      countFault(this.#stats, "NW07");
      this.#later(REPLAY_AFTER_MS, () => {
        this.#sender.final(symbol, minute - 1, "replayed");
        this.#sender.final(symbol, minute, "replayed");
      });
    }
  }

  #faultsOf(
    symbol: MarketSymbol,
    minute: number,
  ): {
    readonly venue: Venue;
    readonly key: number;
    readonly strikes: (
      id: "MD04" | "MD05" | "MD06" | "MD07" | "MD08" | "MD11" | "MD12" | "MD13" | "MD21" | "NW07",
      key: number,
    ) => boolean;
  } {
    const venue = this.#venue;
    return { venue, key: symbol.symbolKey, strikes: (id, key) => venue.faults.strikes(id, key, minute) };
  }

  /** The faults that take the place of the regular final; true when one of them did. */
  #replaceFinal(symbol: MarketSymbol, minute: number): boolean {
    const { venue, key, strikes } = this.#faultsOf(symbol, minute);
    const { faults } = venue;
    const order = { symbol, minute, fraction: 1, isFinal: true };
    if (strikes("MD04", key)) {
      countFault(this.#stats, "MD04");
    } else if (strikes("MD05", key)) {
      countFault(this.#stats, "MD05");
      const drawn = LATE_FINALS_MS[faults.pick("MD05", key, minute, LATE_FINALS_MS.length)] ?? 0;
      this.#later(faults.value("MD05", "delay") || drawn, () => this.#sender.final(symbol, minute, "late"));
    } else if (strikes("MD07", key)) {
      countFault(this.#stats, "MD07");
      const afterNextMs = this.finalDueMs(symbol, minute + 1) + 500;
      this.#agenda.add(afterNextMs, () => this.#sender.final(symbol, minute, "late"));
    } else if (strikes("MD12", key) && !this.#hasBadForming(symbol, minute)) {
      countFault(this.#stats, "MD12");
      this.#sender.implausible(order);
    } else if (strikes("MD13", key) && this.#isJumpFinal(symbol, minute)) {
      countFault(this.#stats, "MD13");
      this.#sender.jump(order);
      this.#later(CORRECTION_MS, () => this.#sender.final(symbol, minute, "correction"));
    } else if (strikes("MD08", key)) {
      countFault(this.#stats, "MD08");
      this.#sender.differingFinal(symbol, minute);
      const correctionMs = faults.value("MD08", "correction");
      if (correctionMs > 0) this.#later(correctionMs, () => this.#sender.final(symbol, minute, "correction"));
    } else {
      return false;
    }
    return true;
  }

  #later(delayMs: number, run: () => void): void {
    this.#agenda.add(this.#venue.time.clock.nowMs() + delayMs, run);
  }

  #isEmpty(symbol: MarketSymbol, minute: number): boolean {
    return this.#venue.market.flatBars(symbol, minute, minute)[5] === 0;
  }

  #sendExtra(symbol: MarketSymbol, minute: number): void {
    const extra = this.#venue.faults.value("MD21", "extra");
    const last = { close: -1, volume: -1 };
    for (let count = 0; count < extra; count++)
      this.#sender.forming(symbol, minute, 1 - (extra - count) / 1000, last);
  }

  /** What happens once a minute, whatever the symbols do. */
  #beginMinute(minute: number, nowMs: number): void {
    const { faults, market } = this.#venue;
    if (faults.strikes("MD21", 0, minute)) countFault(this.#stats, "MD21");
    if (minute % NOISE_EVERY_MINUTES === 0) sendCoinMargined(this.#hub, nowMs);
    for (const connection of this.#hub.connections) {
      if (!faults.strikes("MD16", connection.ordinal, minute)) continue;
      countFault(this.#stats, "MD16");
      for (const text of strangerKlines(market.openTimeMs(minute - 1), nowMs)) connection.appendText(text);
    }
    if (faults.isOn("MD16")) sendCoinMargined(this.#hub, nowMs);
  }
}
