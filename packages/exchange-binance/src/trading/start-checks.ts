import { e8ToNumber, parseE8, priceTicks, qtySteps, SmcqError } from "@smcq/kernel";
import { z } from "zod";
import { BinanceErrorCode } from "../errors.ts";
import type { ClockOffset } from "../rest/clock-offset.ts";
import type { BinanceRest } from "../rest/rest-client.ts";
import { SymbolConfigRecordSchema } from "./account/record-schemas.ts";
import { ALGO_PATH, cancelCall, orderCall } from "./orders/order-form.ts";
import type { TradedSymbol } from "./symbols.ts";
import { Flag, Instant, Word } from "./wire/fields.ts";
import type { Call, CallResult, SignedRest } from "./wire/signed-rest.ts";

/** A round trip above it eats too much of an entry's window of 2 s. */
export const ROUND_TRIP_MS_MAX = 1_000;

/** The share of the price at which a stop is tried: 1 in so many. */
const FAR = 2n;
const TAKE_BACK_TRIES = 3;
/** The venue's word for a path that it does not have. */
const NO_SUCH_PATH = -5000;

/** What the account is set to. */
export interface AccountConfig {
  readonly canTrade: boolean;
  readonly isHedgeMode: boolean;
  readonly isMultiAssets: boolean;
}

const Config = z.looseObject({
  canTrade: Flag,
  dualSidePosition: z.boolean(),
  multiAssetsMargin: z.boolean(),
});

const Balances = z.tuple([z.looseObject({ accountAlias: z.string().min(1).max(64) })]).rest(z.unknown());
const Ticker = z.looseObject({ price: z.string().regex(/^\d+(\.\d+)?$/) });

/** Refuses with BINANCE_CLOCK_UNFIT a venue's clock that cannot be measured to half a second. */
export async function checkClock(offset: ClockOffset, serverTime: () => Promise<number>): Promise<void> {
  try {
    await offset.synchronise(serverTime);
  } catch (cause) {
    throw new SmcqError(BinanceErrorCode.ClockUnfit, "the venue's time cannot be read", { cause });
  }
  const tripMs = offset.roundTripMs();
  if (tripMs <= ROUND_TRIP_MS_MAX) return;
  throw new SmcqError(
    BinanceErrorCode.ClockUnfit,
    `the way to the venue takes ${tripMs} ms there and back, wanted ${ROUND_TRIP_MS_MAX} at most: run nearer to it`,
    { context: { tripMs } },
  );
}

/** The account's settings; refuses with BINANCE_KEY_REFUSED a key that may not read them, and says what to look at. */
export async function readAccountConfig(rest: SignedRest): Promise<AccountConfig> {
  const found = await ask(rest, { path: "/fapi/v1/accountConfig", weight: 5 }, Config);
  const { canTrade, dualSidePosition, multiAssetsMargin } = found;
  return { canTrade, isHedgeMode: dualSidePosition, isMultiAssets: multiAssetsMargin };
}

/** The venue's own short name of the account, the same for all its keys; refuses as `readAccountConfig`. */
export async function readAccountAlias(rest: SignedRest): Promise<string> {
  const [first] = await ask(rest, { path: "/fapi/v3/balance", weight: 5 }, Balances);
  return first.accountAlias;
}

/** An order or a stop that rests at the venue, whoever made it. */
export interface RestingOrder {
  readonly symbol: string;
  readonly clientOrderId: string;
  /** Venue ms. */
  readonly madeMs: number;
}

const RestingOrders = z.array(z.looseObject({ symbol: z.string(), clientOrderId: Word, time: Instant }));
const RestingStops = z.array(z.looseObject({ symbol: z.string(), clientAlgoId: Word, createTime: Instant }));

/** Everything that rests on the account, of symbols that nobody watches too; refuses as `readAccountConfig`. */
export async function readRestingOrders(rest: SignedRest): Promise<readonly RestingOrder[]> {
  const orders = await ask(rest, { path: "/fapi/v1/openOrders", weight: 40 }, RestingOrders);
  const stops = await ask(rest, { path: "/fapi/v1/openAlgoOrders", weight: 40 }, RestingStops);
  return [
    ...orders.map(({ symbol, clientOrderId, time }) => ({ symbol, clientOrderId, madeMs: time })),
    ...stops.map(({ symbol, clientAlgoId, createTime }) => ({
      symbol,
      clientOrderId: clientAlgoId,
      madeMs: createTime,
    })),
  ];
}

/** What a symbol is set to on the account. */
export interface SymbolSetting {
  readonly symbol: string;
  readonly isIsolated: boolean;
  readonly leverage: number;
}

/** The settings of all symbols; refuses as `readAccountConfig`. */
export async function readSymbolSettings(rest: SignedRest): Promise<readonly SymbolSetting[]> {
  const records = await ask(
    rest,
    { path: "/fapi/v1/symbolConfig", weight: 5 },
    z.array(SymbolConfigRecordSchema),
  );
  return records.map(({ symbol, marginType, leverage }) => ({
    symbol,
    isIsolated: marginType.toUpperCase() === "ISOLATED",
    leverage,
  }));
}

