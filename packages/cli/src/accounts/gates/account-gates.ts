import {
  checkKeyRights,
  type KeyRights,
  readRestingOrders,
  type SignedRest,
} from "@smcq/exchange-binance/trading";
import type { Logger } from "@smcq/kernel";
import type { RunLock } from "@smcq/ledger";
import type { AccountDuty, OrdersName } from "../account.ts";
import { leaseAccount } from "./account-lease.ts";
import { knownAccount, requireSameAccount } from "./known-account.ts";
import { requireAlone, signOfLife } from "./second-engine.ts";

/** Where it stands who else may trade on an account. */
export interface AccountGates {
  /** Folder of the leases on accounts. */
  readonly leaseDir: string;
  /** The run's ledger. */
  readonly ledgerFile: string;
}

/** Refuses a key that may do more than trade real money; `rights` null: the venue does not tell, which is said. */
export function judgeRights(rights: KeyRights | null, logger: Logger): void {
  if (rights === null) {
    logger.info({}, "this venue tells nothing of a key's rights: they are not checked");
    return;
  }
  checkKeyRights(rights);
  if (rights.isIpRestricted) return;
  const text =
    "THE API KEY WORKS FROM EVERY ADDRESS: whoever gets it trades with it; restrict it to this host's address";
  logger.warn({ display: text }, text);
}

/**
 * The gates of an account of whose key is known that it is good: the ledger's own account, nobody else on it, on this host or
 * on another one. Returns the lease on it, for as long as it is traded on.
 */
export async function enterAccount(
  { leaseDir, ledgerFile }: AccountGates,
  account: { readonly orders: OrdersName; readonly fingerprint: string },
  rest: SignedRest,
  duty?: Pick<AccountDuty, "isPredecessor">,
): Promise<RunLock> {
  const { orders, fingerprint } = account;
  const known = knownAccount(ledgerFile, orders);
  requireSameAccount(known.fingerprint, fingerprint);
  const lease = leaseAccount(leaseDir, fingerprint);
  try {
    const resting = await readRestingOrders(rest);
    const nowMs = rest.nowMs();
    const isKnown = (engineId: string): boolean =>
      known.engineIds.has(engineId) || duty?.isPredecessor(engineId) === true;
    requireAlone(signOfLife(resting, isKnown, nowMs), nowMs);
    return lease;
  } catch (error) {
    lease.release();
    throw error;
  }
}
