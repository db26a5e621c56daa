import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

/** Codes of the failures this package throws. */
export const BusErrorCode = {
  /** An address of the servers is none, or holds a password. */
  Url: "BUS_URL",
  /** A file with a seed, a key or a certificate is missing, readable for others, or no such thing. */
  Credentials: "BUS_CREDENTIALS",
  /** No server can be reached, or none answered in time: later one may. */
  Unreachable: "BUS_UNREACHABLE",
  /** The server says no: who we are, what we may do, or that it keeps no streams. */
  Refused: "BUS_REFUSED",
  /** What came over the bus is no word that anybody of ours says. */
  Word: "BUS_WORD",
  /** A lease's times are out of range, or all its epochs are used up. */
  Lease: "BUS_LEASE",
  /** Another host has taken the account: this one ends its trading, and comes back as a standby. */
  LeaseLost: "BUS_LEASE_LOST",
  /** The venue does not answer this host, and a standby reaches it: the account is left to that one, this one comes back as a standby. */
  VenueLost: "BUS_VENUE_LOST",
} as const;
export type BusErrorCode = (typeof BusErrorCode)[keyof typeof BusErrorCode];

/** What the client and the server call somebody who has no right to be here, or to do this. */
const REFUSED_NAMES: ReadonlySet<string> = new Set([
  "AuthorizationError",
  "UserAuthenticationExpiredError",
  "PermissionViolationError",
]);
/** What node calls a peer that is not to be trusted, or speaks no TLS. */
const TLS_WORDS = /certificate|CERT|SSL|TLS|altnames/;
/** What JetStream says where it is not switched on, or not for this user. */
const NO_STREAMS = /jetstream (is )?not enabled/i;

/** Returns an error of ours for anything that the client or the network threw; ours pass through. `doing` begins the sentence. */
export function busError(error: unknown, doing: string): SmcqError {
  if (error instanceof SmcqError) return error;
  const name = error instanceof Error ? error.name : "";
  const said = errorMessage(error);
  const nativeCode = errorCode(error);
  const causeName = error instanceof Error && error.cause instanceof Error ? error.cause.name : "";
  const isRefused =
    REFUSED_NAMES.has(name) ||
    REFUSED_NAMES.has(causeName) ||
    NO_STREAMS.test(said) ||
    TLS_WORDS.test(`${nativeCode} ${said}`);
  const code = isRefused ? BusErrorCode.Refused : BusErrorCode.Unreachable;
  const hint = NO_STREAMS.test(said) ? ": start nats-server with -js, or allow this user to use it" : "";
  return new SmcqError(code, `${doing}: ${said}${hint}`, { context: { nativeCode }, cause: error });
}
