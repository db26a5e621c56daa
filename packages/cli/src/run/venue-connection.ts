import { join } from "node:path";
import type { BarHistory } from "@smcq/exchange";
import { assertRouted, BackfillQueue, BinanceReferenceData } from "@smcq/exchange-binance";
import { type Clock, type Logger, Rng } from "@smcq/kernel";
import { ClockSync, watchJumps } from "./clock-sync.ts";
import type { EnginePayload } from "../process/engine-payload.ts";

/** The venue as the coordinator sees it: one REST client, one rate budget, one queue for bars. */
export interface VenueConnection {
  readonly reference: BinanceReferenceData;
  readonly history: BarHistory;
  /** Venue minus local time, ms. */
  offsetMs(): number;
  close(): Promise<void>;
}

export interface VenueConnectionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told after each comparison of the clocks. */
  readonly onOffset: (offsetMs: number) => void;
  /** Aborted: the calls that opening waits for are refused. */
  readonly signal?: AbortSignal;
}

/** Opens REST and compares the clocks; refuses addresses whose klines would never come. */
export async function connectVenue(
  payload: EnginePayload,
  deps: VenueConnectionDeps,
): Promise<VenueConnection> {
  const { config } = payload;
  const { feed } = config;
  const { clock, logger } = deps;
  const urls = assertRouted({
    wsBase: feed.wsBaseUrl,
    restBase: feed.restBaseUrl,
    allowCustomHost: feed.allowCustomHost,
  });
  const rng = new Rng(config.seed);
  const reference = new BinanceReferenceData({
    origin: urls.restOrigin,
    clock,
    rng: rng.fork("rest"),
    log: logger,
    connectTimeoutMs: feed.connectTimeoutMs,
    replyTimeoutMs: feed.httpTimeoutMs,
    weightShareMax: config.rest.weightRatioMax,
    // A simulated venue lives as long as the run: its list is of no use to the next one.
    ...(config.mode === "sim" ? {} : { cacheDir: join(config.dataDir, "cache") }),
  });
  const offsetMs = (): number => reference.rest.offset.offsetMs();
  const queue = new BackfillQueue({
    klines: (query) => reference.klines(query),
    clock,
    rng: rng.fork("backfill"),
    log: logger,
    venueNowMs: () => clock.nowMs() + offsetMs(),
  });
  const sync = new ClockSync({
    clock,
    logger,
    synchronise: async () => {
      await reference.synchroniseClock();
      deps.onOffset(offsetMs());
    },
  });
  deps.signal?.addEventListener("abort", () => void reference.close(), { once: true });
  try {
    await sync.start();
  } catch (error) {
    await reference.close();
    throw error;
  }
  // A scaled clock is monotonic by itself.
  const cancelJumps =
    payload.clock.type === "scaled" ? () => {} : watchJumps(clock, (jumpMs) => sync.jumped(jumpMs));
  const close = async (): Promise<void> => {
    cancelJumps();
    sync.stop();
    queue.stop();
    await reference.close();
  };
  const history: BarHistory = {
    request: (request, onReply) => queue.request(request, onReply),
    forget: (symbol) => void queue.removeSymbol(symbol),
  };
  return { reference, history, offsetMs, close };
}
