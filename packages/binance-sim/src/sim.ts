import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Server } from "node:net";
import { loadBundle, type MarketData } from "@smcq/exchange-sim";
import {
  assert,
  SmcqError,
  errorCode,
  errorMessage,
  repeat,
  type CancelTimer,
  type Clock,
  type ClockSpec,
} from "@smcq/kernel";
import { type AccountStart, startAccount } from "./account-start.ts";
import { BurstControl, type BurstReport } from "./burst-control.ts";
import { marketDataEndpoints } from "./http/market-data.ts";
import { marketEndpoints } from "./http/market-endpoints.ts";
import { NO_GUARD } from "./http/guard.ts";
import { RestApi } from "./http/rest.ts";
import { MarketWords } from "./market/market-words.ts";
import { Prices } from "./market/prices.ts";
import { resolveOptions, type BinanceSimOptions, type SimSettings } from "./options.ts";
import { Outages } from "./outages.ts";
import { FaultSchedule } from "./schedule.ts";
import { createStats, type SimStats } from "./stats.ts";
import { Agenda } from "./stream/agenda.ts";
import { sendContractInfo } from "./stream/contract-info.ts";
import { MarketDriver } from "./stream/driver.ts";
import { LongKlines } from "./stream/long-klines.ts";
import { PublicStreams } from "./stream/public-streams.ts";
import { Sender } from "./stream/sender.ts";
import { holdFolder } from "./trading/keeping/folder-lock.ts";
import { createTradingControl, type TradingControl } from "./trading/control.ts";
import { TradingHalf } from "./trading/trading-half.ts";
import { Venue } from "./venue.ts";
import { startVenueTime } from "./venue-time.ts";
import { Hub } from "./ws/hub.ts";

/** An idle connection of REST is ended after so long: the usual setting of load balancers. Binance says nothing of its own. */
const CONNECTIONS = { keepAliveTimeout: 60_000 };

/** What a running venue reports by itself. */
export type SimEvent =
  /** The bundled data is over: sockets are closed (1000), REST still answers. */
  | { readonly type: "end-of-data" }
  /** `loop`: the data starts over, sockets are closed (1000), real series jump. */
  | { readonly type: "looped" };

/** A venue on loopback. */
export interface BinanceSim {
  readonly port: number;
  /** Base of REST, e.g. `http://127.0.0.1:1234`. */
  readonly restUrl: string;
  /** Base of WebSockets, e.g. `ws://127.0.0.1:1234` (klines live under `/market`). */
  readonly wsUrl: string;
  readonly clock: Clock;
  readonly clockSpec: ClockSpec;
  readonly settings: SimSettings;
  /** The market behind it: what REST finally serves. */
  readonly market: MarketData;
  /** The account and its market, for tests; null: the venue has no order path. */
  readonly trading: TradingControl | null;
  /** Whether the account is a new one, in words; null: it is not kept. */
  readonly accountText: string | null;
  /** A copy of the counters. */
  stats(): SimStats;
  /** Replaces the fault plan and ends running outages; its times count from now. */
  setFaults(text: string): void;
  list(symbol: string): void;
  delist(symbol: string): void;
  /** The document has another day for the symbol's end, venue ms, and the contracts' stream tells of it: it trades on. */
  announceDelisting(symbol: string, deliveryMs: number): void;
  /** Manual clock: closes the current minute of all symbols. */
  closeNow(): BurstReport;
  /** Manual clock: encodes the next close beforehand. */
  prepareClose(): void;
  /** Manual clock: forming frames at this rate (wall), 0 stops. */
  steady(messagesPerSecond: number): void;
  onEvent(listener: (event: SimEvent) => void): void;
  stop(): Promise<void>;
}

/** Late finals may follow the data's last boundary for so long (venue ms). */
const END_GRACE_MS = 30_000;

