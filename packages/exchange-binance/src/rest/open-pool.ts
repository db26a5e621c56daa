import { type Dispatcher, Pool, ProxyAgent } from "undici";
import { proxyOf } from "../proxy.ts";

export interface PoolOptions extends Pick<
  Pool.Options,
  "connections" | "headersTimeout" | "bodyTimeout" | "maxResponseSize" | "keepAliveTimeout" | "pipelining"
> {
  /** Until a connection must stand, wall ms. */
  readonly connectTimeoutMs: number;
}

/** Sockets to one origin, through the proxy that the environment names for it. Requests have to name the origin. */
export function openPool(origin: string, { connectTimeoutMs: timeout, ...options }: PoolOptions): Dispatcher {
  const proxy = proxyOf(origin, process.env);
  if (proxy === null) return new Pool(origin, { ...options, connect: { timeout } });
  return new ProxyAgent({
    ...options,
    uri: proxy.url,
    // A proxy that says nothing to CONNECT is waited for as long as for a connection.
    clientFactory: (url, own) => new Pool(url, { ...own, headersTimeout: timeout }),
    // Plain http (a venue of one's own) goes through as it is; what a proxy may read it may also change.
    proxyTunnel: true,
    requestTls: { timeout },
    proxyTls: { timeout },
  });
}
