import { createCell } from "@smcq/exchange-sim";
import { MINUTE_MS, SmcqError } from "@smcq/kernel";
import type { SimStats } from "./stats.ts";
import { KlineFrame } from "./stream/kline-frame.ts";
import type { Venue } from "./venue.ts";
import { textFrame, type Connection } from "./ws/connection.ts";
import type { Hub } from "./ws/hub.ts";

/** How a burst was written: monotonic ns (comparable between processes of one machine), frames and bytes. */
export interface BurstReport {
  readonly minute: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly frames: number;
  readonly bytes: number;
}

interface Prepared {
  readonly connection: Connection;
  readonly chunks: readonly Buffer[];
  readonly frames: number;
}

/**
 * The bench's hand on a market that stands still (`clock: "manual"`): frames are encoded beforehand, so that a
 * burst costs the venue its writes alone.
 */
export class BurstControl {
  readonly #venue: Venue;
  readonly #hub: Hub;
  readonly #stats: SimStats;
  readonly #frame = new KlineFrame();
  readonly #cell = createCell();
  #minute: number;
  #prepared: readonly Prepared[] | null = null;
  #steady: readonly Prepared[] = [];
  #nextSteady: readonly Prepared[] = [];
  #steadyRate = 0;
  #owed = 0;
  #cursor = 0;
  #lastNs = 0;

  constructor(venue: Venue, hub: Hub, stats: SimStats) {
    this.#venue = venue;
    this.#hub = hub;
    this.#stats = stats;
    this.#minute = venue.settings.startMinute;
  }

  #encodeAll(minute: number, fraction: number, eventTimeMs: number): Prepared[] {
    const { market } = this.#venue;
    const isFinal = fraction === 1;
    const chunks = new Map<Connection, Buffer[]>();
    for (const symbol of market.symbols) {
      const subscriptions = this.#hub.klines(symbol.index);
      if (subscriptions.length === 0 || !this.#venue.isFlowing(symbol.index)) continue;
      market.forming(symbol, minute, fraction, this.#cell);
      this.#frame.encode(symbol, this.#cell, { openTimeMs: market.openTimeMs(minute), eventTimeMs, isFinal });
      const { writer, rawStart } = this.#frame;
      for (const { connection } of subscriptions) {
        const from = connection.isCombined ? 0 : rawStart;
        const to = connection.isCombined ? writer.length : writer.length - 1;
        const list = chunks.get(connection) ?? [];
        list.push(textFrame(writer.bytes.subarray(from, to)));
        chunks.set(connection, list);
      }
    }
    return [...chunks].map(([connection, list]) => ({ connection, chunks: list, frames: list.length }));
  }

  /** Encodes the next close for the subscriptions of this moment; `closeNow` does it when it was not called. */
  prepare(): void {
    const { market, settings, time } = this.#venue;
    if (time.advanceTo === null)
      throw new SmcqError("SIM_MODE", 'closeNow and steady need the option clock: "manual"');
    if (!market.isLooped && this.#minute >= market.minuteCount)
      throw new SmcqError("SIM_END", "the bundled data has ended");
    // Encoded now, so that the venue does not work while a burst is measured on the same cores.
    this.#nextSteady = this.#steadyRate > 0 ? this.#encodeSteady(this.#minute + 1) : [];
    const closeMs = market.openTimeMs(this.#minute + 1) + settings.finalDelayMs;
    const perFrame = this.#encodeAll(this.#minute, 1, closeMs);
    this.#prepared =
      settings.burst === "frame-per-write"
        ? perFrame
        : perFrame.map(({ connection, chunks, frames }) => ({
            connection,
            chunks: [Buffer.concat(chunks)],
            frames,
          }));
  }

  /** Closes the current minute of all subscribed symbols: moves the clock, writes the prepared frames. */
  closeNow(): BurstReport {
    if (this.#prepared === null) this.prepare();
    const prepared = this.#prepared ?? [];
    this.#prepared = null;
    const minute = this.#minute++;
    const { market, settings, time } = this.#venue;
    time.advanceTo?.(market.openTimeMs(minute + 1) + settings.finalDelayMs);
    const startNs = time.wall.monoNs();
    let bytes = 0;
    for (const { connection, chunks } of prepared)
      for (const chunk of chunks) {
        connection.write(chunk);
        bytes += chunk.length;
      }
    const endNs = time.wall.monoNs();
    const frames = prepared.reduce((sum, one) => sum + one.frames, 0);
    this.#stats.frames += frames;
    this.#stats.bytes += bytes;
    this.#stats.finals.regular += frames;
    this.#stats.finals.total += frames;
    this.#steady = this.#nextSteady;
    return { minute, startNs, endNs, frames, bytes };
  }

  /** Sends forming frames at a steady rate over all connections until called with 0; messages a wall second. */
  steady(messagesPerSecond: number): void {
    if (this.#venue.time.advanceTo === null)
      throw new SmcqError("SIM_MODE", 'closeNow and steady need the option clock: "manual"');
    this.#steadyRate = messagesPerSecond;
    this.#owed = 0;
    this.#lastNs = this.#venue.time.wall.monoNs();
  }

  /** Sends what the steady rate owes since the last turn. */
  turn(): void {
    if (this.#steadyRate <= 0) return;
    const nowNs = this.#venue.time.wall.monoNs();
    this.#owed += ((nowNs - this.#lastNs) / 1e9) * this.#steadyRate;
    this.#lastNs = nowNs;
    if (this.#steady.length === 0) this.#steady = this.#encodeSteady(this.#minute);
    const total = this.#steady.reduce((sum, { chunks }) => sum + chunks.length, 0);
    if (total === 0) return;
    while (this.#owed >= 1) {
      const slot = this.#cursor++ % total;
      this.#writeSlot(slot);
      this.#owed--;
    }
  }

  // Three moments of the minute in turn, so that frames differ and forming bars move on.
  #encodeSteady(minute: number): Prepared[] {
    const { market } = this.#venue;
    if (!market.isLooped && minute >= market.minuteCount) return [];
    const eventTimeMs = market.openTimeMs(minute) + MINUTE_MS / 2;
    const byConnection = new Map<Connection, Buffer[]>();
    for (const fraction of [0.3, 0.5, 0.7])
      for (const { connection, chunks } of this.#encodeAll(minute, fraction, eventTimeMs))
        byConnection.set(connection, [...(byConnection.get(connection) ?? []), ...chunks]);
    return [...byConnection].map(([connection, chunks]) => ({
      connection,
      chunks,
      frames: chunks.length,
    }));
  }

  #writeSlot(slot: number): void {
    let left = slot;
    for (const { connection, chunks } of this.#steady) {
      if (left < chunks.length) {
        const chunk = chunks[left] as Buffer;
        connection.write(chunk);
        this.#stats.formings++;
        this.#stats.frames++;
        this.#stats.bytes += chunk.length;
        return;
      }
      left -= chunks.length;
    }
  }
}
