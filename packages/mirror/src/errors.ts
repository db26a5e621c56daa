import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

/** Codes of the failures this package throws. */
export const MirrorErrorCode = {
  /** The address of the database is none, or holds a password. */
  Url: "MIRROR_URL",
  /** The file with the password is missing, readable for others or empty. */
  Password: "MIRROR_PASSWORD",
  /** The server cannot be reached, has gone, or has no room: later it may do. */
  Unreachable: "MIRROR_UNREACHABLE",
  /** The server says no: user, password, right, database, TLS, encoding. */
  Refused: "MIRROR_REFUSED",
  /** The schema holds tables that are not a mirror's. */
  Foreign: "MIRROR_FOREIGN",
  /** The schema was made by a newer version. */
  SchemaNewer: "MIRROR_SCHEMA_NEWER",
  /** The schema is a copy of another ledger, or of rows that this ledger does not have. */
  OtherLedger: "MIRROR_OTHER_LEDGER",
  /** Another mirror writes into the schema. */
  Locked: "MIRROR_LOCKED",
} as const;
export type MirrorErrorCode = (typeof MirrorErrorCode)[keyof typeof MirrorErrorCode];

/** Classes of SQLSTATE after which the same may succeed later: connection, transaction, resources, operator, system. */
const LATER_CLASSES: ReadonlySet<string> = new Set(["08", "40", "53", "55", "57", "58"]);
/** A server that follows another one takes no rows until it leads. */
const READ_ONLY = "25006";
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** What node and pg call a peer that is not to be trusted, or speaks no TLS. */
const TLS_WORDS = /certificate|CERT|SSL|TLS|altnames/;

/** Returns an error of ours for anything that pg or the network threw; ours pass through. */
export function mirrorError(error: unknown, shown: string): SmcqError {
  if (error instanceof SmcqError) return error;
  const nativeCode = errorCode(error);
  const said = errorMessage(error) || nativeCode;
  const context = { server: shown, nativeCode };
  const isState = SQLSTATE.test(nativeCode);
  const isLater = isState
    ? LATER_CLASSES.has(nativeCode.slice(0, 2)) || nativeCode === READ_ONLY
    : !said.startsWith("SASL") && !TLS_WORDS.test(`${nativeCode} ${said}`);
  const code = isLater ? MirrorErrorCode.Unreachable : MirrorErrorCode.Refused;
  const hint = said.startsWith("SASL")
    ? ": it wants a password; name a file of mode 0600 with it, or set PGPASSWORD or PGPASSFILE"
    : "";
  return new SmcqError(code, `${shown}: ${said}${isState ? ` (${nativeCode})` : ""}${hint}`, {
    context,
    cause: error,
  });
}
