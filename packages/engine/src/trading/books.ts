import type { Fill, OrderSide } from "@smcq/exchange";
import { priceTicks, qtySteps, type SymbolId } from "@smcq/kernel";
import type { Holdings } from "./holdings.ts";

/** A trade as the books have taken it. */
export interface Booked {
  /** Price result of what it closed. */
  readonly realisedE8: bigint;
  /** Its steps that rows without a trade had already told, at which price on average, and when the last; 0 where none had. */
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
 * Trades into the portfolio, each once. What no trade explains is a row, reversed as soon as the real trade comes, so
 * that positions and money end where the trades put them.
 */
export class Books {
  readonly #holdings: Holdings;
  /** The oldest first, all of one side. */
  readonly #rows = new Map<SymbolId, readonly Unexplained[]>();
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
    const fills: Fill[] = [];
    let leftSteps = Math.abs(steps);
    const before = this.#rows.get(symbolId) ?? [];
    if (before[0]?.side !== side)
      for (const row of this.#take(symbolId, leftSteps)) {
        // It never was: the position was held all along, and its payments since are its own.
        fills.push(this.#fill(symbolId, { ...row, side }));
        leftSteps -= row.steps;
      }
    if (leftSteps === 0) return fills;
    const row = { ...when, side, steps: leftSteps } as const;
    this.#rows.set(symbolId, [...(this.#rows.get(symbolId) ?? []), row]);
    return [...fills, this.#fill(symbolId, row)];
  }

  /** What the symbol has traded is not known, and looked for still. */
  isObscure(symbolId: SymbolId, nowMs: number): boolean {
    const last = this.#rows.get(symbolId)?.at(-1);
    return last !== undefined && nowMs < last.atMs + EXPLAIN_MS;
  }

  /** Symbols with rows, and since when their trades are worth asking for. */
  unexplained(nowMs: number): readonly (readonly [SymbolId, number])[] {
    const found: (readonly [SymbolId, number])[] = [];
    for (const [symbolId, rows] of this.#rows)
      if (this.isObscure(symbolId, nowMs))
        found.push([symbolId, Math.min(...rows.map(({ sinceMs }) => sinceMs))]);
    return found;
  }

  /** Takes back what the trade explains of the symbol's rows, each at its own price. */
  #reverse(fill: Fill): Booked {
    const [first] = this.#rows.get(fill.symbolId) ?? [];
    if (first === undefined || isUnexplained(fill) || first.side !== fill.side) return UNTOLD;
    let booked = UNTOLD;
    let sumTicks = 0;
    for (const row of this.#take(fill.symbolId, fill.qtySteps, fill.timeMs)) {
      const side = row.side > 0 ? -1 : 1;
      const change = this.#holdings.portfolio.applyFill(
        this.#fill(fill.symbolId, { ...row, side, atMs: fill.timeMs }),
      );
      const explainedSteps = booked.explainedSteps + row.steps;
      sumTicks += row.ticks * row.steps;
      booked = {
        realisedE8: booked.realisedE8 + (change?.realisedE8 ?? 0n),
        explainedSteps,
        explainedTicks: sumTicks / explainedSteps,
        explainedMs: row.atMs,
      };
    }
    return booked;
  }

  /** Takes so many steps out of the symbol's rows, the oldest first, and none of those that stood before `sinceMs`. */
  #take(symbolId: SymbolId, steps: number, sinceMs = 0): readonly Unexplained[] {
    const taken: Unexplained[] = [];
    const left: Unexplained[] = [];
    let wantedSteps = steps;
    for (const row of this.#rows.get(symbolId) ?? []) {
      const part = row.atMs < sinceMs ? 0 : Math.min(row.steps, wantedSteps);
      wantedSteps -= part;
      if (part > 0) taken.push({ ...row, steps: part });
      if (part < row.steps) left.push({ ...row, steps: row.steps - part });
    }
    if (left.length > 0) this.#rows.set(symbolId, left);
    else this.#rows.delete(symbolId);
    return taken;
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
