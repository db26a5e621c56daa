import type { SharedBar, SignalBus } from "@smcq/engine";
import { type CancelTimer, type Clock, MINUTE_MS, minuteOf, repeat } from "@smcq/kernel";

/** How often parts are looked at, wall ms. */
const LOOK_MS = 100;
/** A warm part is told of without the bars that have not come so long after their minute, venue ms; they are told later. */
const GRACE_MS = 12_000;
/** Symbols that get no further do not keep the others' bars back for longer, ms of the venue. */
const WARM_MS_MAX = 120_000;
/** Bars that have not come are looked for so often, wall ms, and for so long, venue ms. */
const LATE_MS = 2_000;
const LATE_MS_MAX = 900_000;
/** Bars that are looked for; of more, the oldest are missing. */
const LATE_BARS_MAX = 16_384;
/** Minutes that are told in one look. */
const MINUTES_MAX = 16;

export interface TellerDeps {
  readonly scanner: string;
  /** Symbols of a part, as they are scanned now. */
  readonly symbolsOf: (part: number) => readonly string[];
  /** Each symbol of the part has the bars that it needs, or never will. */
  readonly isWarm: (part: number) => boolean;
  /** Whether a symbol's bars are waited for: those of one that still warms up are not. */
  readonly isAwaited: (symbol: string) => boolean;
  readonly bar: (symbol: string, minuteMs: number) => SharedBar | null;
  /** Nothing that was found waits for the core. */
  readonly isSettled: () => boolean;
  /** Whether the part is told of from here. */
  readonly isTold: (part: number) => boolean;
  readonly bus: Pick<SignalBus, "publish" | "settledTo">;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
}

interface Progress {
  readonly begunMs: number;
  /** Nothing is told before it is warm. */
  isWarm: boolean;
  /** When the next minute to be told opens, venue ms. */
  nextMs: number;
  /** Open time of the last minute that was told, and the number of its word; of the last one that the bus has, with all before. */
  toldMs: number;
  word: number;
  keptMs: number;
  /** All of the next minute was scanned at the last look: what was found in it has been told since. */
  isWhole: boolean;
}

/**
 * Tells, part by part, the bars of each minute once they are scanned: one word a part and minute, and bars that come late in one
 * more. A minute is told when everything that was found in it has left.
 */
export class BarsTeller {
  readonly #deps: TellerDeps;
  readonly #progress = new Map<number, Progress>();
  #late: { readonly part: number; readonly symbol: string; readonly minuteMs: number }[] = [];
  #lateLookNs = 0;
  readonly #cancel: CancelTimer;
  readonly counts = { bars: 0, late: 0, missing: 0 };

  constructor(deps: TellerDeps) {
    this.#deps = deps;
    this.#cancel = repeat(deps.wallClock, LOOK_MS, () => this.look());
  }

  /** The part is told of from the minute on that opens at `fromMs`, once it is to be told of. */
  begin(part: number, fromMs: number): void {
    const begunMs = this.#deps.venueClock.nowMs();
    this.#progress.set(part, {
      begunMs,
      isWarm: false,
      nextMs: fromMs,
      toldMs: 0,
      word: 0,
      keptMs: 0,
      isWhole: false,
    });
  }

  end(part: number): void {
    this.#progress.delete(part);
    this.#late = this.#late.filter((late) => late.part !== part);
  }

  /** Open time of the last minute that the bus has been told all of, but for bars that come late; 0: of none. */
  toldMs(part: number): number {
    const progress = this.#progress.get(part);
    if (progress === undefined) return 0;
    if (progress.word <= this.#deps.bus.settledTo) progress.keptMs = progress.toldMs;
    return progress.keptMs;
  }

  stop(): void {
    this.#cancel();
  }

  /** Tells what can be told. */
  look(): void {
    for (const [part, progress] of this.#progress)
      if (this.#deps.isTold(part))
        for (let minutes = 0; minutes < MINUTES_MAX && this.#tell(part, progress); minutes++);
    const nowNs = this.#deps.wallClock.monoNs();
    if (this.#late.length === 0 || (nowNs - this.#lateLookNs) / 1e6 < LATE_MS) return;
    this.#lateLookNs = nowNs;
    this.#tellLate();
  }

  /** Tells the next minute of a part; false: it cannot be told yet. */
  #tell(part: number, progress: Progress): boolean {
    const { venueClock, symbolsOf, isAwaited, isSettled, isWarm } = this.#deps;
    const nowMs = venueClock.nowMs();
    // The clock was ahead, and minutes were told that have not come: they are told again.
    if (progress.nextMs > nowMs + MINUTE_MS) {
      progress.nextMs = minuteOf(nowMs);
      progress.toldMs = Math.min(progress.toldMs, progress.nextMs - MINUTE_MS);
      progress.keptMs = Math.min(progress.keptMs, progress.toldMs);
    }
    const { nextMs: minuteMs } = progress;
    const closedMs = nowMs - minuteMs - MINUTE_MS;
    if (closedMs < 0) return false;
    progress.isWarm ||= isWarm(part) || nowMs - progress.begunMs > WARM_MS_MAX;
    if (!progress.isWarm) return false;
    const bars: SharedBar[] = [];
    const absent: string[] = [];
    for (const symbol of symbolsOf(part)) {
      const bar = this.#deps.bar(symbol, minuteMs);
      if (bar !== null && bar.isScanned) bars.push(bar);
      else if (closedMs < GRACE_MS && isAwaited(symbol)) {
        progress.isWhole = false;
        return false;
      } else absent.push(symbol);
    }
    const isWhole = absent.every((symbol) => !isAwaited(symbol));
    // A scan has written what it found before it says that it was there; a look later the core has it.
    const isOut = isWhole && progress.isWhole && isSettled();
    progress.isWhole = isWhole;
    if (!isOut && closedMs < GRACE_MS) return false;
    progress.word = this.#publish(part, minuteMs, bars);
    for (const symbol of absent) this.#late.push({ part, symbol, minuteMs });
    this.counts.missing += this.#late.splice(0, Math.max(0, this.#late.length - LATE_BARS_MAX)).length;
    progress.toldMs = minuteMs;
    progress.nextMs = minuteMs + MINUTE_MS;
    return true;
  }

  #tellLate(): void {
    const { venueClock, isTold } = this.#deps;
    const found = new Map<string, { part: number; minuteMs: number; bars: SharedBar[] }>();
    this.#late = this.#late.filter(({ part, symbol, minuteMs }) => {
      const bar = isTold(part) ? this.#deps.bar(symbol, minuteMs) : null;
      if (bar === null || !bar.isScanned) {
        const isGone = venueClock.nowMs() - minuteMs > LATE_MS_MAX;
        this.counts.missing += Number(isGone);
        return !isGone;
      }
      const key = `${part} ${minuteMs}`;
      const word = found.get(key) ?? { part, minuteMs, bars: [] };
      word.bars.push(bar);
      found.set(key, word);
      return false;
    });
    for (const { part, minuteMs, bars } of found.values()) {
      this.counts.late += bars.length;
      this.#publish(part, minuteMs, bars);
    }
  }

  #publish(part: number, minuteMs: number, bars: readonly SharedBar[]): number {
    const { bus, scanner } = this.#deps;
    this.counts.bars += bars.length;
    return bus.publish({ type: "bars", part, scanner, minuteMs, bars });
  }
}
