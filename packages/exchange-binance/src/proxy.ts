import { proxyVariables, SmcqError } from "@smcq/kernel";
import { hostKind } from "./check-url.ts";
import { BinanceErrorCode } from "./errors.ts";

/** A proxy that an address is reached through. */
export interface Proxy {
  /** With name and password, where it has any: for the connection alone, never for a log. */
  readonly url: string;
  /** For eyes: scheme, host and port. */
  readonly text: string;
}

/**
 * The proxy that the environment names for an address (`HTTPS_PROXY`, `HTTP_PROXY`, else `ALL_PROXY`, but for what
 * `NO_PROXY` lists), or null. This machine's own addresses go through none. Refuses (BINANCE_PROXY) what is no address
 * of an http or https proxy.
 */
export function proxyOf(target: string, env: Readonly<Record<string, string | undefined>>): Proxy | null {
  if (hostKind(target) === "loopback") return null;
  const variables = proxyVariables(env);
  const url = new URL(target);
  const isSecure = url.protocol === "https:" || url.protocol === "wss:";
  const own = isSecure ? "https_proxy" : "http_proxy";
  const name = variables[own] === undefined ? "all_proxy" : own;
  const value = variables[name];
  if (value === undefined || isExcepted(url, isSecure, variables["no_proxy"] ?? "")) return null;
  return parseProxy(name.toUpperCase(), value.trim());
}

/** `*`, `host`, `.domain`, `*.domain`, each with or without `:port`, parted by commas or spaces. */
function isExcepted({ hostname, port }: URL, isSecure: boolean, list: string): boolean {
  const ownPort = port === "" ? (isSecure ? "443" : "80") : port;
  return list
    .toLowerCase()
    .split(/[\s,]+/u)
    .some((entry) => {
      const [, host = "", onlyPort] = /^\*?\.?(.*?)(?::(\d+))?$/u.exec(entry) ?? [];
      if (entry === "*") return true;
      if (host === "" || (onlyPort !== undefined && onlyPort !== ownPort)) return false;
      return hostname === host || hostname.endsWith(`.${host}`);
    });
}

function parseProxy(name: string, value: string): Proxy {
  const text = /^[a-z][a-z\d+.-]*:\/\//iu.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  // Its value may hold a password, and is not shown.
  if (url === null || url.hostname === "") throw invalid(name, "is no address");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw invalid(name, `names a proxy of the kind ${url.protocol.slice(0, -1)}`);
  return { url: url.href, text: url.origin };
}

function invalid(name: string, why: string): SmcqError {
  return new SmcqError(
    BinanceErrorCode.Proxy,
    `${name} ${why}; an address like http://host:port is allowed; NO_PROXY lists the hosts that need none`,
    { context: { variable: name } },
  );
}
