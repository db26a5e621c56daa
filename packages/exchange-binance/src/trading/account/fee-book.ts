import { divRound, E8, type Clock, type SymbolId } from "@smcq/kernel";
import { z } from "zod";
import { ASSET_PRICE_AGE_MS_MAX, NAMES_MAX } from "../limits.ts";
import { Decimal, roundE8 } from "../wire/fields.ts";
import type { SignedRest } from "../wire/signed-rest.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Commission } from "./words.ts";

const PremiumIndex = z.looseObject({ markPrice: Decimal });

interface Price {
  readonly priceE8: bigint;
  readonly askedMs: number;
}

/**
 * What trades cost in USDT. A fee in another asset (BNB) is converted at the mark price of that asset's USDT contract, at
 * most a minute old; what has no price has no fee, and is never taken for nothing. A trade's fee stays what it was first.
 */
export class FeeBook {
  readonly #rest: SignedRest;
  readonly #clock: Clock;
  readonly #prices = new Map<string, Price>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #told = new BoundedMap<bigint>(NAMES_MAX);

  constructor(rest: SignedRest, clock: Clock) {
    this.#rest = rest;
    this.#clock = clock;
  }

  /** USDT e8 of a trade's commission as far as it is known now; null: a price has to be asked for. */
  feeE8(commission: Commission, symbolId: SymbolId, tradeId: string): bigint | null {
    const { asset, amountE8 } = commission;
    if (asset === "USDT" || amountE8 === 0n) return amountE8;
    const key = `${symbolId}:${tradeId}`;
    const told = this.#told.get(key);
    if (told !== undefined) return told;
    const price = this.#prices.get(asset);
    if (price === undefined || this.#clock.nowMs() - price.askedMs > ASSET_PRICE_AGE_MS_MAX) return null;
    const feeE8 = divRound(amountE8 * price.priceE8, E8);
    this.#told.set(key, feeE8);
    return feeE8;
  }

  /** Asks for the price of an asset; settled when it is known, or cannot be known now. */
  ask(asset: string): Promise<void> {
    const running = this.#asking.get(asset);
    if (running !== undefined) return running;
    const asking = this.#fetch(asset).finally(() => this.#asking.delete(asset));
    this.#asking.set(asset, asking);
    return asking;
  }

  async #fetch(asset: string): Promise<void> {
    const askedMs = this.#clock.nowMs();
    const result = await this.#rest.send({
      method: "GET",
      path: "/fapi/v1/premiumIndex",
      parameters: { symbol: `${asset}USDT` },
      weight: 1,
      access: "public",
      isReserved: true,
    });
    const parsed = result.isOk ? PremiumIndex.safeParse(result.body) : null;
    if (parsed?.success !== true) return;
    const priceE8 = roundE8(parsed.data.markPrice);
    if (priceE8 > 0n) this.#prices.set(asset, { priceE8, askedMs });
  }
}
