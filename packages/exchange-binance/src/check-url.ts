import { SmcqError } from "@smcq/kernel";
import { BinanceErrorCode } from "./errors.ts";

/** Hosts of Binance's USD-M streams and REST where money is real (docs/binance.md 1.1). */
const PRODUCTION_HOSTS: ReadonlySet<string> = new Set([
  "fstream.binance.com",
  "fstream-mm.binance.com",
  "fapi.binance.com",
  "fapi-mm.binance.com",
]);

/** The same of its demo (docs/binance.md 1.4). */
const DEMO_HOSTS: ReadonlySet<string> = new Set([
  "demo-fstream.binance.com",
  "demo-fapi.binance.com",
  "testnet.binancefuture.com",
  "fstream.binancefuture.com",
  "stream.binancefuture.com",
]);

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where klines live since 2026-04-23; every other path connects, ACKs and stays silent. */
export const MARKET_STREAM_PATH = "/market/stream";
/** Where best prices live. */
export const PUBLIC_STREAM_PATH = "/public/stream";
/** Where an account's own events are told. */
export const PRIVATE_STREAM_PATH = "/private/ws";

const HINT =
  `Give the base alone, e.g. wss://fstream.binance.com; the engine adds ${MARKET_STREAM_PATH}. ` +
  "Un-prefixed /stream and /ws and the /public and /private categories accept SUBSCRIBE but never send a kline.";

export interface VenueBases {
  /** Base of the streams, e.g. `wss://fstream.binance.com`. */
  readonly wsBase: string;
  /** Base of REST, e.g. `https://fapi.binance.com`. */
  readonly restBase: string;
  /** Allows hosts that are neither Binance's nor loopback; off unless the user said so (docs/security.md T12). */
  readonly allowCustomHost?: boolean;
}

export interface RoutedUrls {
  /** The URL that market sockets connect to. */
  readonly streamUrl: string;
  /** The URL that sockets for best prices connect to. */
  readonly publicUrl: string;
  /** The URL that an account's socket connects to; its listen key comes behind it. */
  readonly privateUrl: string;
  /** Scheme, host and port of REST. */
  readonly restOrigin: string;
}

type Wanted = { readonly name: "wsBase" | "restBase"; readonly secure: string; readonly plain: string };

/** What a host is to us: whose money is moved there. */
export type HostKind = "production" | "demo" | "loopback" | "custom";

/** The kind of a base's host; what is no URL is `custom`. */
export function hostKind(base: string): HostKind {
  if (!URL.canParse(base)) return "custom";
  const { hostname } = new URL(base);
  if (PRODUCTION_HOSTS.has(hostname)) return "production";
  if (DEMO_HOSTS.has(hostname)) return "demo";
  return isLoopback(hostname) ? "loopback" : "custom";
}

/** True for hosts of this machine, the only ones that may be spoken to without TLS. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname);
}

function refuse(base: string, wanted: Wanted, reason: string): never {
  throw new SmcqError(
    BinanceErrorCode.UrlUnrouted,
    `${wanted.name} "${base}" is refused: ${reason}. ${HINT}`,
    {
      context: { base, field: wanted.name, hint: HINT },
    },
  );
}

function parseBase(base: string, wanted: Wanted, isCustomAllowed: boolean): URL {
  if (!/^[a-z]+:\/\/[^/]/.test(base)) refuse(base, wanted, `a base is ${wanted.secure}//host`);
  if (!URL.canParse(base)) refuse(base, wanted, "it is no URL");
  const url = new URL(base);
  const isPlainAllowed = url.protocol === wanted.plain && isLoopback(url.hostname);
  if (url.protocol !== wanted.secure && !isPlainAllowed)
    refuse(base, wanted, `the scheme must be ${wanted.secure}// (${wanted.plain}// on loopback only)`);
  if (url.search !== "" || url.hash !== "") refuse(base, wanted, "a base has no query");
  if (url.username !== "" || url.password !== "") refuse(base, wanted, "a base holds no credentials");
  if (hostKind(base) === "custom" && !isCustomAllowed)
    throw new SmcqError(
      BinanceErrorCode.HostRefused,
      `${wanted.name} "${base}" is refused: ${url.hostname} is no host of the venue. Allow it with the custom-host flag.`,
      { context: { base, field: wanted.name, host: url.hostname } },
    );
  return url;
}

/**
 * Checks both bases before anything connects and returns the URLs to use. Refuses a stream base that would stay
 * silent, a plain scheme off loopback, a foreign host (unless allowed), TLS that is not checked (docs/security.md T13).
 */
export function assertRouted(
  bases: VenueBases,
  env: Readonly<Record<string, string | undefined>> = process.env,
): RoutedUrls {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0")
    throw new SmcqError(BinanceErrorCode.TlsUnchecked, "NODE_TLS_REJECT_UNAUTHORIZED=0 is set: unset it", {});
  const isCustomAllowed = bases.allowCustomHost ?? false;
  const stream: Wanted = { name: "wsBase", secure: "wss:", plain: "ws:" };
  const ws = parseBase(bases.wsBase, stream, isCustomAllowed);
  const path = ws.pathname.replace(/\/+$/, "");
  if (path !== "" && path !== "/market" && path !== MARKET_STREAM_PATH)
    refuse(bases.wsBase, stream, `its path ${ws.pathname} is not ${MARKET_STREAM_PATH}`);
  const rest: Wanted = { name: "restBase", secure: "https:", plain: "http:" };
  const http = parseBase(bases.restBase, rest, isCustomAllowed);
  if (http.pathname !== "/") refuse(bases.restBase, rest, "a REST base has no path");
  const wsOrigin = `${ws.protocol}//${ws.host}`;
  return {
    streamUrl: `${wsOrigin}${MARKET_STREAM_PATH}`,
    publicUrl: `${wsOrigin}${PUBLIC_STREAM_PATH}`,
    privateUrl: `${wsOrigin}${PRIVATE_STREAM_PATH}`,
    restOrigin: http.origin,
  };
}
