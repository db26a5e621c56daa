import type { Reply, VenueError as SimError, VenueOrder } from "@smcq/exchange-sim";
import { costs, costsBySymbol, type ApiRequest, type Endpoint } from "../../http/endpoint.ts";
import { missing, Parameters, unread } from "../../http/parameters.ts";
import { VenueError } from "../../http/venue-error.ts";
import type { AccountDesk, TradedSymbol } from "../account-desk.ts";
import { acked, orderReply, orderRow } from "./order-words.ts";
import { spanOf } from "./spans.ts";
import { ORDER_PARAMETERS, refuseUnsimulated, type WishReader } from "./wishes.ts";

const BATCH_MAX = 5;
const CANCEL_BATCH_MAX = 10;
const HALTED = "TRADING_HALT";
const LIMIT_DEFAULT = 500;
const LIMIT_MAX = 1000;
const ALL_CANCELED = { code: 200, msg: "The operation of cancel all open order is done." };
const NAMED = ["symbol", "orderId", "origClientOrderId"];
const AMEND_PARAMETERS = [...NAMED, "side", "quantity", "price", "priceMatch", "modifyId"];
/** Some clients send these two in small letters, and are understood. */
const ID_LISTS = ["orderIdList", "orderidlist"];
const CLIENT_ID_LISTS = ["origClientOrderIdList", "origclientorderidlist"];
/** What a query finds nothing with; a cancel knows its orders at once. */
const ORDER_ABSENT = -2013;
const NOT_FOUND = "Order does not exist.";

/** What it made, or the venue's error thrown. */
export function orThrow<T>(reply: Reply<T>): T {
  if (reply.type === "done") return reply.value;
  throw asVenueError(reply.error);
}

function asVenueError({ code, text }: SimError): VenueError {
  return new VenueError(code, text);
}

/** Regular orders: place, cancel, ask. */
export class OrderCalls {
  readonly #desk: AccountDesk;
  readonly #reader: WishReader;
  /** True: a query does not see it yet. */
  readonly #isHidden: (order: VenueOrder) => boolean;
  readonly #onUnexpected: (what: string) => void;

  /** `onUnexpected` hears what no client of this venue has a reason to say. */
  constructor(
    desk: AccountDesk,
    reader: WishReader,
    isHidden: (order: VenueOrder) => boolean,
    onUnexpected: (what: string) => void,
  ) {
    this.#desk = desk;
    this.#reader = reader;
    this.#isHidden = isHidden;
    this.#onUnexpected = onUnexpected;
  }

  endpoints(): readonly Endpoint[] {
    return [...this.#sends(), ...this.#cancels(), ...this.#reads()];
  }

  #sends(): readonly Endpoint[] {
    const signed = { access: "signed", kind: "order" } as const;
    const batch = { parameters: ["batchOrders"], weight: costs(5), orderCount: { in10s: 5, in1m: 1 } };
    return [
      {
        ...signed,
        name: "POST /fapi/v1/order",
        parameters: ORDER_PARAMETERS,
        weight: costs(0),
        orderCount: { in10s: 1, in1m: 1 },
        handle: ({ parameters }) => this.#place(parameters),
      },
      {
        ...signed,
        ...batch,
        name: "POST /fapi/v1/batchOrders",
        handle: ({ parameters }) => this.#eachOf(parameters, ORDER_PARAMETERS, (order) => this.#place(order)),
      },
      {
        ...signed,
        ...batch,
        name: "PUT /fapi/v1/batchOrders",
        handle: ({ parameters, nowMs }) =>
          this.#eachOf(parameters, AMEND_PARAMETERS, (order) => this.#amend({ parameters: order, nowMs })),
      },
      {
        ...signed,
        name: "PUT /fapi/v1/order",
        parameters: AMEND_PARAMETERS,
        weight: costs(1),
        orderCount: { in10s: 1, in1m: 1 },
        handle: (request) => this.#amend(request),
      },
    ];
  }

