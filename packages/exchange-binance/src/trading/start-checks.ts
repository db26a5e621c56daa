import { SmcqError } from "@smcq/kernel";
import { z } from "zod";
import { BinanceErrorCode } from "../errors.ts";
import type { ClockOffset } from "../rest/clock-offset.ts";
import { Flag, Instant, Word } from "./wire/fields.ts";
import { SymbolConfigRecordSchema } from "./account/record-schemas.ts";
import type { Call, CallResult, SignedRest } from "./wire/signed-rest.ts";

/** A round trip above it eats too much of an entry's window of 2 s. */
export const ROUND_TRIP_MS_MAX = 1_000;

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
