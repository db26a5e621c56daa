import type { BinanceSimOptions } from "@smcq/binance-sim";
import type { GateVenue } from "@smcq/cluster";
import type { BarHistory, ContractFeed, ContractNews, ReferenceData, TickerFeed } from "@smcq/exchange";
import type { Clock, ClockSpec, Logger, MeasuredOffset } from "@smcq/kernel";
import type { AccountWish, TradingAccount } from "../accounts/account.ts";
import type { EnginePayload, SimulatedKey } from "./engine-payload.ts";
import type { RestUse } from "../control/protocol.ts";
import type { FeedData } from "./binance/shard-feed.ts";

/** The venue as the coordinator sees it: one REST client, one rate budget, one queue for bars. */
export interface VenueConnection {
  readonly reference: ReferenceData;
  readonly history: BarHistory;
  /** The run has come up with the universe that it asked for: it is kept for the next start. */
  keepUniverse(): Promise<void>;
  /** What was used of the venue's REST limits. */
  restUse(): RestUse;
  /** What can be asked while the first klines are waited for. */
  readonly gate: GateVenue;
  /** The account that the run trades on; refuses one that it cannot be traded on. */
  openAccount(deps: AccountWish): Promise<TradingAccount>;
  /** Resolves when the venue has answered a small question; fails when it has not. */
  answer(): Promise<unknown>;
  /** Measures the venue's clock, now and again and again; the first failure is the caller's. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface VenueDeps {
  /** This machine's clock at the run's speed, without the venue's offset. */
  readonly machineClock: Clock;
  /** Where each measurement of the venue's clock goes. */
  readonly offset: MeasuredOffset;
  readonly logger: Logger;
  /** Aborted: the calls that opening waits for are refused. */
  readonly signal?: AbortSignal;
}

export interface ContractDeps {
  readonly machineClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

export interface TickerDeps {
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** What scores when no model is named. */
export type ScorerPolicy = "heuristic" | "shipped-model";

/** All that a run takes from outside, of the same shape in every mode: nothing behind it asks which mode it is. */
export interface Ports {
  /** The mode's name, for records and display. */
  readonly name: string;
  readonly banner: string;
  /** The clock that every thread builds for itself. */
  readonly clockSpec: ClockSpec;
  readonly scorer: ScorerPolicy;
  /** Orders are sent, be it to a simulated account. */
  readonly isTrading: boolean;
  /** The account lives at a venue that other hosts reach, so that one of them may take it over. */
  readonly isAccountShared: boolean;
  /** Nothing is entered while nothing is proven about the scorer. */
  readonly refusesUnproven: boolean;
  /** What a shard's thread builds its feed of. */
  readonly feed: FeedData;
  /** Reference data and bars by request; refuses addresses whose klines would never come. Nothing is asked yet. */
  openVenue(deps: VenueDeps): VenueConnection;
  /** The feed of listings and delistings. */
  contracts(deps: ContractDeps, onNews: (news: ContractNews) => void): ContractFeed;
  /** The feed of best prices. */
  tickers(deps: TickerDeps): TickerFeed;
}

/** A mode, seen from both processes: the supervisor's and the engine's. */
export interface Mode {
  /** What the supervisor runs beside the engine so that there is a venue; null: the venue is the real one. */
  readonly venueProcess: ((key: SimulatedKey) => BinanceSimOptions) | null;
  /** Where that venue keeps its account and the account's key; null: in memory, each run has a new one. */
  readonly accountFolder: string | null;
  ports(payload: EnginePayload): Ports;
}
