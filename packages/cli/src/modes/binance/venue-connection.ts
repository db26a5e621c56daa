import {
  assertRouted,
  BackfillQueue,
  BinanceReferenceData,
  type BinanceRest,
  proxyOf,
  type VenueBases,
} from "@smcq/exchange-binance";
import { type CancelTimer, type Logger, OffsetClock, Rng } from "@smcq/kernel";
import type { AccountDeps, TradingAccount } from "../../accounts/account.ts";
import type { RestUse } from "../../control/protocol.ts";
import type { VenueConnection, VenueDeps } from "../ports.ts";
import { ClockSync, watchJumps } from "./clock-sync.ts";

export interface VenueSettings {
  readonly bases: VenueBases;
  readonly seed: number;
  readonly connectTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly weightRatioMax: number;
  readonly cacheDir: string | null;
  /** The machine's clock may be set, or sleep. */
  readonly canClockJump: boolean;
  readonly openAccount: (rest: BinanceRest, deps: AccountDeps) => Promise<TradingAccount>;
}

/** Opens REST; refuses addresses whose klines would never come. */
export function openVenue(settings: VenueSettings, deps: VenueDeps): VenueConnection {
  const { machineClock, offset, logger } = deps;
  sayProxies(settings.bases, logger);
  const rng = new Rng(settings.seed);
  const reference = new BinanceReferenceData({
    origin: assertRouted(settings.bases).restOrigin,
    clock: machineClock,
    rng: rng.fork("rest"),
    log: logger,
    connectTimeoutMs: settings.connectTimeoutMs,
    replyTimeoutMs: settings.replyTimeoutMs,
    weightShareMax: settings.weightRatioMax,
    ...(settings.cacheDir === null ? {} : { cacheDir: settings.cacheDir }),
  });
  const venueClock = new OffsetClock(machineClock, () => offset.offsetMs);
  const queue = new BackfillQueue({
    klines: (query) => reference.klines(query),
    clock: machineClock,
    rng: rng.fork("backfill"),
    log: logger,
    venueNowMs: () => venueClock.nowMs(),
  });
  const sync = new ClockSync({
    clock: machineClock,
    logger,
    synchronise: async () => {
      await reference.synchroniseClock();
      offset.set(reference.rest.offset.offsetMs());
    },
  });
  deps.signal?.addEventListener("abort", () => void reference.close(), { once: true });
  let cancelJumps: CancelTimer = () => {};
  return {
    reference,
    history: {
      request: (request, onReply) => queue.request(request, onReply),
      forget: (symbol) => void queue.removeSymbol(symbol),
    },
    restUse: () => restUseOf(reference.rest),
    openAccount: (own) => settings.openAccount(reference.rest, own),
    start: async () => {
      await sync.start();
      if (settings.canClockJump) cancelJumps = watchJumps(machineClock, (jumpMs) => sync.jumped(jumpMs));
    },
    close: async () => {
      cancelJumps();
      sync.stop();
      queue.stop();
      await reference.close();
    },
  };
}

/** Names the proxies on the way; refuses (BINANCE_PROXY) what is none. */
function sayProxies({ restBase, wsBase }: VenueBases, logger: Logger): void {
  for (const base of [restBase, wsBase]) {
    const proxy = proxyOf(base, process.env);
    if (proxy !== null) logger.info({ base, proxy: proxy.text }, "the venue is reached through a proxy");
  }
}

function restUseOf(rest: BinanceRest): RestUse {
  const { requests, failures } = rest.stats();
  const { weightLimit, weightSent, weightReported, bannedUntilMs } = rest.budget.state();
  // The venue counts what others at this address have used, too.
  const weightUsed = Math.max(weightSent, weightReported);
  return { requests, failures, weightUsed, weightLimit, bannedUntilMs };
}
