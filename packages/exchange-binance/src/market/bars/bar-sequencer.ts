import { BAR_FIELDS, MINUTE_MS, lastClosedMinuteMs } from "@smcq/kernel";
import { BackfillPriority, type BarReply, FeedCounter } from "@smcq/exchange";
import { AskedBars, type ReplyTimes } from "./asked-bars.ts";
import { eachBoundary } from "./boundary-timer.ts";
import { BarBuffer, SlotStage } from "./bar-buffer.ts";
import { Field, type KlineFrame } from "../kline/kline-frame.ts";
import { REPAIR_RETRY_MS_MAX, REST_FINAL_MS, repairRetryMs } from "./sequencer-options.ts";
import type { ParityCounts, SequencerOptions, SlotState } from "./sequencer-options.ts";
import { DueTimer } from "./due-timer.ts";
import { HISTORY_BARS, REPAIR_BARS_MAX, RING_BARS } from "../../limits.ts";
import { isTimely } from "../kline/kline-times.ts";
import { KEPT_BARS } from "./slot-bars.ts";
import { UnverifiedBars } from "./unverified-bars.ts";

/** Replies that hold later bars but not the one we need, after which the hole counts as the venue's own. */
const HOLE_TRIES_MAX = 3;
/**
 * Bars already given that are asked again wherever the stream was interrupted: its last word on them may have been
 * lost (a wrong final whose correction never came).
 */
const RECHECK_BARS = 3;
/** Tries of a verification that brings nothing. */
const VERIFY_TRIES_MAX = 5;
/** A counter of tries does not go further. */
const TRIES_COUNTED_MAX = 200;
/** A bar that a look at REST has left in doubt is looked at once more after this time, venue ms. */
const DOUBT_MS = 30_000;

/**
 * Turns frames and REST replies into whole, ordered, final bars (docs/binance.md 2.2, docs/decisions.md 11).
 *
 *            add                    history came                  bar missing at +3 s, newer bar, unverified
 *   idle ──────────► warming ───────────────────────► live ◄──────────────────────► asked (one request a slot)
 *     ▲                 ▲                              │  │
 *     └──── remove ─────┴── hole the venue cannot fill ┘  └─ x:true or REST: final, in order, once
 *
 * Only `x:true` with plausible numbers and REST's answers become bars. Everything else only asks REST. A row that REST
 * was asked for less than `restFinalMs` after its minute may still move: it gives way to any `x:true`, and without one
 * it is looked at a second time.
 */
export class BarSequencer {
  readonly #options: SequencerOptions;
  readonly #bars: BarBuffer;
  readonly #due: DueTimer;
  readonly #graceMs: number;
  readonly #newerGraceMs: number;
  readonly #futureMs: number;
  readonly #symbols: (string | undefined)[];
  /** Open time of the newest forming bar. */
  readonly #formingMs: Float64Array;
  readonly #asked: AskedBars;
  readonly #unverified: UnverifiedBars;
  readonly #tries: Uint8Array;
  readonly #holeTries: Uint8Array;
  readonly #isGapOpen: Uint8Array;
  #stopBoundary: () => void = () => {};

