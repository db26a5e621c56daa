import { z } from "zod";
import { Decimal, Flag, Id, Instant, Word } from "../wire/fields.ts";
import type {
  AlgoRecord,
  BalanceRecord,
  BracketRecord,
  OrderRecord,
  PositionRecord,
  SymbolConfigRecord,
  TradeRecord,
  TradingStatusRecord,
} from "./records.ts";

export const OrderRecordSchema: z.ZodType<OrderRecord> = z.looseObject({
  symbol: z.string(),
  orderId: Id,
  clientOrderId: Word,
  status: Word,
  side: Word,
  type: Word,
  timeInForce: Word,
  price: Decimal,
  origQty: Decimal,
  executedQty: Decimal,
  reduceOnly: Flag,
  updateTime: Instant,
});

export const AlgoRecordSchema: z.ZodType<AlgoRecord> = z.looseObject({
  symbol: z.string(),
  algoId: Id,
  clientAlgoId: Word,
  algoStatus: Word,
  side: Word,
  orderType: Word,
  type: Word,
  quantity: Decimal,
  triggerPrice: Decimal,
  workingType: Word,
  reduceOnly: Flag,
  closePosition: Flag,
  actualOrderId: Id,
  actualQty: Decimal,
  updateTime: Instant,
});

const Indicator = z.looseObject({
  indicator: Word,
  isLocked: z.boolean(),
  plannedRecoverTime: z.number().default(0),
  value: z.coerce.number(),
  triggerValue: z.coerce.number(),
});

export const TradingStatusSchema: z.ZodType<TradingStatusRecord> = z.looseObject({
  indicators: z.record(z.string(), z.array(Indicator)),
});

export const PositionRecordSchema: z.ZodType<PositionRecord> = z.looseObject({
  symbol: z.string(),
  positionSide: Word,
  positionAmt: Decimal,
  entryPrice: Decimal,
  liquidationPrice: Decimal,
});

export const TradeRecordSchema: z.ZodType<TradeRecord> = z.looseObject({
  id: Id,
  orderId: Id,
  side: Word,
  price: Decimal,
  qty: Decimal,
  commission: Decimal,
  commissionAsset: Word,
  maker: Flag,
  time: Instant,
});

export const BalanceRecordSchema: z.ZodType<BalanceRecord> = z.looseObject({
  asset: z.string(),
  balance: Decimal,
});

export const SymbolConfigRecordSchema: z.ZodType<SymbolConfigRecord> = z.looseObject({
  symbol: z.string(),
  marginType: Word,
  leverage: z.coerce.number().int().positive(),
  maxNotionalValue: Word,
});

export const BracketRecordSchema: z.ZodType<BracketRecord> = z.looseObject({
  symbol: z.string(),
  brackets: z.array(
    z.looseObject({ initialLeverage: z.coerce.number().positive(), notionalCap: z.coerce.number() }),
  ),
});
