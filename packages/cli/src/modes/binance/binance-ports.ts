import type { FeedMeter } from "@smcq/exchange";
import { ContractWatch, type VenueBases } from "@smcq/exchange-binance";
import { Rng } from "@smcq/kernel";
import type { EnginePayload } from "../engine-payload.ts";
import { threadCount } from "../thread-count.ts";
import type { Ports, ScorerPolicy } from "../ports.ts";
import { openVenue } from "./venue-connection.ts";

/** How a mode on Binance's protocol differs from the others. */
export interface BinanceMode {
  readonly name: string;
  /** What the venue is, for the banner. */
  readonly venue: string;
  readonly scorer: ScorerPolicy;
  /** Where the universe is kept between runs; null: nowhere. */
  readonly cacheDir: string | null;
}

/** Nobody reports what the small feed of contracts counts. */
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
          // A scaled clock is monotonic by itself.
          canClockJump: clockSpec.type !== "scaled",
        },
        deps,
      ),
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
  };
}
