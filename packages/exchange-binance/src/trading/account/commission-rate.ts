import type { FeeRates } from "@smcq/exchange";
import { SmcqError } from "@smcq/kernel";
import { z } from "zod";
import { BinanceErrorCode } from "../../errors.ts";
import type { SignedRest } from "../wire/signed-rest.ts";

const PATH = "/fapi/v1/commissionRate";

const Ratio = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .transform(Number)
  .refine((ratio) => Math.abs(ratio) < 0.1);

const CommissionRate = z.looseObject({
  symbol: z.string(),
  makerCommissionRate: Ratio,
  takerCommissionRate: Ratio,
});

/**
 * What the account pays for trades in a symbol (weight 20, so ask once; it waits for everything else). Throws SmcqError `BINANCE_REFUSED` and
 * `BINANCE_BAD_REPLY`.
 */
export async function readCommissionRate(rest: SignedRest, symbol: string): Promise<FeeRates> {
  const context = { path: PATH, symbol };
  const call = { method: "GET", path: PATH, parameters: { symbol }, weight: 20, isIdle: true } as const;
  const result = await rest.send(call);
  if (!result.isOk)
    throw new SmcqError(BinanceErrorCode.Refused, `GET ${PATH}: ${result.verdict.text}`, { context });
  const parsed = CommissionRate.safeParse(result.body);
  if (!parsed.success)
    throw new SmcqError(BinanceErrorCode.BadReply, `GET ${PATH}: ${z.prettifyError(parsed.error)}`, {
      context,
    });
  if (parsed.data.symbol !== symbol)
    throw new SmcqError(BinanceErrorCode.BadReply, `GET ${PATH} tells of ${parsed.data.symbol}`, { context });
  return { takerRatio: parsed.data.takerCommissionRate, makerRatio: parsed.data.makerCommissionRate };
}