class RunningSim implements BinanceSim {
  readonly settings: SimSettings;
  readonly #venue: Venue;
  readonly #stats: SimStats;
  readonly #hub: Hub;
  readonly #rest: RestApi;
  readonly #streams: PublicStreams;
  readonly #longKlines: LongKlines;
  readonly #trading: TradingHalf | null;
  readonly trading: TradingControl | null;
  readonly accountText: string | null;
  readonly #driver: MarketDriver;
  readonly #bench: BurstControl;
  readonly #schedule: FaultSchedule;
  readonly #outages: Outages;
  readonly #agenda = new Agenda();
  readonly #server: Server;
  readonly #listeners: ((event: SimEvent) => void)[] = [];
  #port = 0;
  #cancelTick: CancelTimer = () => {};
  #isStopped = false;
  #hasEnded = false;
  #laps = 0;
  #lastTickNs = 0;
  #release: () => void = () => {};

  constructor(settings: SimSettings, account: AccountStart | null) {
    this.settings = settings;
    this.accountText = account?.text ?? null;
    const time = startVenueTime(loadBundle().startMs, settings, account?.time ?? null);
    this.#venue = new Venue(settings, time);
    this.#stats = createStats(settings.weightLimit);
    const venue = this.#venue;
    const stats = this.#stats;
    const outages = new Outages(venue, stats);
    this.#outages = outages;
    const hub = new Hub(venue, stats, outages);
    this.#hub = hub;
    const prices = new Prices(venue, settings.trading?.prices === "held");
    const words = new MarketWords(venue, prices);
    this.#streams = new PublicStreams(words);
    this.#longKlines = new LongKlines(venue);
    hub.serve(this.#streams, this.#longKlines);
    const trading =
      settings.trading === null
        ? null
        : new TradingHalf({
            venue,
            hub,
            prices,
            funding: words.funding,
            settings: settings.trading,
            stats,
            agenda: this.#agenda,
            ban: (untilMs) => this.#rest.ban(untilMs),
            keeping: account === null ? null : account.keepingFrom(time.marketStartMs),
            list: (name, firstMinute) => this.#list(name, firstMinute),
          });
    this.#trading = trading;
    this.trading = trading === null ? null : createTradingControl(trading);
    const endpoints = [
      ...marketEndpoints(venue),
      ...marketDataEndpoints(words),
      ...(trading?.endpoints ?? []),
    ];
    const pages = trading === null ? {} : { "/sim/account": () => trading.accountBook() };
    this.#rest = new RestApi({ venue, stats, outages }, endpoints, trading ?? NO_GUARD, pages);
    const sender = new Sender(venue, hub, stats);
    this.#driver = new MarketDriver({ venue, hub, stats, sender, agenda: this.#agenda });
    this.#bench = new BurstControl(venue, hub, stats);
    this.#schedule = new FaultSchedule({
      venue,
      hub,
      outages,
      stats,
      agenda: this.#agenda,
      list: (name) => this.list(name),
    });
    venue.followContracts((symbol) => sendContractInfo(hub, symbol, this.clock.nowMs()));
    const server = serverOf(settings, (request, response) => this.#rest.handle(request, response));
    server.on("upgrade", (request, socket, head) => hub.upgrade(request, socket, head));
    this.#server = server;
  }

