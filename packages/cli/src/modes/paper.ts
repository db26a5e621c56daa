import { join } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { binancePorts } from "./binance/binance-ports.ts";
import type { Mode } from "./ports.ts";

/** The real venue's public data; nothing is sent to it but reads. */
export function paperMode(config: EngineConfig): Mode {
  return {
    venueProcess: null,
    accountFolder: null,
    ports: (payload) =>
      binancePorts(payload, {
        name: "paper",
        venue: "the real venue's market data, a simulated account",
        scorer: "shipped-model",
        isTrading: config.simTrading.isOn && config.role !== "scanner",
        refusesUnproven: false,
        // Nothing but reads goes to the real venue.
        account: "memory",
        cacheDir: join(config.dataDir, "cache"),
      }),
  };
}
