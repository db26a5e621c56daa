import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedKey } from "../../src/modes/engine-payload.ts";

type Values = Readonly<Record<string, string | number | boolean>>;
type Row = Readonly<Record<string, unknown>>;

/** What stands of an account, whatever its prices do. */
export interface Standing {
  readonly wallet: unknown;
  readonly positions: readonly unknown[];
  readonly orders: readonly Row[];
  readonly stops: readonly Row[];
  readonly trades: readonly Row[];
  readonly income: readonly Row[];
}

/** The account of a data folder as any client sees it: by signed calls, with the key that lies there. */
export class VenueAccount {
  readonly #base: string;
  readonly #key: SimulatedKey;

  constructor(folder: string, port: number) {
    this.#base = `http://127.0.0.1:${port}`;
    this.#key = JSON.parse(readFileSync(join(folder, "venue", "key.json"), "utf8")) as SimulatedKey;
  }

  async timeMs(): Promise<number> {
    const reply = await fetch(`${this.#base}/fapi/v1/time`);
    return ((await reply.json()) as { readonly serverTime: number }).serverTime;
  }

  /** Long ids come as text. */
  async call(method: string, path: string, values: Values = {}): Promise<Row & readonly Row[]> {
    const given = Object.entries({
      ...values,
      recvWindow: 60_000,
      timestamp: Math.floor(await this.timeMs()),
    });
    const payload = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
    const signature = createHmac("sha256", this.#key.secret).update(payload).digest("hex");
    const reply = await fetch(`${this.#base}/fapi/${path}?${payload}&signature=${signature}`, {
      method,
      headers: { "X-MBX-APIKEY": this.#key.key },
    });
    const text = (await reply.text()).replace(/(?<=[:[,])(\d{16,})(?=[,}\]])/g, '"$1"');
    if (reply.status !== 200) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text) as Row & readonly Row[];
  }

  /** Holds so much of a symbol, with a stop, a target in the book and a waiting entry, all far from the market. */
  async open(symbol: string, name: string): Promise<void> {
    const ticker = await this.call("GET", "v2/positionRisk", { symbol });
    const mark = Number(ticker[0]?.["markPrice"]);
    const quantity = (100 / mark).toPrecision(1);
    const at = (share: number): string => (mark * share).toPrecision(3);
    const order = { symbol, quantity: trimmed(quantity) };
    await this.call("POST", "v1/order", {
      ...order,
      side: "BUY",
      type: "MARKET",
      newClientOrderId: `m${name}`,
    });
    const stop = { algoType: "CONDITIONAL", type: "STOP_MARKET", symbol, closePosition: true };
    const clientAlgoId = `s${name}`;
    if ((await this.call("GET", "v1/openAlgoOrders", { symbol })).length === 0)
      await this.call("POST", "v1/algoOrder", { ...stop, side: "SELL", triggerPrice: at(0.8), clientAlgoId });
    const limit = { ...order, type: "LIMIT", timeInForce: "GTC" };
    await this.call("POST", "v1/order", {
      ...limit,
      side: "BUY",
      price: at(0.85),
      newClientOrderId: `l${name}`,
    });
  }

  async standing(symbols: readonly string[]): Promise<Standing> {
    const account = await this.call("GET", "v3/account");
    const positions = await this.call("GET", "v2/positionRisk");
    const each = async (path: string): Promise<readonly Row[]> => {
      const lists = await Promise.all(symbols.map((symbol) => this.call("GET", path, { symbol })));
      return lists.flat();
    };
    return {
      wallet: account["totalWalletBalance"],
      positions: positions
        .filter((row) => Number(row["positionAmt"]) !== 0)
        .map((row) => [
          row["symbol"],
          row["positionAmt"],
          row["entryPrice"],
          row["leverage"],
          row["marginType"],
        ]),
      orders: await each("v1/allOrders"),
      stops: await each("v1/allAlgoOrders"),
      trades: await each("v1/userTrades"),
      income: await this.call("GET", "v1/income", { limit: 1000 }),
    };
  }
}

function trimmed(text: string): string {
  return String(Number(text));
}
