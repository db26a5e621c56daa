import { existsSync } from "node:fs";
import { SmcqError } from "@smcq/kernel";
import { JournalReader } from "@smcq/ledger";
import type { OrdersName } from "../account.ts";

/** What a ledger knows of the accounts of one venue. */
export interface KnownAccount {
  /** The account that was traded on last; null: none was. */
  readonly fingerprint: string | null;
  /** Engines that have traded on it lately. */
  readonly engineIds: ReadonlySet<string>;
}

const NOBODY: KnownAccount = { fingerprint: null, engineIds: new Set() };

/** The account of this venue that a ledger was traded on last. */
export function knownAccount(file: string, orders: OrdersName): KnownAccount {
  if (!existsSync(file)) return NOBODY;
  const reader = new JournalReader(file);
  try {
    for (const { account } of reader.accountRuns())
      if (account.startsWith(`${orders}/`))
        return { fingerprint: account, engineIds: reader.engineIds(account) };
    return NOBODY;
  } finally {
    reader.close();
  }
}

/** Refuses with ACCOUNT_OTHER another account than the ledger's (OP04): what it says of positions would be another's. */
export function requireSameAccount(known: string | null, found: string): void {
  if (known === null || known === found) return;
  throw new SmcqError(
    "ACCOUNT_OTHER",
    `the key is of account ${found}, and this ledger was traded on ${known}: use that account's key, or another --data-dir`,
    { context: { ledger: known, key: found } },
  );
}
