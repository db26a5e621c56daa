/** Stable codes of this package's errors; the context of each names the request or connection it belongs to. */
export const BinanceErrorCode = {
  /** The stream base would connect and stay silent (docs/binance.md 1.1), or is no URL of the venue's form. */
  UrlUnrouted: "BINANCE_URL_UNROUTED",
  /** The host is not the venue's and no flag allows it. */
  HostRefused: "BINANCE_HOST_REFUSED",
  /** A variable of the environment names a proxy that is none. */
  Proxy: "BINANCE_PROXY",
  /** NODE_TLS_REJECT_UNAUTHORIZED=0 is set. */
  TlsUnchecked: "BINANCE_TLS_UNCHECKED",
  /** The request did not reach the venue or the answer did not arrive. */
  Network: "BINANCE_NETWORK",
  /** 408 or a 5xx status. */
  Unavailable: "BINANCE_UNAVAILABLE",
  /** 403: the venue's web firewall. */
  Firewall: "BINANCE_FIREWALL",
  /** 429: stop until the minute ends. */
  TooManyRequests: "BINANCE_TOO_MANY_REQUESTS",
  /** 418: banned until `untilMs` of the context. */
  Banned: "BINANCE_BANNED",
  /** The venue refused the request; `venueCode` of the context is its code. */
  Refused: "BINANCE_REFUSED",
  /** The answer is not what the documentation says. */
  BadReply: "BINANCE_BAD_REPLY",
  /** Too many requests wait for the rate budget. */
  QueueFull: "BINANCE_QUEUE_FULL",
  /** The client was closed while the request waited. */
  Closed: "BINANCE_CLOSED",
  /** Key, secret or private key is missing, or no such thing; the text says where and what is allowed. */
  KeyUnusable: "BINANCE_KEY_UNUSABLE",
  /** The venue refuses the key, its signature or its address. */
  KeyRefused: "BINANCE_KEY_REFUSED",
  /** The key may do more than trade, or may not trade futures. */
  KeyUnfit: "BINANCE_KEY_UNFIT",
  /** The account cannot be traded as it is set: hedge mode, multi-assets, trading off, fees in another asset. */
  AccountUnfit: "BINANCE_ACCOUNT_UNFIT",
  /** The venue's clock cannot be followed well enough for orders. */
  ClockUnfit: "BINANCE_CLOCK_UNFIT",
  /** The archive's address is no https address. */
  ArchiveUrl: "BINANCE_ARCHIVE_URL",
  /** A file of the archive does not fit its checksum, however often it is fetched. */
  ArchiveChecksum: "BINANCE_ARCHIVE_CHECKSUM",
  /** No universe from the venue, memory or disk. */
  NoUniverse: "BINANCE_NO_UNIVERSE",
} as const;
export type BinanceErrorCode = (typeof BinanceErrorCode)[keyof typeof BinanceErrorCode];
