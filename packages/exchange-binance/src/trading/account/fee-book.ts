import type { Fill, OtherFee } from "@smcq/exchange";
import { divRound, E8, type Clock, notionalE8 } from "@smcq/kernel";
import { z } from "zod";
import { ASSET_PRICE_AGE_MS_MAX, NAMES_MAX } from "../limits.ts";
import type { SymbolDirectory } from "../symbols.ts";
import { Decimal, roundE8 } from "../wire/fields.ts";
import type { SignedRest } from "../wire/signed-rest.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Commission, Deal } from "./words.ts";

/**
 * Shares of a notional that a fee in another asset is taken for while nobody knows that asset's price: the ordinary rates less
 * the tenth that the venue gives for paying in BNB (docs/binance.md 9).
 */
const PRESUMED_E8 = { taker: 45_000n, maker: 18_000n } as const;

const PremiumIndex = z.looseObject({ markPrice: Decimal });

/** What a trade cost. */
export type Cost = Pick<Fill, "feeE8" | "otherFee">;

/**
 * What trades cost. A fee in another asset (BNB) is worth its amount at the mark price of that asset's USDT contract, as known
 * last; no trade waits for a price, for a position without its stop would wait with it. A trade's cost stays what it was first.
 */
export class FeeBook {
  readonly #rest: SignedRest;
  readonly #symbols: SymbolDirectory;
  readonly #clock: Clock;
  readonly #prices = new Map<string, { readonly priceE8: bigint | null; readonly askedMs: number }>();
  readonly #told = new BoundedMap<bigint>(NAMES_MAX);

  constructor(rest: SignedRest, symbols: SymbolDirectory, clock: Clock) {
    this.#rest = rest;
    this.#symbols = symbols;
    this.#clock = clock;
  }

  costOf({ asset, amountE8 }: Commission, deal: Deal): Cost {
    if (asset === "USDT" || asset === "" || amountE8 === 0n) return { feeE8: amountE8 };
    const key = `${deal.symbolId}:${deal.tradeId}`;
    const feeE8 = this.#told.get(key) ?? this.#worthE8({ asset, amountE8 }, deal);
    this.#told.set(key, feeE8);
    return { feeE8, otherFee: { asset, amountE8 } };
  }

  #worthE8({ asset, amountE8 }: OtherFee, deal: Deal): bigint {
    const known = this.#prices.get(asset);
    if (known === undefined || this.#clock.nowMs() - known.askedMs > ASSET_PRICE_AGE_MS_MAX)
      void this.#ask(asset);
    const priceE8 = known?.priceE8 ?? null;
    if (priceE8 !== null) return divRound(amountE8 * priceE8, E8);
    const rules = this.#symbols.byId(deal.symbolId)?.rules;
    if (rules === undefined) return 0n;
    const qtyE8 = BigInt(deal.qtySteps) * rules.stepE8;
    const valueE8 = notionalE8(BigInt(deal.priceTicks) * rules.tickE8, qtyE8);
    const presumedE8 = divRound(valueE8 * (deal.isMaker ? PRESUMED_E8.maker : PRESUMED_E8.taker), E8);
    return amountE8 < 0n ? -presumedE8 : presumedE8;
  }

  async #ask(asset: string): Promise<void> {
    const askedMs = this.#clock.nowMs();
    this.#prices.set(asset, { priceE8: this.#prices.get(asset)?.priceE8 ?? null, askedMs });
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
