import { assert, barFault, InvariantError, MINUTE_MS, present, type Bar } from "@smcq/kernel";
import {
  BarSource,
  FEED_COUNTER_COUNT,
  type FeedCounter,
  type FeedMeter,
  type KlineSink,
} from "../market.ts";

/** A final bar as a feed gave it, with the numbers of its last correction. */
export interface RecordedBar extends Bar {
  readonly source: BarSource;
  readonly eventTimeMs: number;
  readonly receivedNs: number;
  readonly isCorrected: boolean;
}

export interface RecordingSinkOptions {
  /** Slots 0..slots-1 may be used; default 1,024. */
  readonly slots?: number;
  /** The venue's time in ms; when given, no bar may be final before its minute is over. */
  readonly nowMs?: () => number;
  /** How far the feed's view of the venue's time may be ahead of `nowMs`, in ms; default 0. */
  readonly clockSlackMs?: number;
}

interface Track {
  isOpen: boolean;
  run: RecordedBar[];
  readonly pastRuns: RecordedBar[][];
  forming: Bar | null;
  formingCount: number;
  resetCount: number;
  correctionCount: number;
}

const blankTrack = (): Track => ({
  isOpen: true,
  run: [],
  pastRuns: [],
  forming: null,
  formingCount: 0,
  resetCount: 0,
  correctionCount: 0,
});

/**
 * A sink for tests that keeps every bar and holds the feed to the contract of `KlineSink`: a breach throws into the
 * feed and is kept in `violations` too, because a feed may survive its own handler's error.
 */
export class RecordingSink implements KlineSink {
  readonly #slots: number;
  readonly #nowMs: (() => number) | null;
  readonly #clockSlackMs: number;
  readonly #tracks = new Map<number, Track>();
  readonly #violations: string[] = [];

  constructor(options: RecordingSinkOptions = {}) {
    this.#slots = options.slots ?? 1024;
    this.#nowMs = options.nowMs ?? null;
    this.#clockSlackMs = options.clockSlackMs ?? 0;
  }

