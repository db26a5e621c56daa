import type { VenueBases } from "@smcq/exchange-binance";
import {
  checkAccountConfig,
  type Credentials,
  type KeyRights,
  readAccountAlias,
  readAccountConfig,
  readKeyRights,
  readRestingOrders,
  readSymbolSettings,
  rightsFaults,
  type SignedRest,
} from "@smcq/exchange-binance/trading";
import type { BinanceRest } from "@smcq/exchange-binance";
import { type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { leaseAccount } from "../accounts/gates/account-lease.ts";
import { knownAccount, requireSameAccount } from "../accounts/gates/known-account.ts";
import { signOfLife } from "../accounts/gates/second-engine.ts";
import type { ExaminedAccount } from "../modes/examined.ts";
import { fail, type Finding, looked, ok, skip, warn } from "./finding.ts";

export interface AccountGround {
  readonly account: ExaminedAccount;
  readonly bases: VenueBases;
  readonly credentials: Credentials;
  /** The public REST, with its measured clock. */
  readonly publicRest: BinanceRest;
  /** The account's own. */
  readonly rest: SignedRest;
  readonly ledgerFile: string;
  /** Symbols that are watched. */
  readonly watched: ReadonlySet<string>;
  /** Leverage that positions are opened with at most. */
  readonly leverage: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The key and the account: rights, settings, whose ledger it is, who else trades on it. */
export async function lookAtAccount(ground: AccountGround): Promise<readonly Finding[]> {
  const { rest } = ground;
  return [
    ...(await looked("key", "see docs/security.md, the way to live", () => keyFindings(ground))),
    ...(await looked("account", "see the venue's preferences", () => settingsFinding(rest))),
    ...(await looked("symbols", "try again", () => symbolsFinding(ground))),
    ...(await looked("ledger's own", "use that account's key, or another --data-dir", () =>
      ledgerFinding(ground),
    )),
    ...(await looked("second engine", "stop the other one", () => aloneFinding(ground))),
  ];
}

async function keyFindings(ground: AccountGround): Promise<readonly Finding[]> {
  const { account, bases, credentials, publicRest, clock, logger } = ground;
  if (account.orders === "binance-demo")
    return [skip("key", "the demo venue does not tell what a key may do, or from where")];
  const rights = await readKeyRights({ bases, credentials, rest: publicRest, clock, log: logger });
  return rights === null
    ? [skip("key", "this venue does not tell what a key may do")]
    : rightsFindings(rights);
}

export function rightsFindings(rights: KeyRights): readonly Finding[] {
  const faults = rightsFaults(rights);
  const right =
    faults.length === 0
      ? ok("key", "may trade futures, and may neither withdraw nor transfer")
      : fail("key", faults.join("; "), "mode live refuses it");
  const address = rights.isIpRestricted
    ? ok("IP list", "the key works from listed addresses alone")
    : warn("IP list", "the key works from every address", "restrict it to this host's address");
  return [right, address];
}

async function settingsFinding(rest: SignedRest): Promise<Finding> {
  checkAccountConfig(await readAccountConfig(rest));
  return ok("account", "may trade, one-way mode, single-asset mode");
}

async function symbolsFinding({ rest, watched, leverage }: AccountGround): Promise<Finding> {
  const settings = (await readSymbolSettings(rest)).filter(({ symbol }) => watched.has(symbol));
  const isolated = settings.filter(({ isIsolated }) => isIsolated).length;
  const others = settings.filter((setting) => setting.leverage !== leverage).length;
  const text =
    `${isolated} isolated, ${settings.length - isolated} cross; leverage of ${others} is not risk.leverage (${leverage}), ` +
    "and is set before an entry";
  return settings.length === watched.size
    ? ok("symbols", text)
    : warn(
        "symbols",
        `${text}; ${watched.size - settings.length} watched ones are not told of`,
        "leave them out",
      );
}

async function ledgerFinding({ rest, account, ledgerFile }: AccountGround): Promise<Finding> {
  const fingerprint = `${account.orders}/${await readAccountAlias(rest)}`;
  if (account.leaseDir === null)
    return skip("ledger's own", `${fingerprint} is on a venue of the doctor's own`);
  const known = knownAccount(ledgerFile, account.orders).fingerprint;
  requireSameAccount(known, fingerprint);
  return ok(
    "ledger's own",
    known === null ? `${fingerprint}, new to this ledger` : `${fingerprint}, as before`,
  );
}

async function aloneFinding({ rest, account, ledgerFile }: AccountGround): Promise<Finding> {
  const { orders, leaseDir } = account;
  const known = knownAccount(ledgerFile, orders);
  const found = signOfLife(await readRestingOrders(rest), (id) => known.engineIds.has(id), rest.nowMs());
  if (found !== null)
    return fail(
      "second engine",
      `order ${found.clientOrderId} of ${found.symbol} is young, and of no engine of this ledger`,
      "stop that engine, or wait two minutes",
    );
  if (leaseDir !== null)
    try {
      leaseAccount(leaseDir, `${orders}/${await readAccountAlias(rest)}`).release();
    } catch (error) {
      return warn("second engine", errorMessage(error), "that is as it should be if it is your own");
    }
  return ok("second engine", "none on this host, and no young orders of another one");
}
