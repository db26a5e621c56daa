import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { BusConnection, PartKeeper } from "@smcq/bus-nats";
import { ClusterMemory } from "@smcq/cluster";
import { partOf, type Signal, type SignalBus, toShared } from "@smcq/engine";
import { type Clock, type Logger, SmcqError } from "@smcq/kernel";
import type { DeskMarket, RingMarket } from "../../accounts/ring-market.ts";
import type { EnginePayload } from "../../modes/engine-payload.ts";
import { threadCount } from "../../modes/thread-count.ts";
import type { Metric } from "../../output/metrics/metric.ts";
import type { MemoryWish, RunSide, SignalSource, SourceDeps } from "../run-side.ts";
import { busMetrics, type BusStatus } from "../bus-status.ts";
import { ScanName } from "../scan-name.ts";
import { BarsTeller } from "./bars-teller.ts";
import { PartSymbols } from "./part-symbols.ts";
import { RingMinutes } from "./ring-minutes.ts";
import { ScannerSource } from "./scanner-source.ts";

export interface BusSideDeps {
  readonly payload: EnginePayload;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** What a scanner has of the bus. */
export interface ScannerBus {
  readonly connection: BusConnection;
  readonly signals: SignalBus;
  readonly joinParts: typeof PartKeeper.open;
}

/** An engine that scans its parts of the universe and tells those who trade; it has no account and no key. */
export class ScannerSide implements RunSide {
  readonly #deps: BusSideDeps;
  readonly #bus: ScannerBus;
  /** No other process has this name, now or later. */
  readonly member: string = `${hostname().slice(0, 64)}-${process.pid}-${randomBytes(4).toString("hex")}`;
  #symbols: readonly string[] = [];
  #keeper: PartKeeper | null = null;
  #teller: BarsTeller | null = null;
  #name: ScanName | null = null;
  readonly #counts = { signals: 0, foreign: 0 };

  constructor(bus: ScannerBus, deps: BusSideDeps) {
    this.#bus = bus;
    this.#deps = deps;
  }

  /** Room for the whole universe: the parts of others may become its own. */
  createMemory({ config, needs, symbols }: MemoryWish): ClusterMemory {
    if (needs.isRich)
      throw new SmcqError(
        "MODEL_FEATURE_SET",
        "a model of feature set v2 looks across the whole market, and a scanner sees its part of it: use a model of v1, or role all",
      );
    this.#symbols = symbols;
    return new ClusterMemory({
      symbols: [],
      shards: threadCount(config.shards),
      symbolsMax: symbols.length,
      needs,
    });
  }

  createSource({ memory, inbox, models, local }: SourceDeps): SignalSource {
    const { payload, venueClock, wallClock, logger } = this.#deps;
    const { parts, memberTtlMs: ttlMs } = payload.config.bus;
    const coordinator = local();
    const minutes = new RingMinutes(memory);
    this.#name = new ScanName(payload.plan, models);
    const teller = new BarsTeller({
      scanner: this.member,
      symbolsOf: (part) => symbols.symbolsOf(part),
      isWarm: (part) => symbols.isWarm(part),
      isAwaited: (symbol) => (coordinator.stageOf(symbol) ?? "warming") !== "warming",
      bar: (symbol, minuteMs) => minutes.bar(symbol, minuteMs),
      isSettled: () => inbox.size === 0,
      isTold: (part) => this.#keeper?.isTold(part) ?? false,
      bus: this.#bus.signals,
      venueClock,
      wallClock,
    });
    this.#teller = teller;
    const symbols = new PartSymbols({
      coordinator,
      parts,
      symbols: this.#symbols,
      teller,
      wallClock,
      logger,
    });
    const join = async (): Promise<PartKeeper> => {
      const { connection, joinParts } = this.#bus;
      const own = { connection, member: this.member, parts, ttlMs, host: symbols };
      this.#keeper = await joinParts({ ...own, clock: wallClock, venueClock, logger });
      return this.#keeper;
    };
    return new ScannerSource({ coordinator, symbols, join, onStopped: () => teller.stop() });
  }

  market(rings: RingMarket): DeskMarket {
    return rings;
  }

  onSignals(signals: readonly Signal[]): void {
    const { wallClock, payload } = this.#deps;
    const now = { nowMs: wallClock.nowMs(), nowNs: wallClock.monoNs() };
    for (const signal of signals) {
      const part = partOf(signal.symbol, payload.config.bus.parts);
      if (this.#keeper?.isScanned(part) !== true || this.#name === null) {
        this.#counts.foreign++;
        continue;
      }
      this.#counts.signals++;
      this.#bus.signals.publish({
        type: "signal",
        part,
        run: this.#name.now(),
        signal: toShared(signal, now),
      });
    }
  }

  status(): BusStatus {
    const { connection, signals } = this.#bus;
    const bars = this.#teller?.counts ?? { bars: 0, late: 0, missing: 0 };
    return {
      role: "scanner",
      isConnected: connection.isConnected,
      losses: connection.losses,
      signals: signals.counts,
      parts: this.#keeper?.view() ?? null,
      told: { ...this.#counts, ...bars },
      heard: null,
    };
  }

  metrics(): readonly Metric[] {
    return busMetrics(this.status());
  }

  async close(): Promise<void> {
    this.#teller?.stop();
    await this.#bus.signals.close();
    await this.#bus.connection.close();
  }
}
