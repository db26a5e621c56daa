import { join } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { type Credentials, loadCredentials } from "@smcq/exchange-binance/trading";
import { SmcqError } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { leaseFolder } from "../accounts/gates/account-lease.ts";
import { binancePorts } from "./binance/binance-ports.ts";
import { keyFilesOf } from "./gates/key-files.ts";
import type { Mode } from "./ports.ts";

/** What the two modes differ in that trade on an account at the venue. */
const VENUES = {
  demo: { orders: "binance-demo", venue: "the venue's demo account, no real money" },
  live: { orders: "binance", venue: "REAL MONEY on the venue's own account" },
} as const;

/**
 * Takes the key out of the environment at once, so that whatever is started later inherits none; what is wrong with it is
 * told to whoever wants it: market data need no key.
 */
function takeCredentials(config: EngineConfig): () => Credentials {
  if (config.role === "scanner")
    return () => {
      throw new SmcqError("BINANCE_KEY_UNUSABLE", "a scanner has no account and reads no key");
    };
  try {
    const credentials = loadCredentials({ env: process.env, ...keyFilesOf(config) });
    return () => credentials;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Trades on an account at the venue itself. */
export function tradedMode(config: EngineConfig, name: keyof typeof VENUES): Mode {
  const { orders, venue } = VENUES[name];
  return {
    venueProcess: null,
    accountFolder: null,
    ports: (payload) =>
      binancePorts(payload, {
        name,
        venue,
        scorer: "shipped-model",
        isTrading: config.role !== "scanner",
        refusesUnproven: !config.risk.allowUnproven,
        account: {
          orders,
          credentials: takeCredentials(config),
          gates: {
            leaseDir: leaseFolder(process.env, config.account.leaseDir),
            ledgerFile: ledgerFile(config.dataDir),
          },
        },
        cacheDir: join(config.dataDir, "cache", name),
      }),
  };
}
