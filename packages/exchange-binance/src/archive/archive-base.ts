import { SmcqError } from "@smcq/kernel";
import { isLoopback } from "../check-url.ts";
import { BinanceErrorCode } from "../errors.ts";

/** Where the venue keeps the files of past months and days. */
const ARCHIVE_HOST = "data.binance.vision";

/** An archive's address in its parts. */
export interface ArchiveBase {
  readonly origin: string;
  /** What stands before every path, without a slash at its end. */
  readonly prefix: string;
}

/**
 * Reads the archive's base. BINANCE_ARCHIVE_URL: it is no https address (http on loopback only), or has a query or credentials;
 * BINANCE_HOST_REFUSED: the host is another one and no setting allows it.
 */
export function archiveBase(base: string, isCustomAllowed: boolean): ArchiveBase {
  const refuse = (reason: string): SmcqError =>
    new SmcqError(
      BinanceErrorCode.ArchiveUrl,
      `feed.archiveBaseUrl ${JSON.stringify(base)} is refused: ${reason}; wanted an address such as https://${ARCHIVE_HOST}`,
      { context: { field: "feed.archiveBaseUrl" } },
    );
  if (!URL.canParse(base)) throw refuse("it is no address");
  const url = new URL(base);
  if (
    url.protocol !== "https:" &&
    !(url.protocol === "http:" && (isLoopback(url.hostname) || isCustomAllowed))
  )
    throw refuse("the scheme must be https:// (http:// on loopback only)");
  if (url.search !== "" || url.hash !== "") throw refuse("a base has no query");
  if (url.username !== "" || url.password !== "") throw refuse("a base holds no credentials");
  if (url.hostname !== ARCHIVE_HOST && !isLoopback(url.hostname) && !isCustomAllowed)
    throw new SmcqError(
      BinanceErrorCode.HostRefused,
      `feed.archiveBaseUrl is refused: ${url.hostname} is not the venue's archive. feed.allowCustomHost=true allows it.`,
      { context: { field: "feed.archiveBaseUrl", host: url.hostname } },
    );
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/u, "") };
}
