import {
  createCell,
  type KlineCell,
  markE8At,
  type MarketSymbol,
  type Print,
  turnsOf,
} from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import type { Venue } from "../venue.ts";

/** A turn of a minute's path; the price in the grid's units. */
interface Knot {
  readonly timeMs: number;
  readonly units: number;
}

interface Path {
  readonly minute: number;
  /** Base units e8. */
  readonly volumeE8: bigint;
  readonly knots: readonly Knot[];
}

/**
 * Where each symbol's market is: on the documented path of its minute (`MarketData`), rounded to ticks, or, held, where a
 * test has put it. The mark is the last price and a small seeded basis.
 */
export class Prices {
  readonly #venue: Venue;
  readonly #isHeld: boolean;
  readonly #held = new Map<number, Omit<Print, "timeMs">>();
  readonly #paths = new Map<number, Path>();
  readonly #cell: KlineCell = createCell();

  constructor(venue: Venue, isHeld: boolean) {
    this.#venue = venue;
    this.#isHeld = isHeld;
  }

  /** True: prices stand until they are moved. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Puts a symbol's market somewhere. */
  hold(symbol: MarketSymbol, lastE8: bigint, markE8: bigint): void {
    this.#held.set(symbol.index, { lastE8, markE8 });
  }

  /** The market at a time; null: nothing of it has been traded yet. */
  at(symbol: MarketSymbol, timeMs: number): Print | null {
    if (!this.#isHeld) return this.#onPath(symbol, timeMs);
    const held = this.#held.get(symbol.index);
    if (held !== undefined) return { timeMs, ...held };
    const found = this.#onPath(symbol, this.#venue.time.startMs);
    if (found === null) return null;
    this.hold(symbol, found.lastE8, found.markE8);
    return { ...found, timeMs };
  }

  /** What the present minute trades, base units e8; null: prices are held, and any order is small. */
  volumeE8(symbol: MarketSymbol, timeMs: number): bigint | null {
    if (this.#isHeld) return null;
    return this.#pathOf(symbol, this.#venue.market.minuteAt(timeMs))?.volumeE8 ?? null;
  }

  /** The way from one time to a later one: every turn of the path between, and the end. */
  way(symbol: MarketSymbol, fromMs: number, toMs: number): readonly Print[] {
    const { market } = this.#venue;
    const way: Print[] = [];
    if (!this.#isHeld)
      for (let minute = market.minuteAt(fromMs); minute <= market.minuteAt(toMs); minute++)
        for (const { timeMs, units } of this.#pathOf(symbol, minute)?.knots ?? [])
          if (timeMs > fromMs && timeMs < toMs && timeMs < market.openTimeMs(minute + 1))
            way.push(this.#print(symbol, timeMs, units));
    const end = this.at(symbol, toMs);
    return end === null ? way : [...way, end];
  }

  #onPath(symbol: MarketSymbol, timeMs: number): Print | null {
    const { market } = this.#venue;
    const path = this.#pathOf(symbol, market.minuteAt(timeMs));
    if (path === null) return null;
    const next = path.knots.findIndex((knot) => knot.timeMs >= timeMs);
    const to = path.knots.at(next);
    const from = path.knots[next - 1] ?? to;
    if (to === undefined || from === undefined) return null;
    const share =
      to.timeMs === from.timeMs || next < 0 ? 1 : (timeMs - from.timeMs) / (to.timeMs - from.timeMs);
    return this.#print(symbol, timeMs, from.units + (to.units - from.units) * share);
  }

  #print(symbol: MarketSymbol, timeMs: number, units: number): Print {
    const { priceDecimals, tickUnits } = symbol.grid;
    const whole = Math.max(1, Math.round(units / tickUnits)) * tickUnits;
    const lastE8 = BigInt(whole) * 10n ** BigInt(8 - priceDecimals);
    const markE8 = markE8At(lastE8, this.#venue.market.seed, symbol.symbolKey, timeMs);
    return { timeMs, lastE8, markE8 };
  }

  /** A minute without a bar stands where the last bar before it ended; null: there is none. */
  #pathOf(symbol: MarketSymbol, minute: number): Path | null {
    const known = this.#paths.get(symbol.index);
    if (known?.minute === minute) return known;
    const { market } = this.#venue;
    const cell = this.#cell;
    let barred = minute;
    if (!market.isLooped) barred = Math.min(barred, market.minuteCount - 1);
    while (barred >= symbol.firstMinute && !this.#venue.hasBar(symbol, barred)) barred--;
    if (barred < symbol.firstMinute) return null;
    market.bar(symbol, barred, cell);
    const openMs = market.openTimeMs(minute);
    const endMs = openMs + MINUTE_MS;
    const flat = { timeMs: openMs, units: cell.close };
    const knots = barred < minute ? [flat, { ...flat, timeMs: endMs }] : this.#turns(symbol, minute, openMs);
    const { volumeDecimals } = symbol.grid;
    const traded = barred < minute ? 0 : cell.volume;
    const path = { minute, knots, volumeE8: BigInt(traded) * 10n ** BigInt(8 - volumeDecimals) };
    this.#paths.set(symbol.index, path);
    return path;
  }

  #turns(symbol: MarketSymbol, minute: number, openMs: number): readonly Knot[] {
    const { open, high, low, close } = this.#cell;
    const { seed } = this.#venue.market;
    const { isLowFirst, first, second } = turnsOf(close >= open, seed, symbol.symbolKey, minute);
    const at = (share: number): number => openMs + Math.round(share * MINUTE_MS);
    return [
      { timeMs: openMs, units: open },
      { timeMs: at(first), units: isLowFirst ? low : high },
      { timeMs: at(second), units: isLowFirst ? high : low },
      { timeMs: openMs + MINUTE_MS, units: close },
    ];
  }
}
