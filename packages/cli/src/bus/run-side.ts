import { ClusterMemory, type Coordinator, type Inbox, type ScanNeeds, type WatchedList } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import type { Signal } from "@smcq/engine";
import type { TickerFeed } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { DeskMarket, RingMarket } from "../accounts/ring-market.ts";
import type { BusStatus } from "./bus-status.ts";
import { threadCount } from "../modes/thread-count.ts";
import type { Metric } from "../output/metrics/metric.ts";
import type { RunModels } from "../run/models/run-models.ts";

/** Where a run's signals and bars come from: threads of its own, or hosts that scan. */
export interface SignalSource extends Pick<
  Coordinator,
  | "memory"
  | "start"
  | "whenReady"
  | "addSymbol"
  | "removeSymbol"
  | "health"
  | "report"
  | "stageOf"
  | "createReporter"
  | "stop"
> {
  /** What the run is to watch, be it here or elsewhere. */
  readonly watched: WatchedList;
}

export interface MemoryWish {
  /** Of the plan that candidates are found for, and of the models that score. */
  readonly needs: ScanNeeds;
  readonly config: EngineConfig;
  /** What is watched, in the venue's order. */
  readonly symbols: readonly string[];
  /** Numbers that symbols had in the process before. */
  readonly knownIds: ReadonlyMap<string, SymbolId> | null;
}

export interface SourceDeps {
  readonly memory: ClusterMemory;
  readonly inbox: Inbox;
  readonly models: Pick<RunModels, "look" | "report">;
  /** Whose signals they are to be, the same in every process on the same account: its fingerprint; null: nobody's for long. */
  readonly account: string | null;
  /** Threads of the run's own, for who has some. */
  readonly local: () => Coordinator;
}

/** What the role of an engine changes in its run; nothing else asks for the role. */
export interface RunSide {
  createMemory(wish: MemoryWish): ClusterMemory;
  createSource(deps: SourceDeps): SignalSource;
  /** The market that the desk trades in. */
  market(rings: RingMarket, tickers: Pick<TickerFeed, "ticker">): DeskMarket;
  /** The core has taken them. */
  onSignals(signals: readonly Signal[]): void;
  /** How it does with other hosts; null: it meets none. */
  status(): BusStatus | null;
  metrics(): readonly Metric[];
  close(): Promise<void>;
}

/** An engine that does everything itself. */
export const OWN_SIDE: RunSide = {
  createMemory: ({ config, needs, symbols, knownIds }) =>
    new ClusterMemory({
      symbols,
      needs,
      shards: threadCount(config.shards),
      ...(knownIds === null ? {} : { knownIds }),
    }),
  createSource: ({ local }) => local(),
  market: (rings) => rings,
  onSignals() {},
  status: () => null,
  metrics: () => [],
  close: async () => {},
};
