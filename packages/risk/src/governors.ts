import { e8ToNumber } from "@smcq/kernel";
import type { RiskParameters } from "./parameters.ts";

const DAY_MS = 86_400_000;

/** How the day and the account have gone so far. */
export interface GovernorState {
  /** Loss of the UTC day as a share of its first equity; negative is a gain. */
  readonly dayLossRatio: number;
  readonly dailyFactor: number;
  readonly isDayStopped: boolean;
  readonly drawdownRatio: number;
  readonly drawdownFactor: number;
}

/** What the governors want of the positions now. */
export type Flatten = "daily-loss" | "drawdown" | null;

/**
 * Daily loss and drawdown (docs/trading.md 4), judged at every closed minute. Equity is wallet and what is open; money
 * that comes or goes is neither gain nor loss.
 */
export class Governors {
  #parameters: RiskParameters;
  #dayEquity: number;
  #dayTransfers = 0;
  #peak: number;
  #equity: number;
  #transfers = 0;
  /** First instant of the UTC day that trading is stopped for; 0 when it is not. */
  #stoppedDayMs = -1;
  #dayMs = -1;

  constructor(startEquityE8: bigint, parameters: RiskParameters) {
    this.#parameters = parameters;
    const equity = e8ToNumber(startEquityE8);
    this.#dayEquity = equity;
    this.#peak = equity;
    this.#equity = equity;
  }

  /** From now on these hold; what was counted by the ones before stays counted. */
  setParameters(parameters: RiskParameters): void {
    this.#parameters = parameters;
  }

  /** Takes the equity of a minute that closed at `closeMs`, and all transfers so far; says what must be flattened. */
  minute(closeMs: number, equityE8: bigint, transfersE8: bigint): Flatten {
    const equity = e8ToNumber(equityE8);
    const transfers = e8ToNumber(transfersE8);
    this.#peak = Math.max(this.#peak + (transfers - this.#transfers), equity);
    this.#equity = equity;
    this.#transfers = transfers;
    this.#dayMs = Math.floor(closeMs / DAY_MS) * DAY_MS;
    if (closeMs === this.#dayMs) {
      this.#dayEquity = equity;
      this.#dayTransfers = transfers;
    }
    const { dayLossFlattenRatio, drawdownFactorMin } = this.#parameters;
    const { dayLossRatio, drawdownFactor } = this.state;
    if (dayLossRatio >= dayLossFlattenRatio) {
      this.#stoppedDayMs = this.#dayMs;
      return "daily-loss";
    }
    return drawdownFactor < drawdownFactorMin ? "drawdown" : null;
  }

  /** True when the drawdown is so deep that a person has to look. */
  get isHalting(): boolean {
    return this.state.drawdownFactor < this.#parameters.drawdownFactorMin;
  }

  /** A person resumes: the peak is the equity of this moment. */
  rebase(): void {
    this.#peak = this.#equity;
  }

  /** What the UTC day has brought so far, USDT; money that came or went is neither gain nor loss. */
  get dayPnl(): number {
    return this.#equity - this.#dayEquity - (this.#transfers - this.#dayTransfers);
  }

