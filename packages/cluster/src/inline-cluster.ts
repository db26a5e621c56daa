import type { EngineOptions, ScoredCandidate } from "@smcq/engine";
import type { BarHistory } from "@smcq/exchange";
import type { ScorerRegistry } from "@smcq/features";
import type { Clock, Logger } from "@smcq/kernel";
import {
  ControlBlock,
  KlineRingReader,
  type ModelEpochs,
  type ShardEvent,
  type ShardMemory,
} from "@smcq/wire";
import { EngineLoop, type SignalListeners } from "./loop/engine-loop.ts";
import { RowDrain } from "./scan/row-drain.ts";
import { SlotTable } from "./symbols/slot-table.ts";
import { createShardMemory } from "./memory.ts";
import { ScanCore, type ScanOptions } from "./scan/scan-core.ts";
import { type CreateFeed, ShardCore } from "./shard/shard-core.ts";

export interface InlineClusterOptions {
  readonly symbols: readonly string[];
  readonly shards: number;
  readonly clock: Clock;
  readonly engine: EngineOptions;
  readonly scan: ScanOptions;
  /** Scores every shard, one after another. */
  readonly book: ScorerRegistry;
  readonly models: Readonly<ModelEpochs>;
  readonly modelId: (epoch: number) => string;
  readonly createFeed: CreateFeed;
  readonly history: BarHistory;
  readonly logger: Logger;
  readonly listeners: SignalListeners;
}

/**
 * The cluster in one thread: the same shards, scans and core as the threaded one, called directly. Scans run when
 * the caller says so, so that a run is the same every time.
 */
export class InlineCluster {
  readonly slots: SlotTable;
  readonly memories: readonly ShardMemory[];
  readonly #options: InlineClusterOptions;
  readonly #shards: readonly ShardCore[];
  readonly #scans: readonly ScanCore[];
  readonly #rows: readonly RowDrain[];
  readonly #readers: readonly KlineRingReader[];
  readonly #desk: EngineLoop;

  constructor(options: InlineClusterOptions) {
    this.#options = options;
    const slotsPerShard = Math.ceil(options.symbols.length / options.shards);
    this.slots = new SlotTable(options.shards, slotsPerShard);
    for (const symbol of options.symbols) this.slots.add(symbol);
    this.memories = Array.from({ length: options.shards }, (_, shardId) =>
      createShardMemory(shardId, slotsPerShard),
    );
    for (const { control } of this.memories) new ControlBlock(control).setModels(options.models);
    this.#readers = this.memories.map((memory) => new KlineRingReader(memory.rings));
    this.#scans = this.memories.map(
      (memory) => new ScanCore(memory, options.book, options.clock, options.scan),
    );
    this.#rows = this.memories.map((memory) => new RowDrain(memory, this.slots, options.modelId));
    this.#desk = new EngineLoop(options.engine, {
      clock: options.clock,
      wallClock: options.clock,
      listeners: options.listeners,
    });
    this.#shards = this.memories.map(
      (memory) =>
        new ShardCore({
          memory,
          clock: options.clock,
          wallClock: options.clock,
          logger: options.logger,
          createFeed: options.createFeed,
          scan: null,
          emit: (event) => this.#onShardEvent(memory.shardId, event),
        }),
    );
  }

  /** Gives every shard its symbols and starts the feeds. */
  async start(): Promise<void> {
    await Promise.all(
      this.#shards.map((shard, shardId) =>
        shard.start(
          this.slots
            .ofShard(shardId)
            .map(({ slot, symbol, symbolId }) => ({ slot, symbol, symbolId, isTakenOver: false })),
        ),
      ),
    );
  }

  /** Scans every shard until nothing is left, and processes what was found. */
  scanAll(): void {
    for (let shardId = 0; shardId < this.#scans.length; shardId++) {
      for (;;) {
        const reply = this.#scans[shardId]?.scan({ shardId, seeds: [] });
        if (reply === undefined) break;
        this.#process(this.#rows[shardId]?.take(reply.rows) ?? []);
        if (!reply.isUnfinished) break;
      }
    }
  }

  reader(shardId: number): KlineRingReader {
    const reader = this.#readers[shardId];
    if (reader === undefined) throw new RangeError(`no shard ${shardId}`);
    return reader;
  }

  /** Closes the feeds and decides what is still collected. */
  async stop(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.stop()));
    this.scanAll();
    this.#desk.process({ type: "time", nowMs: this.#options.clock.nowMs(), nowNs: Infinity });
  }

  #process(candidates: readonly ScoredCandidate[]): void {
    if (candidates.length === 0) return;
    const { clock } = this.#options;
    this.#desk.process({ type: "candidates", nowMs: clock.nowMs(), nowNs: clock.monoNs(), candidates });
  }

  #onShardEvent(shardId: number, event: ShardEvent): void {
    if (event.type === "log") {
      this.#options.logger[event.level](event.fields as Record<string, unknown>, event.text);
    } else if (event.type === "want-bars") {
      this.#options.history.request(event.wanted, (reply) => {
        void this.#shards[shardId]?.handle({ type: "bars", wanted: event.wanted, bars: reply.bars });
      });
    }
  }
}
