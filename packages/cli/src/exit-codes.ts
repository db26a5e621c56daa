import { errorCode } from "@smcq/kernel";

/** Exit codes of `smcq`; stable, so that services can act on them. */
export const ExitCode = {
  Ok: 0,
  /** Broken code, or an error without a code of its own. */
  Unexpected: 1,
  /** Unknown command or flag. */
  Usage: 2,
  /** A setting is wrong or contradicts another. */
  Config: 3,
  /** A file cannot be read or written, or holds something else. */
  File: 4,
  /** The venue cannot be reached and no cached universe helps. */
  Venue: 5,
  /** Klines do not come: the address is not routed, or the venue is silent. */
  Feed: 6,
  /** Another engine runs on the same data folder, or on the same account. */
  Locked: 7,
  /** A port is in use. */
  Port: 8,
  /** The engine crashed too often. */
  Crashes: 9,
  /** The ledger cannot be opened or closed, or is not what it was. */
  Ledger: 10,
  /** The model is missing or refused. */
  Model: 11,
  /** The run has ended, and positions are open: without a stop, or although they were to be left. */
  Exposed: 12,
  /** No engine runs on the data folder, or it does not answer. */
  NoEngine: 13,
  /** The running engine has said no. */
  Refused: 14,
  /** The account is not the ledger's, or is set up as it cannot be traded on. */
  Account: 15,
  /** The API key is missing, is refused by the venue, or may do more than trade. */
  Key: 16,
  /** `smcq doctor` found something that fails. */
  Doctor: 17,
  /** `smcq drill`: something that has to hold was broken. */
  Drill: 18,
  /** The ledger's mirror: PostgreSQL cannot be reached, refuses it, or holds something else. */
  Mirror: 19,
  /** A channel of the alerts has not taken its test. */
  Alerts: 20,
  /** `smcq prove` found what looks ahead, or a gain in nothing. */
  LookAhead: 21,
  /** `smcq audit`: the engine did not do what the bars say. */
  Audit: 22,
  /** The bus: nats-server cannot be reached, or refuses. */
  Bus: 23,
  /** Jobs on other hosts: no worker, one that was given up, or results that do not agree. */
  Jobs: 24,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const BY_PREFIX: readonly (readonly [string, ExitCode])[] = [
  ["CONFIG_FILE", ExitCode.File],
  ["CONFIG", ExitCode.Config],
  ["USAGE", ExitCode.Usage],
  ["ALERTS_SECRET", ExitCode.Config],
  ["ALERTS_OUTBOX", ExitCode.File],
  ["CONTROL_PATH", ExitCode.Config],
  ["CONTROL_SOCKET", ExitCode.File],
  ["CONTROL_NO_ENGINE", ExitCode.NoEngine],
  ["CONTROL_SILENT", ExitCode.NoEngine],
  ["CONTROL", ExitCode.Refused],
  ["DRILL", ExitCode.Drill],
  ["MIRROR_URL", ExitCode.Config],
  ["MIRROR_PASSWORD", ExitCode.File],
  ["MIRROR_LOCKED", ExitCode.Locked],
  ["MIRROR", ExitCode.Mirror],
  ["MODEL", ExitCode.Model],
  ["ORT", ExitCode.Model],
  ["ACCOUNT_SECOND_ENGINE", ExitCode.Locked],
  ["ACCOUNT", ExitCode.Account],
  ["BINANCE_KEY", ExitCode.Key],
  ["BINANCE_ACCOUNT", ExitCode.Account],
  ["BINANCE_ARCHIVE_URL", ExitCode.Config],
  ["BINANCE_URL", ExitCode.Feed],
  ["BINANCE_PROXY", ExitCode.Config],
  ["FEED_UNREACHABLE", ExitCode.Venue],
  ["FEED", ExitCode.Feed],
  ["BINANCE", ExitCode.Venue],
  ["BACKUP_BROKEN_LEDGER", ExitCode.Ledger],
  ["BACKUP", ExitCode.File],
  ["RUN_LOCK", ExitCode.Locked],
  ["LEDGER", ExitCode.Ledger],
  ["EADDRINUSE", ExitCode.Port],
  ["METRICS_PORT", ExitCode.Port],
  ["DASHBOARD_PORT", ExitCode.Port],
  ["DASHBOARD", ExitCode.File],
  ["SIM_PORT", ExitCode.Port],
  ["SIM_OPTION", ExitCode.Config],
  ["SIM_FAULT", ExitCode.Config],
  ["SIM_LOCKED", ExitCode.Locked],
  ["SIM_ACCOUNT", ExitCode.File],
  ["SIM", ExitCode.Venue],
  ["KLINES", ExitCode.File],
  ["HISTORY", ExitCode.File],
  ["TABLE", ExitCode.File],
  ["SCAN_STUCK", ExitCode.Unexpected],
  ["SCAN", ExitCode.File],
  ["DATASET", ExitCode.File],
  ["RESEARCH_CALENDAR", ExitCode.Model],
  ["RESEARCH", ExitCode.File],
  ["SWEEP", ExitCode.File],
  ["AUDIT", ExitCode.File],
  ["BUS_URL", ExitCode.Config],
  ["BUS_CREDENTIALS", ExitCode.Config],
  // The supervisor starts it again: it comes back as the standby of who has the account.
  ["BUS_LEASE_LOST", ExitCode.Unexpected],
  ["BUS_VENUE_LOST", ExitCode.Unexpected],
  ["BUS", ExitCode.Bus],
  ["JOBS_FOLDER", ExitCode.File],
  ["JOBS", ExitCode.Jobs],
  ["INSTRUMENTS", ExitCode.File],
  ["RULES", ExitCode.File],
  ["FUNDING", ExitCode.File],
  ["ROWS", ExitCode.File],
  ["OUTPUT", ExitCode.File],
  ["ENOENT", ExitCode.File],
  ["EACCES", ExitCode.File],
  ["EISDIR", ExitCode.File],
  ["ENOTDIR", ExitCode.File],
  ["EROFS", ExitCode.File],
  ["EPERM", ExitCode.File],
  ["ENOSPC", ExitCode.File],
];

/** The exit code that an error deserves. */
export function exitCodeOf(error: unknown): ExitCode {
  const code = errorCode(error);
  return BY_PREFIX.find(([prefix]) => code.startsWith(prefix))?.[1] ?? ExitCode.Unexpected;
}
