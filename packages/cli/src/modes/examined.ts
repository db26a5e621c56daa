import type { BinanceSimOptions } from "@smcq/binance-sim";
import { assertNever } from "@smcq/kernel";
import { type Credentials, loadCredentials } from "@smcq/exchange-binance/trading";
import type { OrdersName } from "../accounts/account.ts";
import { leaseFolder } from "../accounts/gates/account-lease.ts";
import type { SimulatedKey } from "./engine-payload.ts";
import { type GateGround, missingWords, unsafeGround } from "./gates/closed-gates.ts";
import { keyFilesOf } from "./gates/key-files.ts";
import type { ScorerPolicy } from "./ports.ts";
import { simMode } from "./sim.ts";

/** A mode as `smcq doctor` looks at it: what may be asked of whom, before anything trades. */
export interface ExaminedMode {
  readonly name: string;
  readonly isRealMoney: boolean;
  readonly scorer: ScorerPolicy;
  readonly refusesUnproven: boolean;
  /** Words that its start still wants. */
  readonly missingWords: readonly string[];
  /** Why nothing that is signed is sent; empty: nothing speaks against it. */
  readonly unsafeGround: readonly string[];
  /** The account at the venue; null: the mode has none there. */
  readonly account: ExaminedAccount | null;
  /** The venue that has to be started first, at the wall's speed; null: it is there. */
  readonly ownVenue: ((key: SimulatedKey) => BinanceSimOptions) | null;
}

export interface ExaminedAccount {
  readonly orders: OrdersName;
  /** Those of a venue of one's own are what it was started with. */
  credentials(own: SimulatedKey): Credentials;
  /** Null: the account is as new as its venue, and nobody else knows it. */
  readonly leaseDir: string | null;
}

/** How the doctor looks at the mode of the settings. */
export function examinedMode(ground: GateGround): ExaminedMode {
  const { config } = ground.loaded;
  const common = {
    name: config.mode,
    missingWords: missingWords(ground),
    unsafeGround: unsafeGround(ground),
  };
  const traded = { ...common, scorer: "shipped-model", ownVenue: null } as const;
  switch (config.mode) {
    case "sim":
      return {
        ...common,
        isRealMoney: false,
        scorer: "heuristic",
        refusesUnproven: false,
        account: { orders: "binance-sim", credentials: credentialsOf, leaseDir: null },
        // A venue that lives for some questions listens wherever it can, and misbehaves in nothing.
        ownVenue: (key) => ({
          ...simMode(config).venueProcess?.(key),
          trading: { keys: [{ ...key, type: "hmac" }] },
          port: 0,
          faults: "none",
          speed: 1,
          epoch: "wall",
        }),
      };
    case "paper":
      return { ...traded, isRealMoney: false, refusesUnproven: false, account: null };
    case "demo":
    case "live": {
      const orders = config.mode === "live" ? "binance" : "binance-demo";
      const credentials = (): Credentials =>
        loadCredentials({ env: { ...ground.env }, ...keyFilesOf(config) });
      return {
        ...traded,
        isRealMoney: config.mode === "live",
        refusesUnproven: !config.risk.allowUnproven,
        account:
          config.role === "scanner"
            ? null
            : { orders, credentials, leaseDir: leaseFolder(ground.env, config.account.leaseDir) },
      };
    }
    default:
      return assertNever(config.mode);
  }
}

function credentialsOf({ key, secret }: SimulatedKey): Credentials {
  return loadCredentials({ env: { BINANCE_API_KEY: key, BINANCE_API_SECRET: secret } });
}
