import type { Fill, OrderSide } from "@smcq/exchange";
import { priceTicks, qtySteps, type SymbolId } from "@smcq/kernel";
import type { Holdings } from "./holdings.ts";

/** A trade as the books have taken it. */
export interface Booked {
  /** Price result of what it closed. */
  readonly realisedE8: bigint;
  /** Its steps that a row without a trade had already told, at which price, and when; 0 where none had. */
  readonly explainedSteps: number;
  readonly explainedTicks: number;
  readonly explainedMs: number;
}

/** Of what no row had told. */
export const UNTOLD: Booked = { realisedE8: 0n, explainedSteps: 0, explainedTicks: 0, explainedMs: 0 };

/** What the venue's position says beyond all trades that were told. */
interface Unexplained {
  readonly side: OrderSide;
  readonly steps: number;
  readonly ticks: number;
  /** A trade after it explains nothing of it. */
  readonly atMs: number;
  /** Trades since then are asked for. */
  readonly sinceMs: number;
}

/** How long the trades that a row stands for are looked for. */
export const EXPLAIN_MS = 600_000;

const PREFIX = "unexplained-";

/** True for a row that stands for trades nobody has told. */
export function isUnexplained({ clientOrderId }: Fill): boolean {
  return clientOrderId.startsWith(PREFIX);
}

/**
 * Trades into the portfolio, each once. What no trade explains is one row, reversed as soon as the real trade comes, so
 * that positions and money end where the trades put them.
 */
export class Books {
  readonly #holdings: Holdings;
  readonly #rows = new Map<SymbolId, Unexplained>();
  /** Symbols in which the account trades and whose rules nobody has told. */
  readonly #strange = new Set<SymbolId>();
  #ids = 0;

  constructor(holdings: Holdings) {
    this.#holdings = holdings;
  }

  /** Null: told before, or of a symbol that nobody has made known: what it costs cannot be said. */
  take(fill: Fill): Booked | null {
    const { portfolio } = this.#holdings;
    if (this.#holdings.symbol(fill.symbolId) === null) {
      this.#strange.add(fill.symbolId);
      this.#holdings.reduce("unknown-symbol", true);
      return null;
    }
    if (portfolio.knows(fill)) return null;
    const reversed = this.#reverse(fill);
    const realisedE8 = (portfolio.applyFill(fill)?.realisedE8 ?? 0n) + reversed.realisedE8;
    return { ...reversed, realisedE8 };
  }

  /** The rules of a symbol are known. */
  known(symbolId: SymbolId): void {
    this.#strange.delete(symbolId);
    this.#holdings.reduce("unknown-symbol", this.#strange.size > 0);
  }

  /**
   * Rows over `steps` (negative: sold) that no trade explains, to be taken like trades. What speaks against an earlier
   * row takes that one back first, at its own price: neither has happened, as far as anybody knows.
   */
  rows(
    symbolId: SymbolId,
    steps: number,
    when: Pick<Unexplained, "ticks" | "atMs" | "sinceMs">,
  ): readonly Fill[] {
    const side = steps > 0 ? 1 : -1;
    const before = this.#rows.get(symbolId);
    const fills: Fill[] = [];
    let leftSteps = Math.abs(steps);
    if (before !== undefined && before.side !== side) {
      const backSteps = Math.min(leftSteps, before.steps);
      this.#shrink(symbolId, before, backSteps);
      // It never was: the position was held all along, and its payments since are its own.
      fills.push(this.#fill(symbolId, { ...before, side, steps: backSteps }));
      leftSteps -= backSteps;
    }
    if (leftSteps === 0) return fills;
    const row = { ...when, side, steps: leftSteps } as const;
    const isMore = before?.side === side;
    this.#rows.set(
      symbolId,
      isMore ? { ...row, steps: row.steps + before.steps, sinceMs: before.sinceMs } : row,
    );
    return [...fills, this.#fill(symbolId, row)];
  }

  /** What the symbol has traded is not known, and looked for still. */
  isObscure(symbolId: SymbolId, nowMs: number): boolean {
    const row = this.#rows.get(symbolId);
    return row !== undefined && nowMs < row.atMs + EXPLAIN_MS;
  }

  /** Symbols with a row, and since when their trades are worth asking for. */
  unexplained(nowMs: number): readonly (readonly [SymbolId, number])[] {
    return [...this.#rows]
      .filter(([, { atMs }]) => nowMs < atMs + EXPLAIN_MS)
      .map(([symbolId, { sinceMs }]) => [symbolId, sinceMs] as const);
  }

  /** Takes back what the trade explains of the symbol's row. */
  #reverse(fill: Fill): Booked {
    const row = this.#rows.get(fill.symbolId);
    if (row === undefined || isUnexplained(fill) || row.side !== fill.side || fill.timeMs > row.atMs)
      return UNTOLD;
    const steps = Math.min(row.steps, fill.qtySteps);
    this.#shrink(fill.symbolId, row, steps);
    const side = row.side > 0 ? -1 : 1;
    const change = this.#holdings.portfolio.applyFill(
      this.#fill(fill.symbolId, { ...row, side, steps, atMs: fill.timeMs }),
    );
    const realisedE8 = change?.realisedE8 ?? 0n;
    return { realisedE8, explainedSteps: steps, explainedTicks: row.ticks, explainedMs: row.atMs };
  }

  #shrink(symbolId: SymbolId, row: Unexplained, steps: number): void {
    if (steps === row.steps) this.#rows.delete(symbolId);
    else this.#rows.set(symbolId, { ...row, steps: row.steps - steps });
  }

  #fill(symbolId: SymbolId, { side, steps, ticks, atMs }: Omit<Unexplained, "sinceMs">): Fill {
    const id = `${PREFIX}${++this.#ids}`;
    return {
      tradeId: id,
      clientOrderId: id,
      symbolId,
      side,
      priceTicks: priceTicks(ticks),
      qtySteps: qtySteps(steps),
      feeE8: 0n,
      isMaker: false,
      timeMs: atMs,
    };
  }
}
