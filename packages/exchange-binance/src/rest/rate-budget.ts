import { MINUTE_MS, SmcqError, assert, dateText } from "@smcq/kernel";
import type { CancelTimer, Clock } from "@smcq/kernel";
import { BinanceErrorCode } from "../errors.ts";
import { BUDGET_QUEUE_MAX, WEIGHT_LIMIT_AT_START, WEIGHT_SHARE_MAX } from "../limits.ts";

/** Buckets of one second; two more than a minute, so that no minute of the venue's own clock holds too much. */
const BUCKETS = 62;
const BUCKET_MS = 1_000;
/** During a long stop after 429, and during a ban, one request asks this often whether it still holds, venue ms. */
const STOP_PROBE_MS: number = 5 * MINUTE_MS;
const BAN_PROBE_MS: number = 60 * MINUTE_MS;
/** The venue's window is taken as over this long after our clock says so. */
const WINDOW_GUARD_MS = 500;

interface Waiting {
  readonly weight: number;
  readonly priority: number;
  readonly shareMax: number;
  readonly grant: () => void;
  readonly refuse: (error: SmcqError) => void;
}

export interface RateBudgetOptions {
  /** The venue's clock. */
  readonly clock: Clock;
  /** Venue minus local time, ms; keeps the windows on the venue's minutes. */
  readonly offsetMs?: () => number;
  /** A request is refused rather than kept waiting when a ban lasts longer than this. */
  readonly banWaitMsMax?: number;
  /** Share of the venue's limit that is used at most; default 0.8. */
  readonly weightShareMax?: number;
}

export interface BudgetState {
  readonly weightLimit: number;
  /** Weight of ours in the last minute. */
  readonly weightSent: number;
  /** What the venue said last, in its running minute. */
  readonly weightReported: number;
  /** The most the venue ever said. */
  readonly weightReportedMax: number;
  readonly weightInFlight: number;
  readonly queueLength: number;
  readonly bannedUntilMs: number;
  readonly stops429: number;
  readonly stops418: number;
}

/**
 * The one rate budget of all REST calls. Two rules hold before a request leaves, both at 80 % of the venue's limit:
 * our own weight of any 62 s (the venue's fixed minute may start anywhere in it), and the weight the venue reported
 * for its running minute plus all that is in flight, once its limit is known: a process that starts in a minute that others have
 * used has a few short questions, and waits for none of them. 429 stops everything until the minute ends, 418 until the ban ends.
 */
export class RateBudget {
  readonly #clock: Clock;
  readonly #offsetMs: () => number;
  readonly #banWaitMsMax: number;
  readonly #buckets = new Float64Array(BUCKETS);
  #bucketAt = 0;
  #sent = 0;
  #limit = WEIGHT_LIMIT_AT_START;
  /** Until the venue has told its limit, what others at the address have used can be held against none. */
  #isLimitKnown = false;
  #reported = 0;
  #reportedMax = 0;
  #reportedWindow = -1;
  #inFlight = 0;
  #stopUntilMs = 0;
  #bannedUntilMs = 0;
  /** When the next request may ask whether a stop still holds. */
  #probeAtMs = 0;
  #isProbing = false;
  #stops429 = 0;
  #stops418 = 0;
  #waiting: Waiting[] = [];
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;
  readonly #weightShareMax: number;

  constructor(options: RateBudgetOptions) {
    this.#weightShareMax = options.weightShareMax ?? WEIGHT_SHARE_MAX;
    this.#clock = options.clock;
    this.#offsetMs = options.offsetMs ?? (() => 0);
    this.#banWaitMsMax = options.banWaitMsMax ?? 5 * MINUTE_MS;
    this.#bucketAt = this.#bucketOf(this.#venueMs());
  }

  /** Takes the venue's own limit of weight a minute, as exchangeInfo says it. */
  setLimit(weightPerMinute: number): void {
    if (!(weightPerMinute > 0)) return;
    this.#limit = weightPerMinute;
    this.#isLimitKnown = true;
    this.#pump();
  }

