import { forkBinanceSim } from "@smcq/binance-sim";
import type { LoadedConfig } from "@smcq/config";
import type { Universe } from "@smcq/exchange";
import { assertRouted, BinanceReferenceData } from "@smcq/exchange-binance";
import { type ClockSpec, createClock, Rng } from "@smcq/kernel";
import { join } from "node:path";
import type { CommandModule } from "yargs";
import { requireWatched, watchedOf } from "../run/universe-follower.ts";
import { createStderrLogger } from "../output/logger.ts";
import { printResult } from "../output/print-result.ts";
import { loadSettings, withSettingFlags } from "./settings.ts";

/** `smcq universe`: the instruments that the engine would watch. */
export function universeCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "universe",
    describe: "print the instruments that the engine would watch",
    builder: (argv) => withSettingFlags(argv).option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      const loaded = loadSettings(args);
      const universe = await fetchUniverse(loaded);
      const isWatched = new Set(watchedOf(universe, loaded.config.universe).symbols);
      const instruments = universe.instruments.filter(({ symbol }) => isWatched.has(symbol));
      const watched = { ...universe, instruments };
      requireWatched(universe, loaded.config.universe, createStderrLogger(loaded.config.log));
      await printResult(
        args["json"] === true ? `${JSON.stringify(watched, null, 2)}\n` : universeTable(watched),
      );
      setExitCode(0);
    },
  };
}

async function fetchUniverse(loaded: LoadedConfig): Promise<Universe> {
  const { config } = loaded;
  if (config.mode !== "sim")
    return ask(loaded, config.feed.wsBaseUrl, config.feed.restBaseUrl, { type: "system" });
  const venue = await forkBinanceSim({ seed: config.seed, symbols: config.sim.symbols, speed: config.speed });
  try {
    const host = `127.0.0.1:${venue.port}`;
    return await ask(loaded, `ws://${host}`, `http://${host}`, venue.clockSpec);
  } finally {
    await venue.stop();
  }
}

async function ask(
  loaded: LoadedConfig,
  wsBase: string,
  restBase: string,
  clock: ClockSpec,
): Promise<Universe> {
  const { config } = loaded;
  const { restOrigin } = assertRouted({ wsBase, restBase, allowCustomHost: config.feed.allowCustomHost });
  const reference = new BinanceReferenceData({
    origin: restOrigin,
    clock: createClock(clock),
    rng: new Rng(config.seed),
    log: createStderrLogger(config.log),
    connectTimeoutMs: config.feed.connectTimeoutMs,
    replyTimeoutMs: config.feed.httpTimeoutMs,
    ...(config.mode === "sim" ? {} : { cacheDir: join(config.dataDir, "cache") }),
  });
  try {
    return await reference.universe({ maxAgeMs: config.universe.cacheMaxAgeMs });
  } finally {
    await reference.close();
  }
}

/** The universe as a table for eyes. */
export function universeTable(universe: Universe): string {
  const columns = ["symbol", "tickSize", "stepSize", "minNotional", "onboard"] as const;
  const rows = universe.instruments.map((one) => [
    one.symbol,
    one.tickSize,
    one.stepSize,
    one.minNotional,
    new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC" }).format(one.onboardMs),
  ]);
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  const minute = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "UTC",
    dateStyle: "short",
    timeStyle: "short",
  });
  const source = `from ${universe.source}, fetched ${minute.format(universe.fetchedAtMs)} UTC`;
  const summary = `${universe.instruments.length} of ${universe.totalCount} symbols (${source})`;
  return `${[line(columns), ...rows.map(line), "", summary].join("\n")}\n`;
}
