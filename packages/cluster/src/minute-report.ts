import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { FEED_COUNTER_COUNT, FeedCounter } from "@smcq/exchange";
import { LATENCY_BUCKETS, latencyQuantileUs, ScanCounter } from "@smcq/wire";
import type { KlineRingReader } from "@smcq/wire";
import type { ClusterMemory } from "./memory/cluster-memory.ts";

/** What happened since the last report; the numbers of the minute line. */
export interface MinuteReport {
  /** Open time of the last minute the report covers, venue ms. */
  readonly minuteMs: number;
  readonly minutes: number;
  /**
   * Bars of these minutes closed by symbols that were READY the whole time, of those that should have; a late one
   * counts in the report it comes in, so that the sums of all reports agree.
   */
  readonly barsClosed: number;
  readonly barsExpected: number;
  /** Closing frame read to score written, us. */
  readonly latencyP50Us: number;
  readonly latencyP99Us: number;
  readonly latencyUsMax: number;
  /** Counters of all shards since the last report, indexed by `FeedCounter`. */
  readonly feed: Float64Array;
  readonly rebuilds: number;
  readonly tornReads: number;
}

interface Mark {
  readonly generation: number;
  /** Open time of the last bar that was counted, or of the last minute before the symbol counts; venue ms. */
  readonly countedMs: number;
}

/** Tries to read a ring in motion before its symbol is left out of a report. */
const READ_ATTEMPTS_MAX = 3;

export interface ReportSource {
  readonly memory: ClusterMemory;
  readonly barsReadyMin: number;
}

/** Takes differences of the counters between two looks. */
export class MinuteReporter {
  readonly #source: ReportSource;
  readonly #bar = new Float64Array(BAR_FIELDS);
  #marks = new Map<string, Mark>();
  #minuteMs: number;
  #feed = new Float64Array(FEED_COUNTER_COUNT);
  #histogram = new Uint32Array(LATENCY_BUCKETS);
  #rebuilds = 0;
  #tornReads = 0;

  constructor(source: ReportSource, minuteMs: number) {
    this.#source = source;
    this.#minuteMs = minuteMs;
    this.#marks = this.#mark(minuteMs);
    this.#feed = this.#sumFeed();
    this.#histogram = this.#sumHistogram();
    // The longest latency so far belongs to the time before.
    for (const { control } of source.memory.shards) control.takeLatencyUsMax();
  }

  /** Reports everything up to and with the minute that opened at `minuteMs`. */
  take(minuteMs: number): MinuteReport {
    const minutes = Math.round((minuteMs - this.#minuteMs) / MINUTE_MS);
    const marks = this.#mark(minuteMs);
    let barsClosed = 0;
    let barsExpected = 0;
    for (const [symbol, before] of this.#marks) {
      const now = marks.get(symbol);
      if (now === undefined || now.generation !== before.generation) continue;
      barsExpected += minutes;
      barsClosed += (now.countedMs - before.countedMs) / MINUTE_MS;
    }
    const feed = this.#sumFeed();
    const histogram = this.#sumHistogram();
    const since = histogram.map((count, bucket) => count - (this.#histogram[bucket] as number));
    const rebuilds = this.#sumScan(ScanCounter.Rebuilds);
    const tornReads = this.#sumScan(ScanCounter.TornReads);
    const report: MinuteReport = {
      minuteMs,
      minutes,
      barsClosed,
      barsExpected,
      latencyP50Us: latencyQuantileUs(since, 0.5),
      latencyP99Us: latencyQuantileUs(since, 0.99),
      latencyUsMax: Math.max(
        0,
        ...this.#source.memory.shards.map(({ control }) => control.takeLatencyUsMax()),
      ),
      feed: feed.map((count, index) => count - (this.#feed[index] as number)),
      rebuilds: rebuilds - this.#rebuilds,
      tornReads: tornReads - this.#tornReads,
    };
    this.#marks = marks;
    this.#minuteMs = minuteMs;
    this.#feed = feed;
    this.#histogram = histogram;
    this.#rebuilds = rebuilds;
    this.#tornReads = tornReads;
    return report;
  }

  /** A feed counter summed over all shards since the start. */
  total(counter: FeedCounter): number {
    return this.#sumFeed()[counter] as number;
  }

  #mark(minuteMs: number): Map<string, Mark> {
    const marks = new Map<string, Mark>();
    const { memory, barsReadyMin } = this.#source;
    for (const entry of memory.slots.all()) {
      const { reader } = memory.shard(entry.shardId);
      if (reader.barCount(entry.slot) < barsReadyMin) continue;
      const last = this.#lastOf(reader, entry.slot);
      if (last === null) continue;
      const { generation, openMs } = last;
      const before = this.#marks.get(entry.symbol);
      // By open time, not by count: bars of the minutes after may have closed already when this is taken. A symbol that
      // is behind when it begins to count is not given what came before.
      const countedMs =
        before?.generation === generation ? Math.max(before.countedMs, Math.min(openMs, minuteMs)) : minuteMs;
      marks.set(entry.symbol, { generation, countedMs });
    }
    return marks;
  }

  /** Of the last closed bar; its open time in venue ms. */
  #lastOf(
    reader: KlineRingReader,
    slot: number,
  ): { readonly generation: number; readonly openMs: number } | null {
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      if (!reader.begin(slot) || reader.tail === reader.from) continue;
      if (reader.copy(reader.tail - 1, reader.tail, this.#bar))
        return { generation: reader.generation, openMs: this.#bar[0] as number };
    }
    return null;
  }

  #sumFeed(): Float64Array<ArrayBuffer> {
    const sum = new Float64Array(FEED_COUNTER_COUNT);
    for (const { control } of this.#source.memory.shards) {
      for (let counter = 0; counter < FEED_COUNTER_COUNT; counter++) {
        sum[counter] = (sum[counter] as number) + control.feedCounter(counter);
      }
    }
    return sum;
  }

  #sumHistogram(): Uint32Array<ArrayBuffer> {
    const sum = new Uint32Array(LATENCY_BUCKETS);
    for (const { control } of this.#source.memory.shards) control.sumLatency(sum);
    return sum;
  }

  #sumScan(counter: ScanCounter): number {
    let sum = 0;
    for (const { control } of this.#source.memory.shards) sum += control.scanCounter(counter);
    return sum;
  }
}
