import type { BarHistory, BarReply } from "@smcq/exchange";
import type { BarRequest, Clock, Logger } from "@smcq/kernel";
import type { SlotTable } from "../memory/slot-table.ts";
import { SymbolNews } from "./symbol-news.ts";
import type { WarmUp } from "./warm-up.ts";

export interface SymbolCareOptions {
  readonly slots: SlotTable;
  readonly warmUp: WarmUp;
  readonly history: BarHistory;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** What is done for symbols when something happens to their bars. */
export class SymbolCare {
  readonly #options: SymbolCareOptions;
  readonly #news: SymbolNews;

  constructor(options: SymbolCareOptions) {
    this.#options = options;
    this.#news = new SymbolNews(options.wallClock, options.logger);
  }

  /** The run of a slot's bars was broken off. */
  brokenOff(shardId: number, slot: number): void {
    const symbol = this.#options.slots.at(shardId, slot)?.symbol;
    if (symbol === undefined) return;
    this.#options.warmUp.reset(symbol);
    this.#news.add("warn", symbol, "bars broken off; the symbols warm up anew");
  }

  /** A bar of the slot was replaced after it had been told. */
  corrected(shardId: number, slot: number): void {
    const symbol = this.#options.slots.at(shardId, slot)?.symbol;
    if (symbol === undefined) return;
    this.#options.warmUp.corrected(symbol);
    this.#news.add("info", symbol, "bars corrected after the fact");
  }

  /** Asks the venue for bars that a shard lacks; `onBars` hears of them unless the slot has changed hands meanwhile. */
  fetch(shardId: number, wanted: BarRequest, onBars: (reply: BarReply) => void): void {
    const { slots, warmUp, history } = this.#options;
    history.request(wanted, (reply) => {
      if (slots.at(shardId, wanted.slot)?.symbol !== wanted.symbol) return;
      warmUp.historyAnswered(wanted.symbol, reply);
      onBars(reply);
    });
  }

  /** Writes the news that have gathered. */
  flush(): void {
    this.#news.flush();
  }
}