async function ask<T>(
  rest: SignedRest,
  call: Pick<Call, "path" | "weight">,
  schema: z.ZodType<T>,
): Promise<T> {
  const { path } = call;
  const parsed = schema.safeParse(
    bodyOf(await rest.send({ method: "GET", isReserved: true, ...call }), path),
  );
  if (parsed.success) return parsed.data;
  throw new SmcqError(BinanceErrorCode.BadReply, `GET ${path}: ${z.prettifyError(parsed.error)}`);
}

/** Refuses with BINANCE_ACCOUNT_UNFIT hedge mode (AC06), multi-assets margin and an account that may not trade. */
export function checkAccountConfig({ canTrade, isHedgeMode, isMultiAssets }: AccountConfig): void {
  if (!canTrade)
    throw unfit("the account may not trade futures: enable futures for the account and for the API key");
  if (isHedgeMode)
    throw unfit(
      "the account is in hedge mode: close every position, then choose one-way mode (Preferences, Position Mode)",
    );
  if (isMultiAssets)
    throw unfit(
      "multi-assets margin is on: choose single-asset mode (Preferences, Asset Mode); USDT alone is reckoned",
    );
}

/** The last price of a symbol, e8. Throws SmcqError `BINANCE_BAD_REPLY` and those of `BinanceRest`. */
export async function readPriceE8(rest: BinanceRest, symbol: string): Promise<bigint> {
  const path = "/fapi/v1/ticker/price";
  const read = (body: unknown): bigint => {
    const parsed = Ticker.safeParse(body);
    if (parsed.success) return parseE8(parsed.data.price);
    throw new SmcqError(BinanceErrorCode.BadReply, `GET ${path}: ${z.prettifyError(parsed.error)}`);
  };
  return rest.get(path, { symbol }, { weight: 1, isReserved: true, read });
}

/**
 * Places a stop that no market reaches and takes it back: conditional orders have moved to another path before, and whoever
 * finds out with a position has none (EX11). Refuses with BINANCE_ACCOUNT_UNFIT a venue that does not know the path or takes
 * not its form, with BINANCE_UNAVAILABLE one that does not say, or keeps the stop. Returns null, or what the venue judged it
 * by otherwise: the path is right then.
 */
export async function checkStops(
  rest: SignedRest,
  symbol: TradedSymbol,
  lastE8: bigint,
): Promise<string | null> {
  const { symbolId, symbol: name, rules } = symbol;
  // Not in the form of an engine's ids: it is no order of a run.
  const clientOrderId = `stop-check-${rest.nowMs().toString(36)}`;
  const base = { clientOrderId, symbolId, symbol: name, side: -1, role: "stop", isReduceOnly: true } as const;
  const triggerTicks = priceTicks(Math.max(1, Number(lastE8 / FAR / rules.tickE8)));
  const steps = Math.max(
    rules.minQtySteps,
    Math.ceil(rules.minNotional / (e8ToNumber(lastE8 / FAR) * rules.stepSize)),
  );
  const placed = await rest.send(
    orderCall(
      { ...base, type: "stop-market", qtySteps: qtySteps(steps), triggerTicks, workingType: "last" },
      symbol,
    ),
  );
  if (!placed.isOk && placed.verdict.outcome !== "unknown") {
    const { outcome, code, text } = placed.verdict;
    if (outcome === "KEY_REFUSED") bodyOf(placed, ALGO_PATH);
    if (outcome === "FORM_REFUSED" || code === NO_SUCH_PATH)
      throw unfit(`the venue takes no stop as we send it (${text}): nothing that is held could be guarded`);
    return text;
  }
  const taken = await takeBack(rest, symbol, clientOrderId);
  if (placed.isOk && taken.isOk) return null;
  const failed = placed.isOk ? taken : placed;
  throw new SmcqError(
    BinanceErrorCode.Unavailable,
    `a stop far from the market was tried, and ${placed.isOk ? `rests still (${clientOrderId})` : "its outcome is not known"}: ` +
      (failed.isOk ? "" : failed.verdict.text),
    { context: { clientOrderId, symbol: name } },
  );
}

async function takeBack(rest: SignedRest, symbol: TradedSymbol, clientOrderId: string): Promise<CallResult> {
  const call = cancelCall({ clientOrderId, symbolId: symbol.symbolId, isAlgo: true }, symbol);
  let result = await rest.send(call);
  for (let tries = 1; !result.isOk && tries < TAKE_BACK_TRIES; tries++) result = await rest.send(call);
  return result;
}

/** The body of a reply; refuses with BINANCE_KEY_REFUSED, BINANCE_UNAVAILABLE. */
export function bodyOf(result: CallResult, path: string): unknown {
  if (result.isOk) return result.body;
  const { verdict } = result;
  if (verdict.outcome === "KEY_REFUSED")
    throw new SmcqError(
      BinanceErrorCode.KeyRefused,
      `the venue refuses the API key (${verdict.text}): check key and secret, its IP list, its permission for futures, ` +
        "and that it is one of this venue: production and demo have different keys",
      { context: { path, venueCode: verdict.code } },
    );
  throw new SmcqError(BinanceErrorCode.Unavailable, `GET ${path}: ${verdict.text}`, {
    context: { path, venueCode: verdict.code, status: verdict.status },
  });
}

function unfit(text: string): SmcqError {
  return new SmcqError(BinanceErrorCode.AccountUnfit, text);
}
