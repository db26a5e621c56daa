import { loadBundle } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, SystemClock } from "@smcq/kernel";
import { type AccountStart, startAccount } from "../../src/account-start.ts";
import { Parameters } from "../../src/http/parameters.ts";
import { VenueError } from "../../src/http/venue-error.ts";
import { wireJson } from "../../src/http/wire-json.ts";
import { FundingTimes } from "../../src/market/funding.ts";
import { Prices } from "../../src/market/prices.ts";
import { resolveOptions } from "../../src/options.ts";
import { Outages } from "../../src/outages.ts";
import { createStats } from "../../src/stats.ts";
import { Agenda } from "../../src/stream/agenda.ts";
import { TradingHalf } from "../../src/trading/trading-half.ts";
import { Venue } from "../../src/venue.ts";
import { Hub } from "../../src/ws/hub.ts";

const SYMBOLS = ["BTCUSDT", "XLMUSDT", "AVAXUSDT"] as const;
export type KeptSymbol = (typeof SYMBOLS)[number];
export { SYMBOLS as KEPT_SYMBOLS };
const START_MINUTE = 2600;

/** Everything that can be asked of the account, with and without a symbol. */
const QUERIES: readonly string[] = [
  "v3/account",
  "v2/account",
  "v2/balance",
  "v3/balance",
  "v3/positionRisk",
  "v2/positionRisk",
  "v1/openOrders",
  "v1/openAlgoOrders",
  "v1/income limit=1000",
  "v1/forceOrders",
  "v1/accountConfig",
  "v1/symbolConfig",
  "v1/positionSide/dual",
  "v1/feeBurn",
  "v1/apiTradingStatus",
  "v1/adlQuantile",
  ...SYMBOLS.flatMap((symbol) =>
    ["allOrders", "allAlgoOrders", "userTrades", "commissionRate", "leverageBracket"].map(
      (name) => `v1/${name} symbol=${symbol}`,
    ),
  ),
];

/** The account's half of a venue whose time a test moves; `folder` null: in memory. */
export class KeptVenue {
  readonly half: TradingHalf;
  readonly start: AccountStart | null;
  readonly #clock: ManualClock;

  /** `nowMs` absent: where the folder's account was left, or at the start. */
  constructor(folder: string | null, nowMs?: number) {
    const settings = resolveOptions({
      symbols: 8,
      startMinute: START_MINUTE,
      trading: {
        keys: [{ key: "k", type: "hmac", secret: "s" }],
        ...(folder === null ? {} : { folder }),
      },
    });
    const { startMs: marketStartMs } = loadBundle();
    this.start = folder === null ? null : startAccount(folder, settings);
    const openMs = marketStartMs + START_MINUTE * MINUTE_MS;
    const startMs = nowMs ?? this.start?.time?.clockMs ?? openMs;
    const clock = new ManualClock(startMs);
    this.#clock = clock;
    const venue = new Venue(settings, {
      clock,
      wall: new SystemClock(),
      spec: { type: "system" },
      speed: 1,
      startMs: openMs,
      marketStartMs,
      advanceTo: (toMs) => clock.advanceTo(toMs),
    });
    const stats = createStats(settings.weightLimit);
    if (settings.trading === null) throw new Error("the venue has no account");
    this.half = new TradingHalf({
      venue,
      hub: new Hub(venue, stats, new Outages(venue, stats)),
      prices: new Prices(venue, false),
      funding: new FundingTimes(venue),
      settings: settings.trading,
      stats,
      agenda: new Agenda(),
      ban: () => {},
      keeping: this.start?.keepingFrom(marketStartMs) ?? null,
      list: (name, firstMinute) => venue.list(name, firstMinute),
    });
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  advance(ms: number): void {
    this.pass(ms);
    this.half.tick(this.nowMs);
  }

  /** Time that passes between two ticks. */
  pass(ms: number): void {
    this.#clock.advanceTo(this.nowMs + ms);
  }

  /** A call as it comes in once it has been signed; the answer's text, an error's in its place. */
  call(name: string, values: Readonly<Record<string, string | number | boolean>> = {}): string {
    const endpoint = this.half.endpoints.find((one) => one.name === name);
    if (endpoint === undefined) throw new Error(`no such call: ${name}`);
    const parameters = new Parameters(
      new Map(Object.entries(values).map(([key, value]) => [key, String(value)])),
    );
    const { nowMs } = this;
    try {
      return String(
        wireJson(this.half.run(endpoint, parameters, () => endpoint.handle({ parameters, nowMs }))),
      );
    } catch (error) {
      if (error instanceof VenueError) return `${error.venueCode} ${error.message}`;
      throw error;
    }
  }

  lastE8(symbol: string): bigint {
    const print = this.half.desk.exchange.lastPrint(this.half.desk.symbol(symbol).id);
    if (print === null) throw new Error(`${symbol} has no price`);
    return print.lastE8;
  }

  /** The answers to all that can be asked. */
  answers(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      QUERIES.map((query) => {
        const [path = "", values = ""] = query.split(" ");
        return [query, this.call(`GET /fapi/${path}`, Object.fromEntries(new URLSearchParams(values)))];
      }),
    );
  }
}
