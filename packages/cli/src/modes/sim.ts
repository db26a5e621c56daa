import { join } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { e8Text, numberToE8 } from "@smcq/kernel";
import { loadCredentials } from "@smcq/exchange-binance/trading";
import { type AccountSource, binancePorts } from "./binance/binance-ports.ts";
import type { SimulatedKey } from "./engine-payload.ts";
import type { Mode } from "./ports.ts";

/** The simulated venue on loopback: needs nothing, proves nothing about the market. */
export function simMode(config: EngineConfig): Mode {
  const { seed, speed, loop, sim, simTrading, fees } = config;
  const { isOn, orders, equity } = simTrading;
  const isAtVenue = isOn && orders === "binance-sim";
  return {
    accountFolder: isAtVenue ? join(config.dataDir, "venue") : null,
    venueProcess: (key) => ({
      seed,
      symbols: sim.symbols,
      speed,
      loop,
      port: sim.port,
      updatesPerSecondWall: sim.updatesPerSecondWall,
      ...(sim.faults === "" ? {} : { faults: sim.faults }),
      ...(isAtVenue
        ? { trading: { keys: [{ ...key, type: "hmac" }], equity: e8Text(numberToE8(equity)), fees } }
        : {}),
    }),
    ports: (payload) =>
      binancePorts(payload, {
        name: "sim",
        venue: "simulated venue on loopback",
        scorer: "heuristic",
        isTrading: isOn,
        refusesUnproven: false,
        account: orders === "sim-gateway" || payload.key === null ? "memory" : atVenue(payload.key),
        // The venue lives as long as the run: its list is of no use to the next one.
        cacheDir: null,
      }),
  };
}

function atVenue({ key, secret }: SimulatedKey): AccountSource {
  return {
    orders: "binance-sim",
    credentials: () => loadCredentials({ env: { BINANCE_API_KEY: key, BINANCE_API_SECRET: secret } }),
    gates: null,
  };
}
