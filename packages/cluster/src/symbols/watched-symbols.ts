import type { Universe } from "@smcq/exchange";
import { didYouMean, type Logger, SmcqError } from "@smcq/kernel";

/** Symbols named in a log line; the others are counted. */
export const SYMBOLS_NAMED_MAX = 10;

/** Which symbols a run wants to watch. */
export interface UniverseWish {
  /** Null: every symbol of the universe. */
  readonly symbols: readonly string[] | null;
  readonly maxSymbols: number;
}

/** Which symbols of a universe are watched, in the venue's order, and which wishes stay without effect. */
export interface Watched {
  readonly symbols: readonly string[];
  /** Symbols of `universe.symbols` that the venue does not trade. */
  readonly unknown: readonly string[];
  /** Symbols beyond `universe.maxSymbols`. */
  readonly surplus: readonly string[];
}

/** Applies `universe.symbols` and `universe.maxSymbols`. */
export function watchedOf(universe: Universe, wish: UniverseWish): Watched {
  const listed = universe.instruments.map((instrument) => instrument.symbol);
  const allowed = wish.symbols === null ? null : new Set(wish.symbols);
  const wanted = listed.filter((symbol) => allowed === null || allowed.has(symbol));
  const known = new Set(listed);
  return {
    symbols: wanted.slice(0, wish.maxSymbols),
    unknown: (wish.symbols ?? []).filter((symbol) => !known.has(symbol)),
    surplus: wanted.slice(wish.maxSymbols),
  };
}

/** What is watched; says which wishes stay without effect, refuses with CONFIG_SYMBOLS when nothing is left. */
export function requireWatched(universe: Universe, wish: UniverseWish, logger: Logger): readonly string[] {
  const { symbols, unknown, surplus } = watchedOf(universe, wish);
  const listed = new Set(universe.instruments.map(({ symbol }) => symbol));
  const hinted = unknown
    .slice(0, SYMBOLS_NAMED_MAX)
    .map((symbol) => `${symbol}${didYouMean(symbol, (guess) => listed.has(guess))}`);
  const named = (list: readonly string[]): object => ({
    count: list.length,
    symbols: list.slice(0, SYMBOLS_NAMED_MAX),
  });
  if (symbols.length === 0)
    throw new SmcqError(
      "CONFIG_SYMBOLS",
      `universe.symbols names no symbol that the venue trades: ${hinted.join(", ")}`,
      { context: { unknown: hinted } },
    );
  if (unknown.length > 0)
    logger.warn(
      { ...named(unknown), symbols: hinted },
      "universe.symbols names symbols that the venue does not trade",
    );
  if (surplus.length > 0)
    logger.warn({ ...named(surplus) }, "symbols beyond universe.maxSymbols are not watched");
  return symbols;
}
