import { present } from "@smcq/kernel";
import type { MarketFeed } from "../market.ts";
import { eventually } from "./eventually.ts";
import type { FeedHarness } from "./feed-harness.ts";
import { barDifference, type RecordingSink } from "./recording-sink.ts";

/** One named case of a conformance suite. */
export interface ConformanceCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface AgreementQuestion {
  readonly sink: RecordingSink;
  readonly slot: number;
  readonly symbol: string;
  readonly truth: FeedHarness["truth"];
}

/** Returns the first bar of a slot (past runs included) that differs from the venue's truth, in words, or null. */
export function agreement(question: AgreementQuestion): string | null {
  const { sink, slot, symbol, truth } = question;
  for (const run of [...sink.pastRuns(slot), sink.bars(slot)])
    for (const bar of run) {
      const expected = truth(symbol, bar.openTimeMs);
      if (expected === null) return `${symbol}: the venue has no bar at ${bar.openTimeMs}`;
      const difference = barDifference(bar, expected);
      if (difference !== null) return `${symbol}: ${difference}`;
    }
  return null;
}

/** A case in progress: who stands in which slot, and the waits on the sink. */
export class FeedTrial {
  readonly harness: FeedHarness;
  readonly feed: MarketFeed;
  readonly sink: RecordingSink;
  /** The last closed minute when the fault was armed. */
  faultFromMs = 0;
  readonly #deadlineMs: number;
  readonly #watched = new Map<number, string>();

  constructor(harness: FeedHarness, deadlineMs: number) {
    this.harness = harness;
    this.feed = harness.feed;
    this.sink = harness.sink;
    this.#deadlineMs = deadlineMs;
  }

  symbol(index: number): string {
    return present(this.harness.symbols[index], "Invariant: the harness has this symbol");
  }

  add(slot: number, symbolIndex: number): void {
    this.sink.openSlot(slot);
    this.#watched.set(slot, this.symbol(symbolIndex));
    this.feed.add(slot, this.symbol(symbolIndex), -1);
  }

  /** Watches a removed slot's symbol again, behind the bars that the sink has kept. */
  resume(slot: number, symbolIndex: number): void {
    this.sink.resumeSlot(slot);
    this.#watched.set(slot, this.symbol(symbolIndex));
    this.feed.add(slot, this.symbol(symbolIndex), this.sink.lastOpenMs(slot));
  }

  /** Adds symbols [from, to) under slots of the same numbers. */
  watch(from: number, to: number): void {
    for (let index = from; index < to; index++) this.add(index, index);
  }

  remove(slot: number): void {
    this.feed.remove(slot);
    this.#watched.delete(slot);
    this.sink.closeSlot(slot);
  }

  beginFault(): void {
    this.faultFromMs = this.harness.lastClosedMs();
  }

  /** Closes minutes at the venue and waits until every watched slot has them all, equal to the truth. */
  async close(minutes: number): Promise<void> {
    await this.harness.closeMinutes(minutes);
    const targetMs = this.harness.lastClosedMs();
    await this.until(`every slot reaches the truth up to ${targetMs}`, () => this.#missing(targetMs));
  }

  async until(what: string, missing: () => string | null): Promise<void> {
    await eventually(what, missing, {
      deadlineMs: this.#deadlineMs,
      pass: () => this.harness.pass?.(),
    });
  }

  #missing(targetMs: number): string | null {
    for (const [slot, symbol] of this.#watched) {
      const lastMs = this.sink.lastOpenMs(slot);
      if (lastMs < targetMs) return `slot ${slot} ${symbol} stands at ${lastMs}`;
      const truth = (name: string, openTimeMs: number) => this.harness.truth(name, openTimeMs);
      const difference = agreement({ sink: this.sink, slot, symbol, truth });
      if (difference !== null) return difference;
    }
    return null;
  }
}
