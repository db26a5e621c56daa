import { type Logger, SmcqError, SystemClock } from "@smcq/kernel";
import { connect, type NatsConnection, nkeyAuthenticator } from "@nats-io/transport-node";
import { type CredentialFiles, type Credentials, readCredentials } from "./credentials.ts";
import { BusErrorCode, busError } from "./errors.ts";
import { publicKeyOf } from "./identity.ts";
import { BusNames } from "./names.ts";

/** Between two tries to reach a server again, wall ms; tried for ever, in the background. */
const RECONNECT_MS = 250;
/** A server that is silent is asked this often, and left after two questions without an answer, wall ms. */
const PING_MS = 1_000;
const PINGS_UNANSWERED_MAX = 2;
const SERVERS_MAX = 16;
/** What waits when a connection is closed has so long to be sent, wall ms. */
const DRAIN_MS_MAX = 2_000;

export interface BusOptions extends CredentialFiles {
  /** `nats://host:port` or `tls://host:port`, several apart by commas; holds no password. */
  readonly url: string;
  /** First word of everything that this installation keeps there. */
  readonly name: string;
  /** Limit of the first connection, wall ms. */
  readonly connectTimeoutMs: number;
  /** What servers call this client in their lists, e.g. `executor host-7`. */
  readonly client: string;
  /** Answers come to `_INBOX_<inbox>.…`: one word for each role, so that none may hear what another is told. Absent: `_INBOX.…`. */
  readonly inbox?: string;
  /** On how many servers streams and buckets are kept that are made over it, 1 to 5; default 1. */
  readonly replicas?: number;
  readonly logger: Logger;
}

/** What a connection has met. */
export interface BusSight {
  readonly server: string;
  readonly version: string;
  /** JetStream is switched on there. */
  readonly hasStreams: boolean;
  readonly isEncrypted: boolean;
  /** By which the server knows this host. */
  readonly publicKey: string | null;
  readonly roundTripMs: number;
}

/** The servers of `bus.url`. Throws BUS_URL for what is no address, and for one that holds a user or a password. */
export function serversOf(url: string): readonly string[] {
  const servers = url.split(",").map((text) => text.trim());
  const refused = (text: string): SmcqError => new SmcqError(BusErrorCode.Url, `bus.url ${text}`);
  if (servers.length > SERVERS_MAX) throw refused(`names ${servers.length} servers, ${SERVERS_MAX} at most`);
  for (const server of servers) {
    const parsed = URL.canParse(server) ? new URL(server) : null;
    if (parsed === null || !/^(nats|tls):$/.test(parsed.protocol) || parsed.hostname === "")
      throw refused(
        "holds no address of a server: wanted nats://host:port or tls://host:port, apart by commas",
      );
    if (parsed.username !== "" || parsed.password !== "")
      throw refused(
        "holds a user or a password, which process lists and the ledger would show: name bus.nkeyFile",
      );
  }
  return servers;
}

/**
 * A connection to one of the servers, which is found again whenever it is lost, for ever. What is asked for meanwhile fails
 * after its own limit; nothing waits in an unbounded queue.
 */
export class BusConnection {
  readonly nats: NatsConnection;
  readonly names: BusNames;
  /** On how many servers streams and buckets are kept. */
  readonly replicas: number;
  readonly #logger: Logger;
  readonly #publicKey: string | null;
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #isConnected = true;
  #losses = 0;

  private constructor(
    nats: NatsConnection,
    names: BusNames,
    { logger, replicas = 1 }: Pick<BusOptions, "logger" | "replicas">,
    publicKey: string | null,
  ) {
    this.nats = nats;
    this.replicas = replicas;
    this.#publicKey = publicKey;
    this.names = names;
    this.#logger = logger;
    void this.#follow();
  }

  /** Connects, within `connectTimeoutMs`. Errors: BUS_URL, BUS_CREDENTIALS, BUS_UNREACHABLE, BUS_REFUSED. */
  static async open(options: BusOptions): Promise<BusConnection> {
    const { url, name, connectTimeoutMs, client, inbox } = options;
    const names = new BusNames(name);
    const servers = serversOf(url);
    const { seed, tls } = securityOf(servers, readCredentials(options));
    try {
      const nats = await connect({
        servers: [...servers],
        name: client,
        timeout: connectTimeoutMs,
        reconnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_MS,
        reconnectJitter: RECONNECT_MS,
        pingInterval: PING_MS,
        maxPingOut: PINGS_UNANSWERED_MAX,
        // A server that was started with other keys by mistake is mended without us.
        ignoreAuthErrorAbort: true,
        ...(inbox === undefined ? {} : { inboxPrefix: `_INBOX_${inbox}` }),
        // Servers that others tell of are not those that the settings name.
        ignoreClusterUpdates: true,
        ...(seed === null ? {} : { authenticator: nkeyAuthenticator(seed) }),
        ...(tls === null ? {} : { tls }),
      });
      return new BusConnection(nats, names, options, seed === null ? null : publicKeyOf(seed));
    } catch (error) {
      throw busError(error, `no connection to ${servers.join(", ")}`);
    }
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.nats.isClosed();
  }

  /** How often the connection was lost since it was opened. */
  get losses(): number {
    return this.#losses;
  }

  /** What a person wants to know of the server; `publicKey` is null where this host shows no seed. */
  async look(): Promise<BusSight> {
    const { info } = this.nats;
    try {
      return {
        server: this.nats.getServer(),
        version: info?.version ?? "",
        hasStreams: info?.jetstream === true,
        isEncrypted: info?.tls_required === true || info?.tls_verify === true,
        publicKey: this.#publicKey,
        roundTripMs: await this.nats.rtt(),
      };
    } catch (error) {
      throw busError(error, "the bus does not answer");
    }
  }

  /** `listener` hears when the connection is lost and when it is there again; returns how to stop it. */
  onChange(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Sends what waits, then ends. Idempotent. */
  async close(): Promise<void> {
    if (this.nats.isClosed()) return;
    if (this.#isConnected && (await this.#drains())) return;
    // It was lost before, or in the middle of it.
    await this.nats.close();
  }

  /** Whether what waits was sent; a server that dies meanwhile lets the client wait for ever. */
  #drains(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = new SystemClock().after(DRAIN_MS_MAX, () => resolve(false));
      const end = (isSent: boolean): void => {
        cancel();
        resolve(isSent);
      };
      this.nats.drain().then(
        () => end(true),
        () => end(false),
      );
    });
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.nats.status())
      if (type === "disconnect") this.#change(false);
      else if (type === "reconnect") this.#change(true);
  }

  #change(isConnected: boolean): void {
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    if (!isConnected) this.#losses++;
    this.#logger.warn({ server: this.nats.getServer() }, isConnected ? "bus is there again" : "bus is lost");
    for (const listener of this.#listeners) listener(isConnected);
  }
}

/** A seed that is signed with tells nobody the seed; still, what is said may not be heard by others. */
function securityOf(servers: readonly string[], credentials: Credentials): Credentials {
  if (!servers.some((server) => server.startsWith("tls:"))) return credentials;
  return { ...credentials, tls: credentials.tls ?? {} };
}