  forming(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    eventTimeMs: number,
  ): void {
    const track = this.#track(slot, "forming");
    this.#checkNumbers("forming", slot, { openTimeMs, open, high, low, close, volume });
    this.#check(
      Number.isFinite(eventTimeMs) && eventTimeMs > 0,
      "forming",
      slot,
      "its event time is a venue time",
    );
    const last = track.run.at(-1);
    this.#check(
      last === undefined || openTimeMs > last.openTimeMs,
      "forming",
      slot,
      `a bar that is already final (${openTimeMs}) does not form again`,
    );
    if (this.#nowMs !== null)
      this.#check(
        openTimeMs <= this.#nowMs() + this.#clockSlackMs,
        "forming",
        slot,
        `the minute of a forming bar (${openTimeMs}) has begun`,
      );
    track.forming = { openTimeMs, open, high, low, close, volume };
    track.formingCount++;
  }

  final(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    source: BarSource,
    eventTimeMs: number,
    receivedNs: number,
  ): void {
    const track = this.#track(slot, "final");
    const bar = { openTimeMs, open, high, low, close, volume };
    this.#checkNumbers("final", slot, bar);
    this.#check(
      source === BarSource.Stream || source === BarSource.Rest,
      "final",
      slot,
      `the source is stream or REST (got ${String(source)})`,
    );
    this.#check(
      Number.isFinite(eventTimeMs) && eventTimeMs > 0,
      "final",
      slot,
      "its event time is a venue time",
    );
    this.#check(
      Number.isFinite(receivedNs) && receivedNs >= 0,
      "final",
      slot,
      "its receive time is monotonic ns",
    );
    const last = track.run.at(-1);
    this.#check(
      last === undefined || openTimeMs === last.openTimeMs + MINUTE_MS,
      "final",
      slot,
      `bars come once, in order and without a hole (${openTimeMs} after ${last?.openTimeMs ?? "none"})`,
    );
    if (this.#nowMs !== null)
      this.#check(
        openTimeMs + MINUTE_MS <= this.#nowMs() + this.#clockSlackMs,
        "final",
        slot,
        `a bar is final only when its minute is over (${openTimeMs})`,
      );
    track.run.push({ ...bar, source, eventTimeMs, receivedNs, isCorrected: false });
  }

  correct(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    const track = this.#track(slot, "correct");
    const bar = { openTimeMs, open, high, low, close, volume };
    this.#checkNumbers("correct", slot, bar);
    const first = track.run[0]?.openTimeMs ?? Number.NaN;
    const index = (openTimeMs - first) / MINUTE_MS;
    const old = track.run[index];
    this.#check(
      old !== undefined,
      "correct",
      slot,
      `only a final bar of the present run is corrected (${openTimeMs})`,
    );
    const before = present(old, "Invariant: a checked bar is there");
    if (barDifference(before, bar) === null) return;
    track.run[index] = { ...before, ...bar, isCorrected: true };
    track.correctionCount++;
  }

  reset(slot: number): void {
    const track = this.#track(slot, "reset");
    if (track.run.length > 0) track.pastRuns.push(track.run);
    track.run = [];
    track.forming = null;
    track.resetCount++;
  }

  /** From now on nothing may come for the slot: its symbol was removed, or the feed was stopped. */
  closeSlot(slot: number): void {
    this.#trackOf(slot).isOpen = false;
  }

  /** Gives the slot to another symbol: what was recorded for the former one is dropped. */
  openSlot(slot: number): void {
    this.#tracks.set(slot, blankTrack());
  }

  /** Opens a closed slot again with the bars it has, as a shard does that takes over from a dead one. */
  resumeSlot(slot: number): void {
    this.#trackOf(slot).isOpen = true;
  }

  /** Final bars of the present run, corrections applied. */
  bars(slot: number): readonly RecordedBar[] {
    return this.#trackOf(slot).run;
  }

  /** Final bars of the runs that a reset ended, oldest run first. */
  pastRuns(slot: number): readonly (readonly RecordedBar[])[] {
    return this.#trackOf(slot).pastRuns;
  }

  /** Open time of the last final bar of the present run, -1 when it has none. */
  lastOpenMs(slot: number): number {
    return this.#trackOf(slot).run.at(-1)?.openTimeMs ?? -1;
  }

  /** The forming bar, null before the first one of the present run. */
  formingBar(slot: number): Bar | null {
    return this.#trackOf(slot).forming;
  }

  formingCount(slot: number): number {
    return this.#trackOf(slot).formingCount;
  }

  resetCount(slot: number): number {
    return this.#trackOf(slot).resetCount;
  }

  correctionCount(slot: number): number {
    return this.#trackOf(slot).correctionCount;
  }

  /** Final bars of all slots and runs: what a meter's `Finals` must say. */
  get finalCount(): number {
    let count = 0;
    for (const track of this.#tracks.values())
      count += track.run.length + track.pastRuns.reduce((sum, run) => sum + run.length, 0);
    return count;
  }

  /** Every breach of the contract so far, in words. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Throws when the contract was ever broken, whatever the feed did with the error then. */
  assertClean(): void {
    assert(
      this.#violations.length === 0,
      `Invariant: the feed keeps the sink's contract; broken: ${this.#violations.slice(0, 5).join("; ")}`,
    );
  }

  #trackOf(slot: number): Track {
    let track = this.#tracks.get(slot);
    if (track === undefined) {
      track = blankTrack();
      this.#tracks.set(slot, track);
    }
    return track;
  }

  #track(slot: number, call: string): Track {
    this.#check(
      Number.isInteger(slot) && slot >= 0 && slot < this.#slots,
      call,
      slot,
      `the slot lies in 0..${this.#slots - 1}`,
    );
    const track = this.#trackOf(slot);
    this.#check(track.isOpen, call, slot, "nothing comes for a removed symbol or from a stopped feed");
    return track;
  }

  #checkNumbers(call: string, slot: number, bar: Bar): void {
    this.#check(
      Number.isSafeInteger(bar.openTimeMs) && bar.openTimeMs > 0 && bar.openTimeMs % MINUTE_MS === 0,
      call,
      slot,
      `the open time is a whole minute (got ${bar.openTimeMs})`,
    );
    const fault = barFault(bar.open, bar.high, bar.low, bar.close, bar.volume);
    this.#check(fault === null, call, slot, `the bar at ${bar.openTimeMs} is plausible (${fault ?? ""})`);
  }

  #check(condition: boolean, call: string, slot: number, rule: string): void {
    if (condition) return;
    const text = `${call}(slot ${slot}): ${rule}`;
    this.#violations.push(text);
    throw new InvariantError(`Invariant: ${text}`);
  }
}

const COMPARED = ["openTimeMs", "open", "high", "low", "close", "volume"] as const;

/** Returns what differs between two bars, in words, or null when all six numbers are equal. */
export function barDifference(actual: Bar, expected: Bar): string | null {
  for (const field of COMPARED)
    if (actual[field] !== expected[field])
      return `${field} is ${actual[field]}, not ${expected[field]}, at ${expected.openTimeMs}`;
  return null;
}

/** A meter that keeps its counts in memory. */
export class RecordingMeter implements FeedMeter {
  readonly #counts = new Float64Array(FEED_COUNTER_COUNT);

  count(counter: FeedCounter, by: number): void {
    assert(
      counter >= 0 && counter < FEED_COUNTER_COUNT && by >= 0,
      "Invariant: counters are known and never fall",
    );
    this.#counts[counter] = (this.#counts[counter] as number) + by;
  }

  get(counter: FeedCounter): number {
    return this.#counts[counter] as number;
  }
}
