import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

const HTTP_PORT = 80;

export interface OwnNamesOptions {
  readonly port: number;
  /** What browsers call the server behind its proxy; null: there is none. */
  readonly publicOrigin: string | null;
}

/**
 * The names by which the server may be called. A page of somebody else whose name was made to point here (DNS rebinding) has
 * another one in `Host`, and one that just asks across origins has another one in `Origin`.
 */
export class OwnNames {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ port, publicOrigin }: OwnNamesOptions) {
    // Browsers leave out a port that goes without saying.
    const suffix = port === HTTP_PORT ? "" : `:${port}`;
    const local = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}${suffix}`);
    const isPublic = publicOrigin !== null;
    this.#hosts = new Set(isPublic ? [...local, new URL(publicOrigin).host] : local);
    this.#origins = new Set([...local.map((host) => `http://${host}`), ...(isPublic ? [publicOrigin] : [])]);
  }

  /** Whoever asks for a file of the page: he may come from anywhere, but has to mean us. Throws Refusal. */
  requireHost({ headers: { host } }: IncomingMessage): void {
    if (host === undefined || !this.#hosts.has(host.toLowerCase()))
      throw new Refusal(421, "DASHBOARD_HOST", "this server is not called that");
  }

  /** Whoever asks for data. `mustName`: who changes something, or keeps a connection, says where he comes from. */
  requireOwnPage(request: IncomingMessage, mustName: boolean): void {
    this.requireHost(request);
    const { origin, "sec-fetch-site": site } = request.headers;
    const isOwn = origin === undefined ? !mustName : this.#origins.has(origin);
    const isSameSite = site === undefined || site === "same-origin" || site === "none";
    if (!isOwn || !isSameSite)
      throw new Refusal(403, "DASHBOARD_ORIGIN", "only the dashboard's own page is answered");
  }
}
