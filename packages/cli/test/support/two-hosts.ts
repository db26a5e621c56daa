import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { forkBinanceSim, type SimChild } from "@smcq/binance-sim";
import { BusConnection, Lease, LeaseBucket, leaseTerms } from "@smcq/bus-nats";
import { clientOrderId, madeBy } from "@smcq/engine";
import { approve } from "@smcq/exchange/approval";
import { BinanceReferenceData } from "@smcq/exchange-binance";
import { BinanceGateway, loadCredentials } from "@smcq/exchange-binance/trading";
import { type Clock, type EpochMs, qtySteps, Rng, silentLogger, symbolId, SystemClock } from "@smcq/kernel";
import { rulesOf } from "../../src/accounts/symbol-book.ts";
import { newSimulatedKey } from "../../src/modes/engine-payload.ts";
import { engineIdOf } from "../../src/run/duty/duty.ts";
import { OrderRight, VENUE_AHEAD_MS } from "../../src/run/duty/order-right.ts";

const LEASE_MS = 600;
const WINDOW_MS = 200;
/** Between two orders of a host, wall ms. */
const ORDER_MS = 50;
const UNTIL_MS_MAX = 30_000;
export const wall = new SystemClock();

export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void wall.after(ms, resolve));
}

export async function until(isSo: () => boolean, what: string): Promise<void> {
  const endMs = wall.monoNs() / 1e6 + UNTIL_MS_MAX;
  while (!isSo()) {
    if (wall.monoNs() / 1e6 > endMs) throw new Error(`not within ${UNTIL_MS_MAX} ms: ${what}`);
    await pause(5);
  }
}

/** The first line of a request that changes something on an account; a listen key is nobody's order. */
const CHANGE = /^(?:POST|PUT|DELETE) \/fapi\/(?!v\d\/listenKey)/;

