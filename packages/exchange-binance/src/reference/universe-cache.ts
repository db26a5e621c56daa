import type { Instrument } from "@smcq/kernel";
import { z } from "zod";

/** Version of the cache file; another one is ignored. */
export const CACHE_VERSION = 1;

/** A universe as it stands in the cache file. */
export interface CachedUniverse {
  readonly version: typeof CACHE_VERSION;
  readonly origin: string;
  readonly fetchedAtMs: number;
  readonly weightLimit: number;
  readonly totalCount: number;
  readonly instruments: readonly Instrument[];
}

/** Checks a cache file. */
export const CachedUniverse: z.ZodType<CachedUniverse> = z.object({
  version: z.literal(CACHE_VERSION),
  origin: z.string(),
  fetchedAtMs: z.number(),
  weightLimit: z.number(),
  totalCount: z.number(),
  instruments: z
    .array(
      z.object({
        symbol: z.string(),
        baseAsset: z.string(),
        quoteAsset: z.string(),
        marginAsset: z.string(),
        contractType: z.string(),
        status: z.string(),
        onboardMs: z.number(),
        deliveryMs: z.number(),
        tickSize: z.string(),
        stepSize: z.string(),
        marketStepSize: z.string(),
        marketMinQty: z.string(),
        marketMaxQty: z.string(),
        minNotional: z.string(),
      }),
    )
    .min(1),
});
