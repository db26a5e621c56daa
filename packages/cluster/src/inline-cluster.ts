import type { BarHistory } from "@smcq/exchange";
import type { ScorerRegistry } from "@smcq/features";
import type { Clock, Logger } from "@smcq/kernel";
import type { ShardEvent } from "@smcq/wire";
import type { EngineLoop } from "./loop/engine-loop.ts";
import type { Inbox } from "./loop/inbox.ts";
import type { ClusterMemory } from "./memory/cluster-memory.ts";
import { type ModelId, RowDrain } from "./scan/row-drain.ts";
import { ScanCore, type ScanOptions } from "./scan/scan-core.ts";
import { type CreateFeed, ShardCore } from "./shard/shard-core.ts";

export interface InlineClusterOptions {
  readonly memory: ClusterMemory;
  readonly inbox: Inbox;
  /** Drained by this cluster, and by nothing else. */
  readonly loop: EngineLoop;
  readonly clock: Clock;
  readonly scan: ScanOptions;
  /** Scores every shard, one after another. */
  readonly scorers: ScorerRegistry;
  readonly modelId: ModelId;
  readonly createFeed: CreateFeed;
  readonly history: BarHistory;
  readonly logger: Logger;
}

/** A shard without threads. */
interface InlineShard {
  readonly core: ShardCore;
  readonly scan: ScanCore;
  readonly rows: RowDrain;
}

/**
 * The cluster in one thread: the same shards, scans and loop as the threaded one, called directly. Scans run when
 * the caller says so, so that a run is the same every time.
 */
export class InlineCluster {
  readonly #options: InlineClusterOptions;
  readonly #shards: readonly InlineShard[];

  constructor(options: InlineClusterOptions) {
    const { memory, clock, scan, scorers } = options;
    this.#options = options;
    this.#shards = memory.shards.map((views, shardId) => ({
      core: new ShardCore({
        memory: views.memory,
        machineClock: clock,
        wallClock: clock,
        logger: options.logger,
        createFeed: options.createFeed,
        scan: null,
        emit: (event) => this.#onShardEvent(shardId, event),
      }),
      scan: new ScanCore(views.memory, scorers, clock, scan),
      rows: new RowDrain(views.memory, memory.slots, options.modelId),
    }));
  }

  /** Gives every shard its symbols and starts the feeds. */
  async start(): Promise<void> {
    const { slots } = this.#options.memory;
    await Promise.all(
      this.#shards.map(({ core }, shardId) =>
        core.start(
          slots
            .ofShard(shardId)
            .map(({ slot, symbol, symbolId }) => ({ slot, symbol, symbolId, isTakenOver: false })),
        ),
      ),
    );
  }

  /** Scans every shard until nothing is left, and processes what was found. */
  scanAll(): void {
    const { inbox, loop } = this.#options;
    for (const [shardId, { scan, rows }] of this.#shards.entries()) {
      for (;;) {
        const reply = scan.scan({ shardId, seeds: [] });
        const { candidates, invalid } = rows.take(reply.rows);
        if (candidates.length > 0) inbox.put({ type: "candidates", shardId, candidates });
        for (const { epoch, rows: count } of invalid)
          inbox.put({ type: "invalid-score", epoch, rows: count });
        loop.drain();
        if (!reply.isUnfinished) break;
      }
    }
  }

  /** Closes the feeds and decides what is still collected. */
  async stop(): Promise<void> {
    await Promise.all(this.#shards.map(({ core }) => core.stop()));
    this.scanAll();
    this.#options.loop.stop();
  }

  #onShardEvent(shardId: number, event: ShardEvent): void {
    if (event.type === "log") {
      this.#options.logger[event.level](event.fields as Record<string, unknown>, event.text);
    } else if (event.type === "want-bars") {
      this.#options.history.request(event.wanted, (reply) => {
        void this.#shards[shardId]?.core.handle({ type: "bars", wanted: event.wanted, bars: reply.bars });
      });
    }
  }
}
