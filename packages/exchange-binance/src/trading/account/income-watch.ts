import type { Income } from "@smcq/exchange";
import { type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { INCOME_ASKS_MS, INCOME_TIME_MS_MAX, INCOME_TOLD_MAX } from "../limits.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { AssetRow } from "./income-rows.ts";

/** A payment that the stream has told of, without its id. */
interface Expected {
  readonly reason: string;
  readonly changeE8: bigint;
  readonly timeMs: number;
  readonly bornMs: number;
  asks: number;
}

export interface IncomeWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly income: (sinceMs: number) => Promise<readonly AssetRow[]>;
  readonly onIncome: (income: Income) => void;
}

/**
 * Tells of payments under the ids of the account book. The stream says that money has moved, but not by which line, and
 * says nothing of a line's symbol: so the book is asked, again and again until it has the line (it may come 90 s later), and
 * whatever it has is told once. One payment thus has one id, whoever asks for it (AC17).
 */
export class IncomeWatch {
  readonly #options: IncomeWatchOptions;
  readonly #told = new BoundedMap<true>(INCOME_TOLD_MAX);
  #expected: Expected[] = [];
  #cancelTimer: CancelTimer | null = null;
  #isAsking = false;
  #isClosed = false;

  constructor(options: IncomeWatchOptions) {
    this.#options = options;
  }

  /** Payments whose line is not known yet. */
  get pending(): number {
    return this.#expected.length;
  }

  /** The wallet has changed by so much, for another reason than a trade. */
  expect(word: { readonly reason: string; readonly changeE8: bigint; readonly timeMs: number }): void {
    const isKnown = this.#expected.some(
      ({ reason, changeE8, timeMs }) =>
        reason === word.reason && changeE8 === word.changeE8 && timeMs === word.timeMs,
    );
    if (isKnown || this.#isClosed) return;
    this.#expected.push({ ...word, bornMs: this.#options.clock.nowMs(), asks: 0 });
    this.#arm();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#expected = [];
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#isAsking || this.#isClosed || this.#expected.length === 0) return;
    const dueMs = Math.min(...this.#expected.map(({ bornMs, asks }) => bornMs + (INCOME_ASKS_MS[asks] ?? 0)));
    const delayMs = Math.max(0, dueMs - this.#options.clock.nowMs());
    this.#cancelTimer = this.#options.clock.after(delayMs, () => void this.#ask(), { unref: true });
  }

  async #ask(): Promise<void> {
    const { log, income } = this.#options;
    const asked = [...this.#expected];
    for (const expected of asked) expected.asks++;
    this.#isAsking = true;
    try {
      const sinceMs = Math.min(...asked.map(({ timeMs }) => timeMs)) - INCOME_TIME_MS_MAX;
      this.#take(await income(sinceMs));
    } catch (error) {
      log.debug({ error: errorMessage(error) }, "the account book did not answer");
    } finally {
      this.#isAsking = false;
    }
    for (const { reason, asks } of this.#expected)
      if (asks >= INCOME_ASKS_MS.length)
        log.error({ reason }, "the account book has no line for a payment; the wallet's check will tell");
    this.#expected = this.#expected.filter(({ asks }) => asks < INCOME_ASKS_MS.length);
    this.#arm();
  }

  #take(rows: readonly AssetRow[]): void {
    if (this.#isClosed) return;
    const payments: Income[] = [];
    for (const { incomeId, symbolId, amountE8, timeMs, asset, type } of rows)
      if (type !== "realised" && type !== "commission" && (asset === "USDT" || asset === ""))
        payments.push({ incomeId, type, symbolId, amountE8, timeMs });
    this.#settle(payments);
    for (const payment of payments) {
      if (this.#told.has(payment.incomeId)) continue;
      this.#told.set(payment.incomeId, true);
      this.#options.onIncome(payment);
    }
  }

  /** What has its line, or the lines of several symbols that come to it together, is awaited no more. */
  #settle(payments: readonly Income[]): void {
    const lines = new Set(payments.filter(({ incomeId }) => !this.#told.has(incomeId)));
    this.#expected = this.#expected.filter(({ changeE8, timeMs: atMs }) => {
      const near = [...lines].filter(({ timeMs }) => Math.abs(timeMs - atMs) <= INCOME_TIME_MS_MAX);
      const one = near.find(({ amountE8 }) => amountE8 === changeE8);
      if (one !== undefined) return !lines.delete(one);
      if (near.reduce((sum, { amountE8 }) => sum + amountE8, 0n) !== changeE8) return true;
      for (const line of near) lines.delete(line);
      return false;
    });
  }
}