  #cancels(): readonly Endpoint[] {
    const cancel = { access: "signed", kind: "cancel", weight: costs(1) } as const;
    return [
      {
        ...cancel,
        name: "DELETE /fapi/v1/order",
        parameters: NAMED,
        handle: (request) => this.#cancel(request),
      },
      {
        ...cancel,
        name: "DELETE /fapi/v1/batchOrders",
        parameters: ["symbol", ...ID_LISTS, ...CLIENT_ID_LISTS],
        handle: (request) => this.#cancelBatch(request),
      },
      {
        ...cancel,
        name: "DELETE /fapi/v1/allOpenOrders",
        parameters: ["symbol"],
        handle: ({ parameters, nowMs }) =>
          this.cancelAll(this.#desk.symbol(parameters.needed("symbol")), nowMs),
      },
    ];
  }

  #reads(): readonly Endpoint[] {
    const read = { access: "signed", kind: "read" } as const;
    const span = ["symbol", "orderId", "startTime", "endTime", "limit"];
    return [
      {
        ...read,
        name: "GET /fapi/v1/order",
        parameters: NAMED,
        weight: costs(1),
        handle: ({ parameters }) => orderRow(this.#desk, this.#find(parameters, NOT_FOUND, ORDER_ABSENT)),
      },
      {
        ...read,
        name: "GET /fapi/v1/openOrder",
        parameters: NAMED,
        weight: costs(1),
        handle: ({ parameters }) => {
          const order = this.#find(parameters, NOT_FOUND, ORDER_ABSENT);
          if (order.status !== "NEW" && order.status !== "PARTIALLY_FILLED")
            throw new VenueError(ORDER_ABSENT, NOT_FOUND);
          return orderRow(this.#desk, order);
        },
      },
      {
        ...read,
        name: "GET /fapi/v1/openOrders",
        parameters: ["symbol"],
        weight: costsBySymbol(1, 40),
        handle: ({ parameters }) => this.#open(parameters.text("symbol")),
      },
      {
        ...read,
        name: "GET /fapi/v1/allOrders",
        parameters: span,
        weight: costs(5),
        handle: (request) => this.#all(request),
      },
    ];
  }

  #place(parameters: Parameters): object {
    const { wish, isResult } = this.#reader.order(parameters);
    const { symbol } = this.#desk.known(wish.symbolId);
    // In a halt nothing trades, whatever it would open or close (MD20).
    if (this.#desk.venue.find(symbol)?.status === HALTED) throw new VenueError(-4141, "Symbol is closed.");
    const order = orThrow(this.#desk.exchange.place(wish, this.#desk.nowMs));
    return orderReply(this.#desk, isResult ? order : acked(order));
  }

  /** A reply for each order of a batch, which may say what an order alone may. */
  #eachOf(
    parameters: Parameters,
    names: readonly string[],
    work: (order: Parameters) => object,
  ): readonly object[] {
    const size = new VenueError(-4082, "Invalid number of batch place orders.");
    return listOf(parameters, "batchOrders", BATCH_MAX, size).map((fields) => {
      if (typeof fields !== "object" || fields === null) return failure(missing("batchOrders"));
      const texts = Object.entries(fields).map(([name, value]) => [name, String(value)] as const);
      const unknown = texts.map(([name]) => name).filter((name) => !names.includes(name));
      if (unknown.length === 0) return attempt(() => work(new Parameters(new Map(texts))));
      this.#onUnexpected(`an order of a batch with ${unknown.join(", ")}`);
      return failure(unread(texts.length - unknown.length, texts.length));
    });
  }

  #amend({ parameters, nowMs }: ApiRequest): object {
    for (const name of ["side", "quantity", "price"]) parameters.needed(name);
    refuseUnsimulated(parameters);
    const { pricePlaces, qtyPlaces } = this.#desk.symbol(parameters.needed("symbol"));
    const order = this.#find(parameters, NOT_FOUND, ORDER_ABSENT);
    const qtyE8 = parameters.decimalE8("quantity", qtyPlaces) ?? 0n;
    const priceE8 = parameters.decimalE8("price", pricePlaces) ?? 0n;
    const reply = this.#desk.exchange.amend(order, { qtyE8, priceE8 }, nowMs);
    // What has ended is no order any more to a modification.
    if (reply.type === "refused" && reply.error.code === -2011) throw new VenueError(ORDER_ABSENT, NOT_FOUND);
    return orderReply(this.#desk, orThrow(reply));
  }

  #cancel({ parameters, nowMs }: ApiRequest): object {
    const order = this.#find(parameters, "Unknown order sent.", -2011);
    const { symbolId, clientOrderId } = order;
    return orderReply(this.#desk, orThrow(this.#desk.exchange.cancel(symbolId, clientOrderId, nowMs)));
  }

  #cancelBatch({ parameters, nowMs }: ApiRequest): readonly object[] {
    const symbol = parameters.needed("symbol");
    const idList = ID_LISTS.find((name) => parameters.text(name) !== null);
    const byId = idList !== undefined;
    const clientIdList = CLIENT_ID_LISTS.find((name) => parameters.text(name) !== null);
    const name = idList ?? clientIdList ?? "origClientOrderIdList";
    const size = new VenueError(-4032, "Exceed maximum cancel order size.");
    return listOf(parameters, name, CANCEL_BATCH_MAX, size).map((id) => {
      const values = new Map([
        ["symbol", symbol],
        [byId ? "orderId" : "origClientOrderId", String(id)],
      ]);
      return attempt(() => this.#cancel({ parameters: new Parameters(values), nowMs }));
    });
  }

  /** Ends every regular order of a symbol. */
  cancelAll({ id }: TradedSymbol, nowMs: number): object {
    for (const { symbolId, clientOrderId } of this.#desk.exchange.openOrders())
      if (symbolId === id) this.#desk.exchange.cancel(symbolId, clientOrderId, nowMs);
    return ALL_CANCELED;
  }

  /** The order that a request names, as it is now. */
  #find(parameters: Parameters, text: string, code: number): VenueOrder {
    const { id } = this.#desk.symbol(parameters.needed("symbol"));
    const orderId = parameters.id("orderId");
    const clientOrderId = parameters.text("origClientOrderId");
    if (orderId === null && clientOrderId === null)
      throw new VenueError(
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
      );
    const told = orderId === null ? undefined : this.#desk.history.order(orderId);
    const wantedId = orderId === null ? clientOrderId : told?.clientOrderId;
    const present =
      wantedId === null || wantedId === undefined ? undefined : this.#desk.exchange.order(id, wantedId);
    // Client ids may come again: the venue's own id says which one is meant.
    const order = orderId === null || present?.orderId === orderId ? present : told;
    if (order === undefined || order.symbolId !== id || this.#isHidden(order))
      throw new VenueError(code, text);
    return order;
  }

  #open(symbol: string | null): readonly object[] {
    const id = symbol === null ? null : this.#desk.symbol(symbol).id;
    return this.#desk.exchange
      .openOrders()
      .filter((order) => (id === null || order.symbolId === id) && !this.#isHidden(order))
      .map((order) => orderRow(this.#desk, order));
  }

  #all({ parameters, nowMs }: ApiRequest): readonly object[] {
    const symbol = parameters.text("symbol");
    const id = symbol === null ? null : this.#desk.symbol(symbol).id;
    const limit = parameters.limit(LIMIT_DEFAULT, LIMIT_MAX);
    const fromId = BigInt(parameters.id("orderId") ?? 0);
    const { startMs, endMs } = spanOf(parameters, nowMs);
    const isMeant = (order: VenueOrder): boolean =>
      (id === null || order.symbolId === id) &&
      (fromId > 0n
        ? BigInt(order.orderId) >= fromId
        : order.createdMs >= startMs && order.createdMs <= endMs);
    const found = this.#desk.history.orders().filter((order) => isMeant(order) && !this.#isHidden(order));
    const told = fromId > 0n ? found.slice(0, limit) : found.slice(-limit);
    return told.map((order) => orderRow(this.#desk, this.#present(order)));
  }

  /** An order as it is now: one that only reduces is cut without a word. */
  #present(order: VenueOrder): VenueOrder {
    const present = this.#desk.exchange.order(order.symbolId, order.clientOrderId);
    return present?.orderId === order.orderId ? present : order;
  }
}

function failure(error: VenueError): object {
  return { code: error.venueCode, msg: error.message };
}

function attempt(work: () => object): object {
  try {
    return work();
  } catch (error) {
    if (error instanceof VenueError) return failure(error);
    throw error;
  }
}

/** A JSON list of 1..most items, else `size`; long ids are kept as text. */
function listOf(parameters: Parameters, name: string, most: number, size: VenueError): readonly unknown[] {
  const text = parameters.needed(name).replace(/(?<=[[,]\s*)(\d{16,20})(?=\s*[\],])/g, '"$1"');
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);
  }
  if (!Array.isArray(list)) throw new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);
  if (list.length < 1 || list.length > most) throw size;
  return list;
}
