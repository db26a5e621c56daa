import type { FeedMeter } from "@smcq/exchange";
import { ContractWatch, TickerWatch, type VenueBases } from "@smcq/exchange-binance";
import { Rng } from "@smcq/kernel";
import { memoryAccount } from "../../accounts/memory-account.ts";
import type { Credentials } from "@smcq/exchange-binance/trading";
import { openVenueAccount, type VenueAccountOptions } from "../../accounts/venue-account.ts";
import type { EnginePayload } from "../engine-payload.ts";
import { threadCount } from "../thread-count.ts";
import type { Ports, ScorerPolicy } from "../ports.ts";
import { openVenue } from "./venue-connection.ts";

/** An account in memory, or one at a venue. */
export type AccountSource =
  | "memory"
  | (Pick<VenueAccountOptions, "orders" | "gates"> & { readonly credentials: () => Credentials });

/** How a mode on Binance's protocol differs from the others. */
export interface BinanceMode {
  readonly name: string;
  /** What the venue is, for the banner. */
  readonly venue: string;
  readonly scorer: ScorerPolicy;
  readonly isTrading: boolean;
  readonly refusesUnproven: boolean;
  /** The account that is traded on. */
  readonly account: AccountSource;
  /** Where the universe is kept between runs; null: nowhere. */
  readonly cacheDir: string | null;
}

/** The least that an order may be on its way, wall ms (docs/decisions.md 40). */
const WINDOW_WALL_MS = 250;

/** Nobody reports what the small feeds of contracts and best prices count. */
const NO_METER: FeedMeter = { count() {} };

/** The ports of a run on Binance's protocol, real or simulated. */
export function binancePorts(payload: EnginePayload, mode: BinanceMode): Ports {
  const { config, clock: clockSpec } = payload;
  const { feed, seed, warmup, rest } = config;
  const bases: VenueBases = {
    wsBase: feed.wsBaseUrl,
    restBase: feed.restBaseUrl,
    allowCustomHost: feed.allowCustomHost,
  };
  const speed = clockSpec.type === "scaled" ? `, ${clockSpec.speed} times as fast as life` : "";
  return {
    name: mode.name,
    banner: `smc-quant engine, mode ${mode.name} (${mode.venue}${speed})`,
    clockSpec,
    scorer: mode.scorer,
    isTrading: mode.isTrading,
    // A simulated one ends with its run, or with its venue.
    isAccountShared: mode.isTrading && mode.account !== "memory" && mode.account.gates !== null,
    refusesUnproven: mode.refusesUnproven,
    feed: { feed, seed, shards: threadCount(config.shards), historyBars: warmup.historyBars },
    openVenue: (deps) =>
      openVenue(
        {
          bases,
          seed,
          connectTimeoutMs: feed.connectTimeoutMs,
          replyTimeoutMs: feed.httpTimeoutMs,
          weightRatioMax: rest.weightRatioMax,
          cacheDir: mode.cacheDir,
          shrinkRatioMax: config.universe.shrinkRatioMax,
          // A scaled clock is monotonic by itself.
          canClockJump: clockSpec.type !== "scaled",
          openAccount: async (rest, own) =>
            mode.account === "memory"
              ? memoryAccount(config, own)
              : await openVenueAccount({
                  ...own,
                  ...mode.account,
                  credentials: mode.account.credentials(),
                  marginType: config.risk.marginType,
                  bases,
                  rest,
                  rng: new Rng(seed).fork("account"),
                  floorMs: clockSpec.type === "scaled" ? WINDOW_WALL_MS * clockSpec.speed : 0,
                }),
        },
        deps,
      ),
    ...smallFeeds(bases, seed),
  };
}

/** Feeds of the coordinator's own, each on a small connection. */
function smallFeeds(bases: VenueBases, seed: number): Pick<Ports, "contracts" | "tickers"> {
  return {
    contracts: ({ machineClock, wallClock, logger }, onNews) =>
      new ContractWatch({
        bases,
        clock: machineClock,
        wallClock,
        rng: new Rng(seed).fork("contracts"),
        log: logger,
        meter: NO_METER,
        onChange: onNews,
      }),
    tickers: ({ venueClock, wallClock, logger }) =>
      new TickerWatch({
        bases,
        clock: venueClock,
        wallClock,
        rng: new Rng(seed).fork("tickers"),
        log: logger,
        meter: NO_METER,
      }),
  };
}
