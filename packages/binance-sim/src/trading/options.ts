import { createPublicKey, type KeyObject } from "node:crypto";
import { errorMessage, parseE8 } from "@smcq/kernel";

/** A key of the account: how its requests are signed. */
export type TradingKey =
  | { readonly key: string; readonly type: "hmac"; readonly secret: string }
  | { readonly key: string; readonly type: "rsa" | "ed25519"; readonly publicKeyPem: string };

/** What the account's keys may do, and from where. */
export interface RightsOptions {
  readonly futures: boolean;
  readonly withdrawals: boolean;
  readonly internalTransfers: boolean;
  readonly universalTransfers: boolean;
  /** Only listed addresses may use them. */
  readonly isIpRestricted: boolean;
}

/** The venue's order path and its one account; plain data, so that it crosses a process. */
export interface TradingOptions {
  /** 1..16 keys, all of the same account. */
  readonly keys: readonly TradingKey[];
  /** USDT in the wallet at the start, decimal text; default "10000". */
  readonly equity?: string;
  /** Shares of a trade's notional; defaults 0.0005 and 0.0002. */
  readonly fees?: { readonly takerRatio: number; readonly makerRatio: number };
  /** Leverage of a symbol that nobody has set, at most its brackets'; default 20. */
  readonly leverage?: number;
  /** Margin type of symbols that nobody has set; default `cross`. */
  readonly marginType?: "cross" | "isolated";
  /** `path` (default): the market follows the minute's path. `held`: prices stand until `move` moves them. */
  readonly prices?: "path" | "held";
  /** The folder that keeps the account, so that it outlives the process; absent: memory alone. */
  readonly folder?: string;
  /** True: whatever the folder keeps, a new account begins, and the old one is put aside. */
  readonly isFresh?: boolean;
  /** What `GET /sapi/v1/account/apiRestrictions` tells; default: futures alone, from listed addresses. */
  readonly rights?: Partial<RightsOptions>;
}

export type TradingSettings = Required<Omit<TradingOptions, "folder" | "rights">> & {
  readonly folder: string | null;
  readonly rights: RightsOptions;
};

const RIGHTS: RightsOptions = {
  futures: true,
  withdrawals: false,
  internalTransfers: false,
  universalTransfers: false,
  isIpRestricted: true,
};

const KEYS_MAX = 16;
const KEY = /^[A-Za-z0-9_-]{1,128}$/;
const KNOWN = new Set([
  "keys",
  "equity",
  "fees",
  "leverage",
  "marginType",
  "prices",
  "folder",
  "isFresh",
  "rights",
]);

/** Fills in defaults; `faults` gets a sentence for each value that is wrong. */
export function resolveTrading(options: TradingOptions, faults: string[]): TradingSettings {
  const settings: TradingSettings = {
    equity: "10000",
    fees: { takerRatio: 0.0005, makerRatio: 0.0002 },
    leverage: 20,
    marginType: "cross",
    prices: "path",
    isFresh: false,
    ...options,
    folder: options.folder ?? null,
    rights: { ...RIGHTS, ...options.rights },
  };
  for (const name of Object.keys(options))
    if (!KNOWN.has(name)) faults.push(`trading.${name} is no option of the simulator`);
  const { keys, equity, fees, leverage, marginType, prices } = settings;
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > KEYS_MAX)
    faults.push(`trading.keys must be a list of 1..${KEYS_MAX} keys`);
  else keys.forEach((key, index) => faults.push(...keyFaults(key, `trading.keys[${index}]`)));
  if (Array.isArray(keys) && new Set(keys.map(({ key }) => key)).size !== keys.length)
    faults.push("trading.keys must not have a key twice");
  if (!isEquity(equity))
    faults.push(`trading.equity must be a decimal text above 0, got ${JSON.stringify(equity)}`);
  for (const name of ["takerRatio", "makerRatio"] as const)
    if (!(typeof fees?.[name] === "number" && fees[name] >= -0.01 && fees[name] <= 0.05))
      faults.push(`trading.fees.${name} must be a number -0.01..0.05, got ${JSON.stringify(fees?.[name])}`);
  if (!(Number.isInteger(leverage) && leverage >= 1 && leverage <= 125))
    faults.push(`trading.leverage must be an integer 1..125, got ${JSON.stringify(leverage)}`);
  if (marginType !== "cross" && marginType !== "isolated")
    faults.push(`trading.marginType must be one of cross, isolated, got ${JSON.stringify(marginType)}`);
  if (settings.folder === "") faults.push("trading.folder must be the name of a folder");
  if (prices !== "path" && prices !== "held")
    faults.push(`trading.prices must be one of path, held, got ${JSON.stringify(prices)}`);
  for (const [name, value] of Object.entries(settings.rights))
    if (!Object.hasOwn(RIGHTS, name) || typeof value !== "boolean")
      faults.push(
        `trading.rights.${name} must be one of ${Object.keys(RIGHTS).join(", ")}, and true or false`,
      );
  return settings;
}

function isEquity(text: unknown): boolean {
  try {
    return typeof text === "string" && parseE8(text) > 0n;
  } catch {
    return false;
  }
}

function keyFaults(given: TradingKey, place: string): readonly string[] {
  const faults: string[] = [];
  if (typeof given?.key !== "string" || !KEY.test(given.key))
    faults.push(`${place}.key must be 1..128 letters, digits, _ or -`);
  if (given?.type === "hmac") {
    if (typeof given.secret !== "string" || given.secret === "")
      faults.push(`${place}.secret must be a text`);
  } else if (given?.type === "rsa" || given?.type === "ed25519") {
    try {
      if (readPublicKey(given.publicKeyPem).asymmetricKeyType !== given.type)
        faults.push(`${place}.publicKeyPem is no key of type ${given.type}`);
    } catch (error) {
      faults.push(`${place}.publicKeyPem cannot be read: ${errorMessage(error)}`);
    }
  } else faults.push(`${place}.type must be one of hmac, rsa, ed25519`);
  return faults;
}

/** The public half of a key pair from its PEM. */
export function readPublicKey(pem: string): KeyObject {
  return createPublicKey(pem);
}
