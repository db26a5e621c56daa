import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode, SmcqError } from "@smcq/kernel";
import { acquireRunLock, type RunLock } from "@smcq/ledger";

/** Where a user's programs keep what outlives them, one folder for all data folders of a host. */
export function leaseFolder(
  env: Readonly<Record<string, string | undefined>>,
  wanted: string | null,
): string {
  if (wanted !== null) return wanted;
  const { XDG_STATE_HOME: state } = env;
  const base = state === undefined || state === "" ? join(homedir(), ".local", "state") : state;
  return join(base, "smcq", "accounts");
}

/**
 * Takes the account for this process, whatever its data folder; refuses with RUN_LOCK_ACCOUNT while another engine of this
 * user has it.
 */
export function leaseAccount(folder: string, fingerprint: string): RunLock {
  const name = fingerprint.replaceAll(/[^A-Za-z0-9-]/g, "_");
  try {
    return acquireRunLock(join(folder, name));
  } catch (cause) {
    if (!(cause instanceof SmcqError) || errorCode(cause) !== "RUN_LOCKED") throw cause;
    const pid = String(cause.context["pid"]);
    throw new SmcqError(
      "RUN_LOCK_ACCOUNT",
      `another engine (pid ${pid}) trades on account ${fingerprint}, with another data folder: two would undo each other's ` +
        "orders; stop it first",
      { context: { ...cause.context, account: fingerprint }, cause },
    );
  }
}