  /**
   * Resolves when the request may leave; lower `priority` first, then first come. Its weight is spent by then. `shareMax`:
   * how much of the limit it may reach into, for what guards a position.
   */
  acquire(weight: number, priority: number, shareMax: number = this.#weightShareMax): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#error(BinanceErrorCode.Closed, "the budget is closed"));
    const refusal = this.#banRefusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    // Many that wait for bars are no reason to refuse one that guards a position.
    if (this.#waiting.filter((other) => other.shareMax >= shareMax).length >= BUDGET_QUEUE_MAX)
      return Promise.reject(
        this.#error(BinanceErrorCode.QueueFull, `${BUDGET_QUEUE_MAX} requests wait already`),
      );
    return new Promise((grant, refuse) => {
      this.#waiting.push({ weight, priority, shareMax, grant, refuse });
      this.#pump();
    });
  }

  /**
   * Ends a granted request: its reply came, with the venue's used weight (NaN when it said none), or it failed.
   * Weight of others on our address is in the venue's number.
   */
  settle(weight: number, usedWeight: number): void {
    this.#inFlight -= weight;
    assert(this.#inFlight >= 0, "Invariant: a request is settled once");
    if (Number.isFinite(usedWeight)) {
      const window = this.#window(this.#venueMs());
      // Replies overtake one another, so a smaller number is old news; a far smaller one is the venue's new minute.
      const isOldNews = window === this.#reportedWindow && usedWeight < this.#reported;
      if (!isOldNews || usedWeight < this.#reported / 2) this.#reported = usedWeight;
      this.#reportedWindow = window;
      this.#reportedMax = Math.max(this.#reportedMax, usedWeight);
    }
    this.#pump();
  }

  /** A request was answered well: when it was the one that asked, the stop is over, whatever was said of its end. */
  answered(): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#stopUntilMs = 0;
    this.#bannedUntilMs = 0;
    this.#pump();
  }

  /** 429: nothing leaves until the venue's minute is over, or for as long as it asked, but for one request now and then. */
  onTooMany(retryAfterMs = 0): void {
    this.#stops429++;
    this.#isProbing = false;
    const nowMs = this.#venueMs();
    const windowEndMs = (this.#window(nowMs) + 1) * MINUTE_MS + WINDOW_GUARD_MS;
    this.#stopUntilMs = Math.max(this.#stopUntilMs, windowEndMs, nowMs + retryAfterMs);
    this.#probeAtMs = nowMs + STOP_PROBE_MS;
    const refusal = this.#banRefusal();
    if (refusal !== undefined) this.#refuseAll(refusal);
    this.#pump();
  }

  /** 418: nothing leaves until `untilMs` on the venue's clock. */
  onBanned(untilMs: number): void {
    this.#stops418++;
    this.#isProbing = false;
    this.#probeAtMs = this.#venueMs() + BAN_PROBE_MS;
    this.#bannedUntilMs = Math.max(this.#bannedUntilMs, untilMs);
    const refusal = this.#banRefusal();
    if (refusal !== undefined) this.#refuseAll(refusal);
    this.#pump();
  }

  /** When the ban ends on the venue's clock, 0 when there is none. */
  bannedUntilMs(): number {
    return this.#bannedUntilMs > this.#venueMs() ? this.#bannedUntilMs : 0;
  }

  /** Until when nothing may leave, on the venue's clock: a ban, or a minute that is used up; 0: anything may. */
  stoppedUntilMs(): number {
    const untilMs = Math.max(this.#stopUntilMs, this.#bannedUntilMs);
    return untilMs > this.#venueMs() ? untilMs : 0;
  }

  state(): BudgetState {
    const nowMs = this.#venueMs();
    this.#roll(nowMs);
    return {
      weightLimit: this.#limit,
      weightSent: this.#sent,
      weightReported: this.#window(nowMs) === this.#reportedWindow ? this.#reported : 0,
      weightReportedMax: this.#reportedMax,
      weightInFlight: this.#inFlight,
      queueLength: this.#waiting.length,
      bannedUntilMs: this.bannedUntilMs(),
      stops429: this.#stops429,
      stops418: this.#stops418,
    };
  }

  /** Refuses everything that waits. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#refuseAll(this.#error(BinanceErrorCode.Closed, "the budget is closed"));
  }

  #venueMs(): number {
    return this.#clock.nowMs() + this.#offsetMs();
  }

  #window(venueMs: number): number {
    return Math.floor(venueMs / MINUTE_MS);
  }

  #bucketOf(venueMs: number): number {
    return Math.floor(venueMs / BUCKET_MS);
  }

  #roll(nowMs: number): void {
    const bucket = this.#bucketOf(nowMs);
    const steps = Math.min(BUCKETS, bucket - this.#bucketAt);
    for (let step = 1; step <= steps; step++) {
      const index = (this.#bucketAt + step) % BUCKETS;
      this.#sent -= this.#buckets[index] as number;
      this.#buckets[index] = 0;
    }
    if (bucket > this.#bucketAt) this.#bucketAt = bucket;
    if (steps === BUCKETS) this.#buckets.fill(0);
    if (steps === BUCKETS) this.#sent = 0;
  }

  /** Takes the most urgent request as long as it fits, else arms one timer. */
  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (this.#waiting.length > 0) {
      const nowMs = this.#venueMs();
      this.#roll(nowMs);
      const index = this.#mostUrgent();
      const next = this.#waiting[index] as Waiting;
      const waitMs = this.#waitMs(nowMs, next);
      if (waitMs > 0) {
        this.#cancelTimer = this.#clock.after(waitMs, () => this.#pump(), { unref: true });
        return;
      }
      this.#waiting.splice(index, 1);
      if (this.stoppedUntilMs() > 0) this.#probe(nowMs);
      const bucket = this.#bucketAt % BUCKETS;
      this.#buckets[bucket] = (this.#buckets[bucket] as number) + next.weight;
      this.#sent += next.weight;
      this.#inFlight += next.weight;
      next.grant();
    }
  }

  #mostUrgent(): number {
    let best = 0;
    for (let index = 1; index < this.#waiting.length; index++)
      if ((this.#waiting[index] as Waiting).priority < (this.#waiting[best] as Waiting).priority)
        best = index;
    return best;
  }

  /** Ms until a request of this weight may be tried again; 0 when it may leave now. */
  #waitMs(nowMs: number, { weight, shareMax }: Pick<Waiting, "weight" | "shareMax">): number {
    const stopMs = Math.max(this.#stopUntilMs, this.#bannedUntilMs) - nowMs;
    if (stopMs > 0) return nowMs >= this.#probeAtMs ? 0 : Math.min(stopMs, this.#probeAtMs - nowMs);
    const share = Math.floor(this.#limit * shareMax);
    if (this.#sent > 0 && this.#sent + weight > share) return BUCKET_MS;
    const window = this.#window(nowMs - WINDOW_GUARD_MS);
    const reported = this.#isLimitKnown && this.#reportedWindow >= window ? this.#reported : 0;
    // What is in flight may reach the venue in this minute or the next: it counts in both.
    const used = reported + this.#inFlight;
    return used > 0 && used + weight > share ? (window + 1) * MINUTE_MS + WINDOW_GUARD_MS - nowMs : 0;
  }

  /** This request asks whether the stop still holds; the next one may when time has passed. */
  #probe(nowMs: number): void {
    this.#isProbing = true;
    this.#probeAtMs = nowMs + (this.bannedUntilMs() > 0 ? BAN_PROBE_MS : STOP_PROBE_MS);
    const refusal = this.#banRefusal();
    if (refusal !== undefined) this.#refuseAll(refusal);
  }

  #banRefusal(): SmcqError | undefined {
    const nowMs = this.#venueMs();
    const untilMs = this.stoppedUntilMs();
    // A used up minute is always waited for.
    const waitMsMax =
      this.bannedUntilMs() > 0 ? this.#banWaitMsMax : Math.max(this.#banWaitMsMax, 2 * MINUTE_MS);
    if (untilMs - nowMs <= waitMsMax || nowMs >= this.#probeAtMs) return undefined;
    const text = this.bannedUntilMs() > 0 ? "REST is banned by the venue" : "REST is stopped by the venue";
    return new SmcqError(BinanceErrorCode.Banned, `${text} until ${dateText(untilMs)}`, {
      context: { untilMs },
    });
  }

  #refuseAll(error: SmcqError): void {
    const refused = this.#waiting;
    this.#waiting = [];
    for (const entry of refused) entry.refuse(error);
  }

  #error(code: BinanceErrorCode, text: string): SmcqError {
    return new SmcqError(code, text, { context: { queueLength: this.#waiting.length } });
  }
}
