import type { BusConnection } from "@smcq/bus-nats";
import { ClusterMemory } from "@smcq/cluster";
import { sha256Hex } from "@smcq/config/run";
import { partOf, type Signal, type SignalBus } from "@smcq/engine";
import type { TickerFeed } from "@smcq/exchange";
import { ledgerFile } from "@smcq/ledger";
import type { DeskMarket, RingMarket } from "../../accounts/ring-market.ts";
import type { Metric } from "../../output/metrics/metric.ts";
import type { MemoryWish, RunSide, SignalSource, SourceDeps } from "../run-side.ts";
import { busMetrics, type BusStatus } from "../bus-status.ts";
import type { BusSideDeps } from "../scanner/scanner-side.ts";
import { ScanName } from "../scan-name.ts";
import { BusSource } from "./bus-source.ts";
import { seenBefore } from "./seen-before.ts";
import { SEEN_MS } from "./seen-signals.ts";
import { SignalIntake } from "./signal-intake.ts";
import { TickerMarket } from "./ticker-market.ts";
import { ToldBars } from "./told-bars.ts";

/** Places kept free in each part for listings, besides a quarter of the largest. */
const SPARE_SLOTS = 8;
const READER_LENGTH = 24;

/** What an executor has of the bus. */
export interface ExecutorBus {
  readonly connection: BusConnection;
  readonly signals: SignalBus;
}

/** An engine that trades on what other hosts find; it scans nothing. */
export class ExecutorSide implements RunSide {
  readonly #bus: ExecutorBus;
  readonly #deps: BusSideDeps;
  #parts: { readonly source: BusSource; readonly intake: SignalIntake; readonly bars: ToldBars } | null =
    null;

  constructor(bus: ExecutorBus, deps: BusSideDeps) {
    this.#bus = bus;
    this.#deps = deps;
  }

  /** A part of the universe has the place of a shard. */
  createMemory({ needs, symbols, knownIds }: MemoryWish): ClusterMemory {
    const { parts } = this.#deps.payload.config.bus;
    const shardOf = (symbol: string): number => partOf(symbol, parts);
    const counts = Array.from({ length: parts }, () => 0);
    for (const symbol of symbols) counts[shardOf(symbol)] = (counts[shardOf(symbol)] ?? 0) + 1;
    const largest = Math.max(...counts);
    return new ClusterMemory({
      symbols,
      shards: parts,
      needs,
      place: { shardOf, slotsPerShard: largest + Math.ceil(largest / 4) + SPARE_SLOTS },
      ...(knownIds === null ? {} : { knownIds }),
    });
  }

  createSource({ memory, inbox, models, account }: SourceDeps): SignalSource {
    const { payload, venueClock, wallClock, logger } = this.#deps;
    const { bus, dataDir } = payload.config;
    const name = new ScanName(payload.plan, models);
    const intake = new SignalIntake({
      inbox,
      parts: bus.parts,
      idOf: (symbol) => memory.slots.of(symbol)?.symbolId ?? null,
      scanName: () => name.now(),
      seen: seenBefore(ledgerFile(dataDir), venueClock.nowMs() - SEEN_MS),
      wallClock,
      logger,
    });
    const bars = new ToldBars({ memory, parts: bus.parts, venueClock, wallClock });
    const source = new BusSource({
      memory,
      inbox,
      signals: this.#bus.signals,
      isConnected: () => this.#bus.connection.isConnected,
      reader: `executor-${sha256Hex(account ?? dataDir).slice(0, READER_LENGTH)}`,
      intake,
      bars,
      parts: bus.parts,
      wallClock,
      logger,
    });
    this.#parts = { source, intake, bars };
    return source;
  }

  market(rings: RingMarket, tickers: Pick<TickerFeed, "ticker">): DeskMarket {
    return new TickerMarket(rings, tickers, this.#deps.venueClock);
  }

  onSignals(signals: readonly Signal[]): void {
    this.#parts?.intake.taken(signals);
  }

  status(): BusStatus {
    const { connection, signals } = this.#bus;
    const own = this.#parts;
    const { parts } = this.#deps.payload.config.bus;
    return {
      role: "executor",
      isConnected: connection.isConnected,
      losses: connection.losses,
      signals: signals.counts,
      parts: null,
      told: null,
      heard:
        own === null
          ? null
          : { ...own.intake.counts, ...own.bars.counts, partsLive: own.source.partsLive, parts },
    };
  }

  metrics(): readonly Metric[] {
    return busMetrics(this.status());
  }

  async close(): Promise<void> {
    await this.#bus.signals.close();
    await this.#bus.connection.close();
  }
}
