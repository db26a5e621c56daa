import type { IncomeRow } from "@smcq/exchange";
import { parseE8 } from "@smcq/kernel";
import { z } from "zod";
import type { SymbolDirectory } from "../symbols.ts";
import { Decimal, Id, Instant, Word } from "../wire/fields.ts";
import { isId } from "./order-names.ts";

const Row = z.looseObject({
  symbol: Word,
  incomeType: z.string(),
  income: Decimal,
  asset: Word,
  time: Instant,
  tranId: Id,
  tradeId: Id,
});

/** A line of the venue's account book, with the asset that it is in. */
export interface AssetRow extends IncomeRow {
  readonly asset: string;
}

const TYPE: ReadonlyMap<string, IncomeRow["type"]> = new Map([
  ["FUNDING_FEE", "funding"],
  ["SPECIAL_FUNDING_FEE", "funding"],
  ["REALIZED_PNL", "realised"],
  // So it is spelt. The fill that delivered a position tells of the same money, or the position that is gone does.
  ["DELIVERED_SETTELMENT", "realised"],
  ["COMMISSION", "commission"],
  ["INSURANCE_CLEAR", "liquidation-fee"],
  ["TRANSFER", "transfer"],
  ["INTERNAL_TRANSFER", "transfer"],
  ["CROSS_COLLATERAL_TRANSFER", "transfer"],
  ["COIN_SWAP_DEPOSIT", "transfer"],
  ["COIN_SWAP_WITHDRAW", "transfer"],
  ["STRATEGY_UMFUTURES_TRANSFER", "transfer"],
  ["WELCOME_BONUS", "transfer"],
]);

/** Reads the rows of an income answer; `tranId` counts within its type alone, hence both are the id. */
export function incomeRows(body: unknown, symbols: SymbolDirectory): readonly AssetRow[] {
  return z
    .array(Row)
    .parse(body)
    .map((row) => ({
      incomeId: `${row.incomeType}-${row.tranId}`,
      type: TYPE.get(row.incomeType) ?? "other",
      symbolId: row.symbol === "" ? null : (symbols.bySymbol(row.symbol)?.symbolId ?? null),
      amountE8: parseE8(row.income),
      timeMs: row.time,
      tradeId: isId(row.tradeId) ? row.tradeId : null,
      asset: row.asset,
    }));
}
