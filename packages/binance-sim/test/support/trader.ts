import { createHmac } from "node:crypto";
import type { BinanceSim, BinanceSimOptions, TradingOptions } from "../../src/index.ts";
import { startBinanceSim } from "../../src/index.ts";
import { Client, eventually } from "./client.ts";

export const KEY = "test-key";
export const SECRET = "test-secret";

type Values = Readonly<Record<string, string | number | boolean>>;

/** A venue with an account whose prices stand still and whose clock runs as the wall's. */
export async function startTradingSim(
  options: BinanceSimOptions = {},
  trading: Partial<TradingOptions> = {},
): Promise<BinanceSim> {
  return await startBinanceSim({
    speed: 1,
    weightLimit: 100_000,
    ...options,
    trading: { keys: [{ key: KEY, type: "hmac", secret: SECRET }], prices: "held", ...trading },
  });
}

/** An answer: `body` with long ids as text. */
export interface TradeReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>> & readonly Readonly<Record<string, unknown>>[];
}

/** A private event with long ids as text. */
export interface Told {
  readonly e: string;
  readonly E: number;
  readonly T: number;
  readonly o: Readonly<Record<string, unknown>>;
  readonly a: {
    readonly m: string;
    readonly B: readonly Readonly<Record<string, string>>[];
    readonly P: readonly Readonly<Record<string, string>>[];
  };
  readonly [field: string]: unknown;
}

/** Integers that a double does not hold, as text. */
export function readWire(text: string): unknown {
  return JSON.parse(text.replace(/(?<=[:[,])(\d{16,})(?=[,}\]])/g, '"$1"'));
}

/** A client of the account: signs with the test's key, and hears the private stream. */
export class Trader {
  readonly sim: BinanceSim;
  stream: Client | null = null;

  constructor(sim: BinanceSim) {
    this.sim = sim;
  }

  get time(): number {
    return this.sim.clock.nowMs();
  }

  /** Sends as it is. */
  async raw(method: string, path: string, body?: string, key: string | null = KEY): Promise<TradeReply> {
    const response = await fetch(this.sim.restUrl + path, {
      method,
      headers: {
        ...(key === null ? {} : { "X-MBX-APIKEY": key }),
        ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, text, body: readWire(text) as TradeReply["body"] };
  }

  /** Signs the values and sends them in the query. */
  async call(method: string, path: string, values: Values = {}): Promise<TradeReply> {
    const payload = textOf({ recvWindow: 5000, timestamp: this.time, ...values });
    return await this.raw(method, `/fapi/${path}?${payload}&signature=${sign(payload)}`);
  }

  async order(values: Values): Promise<TradeReply> {
    return await this.call("POST", "v1/order", { symbol: "BTCUSDT", type: "MARKET", ...values });
  }

  async algo(values: Values): Promise<TradeReply> {
    return await this.call("POST", "v1/algoOrder", {
      algoType: "CONDITIONAL",
      symbol: "BTCUSDT",
      type: "STOP_MARKET",
      ...values,
    });
  }

  /** Opens the private stream under a key of its own. */
  async listen(path = "/private/ws?listenKey="): Promise<Client> {
    const { body } = await this.raw("POST", "/fapi/v1/listenKey");
    this.stream = await new Client(`${this.sim.wsUrl}${path}${String(body["listenKey"])}`).open();
    return this.stream;
  }

  events(name?: string): readonly Told[] {
    const told = (this.stream?.texts ?? []).map((text) => {
      const message = readWire(text) as Told & { readonly data?: Told };
      return message.data ?? message;
    });
    return name === undefined ? told : told.filter(({ e }) => e === name);
  }

  /** Events in short: what they are, and what state they tell of. */
  story(): readonly string[] {
    return this.events().map(({ e, o, a }) => {
      if (e === "ACCOUNT_UPDATE") return `ACCOUNT ${a.m}`;
      if (e === "ORDER_TRADE_UPDATE") return `ORDER ${String(o["x"])} ${String(o["X"])}`;
      return e === "ALGO_UPDATE" ? `ALGO ${String(o["X"])}` : e;
    });
  }

  /** Waits until the stream has told so many events. */
  async hears(count: number, name?: string): Promise<readonly Told[]> {
    await eventually(`${count} events`, () => this.events(name).length >= count);
    return this.events(name);
  }
}

export function sign(payload: string): string {
  return createHmac("sha256", SECRET).update(payload).digest("hex");
}

export function textOf(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&");
}
