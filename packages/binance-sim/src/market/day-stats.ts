import { createCell, type KlineCell, type MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import type { Venue } from "../venue.ts";

const HOUR_MINUTES = 60;
const DAY_MINUTES = 1440;

/** What a symbol's market did in its last 24 hours, the forming minute included; units of its grid. */
export interface DayFigures {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  quote: number;
  trades: number;
  firstId: number;
  lastId: number;
  openMs: number;
}

interface Cached {
  readonly minute: number;
  /** Closed minutes alone. */
  readonly figures: DayFigures | null;
}

/** Sums over 24 hours, made when somebody asks: whole hours are reckoned once, the minutes at both ends each minute. */
export class DayStats {
  readonly #venue: Venue;
  readonly #cell: KlineCell = createCell();
  readonly #hours = new Map<number, Map<number, DayFigures | null>>();
  readonly #closed = new Map<number, Cached>();

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  /** Null: the symbol has no bar in this time. */
  at(symbol: MarketSymbol, nowMs: number): DayFigures | null {
    const { market } = this.#venue;
    const minute = market.minuteAt(nowMs);
    const closed = this.#closedOf(symbol, minute);
    const forming = this.#minute(symbol, minute, (nowMs - market.openTimeMs(minute)) / MINUTE_MS);
    return join(closed, forming);
  }

  #closedOf(symbol: MarketSymbol, minute: number): DayFigures | null {
    const known = this.#closed.get(symbol.index);
    if (known?.minute === minute) return known.figures;
    const first = Math.max(symbol.firstMinute, minute - DAY_MINUTES + 1);
    let figures: DayFigures | null = null;
    for (let at = first; at < minute;) {
      const isWhole = at % HOUR_MINUTES === 0 && at + HOUR_MINUTES <= minute;
      figures = join(figures, isWhole ? this.#hour(symbol, at) : this.#minute(symbol, at, 1));
      at += isWhole ? HOUR_MINUTES : 1;
    }
    this.#closed.set(symbol.index, { minute, figures });
    return figures;
  }

  #hour(symbol: MarketSymbol, from: number): DayFigures | null {
    let hours = this.#hours.get(symbol.index);
    if (hours === undefined) {
      hours = new Map();
      this.#hours.set(symbol.index, hours);
    }
    const known = hours.get(from);
    if (known !== undefined) return known;
    let figures: DayFigures | null = null;
    for (let minute = from; minute < from + HOUR_MINUTES; minute++)
      figures = join(figures, this.#minute(symbol, minute, 1));
    hours.set(from, figures);
    for (const hour of hours.keys()) if (hour < from - 2 * DAY_MINUTES) hours.delete(hour);
    return figures;
  }

  #minute(symbol: MarketSymbol, minute: number, share: number): DayFigures | null {
    if (!this.#venue.hasBar(symbol, minute)) return null;
    const { market } = this.#venue;
    const cell = this.#cell;
    market.forming(symbol, minute, Math.min(1, Math.max(0, share)), cell);
    const { open, high, low, close, volume, quote, trades, firstTradeId, lastTradeId } = cell;
    const openMs = market.openTimeMs(minute);
    return {
      open,
      high,
      low,
      close,
      volume,
      quote,
      trades,
      firstId: firstTradeId,
      lastId: lastTradeId,
      openMs,
    };
  }
}

function join(a: DayFigures | null, b: DayFigures | null): DayFigures | null {
  if (a === null || b === null) return b ?? a;
  return {
    open: a.open,
    high: Math.max(a.high, b.high),
    low: Math.min(a.low, b.low),
    close: b.close,
    volume: a.volume + b.volume,
    quote: a.quote + b.quote,
    trades: a.trades + b.trades,
    firstId: a.firstId < 0 ? b.firstId : a.firstId,
    lastId: b.lastId < 0 ? a.lastId : b.lastId,
    openMs: a.openMs,
  };
}
