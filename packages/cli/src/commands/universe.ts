import { livePlan } from "../plans/traded-plan.ts";
import { forkBinanceSim } from "@smcq/binance-sim";
import { requireWatched } from "@smcq/cluster";
import type { LoadedConfig } from "@smcq/config";
import type { Universe } from "@smcq/exchange";
import { createClock, MeasuredOffset } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { modeOf } from "../modes/mode-of.ts";
import { createStderrLogger } from "../output/logger.ts";
import { printResult } from "../output/print-result.ts";
import { enginePayload, newSimulatedKey, type SimulatedAddress } from "../modes/engine-payload.ts";
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
      const logger = createStderrLogger(loaded.config.log);
      const isWatched = new Set(requireWatched(universe, loaded.config.universe, logger));
      const instruments = universe.instruments.filter(({ symbol }) => isWatched.has(symbol));
      const watched = { ...universe, instruments };
      await printResult(
        args["json"] === true ? `${JSON.stringify(watched, null, 2)}\n` : universeTable(watched),
      );
      setExitCode(0);
    },
  };
}

async function fetchUniverse(loaded: LoadedConfig): Promise<Universe> {
  const { venueProcess } = modeOf(loaded.config);
  if (venueProcess === null) return ask(loaded, null);
  // A venue that lives for one question listens wherever it can, and misbehaves in nothing.
  const key = newSimulatedKey();
  const venue = await forkBinanceSim({ ...venueProcess(key), port: 0, faults: "none" });
  try {
    return await ask(loaded, { port: venue.port, clock: venue.clockSpec, key });
  } finally {
    await venue.stop();
  }
}

/** Asks through the mode's own ports, the cache included; no clock is needed for a list. */
async function ask(loaded: LoadedConfig, simulated: SimulatedAddress | null): Promise<Universe> {
  const payload = enginePayload(loaded, livePlan(loaded.config), simulated);
  const { cacheMaxAgeMs } = payload.config.universe;
  const venue = modeOf(payload.config)
    .ports(payload)
    .openVenue({
      machineClock: createClock(payload.clock),
      offset: new MeasuredOffset(),
      logger: createStderrLogger(payload.config.log),
    });
  try {
    return await venue.reference.universe({ maxAgeMs: cacheMaxAgeMs });
  } finally {
    await venue.close();
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
