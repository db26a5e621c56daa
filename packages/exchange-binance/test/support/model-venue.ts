import { BAR_FIELDS, type BarRequest, MINUTE_MS, Rng } from "@smcq/kernel";
import { FEED_COUNTER_COUNT } from "@smcq/exchange";
import type { BarReply, FeedCounter, FeedMeter, KlineSink } from "@smcq/exchange";

/** Counters of a feed under test. */
export class TestMeter implements FeedMeter {
  readonly counts: number[] = Array.from({ length: FEED_COUNTER_COUNT }, () => 0);

  count(counter: FeedCounter, by: number): void {
    this.counts[counter] = (this.counts[counter] ?? 0) + by;
  }

  get(counter: FeedCounter): number {
    return this.counts[counter] ?? 0;
  }
}

export interface GivenBar {
  readonly openMs: number;
  prices: readonly number[];
  readonly source: number;
}

/** A sink that keeps the contract of the port: order, wholeness, once. It throws when the feed breaks it. */
export class CheckingSink implements KlineSink {
  readonly bars = new Map<number, GivenBar[]>();
  readonly resets: number[] = [];
  formingCount = 0;
  corrections = 0;
  /** The feed goes on behind bars that another sink got. */
  isResumed = false;

  of(slot: number): GivenBar[] {
    let list = this.bars.get(slot);
    if (list === undefined) this.bars.set(slot, (list = []));
    return list;
  }

  forming(slot: number, openTimeMs: number): void {
    const last = this.of(slot).at(-1);
    if (last !== undefined && openTimeMs <= last.openMs) throw new Error("forming bar is closed already");
    this.formingCount++;
  }

  final(slot: number, openTimeMs: number, ...rest: number[]): void {
    const list = this.of(slot);
    const last = list.at(-1);
    if (last !== undefined && openTimeMs !== last.openMs + MINUTE_MS)
      throw new Error(`slot ${slot}: bar ${openTimeMs} after ${last.openMs}`);
    list.push({ openMs: openTimeMs, prices: rest.slice(0, 5), source: rest[5] ?? 0 });
  }

  correct(slot: number, openTimeMs: number, ...prices: number[]): void {
    const bar = this.of(slot).find(({ openMs }) => openMs === openTimeMs);
    // A bar from before a resume is not known here; the real sink compares and finds nothing new.
    if (bar === undefined && !this.isResumed) throw new Error("a correction of a bar that was never given");
    if (bar === undefined) return;
    bar.prices = prices;
    this.corrections++;
  }

  reset(slot: number): void {
    this.resets.push(slot);
    this.bars.set(slot, []);
  }
}

/** The true bar of a symbol and minute: a pure function, so that every party agrees. */
export function truth(slot: number, openMs: number): readonly number[] {
  const rng = new Rng((slot + 1) * 7_919 + (openMs / MINUTE_MS) * 31);
  const open = 100 + rng.next() * 5;
  const close = 100 + rng.next() * 5;
  const high = Math.max(open, close) + rng.next();
  const low = Math.min(open, close) - rng.next();
  return [open, high, low, close, Math.floor(rng.next() * 1_000) / 10];
}

/** What REST would answer: the true bars of the range that are closed by `nowMs`, except the missing ones. */
export function restAnswer(
  request: BarRequest,
  nowMs: number,
  isMissing: (openMs: number) => boolean = () => false,
): BarReply {
  const rows: number[] = [];
  for (
    let openMs = request.fromMs;
    openMs <= request.toMs && openMs + MINUTE_MS <= nowMs;
    openMs += MINUTE_MS
  )
    if (!isMissing(openMs)) rows.push(openMs, ...truth(request.slot, openMs));
  if (rows.length % BAR_FIELDS !== 0) throw new Error("rows are whole");
  return { request, bars: Float64Array.from(rows) };
}
