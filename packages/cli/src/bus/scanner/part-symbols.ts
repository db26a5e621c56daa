import type { PartHost } from "@smcq/bus-nats";
import type { Coordinator, SymbolHost, WatchedList } from "@smcq/cluster";
import { partOf } from "@smcq/engine";
import type { Clock, Logger } from "@smcq/kernel";
import type { BarsTeller } from "./bars-teller.ts";

const TELL_MS = 60_000;

export interface PartSymbolsDeps {
  readonly coordinator: Pick<Coordinator, "addSymbol" | "removeSymbol" | "isWarm" | "stageOf" | "health">;
  readonly parts: number;
  /** The universe, in the venue's order. */
  readonly symbols: readonly string[];
  readonly teller: Pick<BarsTeller, "begin" | "end" | "toldMs">;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** The universe by its parts, of which only those are scanned that this host is told to. */
export class PartSymbols implements PartHost, SymbolHost, WatchedList {
  readonly #deps: PartSymbolsDeps;
  readonly #universe = new Map<string, { readonly symbol: string; readonly part: number }>();
  readonly #byPart: readonly Set<string>[];
  /** Parts that are scanned, with the time from which their bars raise signals, venue ms. */
  readonly #scanned = new Map<number, number>();
  #toldNs = Number.NEGATIVE_INFINITY;

  constructor(deps: PartSymbolsDeps) {
    this.#deps = deps;
    this.#byPart = Array.from({ length: deps.parts }, () => new Set<string>());
    for (const symbol of deps.symbols) this.addSymbol(symbol);
  }

  get size(): number {
    return this.#universe.size;
  }

  all(): readonly { readonly symbol: string }[] {
    return [...this.#universe.values()];
  }

  of(symbol: string): { readonly symbol: string } | null {
    return this.#universe.get(symbol) ?? null;
  }

  /** The universe has one more symbol; it is scanned where its part is. */
  addSymbol(symbol: string): boolean {
    const part = partOf(symbol, this.#deps.parts);
    this.#universe.set(symbol, { symbol, part });
    this.#symbolsOf(part).add(symbol);
    if (this.#scanned.has(part)) this.#scan(symbol, null);
    return true;
  }

  removeSymbol(symbol: string): boolean {
    const found = this.#universe.get(symbol);
    if (found === undefined) return false;
    this.#universe.delete(symbol);
    this.#symbolsOf(found.part).delete(symbol);
    this.#deps.coordinator.removeSymbol(symbol);
    return true;
  }

  warm(part: number, fromMs: number): void {
    const scannedMs = this.#scanned.get(part);
    if (scannedMs !== undefined && fromMs < scannedMs) this.release(part);
    this.#deps.teller.begin(part, fromMs);
    if (this.#scanned.has(part)) return;
    this.#scanned.set(part, fromMs);
    for (const symbol of this.#symbolsOf(part)) this.#scan(symbol, fromMs);
  }

  isWarm(part: number): boolean {
    const { coordinator } = this.#deps;
    for (const symbol of this.#symbolsOf(part)) {
      // It found no place: one that was given up may be free by now.
      if (coordinator.stageOf(symbol) === null) this.#scan(symbol, this.#scanned.get(part) ?? null);
      if (!coordinator.isWarm(symbol)) return false;
    }
    return true;
  }

  release(part: number): void {
    this.#scanned.delete(part);
    this.#deps.teller.end(part);
    for (const symbol of this.#symbolsOf(part)) this.#deps.coordinator.removeSymbol(symbol);
  }

  toldMs(part: number): number {
    return this.#deps.teller.toldMs(part);
  }

  counts(): { readonly symbols: number; readonly ready: number } {
    const { symbols, ready } = this.#deps.coordinator.health();
    return { symbols, ready };
  }

  symbolsOf(part: number): readonly string[] {
    return [...this.#symbolsOf(part)];
  }

  #symbolsOf(part: number): Set<string> {
    const found = this.#byPart[part];
    if (found === undefined) throw new RangeError(`no part ${part}`);
    return found;
  }

  #scan(symbol: string, fromMs: number | null): void {
    const { coordinator, logger, wallClock } = this.#deps;
    if (coordinator.addSymbol(symbol, fromMs)) return;
    const nowNs = wallClock.monoNs();
    if ((nowNs - this.#toldNs) / 1e6 < TELL_MS) return;
    this.#toldNs = nowNs;
    logger.error({ symbol, symbols: this.size }, "no slot is free for a symbol of this scanner's parts");
  }
}
