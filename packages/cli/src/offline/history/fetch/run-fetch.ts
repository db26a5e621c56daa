import type { EngineConfig } from "@smcq/config";
import { assertRouted, BinanceRest, parseExchangeInfo, passesUniverse } from "@smcq/exchange-binance";
import { archiveBase, BinanceArchive } from "@smcq/exchange-binance/archive";
import { type Logger, type Month, monthsBetween, Rng, SmcqError, SystemClock } from "@smcq/kernel";
import { createStderrLogger } from "../../../output/logger.ts";
import type { Progress } from "../../../output/progress.ts";
import { storeOf } from "../store-of.ts";
import { Downloads } from "./downloads.ts";
import { fetchHistory, type FetchReport } from "./fetch-history.ts";
import { MonthFetcher } from "./month-fetcher.ts";

/** Weight of exchangeInfo (docs/binance.md 4.1). */
const EXCHANGE_INFO_WEIGHT = 1;

export interface RunFetchOptions {
  readonly config: EngineConfig;
  /** Null: all that the venue trades now. */
  readonly symbols: readonly string[] | null;
  readonly from: Month;
  readonly to: Month;
  readonly hasFunding: boolean;
  /** REST is asked for the minutes that the archive lacks. */
  readonly fillsHoles: boolean;
  readonly parallel: number;
  readonly progress: Progress;
}

/** `smcq data fetch` by its settings: opens archive and REST, fetches, closes both. */
export async function runFetch(options: RunFetchOptions): Promise<FetchReport> {
  const { config, parallel, progress } = options;
  const { archiveBaseUrl, allowCustomHost, connectTimeoutMs, httpTimeoutMs } = config.feed;
  const clock = new SystemClock();
  const rng = new Rng(config.seed);
  const logger = createStderrLogger(config.log);
  const base = archiveBase(archiveBaseUrl, allowCustomHost);
  const store = storeOf(config.dataDir);
  const rest =
    options.symbols === null || options.fillsHoles ? openRest(config, { clock, rng, logger }) : null;
  const archive = new BinanceArchive({
    base,
    clock,
    rng,
    connections: parallel,
    connectTimeoutMs,
    silenceMsMax: httpTimeoutMs,
  });
  const downloads = new Downloads(store.folder);
  const nowMs = clock.nowMs();
  try {
    const fetcher = new MonthFetcher({
      store,
      archive,
      downloads,
      askKlines: rest !== null && options.fillsHoles ? (query) => rest.klines(query) : null,
      nowMs,
      onDamaged: (error) => logger.warn({ code: error.code }, `${error.message}; fetched again`),
    });
    return await fetchHistory(
      {
        symbols: options.symbols ?? (await tradedSymbols(rest)),
        months: monthsBetween(options.from, options.to),
        kinds: options.hasFunding ? ["bars", "funding"] : ["bars"],
        parallel,
        nowMs,
      },
      { fetcher, progress, logger },
    );
  } finally {
    downloads.close();
    await Promise.all([archive.close(), rest?.close()]);
  }
}

function openRest(
  { feed, rest }: EngineConfig,
  ports: { readonly clock: SystemClock; readonly rng: Rng; readonly logger: Logger },
): BinanceRest {
  const { wsBaseUrl: wsBase, restBaseUrl: restBase, allowCustomHost } = feed;
  return new BinanceRest({
    origin: assertRouted({ wsBase, restBase, allowCustomHost }).restOrigin,
    clock: ports.clock,
    rng: ports.rng,
    log: ports.logger,
    connectTimeoutMs: feed.connectTimeoutMs,
    replyTimeoutMs: feed.httpTimeoutMs,
    weightShareMax: rest.weightRatioMax,
  });
}

/** What passes the universe's filter now, by name. */
async function tradedSymbols(rest: BinanceRest | null): Promise<readonly string[]> {
  const info = await rest?.get(
    "/fapi/v1/exchangeInfo",
    {},
    { weight: EXCHANGE_INFO_WEIGHT, read: parseExchangeInfo },
  );
  const symbols = (info?.instruments ?? []).filter(passesUniverse).map(({ symbol }) => symbol);
  if (symbols.length > 0) return symbols.toSorted();
  throw new SmcqError("BINANCE_BAD_REPLY", "exchangeInfo holds no tradeable USDT perpetual");
}