  constructor(options: SequencerOptions) {
    const { slots } = options;
    this.#options = options;
    const restFinalMs = options.restFinalMs ?? REST_FINAL_MS;
    this.#bars = new BarBuffer({
      ...options,
      jumpFactorMax: options.jumpFactorMax ?? 20,
      restFinalMs,
    });
    this.#due = new DueTimer({ ...options, onDue: (slot, nowMs) => this.#ask(slot, nowMs) });
    this.#graceMs = options.boundaryGraceMs ?? 3_000;
    this.#newerGraceMs = options.newerBarGraceMs ?? 1_000;
    this.#futureMs = options.futureMsMax ?? 10_000;
    this.#symbols = Array.from({ length: slots });
    this.#formingMs = new Float64Array(slots);
    this.#asked = new AskedBars(slots, options.replyMsMax ?? REPAIR_RETRY_MS_MAX);
    this.#unverified = new UnverifiedBars(slots, restFinalMs);
    this.#tries = new Uint8Array(slots);
    this.#holeTries = new Uint8Array(slots);
    this.#isGapOpen = new Uint8Array(slots);
  }

  /** Starts the boundary timer. */
  start(): void {
    const { clock, defer } = this.#options;
    this.#stopBoundary = eachBoundary({
      clock,
      defer,
      graceMs: this.#graceMs,
      onBoundary: () => this.#onBoundary(),
    });
  }

  /** Stops every timer; bars that wait are dropped. */
  stop(): void {
    this.#stopBoundary();
    this.#due.stop();
  }

  /**
   * Begins to watch a symbol. With -1 its last 499 closed bars are asked for at once; else the sink has every bar up
   * to the one that opened at `resumeAfterMs`, and what closed since is asked for.
   */
  add(slot: number, symbol: string, resumeAfterMs: number): void {
    this.remove(slot);
    this.#symbols[slot] = symbol;
    if (resumeAfterMs < 0) this.#bars.warm(slot);
    else {
      this.#bars.resume(slot, resumeAfterMs);
      this.#markLastUnverified(slot);
    }
    this.#ask(slot, this.#options.clock.nowMs());
  }

  /** Forgets a slot. */
  remove(slot: number): void {
    this.#symbols[slot] = undefined;
    this.#bars.release(slot);
    this.#forget(slot);
  }

  /** After a reconnection: asks at once for what closed meanwhile, and again for the last bars before. */
  recheck(slot: number): void {
    if (this.#bars.isLive(slot)) this.#markLastUnverified(slot);
  }

  state(slot: number): SlotState {
    const isWatched = this.#bars.stage(slot) !== SlotStage.Idle;
    return { isWatched, isLive: this.#bars.isLive(slot), nextOpenMs: this.#bars.nextMs(slot) };
  }

  /** Closed bars that the sink has not got, by our clock; 0 for slots that are not live. */
  missingCount(slot: number): number {
    if (!this.#bars.isLive(slot)) return 0;
    const lastMs = this.#lastClosedMs(this.#options.clock.nowMs());
    return Math.max(0, (lastMs - this.#bars.nextMs(slot)) / MINUTE_MS + 1);
  }

  parity(): ParityCounts {
    return { restEqual: this.#bars.restEqual, restDifferent: this.#bars.restDifferent };
  }

  /** Takes a parsed kline; `nowMs` is the venue's time, `receivedNs` when the frame was read. */
  onKline(frame: KlineFrame, nowMs: number, receivedNs: number): void {
    const slot = frame.slot;
    if (this.#bars.stage(slot) === SlotStage.Idle) return;
    if (!isTimely(frame, nowMs, this.#futureMs)) {
      this.#options.meter.count(FeedCounter.ClockFaults, 1);
      return;
    }
    if (this.#bars.isImplausible(slot, frame.numbers, Field.Open)) {
      this.#options.meter.count(FeedCounter.BadBars, 1);
      if (frame.isFinal)
        this.#due.schedule(slot, Math.max(nowMs, frame.openTimeMs + MINUTE_MS + this.#graceMs));
      return;
    }
    if (frame.isFinal) this.#onFinal(frame, nowMs, receivedNs);
    else this.#onForming(frame, nowMs);
  }

  /** Takes REST's answer; `receivedNs` is when it was read. */
  onReply(reply: BarReply, receivedNs: number): void {
    const { slot, symbol, interval, fromMs, toMs } = reply.request;
    if (interval !== "1m" || this.#symbols[slot] !== symbol) return;
    const awaitedMs = this.#asked.end(slot, fromMs, toMs);
    const nowMs = this.#options.clock.nowMs();
    // When an answer that nobody waits for any more was asked for is not known: its rows may be young.
    const askedMs = awaitedMs ?? 0;
    if (this.#bars.isLive(slot)) {
      this.#merge(reply, { nowMs, askedMs, receivedNs });
    } else if (awaitedMs !== undefined) {
      const isWarm = this.#bars.begin(slot, { bars: reply.bars, askedMs }, receivedNs);
      if (isWarm) this.#lookAgain(slot);
      this.#continue(slot, nowMs, isWarm);
    }
  }

  #onForming(frame: KlineFrame, nowMs: number): void {
    const { slot, openTimeMs: openMs } = frame;
    if (!this.#bars.isLive(slot)) return;
    const nextMs = this.#bars.nextMs(slot);
    if (openMs < nextMs || openMs < (this.#formingMs[slot] as number)) return;
    if (openMs > (this.#formingMs[slot] as number)) {
      this.#formingMs[slot] = openMs;
      // A newer bar: the one before is over. `x:true` may still come (it usually takes 2 s), then REST is asked.
      if (openMs > nextMs)
        this.#due.schedule(slot, Math.max(nowMs + this.#newerGraceMs, nextMs + MINUTE_MS + this.#graceMs));
    }
    const { sink, meter } = this.#options;
    meter.count(FeedCounter.Formings, 1);
    sink.forming(
      slot,
      openMs,
      frame.open,
      frame.high,
      frame.low,
      frame.close,
      frame.volume,
      frame.eventTimeMs,
    );
  }

  #onFinal(frame: KlineFrame, nowMs: number, receivedNs: number): void {
    const { slot, openTimeMs: openMs } = frame;
    const nextMs = this.#bars.nextMs(slot);
    if (this.#bars.isLive(slot) && openMs < nextMs) {
      const word = this.#bars.again(slot, frame);
      if (word === "disputed") this.#markUnverified(slot, openMs, openMs);
      else if (word === "agreed") this.#unverified.confirm(slot, openMs);
      return;
    }
    if (nowMs > openMs + MINUTE_MS + this.#graceMs) this.#options.meter.count(FeedCounter.LateFinals, 1);
    this.#bars.hold(frame, receivedNs);
    if (!this.#bars.isLive(slot)) return;
    if (openMs > nextMs) {
      this.#openGap(slot);
      this.#due.schedule(slot, nowMs + this.#newerGraceMs);
      return;
    }
    this.#bars.giveHeld(slot);
    if (this.#bars.nextMs(slot) > this.#lastClosedMs(nowMs)) this.#settle(slot);
  }

  #merge(reply: BarReply, { nowMs, askedMs, receivedNs }: ReplyTimes): void {
    const { slot, fromMs, toMs } = reply.request;
    const bars = this.#bars;
    const beforeMs = bars.nextMs(slot);
    let hasLater = false;
    const doubtful: number[] = [];
    for (let at = 0; at < reply.bars.length; at += BAR_FIELDS) {
      if (!bars.isBar(reply.bars, at)) continue;
      const openMs = reply.bars[at] as number;
      const row = { bars: reply.bars, at, askedMs };
      if (openMs === bars.nextMs(slot)) bars.giveRest(slot, row, receivedNs);
      else if (openMs > bars.nextMs(slot)) hasLater = true;
      else if (bars.compare(slot, row)) doubtful.push(openMs);
    }
    bars.giveHeld(slot);
    const isVerified = reply.bars.length > 0 && this.#unverified.isCoveredBy(slot, { fromMs, toMs, askedMs });
    if (isVerified || (this.#tries[slot] as number) >= VERIFY_TRIES_MAX) this.#unverified.clear(slot);
    this.#lookAgain(slot);
    for (const openMs of doubtful) this.#unverified.add(slot, openMs, openMs, nowMs + DOUBT_MS);
    const hasMoved = bars.nextMs(slot) > beforeMs;
    if (hasMoved) this.#holeTries[slot] = 0;
    else if (hasLater) this.#holeTries[slot] = (this.#holeTries[slot] as number) + 1;
    if ((this.#holeTries[slot] as number) >= HOLE_TRIES_MAX) {
      this.#reset(slot, nowMs);
      return;
    }
    this.#continue(slot, nowMs, hasMoved);
  }

  /** The last bar, when a row gave it that may still move, is to be looked at a second time. */
  #lookAgain(slot: number): void {
    const openMs = this.#bars.nextMs(slot) - MINUTE_MS;
    if (this.#bars.isOfYoungRow(slot, openMs)) this.#unverified.add(slot, openMs, openMs);
  }

  /** After a reply: the next chunk at once when this one brought something, else later. */
  #continue(slot: number, nowMs: number, hasMoved: boolean): void {
    const isWhole = this.#bars.isLive(slot) && this.#bars.nextMs(slot) > this.#lastClosedMs(nowMs);
    if (isWhole && !this.#unverified.isDue(slot, nowMs)) {
      this.#settle(slot);
      return;
    }
    const tries = hasMoved ? 0 : Math.min(TRIES_COUNTED_MAX, (this.#tries[slot] as number) + 1);
    this.#tries[slot] = tries;
    this.#due.schedule(slot, hasMoved ? nowMs : nowMs + repairRetryMs(tries, this.#options));
  }

  /** Asks REST for what the slot lacks; one request a slot at a time, so the oldest bars come first. */
  #ask(slot: number, nowMs: number): void {
    const symbol = this.#symbols[slot];
    if (symbol === undefined) return;
    const lostAtMs = this.#asked.lostAtMs(slot);
    const lastMs = this.#lastClosedMs(nowMs);
    const nextMs = this.#bars.nextMs(slot);
    // A look at bars already given may wait long: it does not keep a missing one back.
    const isBehindLook = nextMs > this.#asked.toMs(slot) && nextMs <= lastMs;
    if (nowMs < lostAtMs && !isBehindLook) {
      this.#due.schedule(slot, lostAtMs);
      return;
    }
    if (!this.#bars.isLive(slot)) {
      const fromMs = lastMs - ((this.#options.historyBars ?? HISTORY_BARS) - 1) * MINUTE_MS;
      this.#request(slot, symbol, fromMs, lastMs, BackfillPriority.History);
      return;
    }
    const missing = (lastMs - nextMs) / MINUTE_MS + 1;
    if (missing > RING_BARS) {
      this.#reset(slot, nowMs);
      return;
    }
    const hasUnverified = this.#unverified.has(slot);
    if (missing <= 0) {
      const unverified = this.#unverified;
      if (unverified.isDue(slot, nowMs))
        this.#request(slot, symbol, unverified.fromMs(slot), unverified.toMs(slot), BackfillPriority.Verify);
      else if (hasUnverified) this.#due.schedule(slot, unverified.notBeforeMs(slot));
      return;
    }
    if (missing > 1) this.#openGap(slot);
    const fromMs = hasUnverified ? Math.min(nextMs, this.#unverified.fromMs(slot)) : nextMs;
    const priority = missing > 1 ? BackfillPriority.Gap : BackfillPriority.Repair;
    const toMs = this.#chunkEndMs(slot, fromMs, lastMs);
    const unverifiedMs = this.#bars.firstUnverifiedMs(slot, RECHECK_BARS);
    // In a small request the unverified bars cost nothing.
    const isSmall = (toMs - unverifiedMs) / MINUTE_MS + 1 <= REPAIR_BARS_MAX;
    this.#request(slot, symbol, isSmall ? Math.min(fromMs, unverifiedMs) : fromMs, toMs, priority);
  }

  /** Last bar of the next request: up to 99 bars cost weight 1, a longer hole goes in pieces of 499. */
  #chunkEndMs(slot: number, fromMs: number, lastMs: number): number {
    const count = (lastMs - fromMs) / MINUTE_MS + 1;
    const endMs =
      count <= REPAIR_BARS_MAX ? lastMs : Math.min(lastMs, fromMs + (HISTORY_BARS - 1) * MINUTE_MS);
    // What the stream has closed already need not be asked, except on a retry: a later bar in the answer is the
    // proof that a missing one is missing at the venue.
    if (this.#tries[slot] !== 0) return endMs;
    const heldMs = this.#bars.firstHeldMs(slot);
    return heldMs > this.#bars.nextMs(slot) ? Math.min(endMs, heldMs - MINUTE_MS) : endMs;
  }

  #request(slot: number, symbol: string, fromMs: number, toMs: number, priority: number): void {
    this.#asked.begin(slot, { fromMs, toMs, askedMs: this.#options.clock.nowMs() });
    this.#due.schedule(slot, this.#asked.lostAtMs(slot));
    this.#options.meter.count(FeedCounter.BarsRequested, (toMs - fromMs) / MINUTE_MS + 1);
    this.#options.requestBars({ slot, symbol, interval: "1m", fromMs, toMs, priority });
  }

  /** Last bar that has been over for the grace time: until then its `x:true` may still come. */
  #lastClosedMs(nowMs: number): number {
    return lastClosedMinuteMs(nowMs, this.#graceMs);
  }

  #openGap(slot: number): void {
    if (this.#isGapOpen[slot] === 1) return;
    this.#isGapOpen[slot] = 1;
    this.#options.meter.count(FeedCounter.Gaps, 1);
  }

  /** The slot is whole again: nothing is due. */
  #settle(slot: number): void {
    this.#tries[slot] = 0;
    this.#holeTries[slot] = 0;
    this.#isGapOpen[slot] = 0;
    this.#due.clear(slot);
    if (this.#unverified.has(slot)) this.#due.schedule(slot, this.#unverified.notBeforeMs(slot));
  }

  #markLastUnverified(slot: number): void {
    const fromMs = this.#bars.firstUnverifiedMs(slot, RECHECK_BARS);
    if (fromMs !== 0) this.#markUnverified(slot, fromMs, this.#bars.nextMs(slot) - MINUTE_MS);
  }

  /** Bars already given need REST's word; the range grows until it is asked. */
  #markUnverified(slot: number, fromMs: number, toMs: number): void {
    this.#unverified.add(slot, fromMs, toMs);
    this.#due.schedule(slot, this.#options.clock.nowMs());
  }

  /** The hole cannot be filled: the symbol starts anew with a fresh history. */
  #reset(slot: number, nowMs: number): void {
    this.#options.meter.count(FeedCounter.Resets, 1);
    this.#options.sink.reset(slot);
    this.#bars.warm(slot);
    this.#forget(slot);
    this.#ask(slot, nowMs);
  }

  #forget(slot: number): void {
    this.#formingMs[slot] = 0;
    this.#asked.forget(slot);
    this.#unverified.clear(slot);
    this.#tries[slot] = 0;
    this.#holeTries[slot] = 0;
    this.#isGapOpen[slot] = 0;
    this.#due.clear(slot);
  }

  /** At +3 s: REST for the symbols that have not closed, for those only. Their first retry is the check at +6 s. */
  #onBoundary(): void {
    const nowMs = this.#options.clock.nowMs();
    const lastMs = this.#lastClosedMs(nowMs);
    const auditMinutes = this.#options.auditMinutes ?? 0;
    for (let slot = 0; slot < this.#symbols.length; slot++) {
      if (!this.#bars.isLive(slot)) continue;
      const nextMs = this.#bars.nextMs(slot);
      const isAuditTime = auditMinutes > 0 && (lastMs / MINUTE_MS + slot) % auditMinutes === 0;
      if (isAuditTime)
        this.#markUnverified(
          slot,
          nextMs - Math.min(auditMinutes, KEPT_BARS) * MINUTE_MS,
          nextMs - MINUTE_MS,
        );
      // What the slot waits for is older than the bar that has just closed.
      if (nextMs === lastMs || (nextMs < lastMs && this.#due.isIdle(slot))) this.#ask(slot, nowMs);
    }
  }
}
