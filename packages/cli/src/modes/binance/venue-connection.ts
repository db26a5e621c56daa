import {
  assertRouted,
  BackfillQueue,
  BinanceReferenceData,
  type BinanceRest,
  proxyOf,
  type VenueBases,
} from "@smcq/exchange-binance";
import { type CancelTimer, type Clock, type Logger, OffsetClock, Rng } from "@smcq/kernel";
import type { AccountWish, TradingAccount } from "../../accounts/account.ts";
import type { RestUse } from "../../control/protocol.ts";
import type { VenueConnection, VenueDeps } from "../ports.ts";
import { ClockSync, TRIP_MS_MAX, watchJumps } from "./clock-sync.ts";

export interface VenueSettings {
  readonly bases: VenueBases;
  readonly seed: number;
  readonly connectTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly weightRatioMax: number;
  readonly cacheDir: string | null;
  readonly shrinkRatioMax: number;
  /** The machine's clock may be set, or sleep. */
  readonly canClockJump: boolean;
  readonly openAccount: (rest: BinanceRest, deps: AccountWish) => Promise<TradingAccount>;
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
    shrinkRatioMax: settings.shrinkRatioMax,
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
  const sync = clockSyncOf(reference, deps, settings.canClockJump);
  deps.signal?.addEventListener("abort", () => void reference.close(), { once: true });
  let cancelJumps: CancelTimer = () => {};
  return {
    reference,
    history: {
      request: (request, onReply) => queue.request(request, onReply),
      forget: (symbol) => void queue.removeSymbol(symbol),
    },
    keepUniverse: () => reference.keepUniverse(),
    restUse: () => restUseOf(reference.rest),
    gate: gateOf(reference, venueClock),
    answer: () => reference.rest.ping(),
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

function gateOf(reference: BinanceReferenceData, venueClock: Clock): VenueConnection["gate"] {
  return {
    restStoppedMs: () => {
      const untilMs = reference.rest.budget.stoppedUntilMs();
      return untilMs === 0 ? 0 : Math.max(0, untilMs - venueClock.nowMs());
    },
    lastRows: (symbol) => reference.klines({ symbol, interval: "1m", limit: 2, priority: 0 }),
  };
}

function clockSyncOf(
  reference: BinanceReferenceData,
  { machineClock: clock, offset, logger }: VenueDeps,
  canClockJump: boolean,
): ClockSync {
  return new ClockSync({
    clock,
    logger,
    synchronise: async () => {
      await reference.synchroniseClock();
      offset.set(reference.rest.offset.offsetMs());
    },
    tripMs: () => reference.rest.offset.roundTripMs(),
    tripMsMax: canClockJump ? TRIP_MS_MAX : Number.POSITIVE_INFINITY,
    onHealth: (isSound) => offset.judge(isSound),
  });
}

/** Names the proxies on the way; refuses (BINANCE_PROXY) what is none. */
function sayProxies({ restBase, wsBase }: VenueBases, logger: Logger): void {
  for (const base of [restBase, wsBase]) {
    const proxy = proxyOf(base, process.env);
    if (proxy !== null) logger.info({ base, proxy: proxy.text }, "the venue is reached through a proxy");
  }
}

function restUseOf(rest: BinanceRest): RestUse {
  const { requests, failures, silentMs } = rest.stats();
  const { weightLimit, weightSent, weightReported, bannedUntilMs } = rest.budget.state();
  // The venue counts what others at this address have used, too.
  const weightUsed = Math.max(weightSent, weightReported);
  return { requests, failures, weightUsed, weightLimit, bannedUntilMs, silentMs };
}
