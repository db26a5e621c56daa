import { randomBytes } from "node:crypto";
import type { SignedRest } from "@smcq/exchange-binance/trading";
import type { BinanceRest } from "@smcq/exchange-binance";
import { type Clock, e8Text, type Instrument, numberToE8, parseE8 } from "@smcq/kernel";
import { fail, type Finding, ok } from "./finding.ts";
import { rulesOf } from "./venue.ts";

/** Test orders rest so far below the market, in hundredths. */
const FAR_E2 = 80n;
const E8 = 100_000_000n;

/** An order as it is sent: the least that the venue takes, far from the market. */
export interface TestOrder {
  readonly symbol: string;
  /** Decimal texts, USDT e8 for what it would cost. */
  readonly price: string;
  readonly quantity: string;
  readonly notionalE8: bigint;
}

export interface OrderGround {
  readonly rest: SignedRest;
  readonly publicRest: BinanceRest;
  readonly watched: readonly Instrument[];
  readonly clock: Clock;
}

/** The cheapest order of the watched symbols; null: none has a price. */
export function cheapestOrder(
  watched: readonly Instrument[],
  lastE8: ReadonlyMap<string, bigint>,
): TestOrder | null {
  const orders = watched.flatMap((instrument) => {
    const last = lastE8.get(instrument.symbol);
    return last === undefined || last <= 0n ? [] : [orderOf(instrument, last)];
  });
  return orders.reduce<TestOrder | null>(
    (best, one) => (best === null || one.notionalE8 < best.notionalE8 ? one : best),
    null,
  );
}

function orderOf(instrument: Instrument, lastE8: bigint): TestOrder {
  const { tickE8, stepE8, minQtySteps, minNotional } = rulesOf(instrument);
  const ticks = (lastE8 * FAR_E2) / 100n / tickE8;
  const priceE8 = (ticks > 0n ? ticks : 1n) * tickE8;
  const wantedE8 = (numberToE8(minNotional) * E8 + priceE8 - 1n) / priceE8;
  const steps = (wantedE8 + stepE8 - 1n) / stepE8;
  const qtyE8 = (steps > BigInt(minQtySteps) ? steps : BigInt(minQtySteps)) * stepE8;
  return {
    symbol: instrument.symbol,
    price: shortText(priceE8),
    quantity: shortText(qtyE8),
    notionalE8: (priceE8 * qtyE8) / E8,
  };
}

/** Without zeros behind: the venue counts digits. */
function shortText(valueE8: bigint): string {
  return e8Text(valueE8).replace(/\.?0+$/, "");
}

/** Places and cancels a far limit order and a far stop, and tells how long each way took. */
export async function tryOrders(ground: OrderGround): Promise<readonly Finding[]> {
  const prices = await ground.publicRest.get("/fapi/v2/ticker/price", {}, { weight: 2 });
  const order = cheapestOrder(ground.watched, pricesOf(prices));
  if (order === null) return [fail("test order", "no watched symbol has a price", "watch others")];
  const { symbol, price, quantity } = order;
  const id = `smcq-doctor-${randomBytes(6).toString("hex")}`;
  const limit = {
    path: "/fapi/v1/order",
    make: {
      symbol,
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTX",
      quantity,
      price,
      newClientOrderId: `${id}-l`,
    },
    end: { symbol, origClientOrderId: `${id}-l` },
  };
  const stop = {
    path: "/fapi/v1/algoOrder",
    make: {
      algoType: "CONDITIONAL",
      symbol,
      side: "SELL",
      type: "STOP_MARKET",
      quantity,
      triggerPrice: price,
      reduceOnly: "true",
      workingType: "CONTRACT_PRICE",
      clientAlgoId: `${id}-s`,
    },
    end: { symbol, clientAlgoId: `${id}-s` },
  };
  return [await tryOne("test limit", limit, ground), await tryOne("test stop", stop, ground)];
}

interface Attempt {
  readonly path: string;
  readonly make: Readonly<Record<string, string>>;
  readonly end: Readonly<Record<string, string>>;
}

async function tryOne(
  name: string,
  { path, make, end }: Attempt,
  { rest, clock }: OrderGround,
): Promise<Finding> {
  const startNs = clock.monoNs();
  const made = await rest.send({ method: "POST", path, parameters: make, weight: 0 });
  const madeNs = clock.monoNs();
  // Also after a failure: it may have gone through all the same.
  const ended = await rest.send({ method: "DELETE", path, parameters: end, weight: 1, isReserved: true });
  const endedNs = clock.monoNs();
  const what = `${make["quantity"]} ${make["symbol"]} at ${make["price"] ?? make["triggerPrice"]}`;
  const isUnsure = made.isOk || made.verdict.outcome === "unknown";
  if (!ended.isOk && isUnsure)
    return fail(
      name,
      `${what} may still rest: it could not be cancelled (${ended.verdict.text})`,
      "cancel it by hand at the venue, now",
    );
  if (!made.isOk)
    return fail(name, `${what} is refused: ${made.verdict.text}`, "see docs/binance.md section 7");
  const ms = (fromNs: number, toNs: number): string => ((toNs - fromNs) / 1e6).toFixed(0);
  return ok(name, `${what}: placed in ${ms(startNs, madeNs)} ms, cancelled in ${ms(madeNs, endedNs)} ms`);
}

function pricesOf(reply: unknown): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  if (!Array.isArray(reply)) return found;
  for (const row of reply as readonly { readonly symbol?: unknown; readonly price?: unknown }[])
    if (typeof row.symbol === "string" && typeof row.price === "string")
      found.set(row.symbol, parseE8(row.price));
  return found;
}
