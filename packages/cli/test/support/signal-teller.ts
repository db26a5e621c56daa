import { type BusConnection, NatsSignalBus } from "@smcq/bus-nats";
import { partOf } from "@smcq/engine";
import { parseExchangeInfo, passesUniverse } from "@smcq/exchange-binance";
import { HEURISTIC_ID } from "@smcq/features";
import { type CancelTimer, MINUTE_MS, minuteOf, repeat, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { sharedSignal } from "../../../engine/test/support/signal-bus-conformance.ts";
import { ScanName } from "../../src/bus/scan-name.ts";
import { HEURISTIC_MODELS } from "../../src/run/models/run-models.ts";
import { tradedPlan } from "../../src/plans/traded-plan.ts";
import { labConnection } from "./scan-host.ts";

/** Between two signals, wall ms: a minute has one for each symbol, and is nearly filled with them. */
const SIGNAL_MS = 900;
/** Between two looks at the prices, wall ms. */
const PRICES_MS = 2_000;
/** Of a price, as far as a signal's end and its ATR are from it: far enough for the costs, near enough to be reached. */
const END_RATIO = 0.005;
const ATR_RATIO = 0.002;

export interface TellerOptions {
  readonly url: string;
  readonly origin: string;
  /** A file. */
  readonly plan: string;
  readonly parts: number;
  readonly seed: number;
}

/** A host that finds a setup in each symbol once a minute, drawn by lot, and tells of it and of the bars. */
export class SignalTeller {
  /** By symbol, when a signal was told, venue ms. */
  readonly told = new Map<string, number[]>();
  readonly #options: TellerOptions;
  readonly #connection: BusConnection;
  readonly #bus: NatsSignalBus;
  readonly #rng: Rng;
  readonly #clock = new SystemClock();
  readonly #run: string;
  readonly #cancel: CancelTimer;
  #prices: ReadonlyMap<string, number> = new Map();
  /** What the venue lists for trade. */
  #traded: ReadonlySet<string> = new Set();
  #tellings = 0;
  #learntMs = 0;
  #minuteMs = 0;
  #left: string[] = [];

  private constructor(options: TellerOptions, connection: BusConnection, bus: NatsSignalBus) {
    this.#options = options;
    this.#connection = connection;
    this.#bus = bus;
    this.#rng = new Rng(options.seed);
    const plan = tradedPlan({ plan: options.plan, entry: { kind: "plan", offsetAtr: 0.1, expiryBars: 5 } });
    this.#run = new ScanName(plan, HEURISTIC_MODELS).now();
    this.#cancel = repeat(this.#clock, SIGNAL_MS, () => void this.#tell().catch(() => {}));
  }

  static async start(options: TellerOptions): Promise<SignalTeller> {
    const connection = await labConnection(options.url, "smcq", "teller");
    const bus = await NatsSignalBus.open({ connection, clock: new SystemClock(), logger: silentLogger });
    return new SignalTeller(options, connection, bus);
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#bus.close();
    await this.#connection.close();
  }

  async #tell(): Promise<void> {
    await this.#learn();
    const minuteMs = minuteOf(this.#clock.nowMs()) - MINUTE_MS;
    if (minuteMs !== this.#minuteMs) this.#begin(minuteMs);
    const [symbol] = this.#left.splice(this.#rng.int(this.#left.length), 1);
    const price = this.#prices.get(symbol ?? "");
    if (symbol === undefined || price === undefined) return;
    const side = this.#rng.chance(0.5) ? 1 : -1;
    const nowMs = this.#clock.nowMs();
    const { parts } = this.#options;
    const signal = sharedSignal({
      symbol,
      side,
      openTimeMs: minuteMs,
      score: 0.9,
      scorerId: HEURISTIC_ID,
      challenger: null,
      features: new Float32Array(12),
      invalidationPrice: price * (1 - side * END_RATIO),
      atr: price * ATR_RATIO,
      medianTurnover: 1e9,
      exchangeMs: nowMs,
      receivedMs: nowMs,
      scoredMs: nowMs,
    });
    this.told.set(symbol, [...(this.told.get(symbol) ?? []), nowMs]);
    this.#tellBars(partOf(symbol, parts));
    this.#bus.publish({ type: "signal", part: partOf(symbol, parts), run: this.#run, signal });
  }

  /** What asks for prices too often takes the weight that the hosts, at the same address, have. */
  async #learn(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#learntMs < PRICES_MS) return;
    this.#learntMs = nowMs;
    if (this.#traded.size === 0) this.#traded = await tradedAt(this.#options.origin);
    const reply = await fetch(`${this.#options.origin}/fapi/v1/ticker/price`);
    const rows = (await reply.json()) as readonly { readonly symbol: string; readonly price: string }[];
    const traded = rows.filter(({ symbol }) => this.#traded.has(symbol));
    this.#prices = new Map(traded.map(({ symbol, price }) => [symbol, Number(price)]));
  }

  /** A minute has closed: its bars are told, and each symbol has a setup again. */
  #begin(minuteMs: number): void {
    this.#minuteMs = minuteMs;
    this.#left = [...this.#prices.keys()];
    for (let part = 0; part < this.#options.parts; part++) this.#tellBars(part);
  }

  /** Under another name each time: who has just come heard nothing of the part, and the bus keeps a word of one name once. */
  #tellBars(part: number): void {
    const bars = [...this.#prices]
      .filter(([symbol]) => partOf(symbol, this.#options.parts) === part)
      .map(([symbol, at]) => ({
        symbol,
        open: at,
        high: at,
        low: at,
        close: at,
        volume: 1,
        isScanned: true,
      }));
    const scanner = `teller-${++this.#tellings}`;
    this.#bus.publish({ type: "bars", part, scanner, minuteMs: this.#minuteMs, bars });
  }
}

async function tradedAt(origin: string): Promise<ReadonlySet<string>> {
  const reply = await fetch(`${origin}/fapi/v1/exchangeInfo`);
  const { instruments } = parseExchangeInfo(await reply.json());
  return new Set(instruments.filter(passesUniverse).map(({ symbol }) => symbol));
}
