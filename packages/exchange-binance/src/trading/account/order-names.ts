import type { SymbolId } from "@smcq/kernel";
import { NAMES_MAX } from "../limits.ts";
import { BoundedMap } from "./bounded-map.ts";

/**
 * Which client id an order of the venue goes by. The order that a fired stop became goes by the stop's id, by which of its
 * two links ever that is known: the algo id that the order names, or the order id that the stop names (docs/binance.md 5.3).
 */
export class OrderNames {
  readonly #orders = new BoundedMap<string>(NAMES_MAX);
  readonly #algos = new BoundedMap<string>(NAMES_MAX);

  noteOrder(symbolId: SymbolId, orderId: string, clientOrderId: string): void {
    if (isId(orderId) && clientOrderId !== "") this.#orders.set(`${symbolId}:${orderId}`, clientOrderId);
  }

  noteAlgo(algoId: string, clientAlgoId: string): void {
    if (isId(algoId) && clientAlgoId !== "") this.#algos.set(algoId, clientAlgoId);
  }

  /** Undefined: nobody has told. */
  order(symbolId: SymbolId, orderId: string): string | undefined {
    return this.#orders.get(`${symbolId}:${orderId}`);
  }

  algo(algoId: string): string | undefined {
    return this.#algos.get(algoId);
  }
}

/** Absent ids are told as empty, 0 or null. */
export function isId(text: string): boolean {
  return text !== "" && text !== "0";
}
