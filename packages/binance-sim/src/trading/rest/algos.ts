import type { VenueAlgo } from "@smcq/exchange-sim";
import { costs, costsBySymbol, type ApiRequest, type Endpoint } from "../../http/endpoint.ts";
import type { Parameters } from "../../http/parameters.ts";
import { VenueError } from "../../http/venue-error.ts";
import type { AccountDesk } from "../account-desk.ts";
import { algoReply, algoRow } from "./order-words.ts";
import { orThrow } from "./orders.ts";
import { spanOf } from "./spans.ts";
import { ALGO_PARAMETERS, type WishReader } from "./wishes.ts";

const NAMED = ["symbol", "algoId", "clientAlgoId"];
const LIMIT_DEFAULT = 500;
const LIMIT_MAX = 1000;

/** Conditional orders: place, cancel, ask. */
export class AlgoCalls {
  readonly #desk: AccountDesk;
  readonly #reader: WishReader;
  /** True: neither queries nor cancels see it yet. */
  readonly #isHidden: (algo: VenueAlgo) => boolean;

  constructor(desk: AccountDesk, reader: WishReader, isHidden: (algo: VenueAlgo) => boolean) {
    this.#desk = desk;
    this.#reader = reader;
    this.#isHidden = isHidden;
  }

  endpoints(): readonly Endpoint[] {
    const signed = { access: "signed" } as const;
    const read = { ...signed, kind: "read" } as const;
    const cancel = { ...signed, kind: "cancel", weight: costs(1) } as const;
    return [
      {
        ...signed,
        name: "POST /fapi/v1/algoOrder",
        kind: "stop",
        parameters: ALGO_PARAMETERS,
        weight: costs(0),
        orderCount: { in10s: 1, in1m: 1 },
        handle: ({ parameters }) => {
          const { wish } = this.#reader.algo(parameters);
          return algoReply(this.#desk, orThrow(this.#desk.exchange.placeAlgo(wish, this.#desk.nowMs)));
        },
      },
      {
        ...cancel,
        name: "DELETE /fapi/v1/algoOrder",
        parameters: NAMED,
        handle: (request) => this.#cancel(request),
      },
      {
        ...cancel,
        name: "DELETE /fapi/v1/algoOpenOrders",
        parameters: ["symbol"],
        handle: ({ parameters, nowMs }) => this.#cancelAll(parameters.needed("symbol"), nowMs),
      },
      {
        ...read,
        name: "GET /fapi/v1/algoOrder",
        parameters: NAMED,
        weight: costs(1),
        handle: ({ parameters }) =>
          algoRow(this.#desk, this.#find(parameters, -2013, "Order does not exist.")),
      },
      {
        ...read,
        name: "GET /fapi/v1/openAlgoOrders",
        parameters: ["algoType", "symbol", "algoId"],
        weight: costsBySymbol(1, 40),
        handle: ({ parameters }) => this.#open(parameters),
      },
      {
        ...read,
        name: "GET /fapi/v1/allAlgoOrders",
        parameters: ["symbol", "algoId", "startTime", "endTime", "page", "limit"],
        weight: costs(5),
        handle: (request) => this.#all(request),
      },
    ];
  }

  #cancel({ parameters, nowMs }: ApiRequest): object {
    const algo = this.#find(parameters, -2011, "Unknown order sent.");
    orThrow(this.#desk.exchange.cancelAlgo(algo.symbolId, algo.clientAlgoId, nowMs));
    const { algoId, clientAlgoId } = algo;
    return { algoId: BigInt(algoId), clientAlgoId, code: "200", msg: "success" };
  }

  #cancelAll(symbol: string, nowMs: number): object {
    const { id } = this.#desk.symbol(symbol);
    for (const { symbolId, clientAlgoId } of this.#desk.exchange.openAlgos())
      if (symbolId === id) this.#desk.exchange.cancelAlgo(symbolId, clientAlgoId, nowMs);
    return { code: 200, msg: "The operation of cancel all open order is done." };
  }

  #find(parameters: Parameters, code: number, text: string): VenueAlgo {
    const algoId = parameters.id("algoId");
    const clientAlgoId = parameters.text("clientAlgoId");
    if (algoId === null && clientAlgoId === null)
      throw new VenueError(-1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!");
    // Whichever symbol is asked about: the client id says it alone.
    this.#desk.tick(this.#desk.nowMs);
    const all = this.#desk.history.algos();
    const algo =
      algoId === null
        ? all.findLast((one) => one.clientAlgoId === clientAlgoId)
        : this.#desk.history.algo(algoId);
    if (algo === undefined || this.#isHidden(algo)) throw new VenueError(code, text);
    return algo;
  }

  #open(parameters: Parameters): readonly object[] {
    const symbol = parameters.text("symbol");
    const id = symbol === null ? null : this.#desk.symbol(symbol).id;
    const algoId = parameters.id("algoId");
    return this.#desk.exchange
      .openAlgos()
      .filter((algo) => (id === null || algo.symbolId === id) && (algoId === null || algo.algoId === algoId))
      .filter((algo) => !this.#isHidden(algo))
      .map((algo) => algoRow(this.#desk, algo));
  }

  #all({ parameters, nowMs }: ApiRequest): readonly object[] {
    const { id } = this.#desk.symbol(parameters.needed("symbol"));
    const limit = parameters.limit(LIMIT_DEFAULT, LIMIT_MAX);
    const fromId = BigInt(parameters.id("algoId") ?? 0);
    const { startMs, endMs } = spanOf(parameters, nowMs);
    return this.#desk.history
      .algos()
      .filter((algo) => algo.symbolId === id && BigInt(algo.algoId) >= fromId && !this.#isHidden(algo))
      .filter(({ createdMs }) => createdMs >= startMs && createdMs <= endMs)
      .slice(-limit)
      .map((algo) => algoRow(this.#desk, algo));
  }
}
