import type { OrderRequest, Outcome } from "@smcq/exchange";
import { z } from "zod";
import { Id } from "../wire/fields.ts";
import type { CallResult } from "../wire/signed-rest.ts";

const Ack = z.looseObject({
  orderId: Id,
  algoId: Id,
  clientOrderId: z.string().nullish(),
  clientAlgoId: z.string().nullish(),
});

const LeverageAck = z.looseObject({ leverage: z.coerce.number() });

/** -4005 is one code for two limits: the one of MARKET orders is the smaller. */
const QTY_TOO_LARGE = -4005;

/**
 * What became of a call. `idOf` gives the venue's id out of a good reply, null where that is none: a reply that cannot be
 * read says nothing of what was done.
 */
export function outcomeOf(
  result: CallResult,
  idOf: (body: unknown) => string | null,
  type: OrderRequest["type"] | null = null,
): Outcome {
  if (result.isOk) {
    const orderId = idOf(result.body);
    return orderId === null
      ? { type: "unknown", text: "the venue's reply is none to this call" }
      : { type: "acked", orderId };
  }
  const { outcome, code, text } = result.verdict;
  if (outcome === "unknown") return { type: "unknown", text };
  if (outcome === "acked") return { type: "acked", orderId: "" };
  const isMarketSize = code === QTY_TOO_LARGE && type === "market";
  return { type: "refused", code: isMarketSize ? "MARKET_LOT_SIZE" : outcome, text };
}

/** The venue's id of an order that it has acked under its own client id; null: no such reply. */
export function orderIdOf(body: unknown, clientOrderId: string): string | null {
  const parsed = Ack.safeParse(body);
  if (!parsed.success) return null;
  const { orderId, algoId } = parsed.data;
  const told = parsed.data.clientOrderId ?? parsed.data.clientAlgoId ?? clientOrderId;
  const id = orderId === "" ? algoId : orderId;
  return id === "" || told !== clientOrderId ? null : id;
}

/** The same of a leverage; one that is another than asked for is no ack. */
export function leverageOutcomeOf(result: CallResult, leverage: number): Outcome {
  const outcome = outcomeOf(result, (body) => (LeverageAck.safeParse(body).success ? "" : null));
  if (outcome.type !== "acked" || !result.isOk) return outcome;
  const set = LeverageAck.parse(result.body).leverage;
  return set === leverage
    ? outcome
    : { type: "refused", code: "SETTING_REFUSED", text: `the venue set a leverage of ${set}` };
}
