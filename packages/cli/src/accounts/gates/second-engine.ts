import { madeBy } from "@smcq/engine";
import type { RestingOrder } from "@smcq/exchange-binance/trading";
import { SmcqError } from "@smcq/kernel";

/** An order of an engine that nobody here knows is a sign of life while it is younger than this, venue ms. */
export const SIGN_OF_LIFE_MS = 120_000;

/** The youngest order that another engine has made a moment ago; null: there is none. */
export function signOfLife(
  resting: readonly RestingOrder[],
  isKnown: (engineId: string) => boolean,
  nowMs: number,
): RestingOrder | null {
  const young = resting
    .filter(({ clientOrderId, madeMs }) => {
      const engineId = madeBy(clientOrderId)?.engineId ?? null;
      return engineId !== null && !isKnown(engineId) && nowMs - madeMs < SIGN_OF_LIFE_MS;
    })
    .toSorted((a, b) => b.madeMs - a.madeMs);
  return young[0] ?? null;
}

/** Refuses with ACCOUNT_SECOND_ENGINE where another engine seems to trade, on whatever host (AC11). */
export function requireAlone(found: RestingOrder | null, nowMs: number): void {
  if (found === null) return;
  const { symbol, clientOrderId, madeMs } = found;
  const seconds = Math.round((nowMs - madeMs) / 1_000);
  throw new SmcqError(
    "ACCOUNT_SECOND_ENGINE",
    `another engine trades on this account: order ${clientOrderId} of ${symbol} is ${seconds} s old and of no engine of this ` +
      "ledger; stop that one. If it was this one and its ledger is lost, wait two minutes and start again",
    { context: { symbol, clientOrderId, ageMs: nowMs - madeMs } },
  );
}