  get state(): GovernorState {
    const { dayLossHalfRatio, dayLossStopRatio } = this.#parameters;
    const gained = this.#transfers - this.#dayTransfers;
    // A day that began with nothing is measured by what was paid in since.
    const dayBase = this.#dayEquity > 0 ? this.#dayEquity : this.#dayEquity + gained;
    const dayLossRatio = shareOf(this.#dayEquity - this.#equity + gained, dayBase);
    const drawdownRatio = shareOf(this.#peak - this.#equity, this.#peak);
    return {
      dayLossRatio,
      dailyFactor: dayLossRatio >= dayLossHalfRatio ? 0.5 : 1,
      isDayStopped:
        dayLossRatio >= dayLossStopRatio || (this.#stoppedDayMs >= 0 && this.#stoppedDayMs === this.#dayMs),
      drawdownRatio,
      drawdownFactor: this.#drawdownFactor(drawdownRatio),
    };
  }

  #drawdownFactor(drawdown: number): number {
    const { drawdownFreeRatio: free, drawdownHalfRatio: half } = this.#parameters;
    if (drawdown <= free) return 1;
    if (drawdown <= half) return 1 - (0.5 * (drawdown - free)) / (half - free);
    return Math.max(0, 0.5 - (0.5 * (drawdown - half)) / half);
  }
}

/** Nothing can be lost of nothing: an account without money is doubt, not loss (docs/trading.md section 5). */
function shareOf(loss: number, base: number): number {
  return base > 0 ? loss / base : 0;
}

/** Exits by stop and entries in time: locks, pauses, throttle. Everything holds for T < end. */
export class Pace {
  #parameters: RiskParameters;
  readonly #stopsBySymbol = new Map<number, readonly number[]>();
  /** Symbols whose last two exits by stop lock them, and until when; what has passed by the latest stop is left out. */
  readonly #locks = new Map<number, number>();
  #stops: readonly number[] = [];
  #entries: readonly number[] = [];

  constructor(parameters: RiskParameters) {
    this.#parameters = parameters;
  }

  /** From now on these hold. */
  setParameters(parameters: RiskParameters): void {
    this.#parameters = parameters;
  }

  /** A position was left by its stop; what happened later may be told first. */
  stopped(symbolId: number, atMs: number): void {
    const { streakStops } = this.#parameters;
    this.#stopsBySymbol.set(symbolId, lastOf(this.#stopsBySymbol.get(symbolId) ?? [], atMs, 2));
    this.#stops = lastOf(this.#stops, atMs, streakStops);
    this.#locks.set(symbolId, this.lockedUntilMs(symbolId));
    const latestMs = this.#stops.at(-1) ?? atMs;
    for (const [locked, untilMs] of this.#locks) if (untilMs <= latestMs) this.#locks.delete(locked);
  }

  entered(atMs: number): void {
    this.#entries = [...this.#entries.filter((entry) => entry > atMs - 60_000), atMs];
  }

  /** The symbol's last two exits by stop lie close together: until when it is left alone; 0 when it is not. */
  lockedUntilMs(symbolId: number): number {
    const [first, second] = this.#stopsBySymbol.get(symbolId) ?? [];
    const { symbolLockMs } = this.#parameters;
    if (first === undefined || second === undefined || second - first > symbolLockMs) return 0;
    return second + symbolLockMs;
  }

  /** The last exits by stop of all symbols lie close together: until when nothing is entered; 0 when it is. */
  pausedUntilMs(): number {
    const { streakStops, streakMs } = this.#parameters;
    const first = this.#stops[0];
    const last = this.#stops.at(-1);
    if (this.#stops.length < streakStops || first === undefined || last === undefined) return 0;
    return last - first <= streakMs ? last + streakMs : 0;
  }

  /** Exits by stop in [atMs - streakMs, atMs], at most as many as make a streak. */
  stopsInStreak(atMs: number): number {
    const { streakMs } = this.#parameters;
    return this.#stops.filter((stop) => stop >= atMs - streakMs && stop <= atMs).length;
  }

  /** Symbols that are locked at `atMs`, which is not before the latest exit by stop, by their number. */
  locks(atMs: number): readonly { readonly symbolId: number; readonly untilMs: number }[] {
    const locks: { readonly symbolId: number; readonly untilMs: number }[] = [];
    for (const [symbolId, untilMs] of this.#locks) if (untilMs > atMs) locks.push({ symbolId, untilMs });
    return locks.sort((a, b) => a.symbolId - b.symbolId);
  }

  /** Entries in (atMs - 60 s, atMs]. */
  entriesInMinute(atMs: number): number {
    return this.#entries.filter((entry) => entry > atMs - 60_000 && entry <= atMs).length;
  }
}

/** The last `count` of the instants, in order of time. */
function lastOf(instants: readonly number[], added: number, count: number): readonly number[] {
  return [...instants, added].sort((a, b) => a - b).slice(-count);
}