/** A way over loopback that can hold what goes over it, let it go later, or be cut. */
export class Way {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];
  #isHeld = false;
  #isCut = false;
  #changes = 0;

  private constructor(target: number) {
    this.#server = createServer((client) => {
      if (this.#isCut) return void client.destroy();
      const server = connect(target, "127.0.0.1");
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(from);
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.on("data", (data) => {
          if (from === client && CHANGE.test(data.toString("latin1"))) this.#changes++;
          const pass = (): void => void (to.destroyed || to.write(data));
          if (this.#isHeld) this.#held.push(pass);
          else pass();
        });
      }
    });
  }

  static async to(target: number): Promise<Way> {
    const way = new Way(target);
    await new Promise<void>((resolve) => way.#server.listen(0, "127.0.0.1", resolve));
    return way;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests that have come here and that change something at a venue. */
  get changes(): number {
    return this.#changes;
  }

  /** What is sent stays on the way; let go, all of it arrives. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) for (const pass of this.#held.splice(0)) pass();
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
    if (isCut) for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut(true);
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

/** A host's clock, whose wall a person can set. */
class SetClock implements Clock {
  offsetMs = 0;

  nowMs(): EpochMs {
    return (wall.nowMs() + this.offsetMs) as EpochMs;
  }

  monoNs(): ReturnType<Clock["monoNs"]> {
    return wall.monoNs();
  }

  after(...given: Parameters<Clock["after"]>): ReturnType<Clock["after"]> {
    return wall.after(...given);
  }
}

/** The venue of a campaign: one account, prices that stand. */
export class SharedVenue {
  readonly sim: SimChild;
  readonly key: ReturnType<typeof newSimulatedKey>;

  private constructor(sim: SimChild, key: ReturnType<typeof newSimulatedKey>) {
    this.sim = sim;
    this.key = key;
  }

  static async start(symbols: number): Promise<SharedVenue> {
    const key = newSimulatedKey();
    const sim = await forkBinanceSim({
      speed: 1,
      symbols,
      weightLimit: 1_000_000,
      trading: { keys: [{ ...key, type: "hmac" }], equity: "100000000", prices: "held" },
    });
    return new SharedVenue(sim, key);
  }
}

/** A host of the account: its lease, its gateway, and a stream of orders for as long as it may. */
export class TwoHost {
  readonly nats: Way;
  readonly venue: Way;
  readonly clock = new SetClock();
  readonly lease: Lease;
  readonly right: OrderRight;
  readonly outcomes: Record<string, number> = {};
  /** When its first order was acked, mono ms; null: none was. */
  firstAckMs: number | null = null;
  readonly #bus: BusConnection;
  readonly #bucket: LeaseBucket;
  readonly #symbol: number;
  #gateway: BinanceGateway | null = null;
  #reference: BinanceReferenceData | null = null;
  #isDead = false;
  #intents = 0;

  private constructor(
    ways: { readonly nats: Way; readonly venue: Way },
    parts: { readonly bus: BusConnection; readonly bucket: LeaseBucket; readonly label: string },
    symbol: number,
  ) {
    this.nats = ways.nats;
    this.venue = ways.venue;
    this.#bus = parts.bus;
    this.#bucket = parts.bucket;
    this.#symbol = symbol;
    let owners = 0;
    this.lease = new Lease({
      store: parts.bucket,
      key: "executor",
      label: parts.label,
      terms: leaseTerms(LEASE_MS, WINDOW_MS + VENUE_AHEAD_MS),
      clock: this.clock,
      newOwner: () => `${parts.label}-${++owners}`,
      wallMs: () => this.clock.nowMs(),
      onChange() {},
      logger: silentLogger,
    });
    this.right = new OrderRight({ lease: this.lease, windowMsMax: WINDOW_MS, clock: this.clock });
  }

  static async start(
    given: { readonly natsPort: number; readonly shared: SharedVenue; readonly name: string },
    label: string,
    symbol: number,
  ): Promise<TwoHost> {
    const ways = { nats: await Way.to(given.natsPort), venue: await Way.to(given.shared.sim.port) };
    const bus = await BusConnection.open({
      url: `nats://127.0.0.1:${ways.nats.port}`,
      name: given.name,
      nkeyFile: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      connectTimeoutMs: 10_000,
      client: label,
      logger: silentLogger,
    });
    const bucket = await LeaseBucket.open({
      bus,
      clock: wall,
      logger: silentLogger,
      answerMs: 200,
      replicas: 1,
    });
    const host = new TwoHost(ways, { bus, bucket, label }, symbol);
    await host.#openAccount(given.shared);
    return host;
  }

  /** Takes the lease as soon as it may, again and again. */
  async want(): Promise<void> {
    while (!this.#isDead) {
      const { state } = this.lease;
      if (state !== "held" && state !== "lapsed") await this.lease.take().catch(() => {});
      await pause(20);
    }
  }

  /** Orders, one after another, whatever it thinks of its lease: the right alone holds it back. */
  async order(symbolName: string): Promise<void> {
    const gateway = this.#gateway;
    while (!this.#isDead && gateway !== null) {
      const { epoch } = this.lease;
      if (epoch > 0) {
        const intent = ++this.#intents;
        const id = clientOrderId(engineIdOf(epoch), "entry", intent, 1);
        const side = intent % 2 === 0 ? -1 : 1;
        const request = {
          type: "market" as const,
          clientOrderId: id,
          symbolId: symbolId(this.#symbol),
          symbol: symbolName,
          role: "entry" as const,
          side: side as 1 | -1,
          isReduceOnly: false,
          qtySteps: qtySteps(this.#steps),
        };
        gateway.submit(approve(request), (outcome) => {
          const name = outcome.type === "refused" ? outcome.code : outcome.type;
          this.outcomes[name] = (this.outcomes[name] ?? 0) + 1;
          if (outcome.type === "acked") this.firstAckMs ??= wall.monoNs() / 1e6;
        });
      }
      await pause(ORDER_MS);
    }
  }

  #traded: {
    symbolId: ReturnType<typeof symbolId>;
    symbol: string;
    rules: ReturnType<typeof rulesOf>;
  } | null = null;
  #steps = 1;

  /** Dies without a word. */
  die(): void {
    this.#isDead = true;
    this.lease.stop();
    this.nats.cut(true);
    this.venue.cut(true);
  }

  async close(): Promise<void> {
    this.die();
    this.#bucket.close();
    await this.#bus.nats.close();
    await this.#gateway?.close();
    await this.#reference?.close();
    await this.nats.close();
    await this.venue.close();
  }

  get symbol(): string {
    return this.#traded?.symbol ?? "";
  }

  async #openAccount({ key }: SharedVenue): Promise<void> {
    const bases = {
      wsBase: `ws://127.0.0.1:${this.venue.port}`,
      restBase: `http://127.0.0.1:${this.venue.port}`,
    };
    const reference = new BinanceReferenceData({
      origin: bases.restBase,
      clock: this.clock,
      rng: new Rng(1),
      log: silentLogger,
      weightShareMax: 0.8,
    });
    this.#reference = reference;
    await reference.synchroniseClock();
    const { instruments } = await reference.universe();
    const instrument = instruments.toSorted((a, b) => a.symbol.localeCompare(b.symbol))[this.#symbol];
    if (instrument === undefined) throw new Error("the venue lists too few symbols");
    const rules = rulesOf(instrument);
    this.#traded = { symbolId: symbolId(this.#symbol), symbol: instrument.symbol, rules };
    const reply = await fetch(`${bases.restBase}/fapi/v1/ticker/price?symbol=${instrument.symbol}`);
    const { price } = (await reply.json()) as { readonly price: string };
    this.#steps = Math.max(1, Math.ceil(20 / Number(price) / Number(instrument.stepSize)));
    this.#gateway = new BinanceGateway({
      bases,
      credentials: loadCredentials({
        env: { BINANCE_API_KEY: key.key, BINANCE_API_SECRET: key.secret },
      }),
      rest: reference.rest,
      symbols: { byId: () => this.#traded, bySymbol: () => this.#traded },
      clock: this.clock,
      wallClock: wall,
      rng: new Rng(2),
      log: silentLogger,
      right: this.right,
    });
  }
}

/** The epochs of the venue's orders of a symbol, in the order in which it accepted them. */
export async function epochsAt(shared: SharedVenue, symbol: string): Promise<readonly number[]> {
  const origin = `http://127.0.0.1:${shared.sim.port}`;
  const { createHmac } = await import("node:crypto");
  const time = await fetch(`${origin}/fapi/v1/time`);
  const { serverTime } = (await time.json()) as { readonly serverTime: number };
  const query = `symbol=${symbol}&limit=1000&recvWindow=5000&timestamp=${serverTime}`;
  const signature = createHmac("sha256", shared.key.secret).update(query).digest("hex");
  const reply = await fetch(`${origin}/fapi/v1/allOrders?${query}&signature=${signature}`, {
    headers: { "X-MBX-APIKEY": shared.key.key },
  });
  const rows = (await reply.json()) as readonly {
    readonly orderId: number;
    readonly clientOrderId: string;
  }[];
  if (!Array.isArray(rows)) throw new Error(JSON.stringify(rows));
  return rows
    .toSorted((a, b) => a.orderId - b.orderId)
    .map(({ clientOrderId: id }) => Number.parseInt(madeBy(id)?.engineId ?? "", 36));
}

export const FAULTS = ["kill", "hold-both", "hold-nats", "cut-nats", "hold-venue", "step"] as const;
export type Fault = (typeof FAULTS)[number];

export interface RunResult {
  readonly fault: Fault;
  readonly epochs: readonly number[];
  /** From the fault to the first order of the other host, ms; null: it never had the account. */
  readonly takeoverMs: number | null;
  readonly refusals: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** One seeded run: the first host trades, something happens to it, the other one takes over, and it comes back. */
export async function runTwoHosts(
  given: { readonly natsPort: number; readonly shared: SharedVenue; readonly name: string },
  seed: number,
  symbol: number,
): Promise<RunResult> {
  const rng = new Rng(seed);
  const fault = FAULTS[seed % FAULTS.length] ?? "kill";
  const first = await TwoHost.start(given, "first", symbol);
  const second = await TwoHost.start(given, "second", symbol);
  try {
    void first.want();
    void first.order(first.symbol);
    await until(() => first.firstAckMs !== null, "the first host trades");
    void second.want();
    void second.order(second.symbol);
    await pause(200 + rng.next() * 600);
    const fromMs = wall.monoNs() / 1e6;
    const stepMs = (rng.next() < 0.5 ? -1 : 1) * (100 + rng.next() * 5_000);
    if (fault === "kill") first.die();
    if (fault === "hold-both" || fault === "hold-nats") first.nats.hold(true);
    if (fault === "hold-both" || fault === "hold-venue") first.venue.hold(true);
    if (fault === "cut-nats") first.nats.cut(true);
    if (fault === "step") first.clock.offsetMs = stepMs;
    const isTaken = fault !== "hold-venue" && fault !== "step";
    if (isTaken) await until(() => second.firstAckMs !== null, "the second host trades");
    await pause(rng.next() * 1_500);
    // It goes on: what it had sent arrives now.
    first.venue.hold(false);
    first.nats.hold(false);
    first.nats.cut(false);
    await pause(600);
    const epochs = await epochsAt(given.shared, first.symbol);
    const takeoverMs = second.firstAckMs === null ? null : second.firstAckMs - fromMs;
    return { fault, epochs, takeoverMs, refusals: first.right.refusals, outcomes: first.outcomes };
  } finally {
    await first.close();
    await second.close();
  }
}