  listen(): Promise<void> {
    const { host, port } = this.settings;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const text = `the simulated venue cannot listen on ${host}:${port}: ${errorMessage(cause)}`;
        reject(new SmcqError(errorCode(cause), text, { context: { host, port }, cause }));
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        assert(
          typeof address === "object" && address !== null,
          "Invariant: a listening server has an address",
        );
        this.#port = address.port;
        this.#lastTickNs = this.#venue.time.wall.monoNs();
        const { wall } = this.#venue.time;
        this.#cancelTick = repeat(wall, this.settings.tickMs, () => this.#tick(), { unref: false });
        resolve();
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  get restUrl(): string {
    return `${this.settings.tls === undefined ? "http" : "https"}://${this.settings.host}:${this.#port}`;
  }

  get wsUrl(): string {
    return `${this.settings.tls === undefined ? "ws" : "wss"}://${this.settings.host}:${this.#port}`;
  }

  get clock(): Clock {
    return this.#venue.time.clock;
  }

  get clockSpec(): ClockSpec {
    return this.#venue.time.spec;
  }

  get market(): MarketData {
    return this.#venue.market;
  }

  #tick(): void {
    if (this.#isStopped) return;
    const { time } = this.#venue;
    const wallNs = time.wall.monoNs();
    const lagMs = (wallNs - this.#lastTickNs) / 1e6 - this.settings.tickMs;
    this.#stats.lagMsMax = Math.max(this.#stats.lagMsMax, lagMs);
    this.#lastTickNs = wallNs;
    const nowMs = time.clock.nowMs();
    this.#schedule.run(nowMs);
    this.#agenda.runDue(nowMs);
    this.#trading?.tick(nowMs);
    if (time.advanceTo === null) {
      if (!this.#hasEnded) this.#driver.tick(nowMs);
      this.#watchEnd(nowMs);
    } else {
      this.#bench.turn();
    }
    if (!this.#hasEnded) {
      this.#streams.tick(nowMs);
      this.#longKlines.tick(nowMs);
    }
    this.#hub.flushAll();
    this.#hub.keepAlive();
  }

  #watchEnd(nowMs: number): void {
    const { market } = this.#venue;
    const endMs = market.openTimeMs(market.minuteCount * (this.#laps + 1));
    if (this.settings.loop && nowMs >= endMs) {
      this.#laps = Math.floor(market.minuteAt(nowMs) / market.minuteCount);
      this.#hub.flushAll();
      this.#hub.closeAll(1000, "the data starts over");
      this.#tell({ type: "looped" });
    } else if (!this.settings.loop && !this.#hasEnded && nowMs >= endMs + END_GRACE_MS) {
      this.#hasEnded = true;
      this.#hub.flushAll();
      this.#hub.closeAll(1000, "end of data");
      this.#tell({ type: "end-of-data" });
    }
  }

  #tell(event: SimEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  stats(): SimStats {
    return structuredClone(this.#stats);
  }

  setFaults(text: string): void {
    this.#venue.setFaults(text);
    this.#outages.clear();
    this.#schedule.restart();
    this.#trading?.restartFaults();
  }

  list(symbol: string): void {
    const firstMinute = this.#venue.currentMinute() + 1;
    this.#list(symbol, firstMinute);
    this.#trading?.noteListed(symbol, firstMinute);
  }

  #list(symbol: string, firstMinute: number): void {
    this.#venue.list(symbol, firstMinute);
    const added = this.market.find(symbol);
    if (added !== null) this.#hub.addSymbol(symbol, added.index);
  }

  announceDelisting(symbol: string, deliveryMs: number): void {
    this.#venue.announceDelisting(symbol, deliveryMs);
  }

  delist(symbol: string): void {
    this.#venue.delist(symbol);
  }

  closeNow(): BurstReport {
    return this.#bench.closeNow();
  }

  prepareClose(): void {
    this.#bench.prepare();
  }

  steady(messagesPerSecond: number): void {
    this.#bench.steady(messagesPerSecond);
  }

  onEvent(listener: (event: SimEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Called once it has stopped. */
  onStop(release: () => void): void {
    this.#release = release;
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelTick();
    this.#hub.close();
    this.#rest.close();
    this.#trading?.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      if ("closeAllConnections" in this.#server && typeof this.#server.closeAllConnections === "function")
        this.#server.closeAllConnections();
    });
    this.#release();
  }
}

/**
 * Starts a venue on loopback that speaks Binance's USD-M market protocol. Throws SmcqError: `SIM_OPTION`,
 * `SIM_FAULTS`, `SIM_ACCOUNT` and `SIM_LOCKED` (its folder), or the system's code (`EADDRINUSE`).
 */
export async function startBinanceSim(options: BinanceSimOptions = {}): Promise<BinanceSim> {
  const settings = resolveOptions(options);
  const folder = settings.trading?.folder ?? null;
  if (folder === null) return await listening(new RunningSim(settings, null));
  const release = await holdFolder(folder);
  try {
    return await listening(new RunningSim(settings, startAccount(folder, settings)), release);
  } catch (error) {
    release();
    throw error;
  }
}

async function listening(sim: RunningSim, release: () => void = () => {}): Promise<BinanceSim> {
  sim.onStop(release);
  await sim.listen();
  return sim;
}

function serverOf({ tls }: SimSettings, handle: RequestListener): Server {
  return tls === undefined
    ? createHttpServer(CONNECTIONS, handle)
    : createHttpsServer({ ...CONNECTIONS, ...tls }, handle);
}
