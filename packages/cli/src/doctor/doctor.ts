import { forkBinanceSim } from "@smcq/binance-sim";
import { requireWatched } from "@smcq/cluster";
import type { EngineConfig } from "@smcq/config";
import { assertRouted, BinanceReferenceData, type VenueBases } from "@smcq/exchange-binance";
import { BinanceGateway, type SymbolDirectory } from "@smcq/exchange-binance/trading";
import { type Logger, Rng, SystemClock } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { newSimulatedKey, type SimulatedKey } from "../modes/engine-payload.ts";
import { type ExaminedMode, examinedMode } from "../modes/examined.ts";
import type { GateGround } from "../modes/gates/closed-gates.ts";
import { lookAtAccount } from "./account.ts";
import { fail, type Finding, looked, ok, skip, warn } from "./finding.ts";
import { lookAtHost, lookAtModel } from "./host.ts";
import { tryOrders } from "./test-order.ts";
import { filtersFinding, lookAtVenue } from "./venue.ts";

export interface DoctorWish {
  /** A far limit order and a far stop are placed and cancelled. */
  readonly isTestOrder: boolean;
  /** Also with real money. */
  readonly isYes: boolean;
}

/** Nothing of the checks is about a symbol by its number. */
const NO_SYMBOLS: SymbolDirectory = { byId: () => null, bySymbol: () => null };

/** Looks at everything that a run of these settings stands on; changes nothing, but for test orders that are wished for. */
export async function examine(
  ground: GateGround,
  wish: DoctorWish,
  logger: Logger,
): Promise<readonly Finding[]> {
  const { config } = ground.loaded;
  const clock = new SystemClock();
  const mode = examinedMode(ground);
  return [
    ...(await lookAtHost(config)),
    await lookAtModel(config, mode, { clock, logger }),
    ...gateFindings(mode),
    ...(await looked("venue", "look at addresses, firewall and DNS", () =>
      atVenue(config, mode, wish, logger),
    )),
  ];
}

function gateFindings({ name, missingWords, unsafeGround }: ExaminedMode): readonly Finding[] {
  if (missingWords.length + unsafeGround.length === 0) return [ok("gates", `mode ${name} may start`)];
  return [
    ...missingWords.map((text) => warn("gates", text, `mode ${name} does not start without it`)),
    ...unsafeGround.map((text) =>
      fail("gates", text, `mode ${name} does not start, and nothing signed is sent`),
    ),
  ];
}

/** Starts the venue where the mode has its own, and looks at it. */
async function atVenue(
  config: EngineConfig,
  mode: ExaminedMode,
  wish: DoctorWish,
  logger: Logger,
): Promise<readonly Finding[]> {
  const key = newSimulatedKey();
  if (mode.ownVenue === null) {
    const { wsBaseUrl: wsBase, restBaseUrl: restBase, allowCustomHost } = config.feed;
    return await lookAround(config, mode, {
      bases: { wsBase, restBase, allowCustomHost },
      key,
      wish,
      logger,
    });
  }
  const venue = await forkBinanceSim(mode.ownVenue(key));
  try {
    const bases = { wsBase: `ws://127.0.0.1:${venue.port}`, restBase: `http://127.0.0.1:${venue.port}` };
    return await lookAround(config, mode, { bases, key, wish, logger });
  } finally {
    await venue.stop();
  }
}

interface Around {
  readonly bases: VenueBases;
  readonly key: SimulatedKey;
  readonly wish: DoctorWish;
  readonly logger: Logger;
}

async function lookAround(
  config: EngineConfig,
  mode: ExaminedMode,
  around: Around,
): Promise<readonly Finding[]> {
  const { bases, logger } = around;
  const origin = assertRouted(bases).restOrigin;
  const { connectTimeoutMs, httpTimeoutMs: replyTimeoutMs } = config.feed;
  const reference = new BinanceReferenceData({
    origin,
    clock: new SystemClock(),
    rng: new Rng(config.seed),
    log: logger,
    connectTimeoutMs,
    replyTimeoutMs,
  });
  try {
    const found = await lookAtVenue(reference, origin);
    const rest = await looked("filters", "look at universe.symbols", async () => {
      const universe = await reference.universe();
      const names = new Set(requireWatched(universe, config.universe, logger));
      const watched = universe.instruments.filter(({ symbol }) => names.has(symbol));
      const own = await looked("account", "see docs/security.md, the way to live", () =>
        withKey(config, mode, { ...around, reference, watched }),
      );
      return [filtersFinding(universe, watched), ...own];
    });
    return [...found, ...rest];
  } finally {
    await reference.close();
  }
}

async function withKey(
  config: EngineConfig,
  mode: ExaminedMode,
  parts: Around & {
    readonly reference: BinanceReferenceData;
    readonly watched: Awaited<ReturnType<BinanceReferenceData["universe"]>>["instruments"];
  },
): Promise<readonly Finding[]> {
  const { account, name, unsafeGround } = mode;
  const { bases, key, wish, logger, reference, watched } = parts;
  if (account === null)
    return [
      skip("account", `mode ${name} has none at the venue: no key, no position mode, no margin is looked at`),
    ];
  if (unsafeGround.length > 0) return [skip("account", "not asked: its gates are closed")];
  const clock = new SystemClock();
  const credentials = account.credentials(key);
  const publicRest = reference.rest;
  const gateway = new BinanceGateway({
    bases,
    credentials,
    rest: publicRest,
    symbols: NO_SYMBOLS,
    clock,
    wallClock: clock,
    rng: new Rng(config.seed),
    log: logger,
  });
  const { rest } = gateway;
  try {
    const found = await lookAtAccount({
      account,
      bases,
      credentials,
      publicRest,
      rest,
      clock,
      logger,
      ledgerFile: ledgerFile(config.dataDir),
      watched: new Set(watched.map(({ symbol }) => symbol)),
      leverage: config.risk.leverage,
    });
    if (!wish.isTestOrder) return found;
    const isHeldBack = mode.isRealMoney && (!wish.isYes || mode.missingWords.length > 0);
    const held = skip("test order", "not sent: with real money it needs --yes, and every gate open");
    if (isHeldBack) return [...found, held];
    return [
      ...found,
      ...(await looked("test order", "try again", () => tryOrders({ rest, publicRest, watched, clock }))),
    ];
  } finally {
    await gateway.close();
  }
}
