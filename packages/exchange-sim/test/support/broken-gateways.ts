import {
  type AccountAnswer,
  type AccountListener,
  type OrderRequest,
  type OrderUpdate,
  type Outcome,
  type RiskApproved,
  type StopMarketOrder,
} from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { qtySteps } from "@smcq/kernel";
import type { Ports } from "./sim-harness.ts";
import { B } from "./path-venue.ts";

type Say<T> = (word: T) => void;

/** A gateway with some of its ways replaced. */
function changed(gateway: Ports, changes: Partial<Ports>): Ports {
  return {
    submit: (order, onOutcome) => gateway.submit(order, onOutcome),
    cancel: (target, onOutcome) => gateway.cancel(target, onOutcome),
    setLeverage: (symbolId, leverage, onOutcome) => gateway.setLeverage(symbolId, leverage, onOutcome),
    setMarginType: (symbolId, type, onOutcome) => gateway.setMarginType(symbolId, type, onOutcome),
    listen: (listener) => gateway.listen(listener),
    ask: (query, onAnswer) => gateway.ask(query, onAnswer),
    ...changes,
  };
}

/** Its outcomes of orders come otherwise. */
const outcomes =
  (say: (outcome: Outcome, onOutcome: Say<Outcome>) => void) =>
  (gateway: Ports): Ports =>
    changed(gateway, {
      submit: (order, onOutcome) => gateway.submit(order, (outcome) => say(outcome, onOutcome)),
    });

/** It sends another order than it was given; null: none, and says that it is acked. */
const orders =
  (change: (order: OrderRequest) => OrderRequest | null) =>
  (gateway: Ports): Ports =>
    changed(gateway, {
      submit: (order, onOutcome) => {
        const sent = change(order.value);
        if (sent === null) onOutcome({ type: "acked", orderId: "1" });
        else gateway.submit(sent === order.value ? order : approve(sent), onOutcome);
      },
    });

/** Its stream of orders says otherwise. */
const updates =
  (say: (update: OrderUpdate, onOrder: Say<OrderUpdate>) => void) =>
  (gateway: Ports): Ports =>
    streams((listener) => ({ onOrder: (update) => say(update, (word) => listener.onOrder(word)) }))(gateway);

const streams =
  (change: (listener: AccountListener) => Partial<AccountListener>) =>
  (gateway: Ports): Ports =>
    changed(gateway, {
      listen: (listener) => {
        if (listener === null) return gateway.listen(null);
        gateway.listen({
          onOrder: (update) => listener.onOrder(update),
          onIncome: (income) => listener.onIncome(income),
          onLeverage: (symbolId, leverage) => listener.onLeverage(symbolId, leverage),
          onStream: (isLive) => listener.onStream(isLive),
          ...change(listener),
        });
      },
    });

/** Its answers are others. */
const answers =
  (change: (answer: AccountAnswer) => readonly AccountAnswer[]) =>
  (gateway: Ports): Ports =>
    changed(gateway, {
      ask: (query, onAnswer) =>
        gateway.ask(query, (answer) => {
          for (const word of change(answer)) onAnswer(word);
        }),
    });

const isEnd = ({ status }: OrderUpdate): boolean =>
  ["filled", "canceled", "expired", "finished"].includes(status);
const marketOf = (stop: StopMarketOrder): OrderRequest => ({ ...stop, type: "market", role: "exit" });
const forged = (order: OrderRequest): RiskApproved<OrderRequest> => approve(order);

/** Gateways that each break one law; the first words say which. */
export const BROKEN_GATEWAYS: Readonly<Record<string, (gateway: Ports) => Ports>> = {
  "says no outcome": outcomes(() => {}),
  "says each outcome twice": outcomes((outcome, say) => {
    say(outcome);
    say(outcome);
  }),
  "acks what was refused": outcomes((outcome, say) =>
    say(outcome.type === "refused" ? { type: "acked", orderId: "1" } : outcome),
  ),
  "refuses with codes of its own": outcomes((outcome, say) =>
    say(outcome.type === "refused" ? { ...outcome, code: "NO_IDEA" as "LOT_SIZE" } : outcome),
  ),
  "calls a refusal unknown": outcomes((outcome, say) =>
    say(outcome.type === "refused" ? { type: "unknown", text: outcome.text } : outcome),
  ),
  "gives orders no id": outcomes((outcome, say) =>
    say(outcome.type === "acked" ? { type: "acked", orderId: "" } : outcome),
  ),
  "gives every order one id": outcomes((outcome, say) =>
    say(outcome.type === "acked" ? { type: "acked", orderId: "8389765000000000001" } : outcome),
  ),
  "takes forged orders": (gateway) =>
    changed(gateway, { submit: (order, onOutcome) => gateway.submit(forged(order.value), onOutcome) }),
  "sends each order twice": (gateway) =>
    changed(gateway, {
      submit: (order, onOutcome) => {
        gateway.submit(order, onOutcome);
        gateway.submit(approve({ ...order.value, clientOrderId: `${order.value.clientOrderId}b` }), () => {});
      },
    }),
  "takes a client id twice": (gateway) => {
    const seen = new Set<string>();
    return orders((order) => {
      const { clientOrderId } = order;
      if (!seen.has(clientOrderId)) {
        seen.add(clientOrderId);
        return order;
      }
      return { ...order, clientOrderId: `${clientOrderId}b` };
    })(gateway);
  },
  "buys what is to be sold": orders((order) => ({ ...order, side: order.side > 0 ? -1 : 1 })),
  "orders one step more": orders((order) => ({ ...order, qtySteps: qtySteps(order.qtySteps + 1) })),
  "loses the words that only reduces": orders((order) => ({ ...order, isReduceOnly: false })),
  "loses post-only": orders((order) =>
    order.type === "limit" && order.timeInForce === "GTX" ? { ...order, timeInForce: "GTC" } : order,
  ),
  "lets IOC wait": orders((order) =>
    order.type === "limit" && order.timeInForce === "IOC" ? { ...order, timeInForce: "GTC" } : order,
  ),
  "lets nothing wait": orders((order) =>
    order.type === "limit" && order.timeInForce === "GTC" ? { ...order, timeInForce: "IOC" } : order,
  ),
  "sends limit orders as market orders": orders((order) =>
    order.type === "limit" ? { ...order, type: "market" } : order,
  ),
  "fires stops at once": orders((order) => (order.type === "stop-market" ? marketOf(order) : order)),
  "never sends stops": orders((order) => (order.type === "stop-market" ? null : order)),
  "places stops a tick away": orders((order) =>
    order.type === "stop-market"
      ? { ...order, triggerTicks: (order.triggerTicks - order.side) as typeof order.triggerTicks }
      : order,
  ),
  "loses cancels": (gateway) =>
    changed(gateway, { cancel: (_, onOutcome) => onOutcome({ type: "acked", orderId: "1" }) }),
  "cancels whatever has the id": (gateway) =>
    changed(gateway, {
      cancel: (target, onOutcome) =>
        gateway.cancel(target, (outcome) => {
          if (outcome.type === "acked") onOutcome(outcome);
          else gateway.cancel({ ...target, isAlgo: !target.isAlgo }, onOutcome);
        }),
    }),
  "loses the leverage": (gateway) =>
    changed(gateway, { setLeverage: (_, __, onOutcome) => onOutcome({ type: "acked", orderId: "" }) }),
  "keeps a new leverage to itself": streams(() => ({ onLeverage: () => {} })),
  "loses the margin type": (gateway) =>
    changed(gateway, { setMarginType: (_, __, onOutcome) => onOutcome({ type: "acked", orderId: "" }) }),
  "tells trades one step smaller": updates((update, say) =>
    say(
      update.fill === null
        ? update
        : { ...update, fill: { ...update.fill, qtySteps: qtySteps(update.fill.qtySteps - 1) } },
    ),
  ),
  "tells each trade under two ids": updates((update, say) => {
    say(update);
    if (update.fill !== null)
      say({ ...update, fill: { ...update.fill, tradeId: `${update.fill.tradeId}0` } });
  }),
  "loses trades": updates((update, say) => say({ ...update, fill: null })),
  "tells of no fee": updates((update, say) =>
    say(update.fill === null ? update : { ...update, fill: { ...update.fill, feeE8: 0n } }),
  ),
  "calls every trade a taker's": updates((update, say) =>
    say(update.fill === null ? update : { ...update, fill: { ...update.fill, isMaker: false } }),
  ),
  "calls every trade a maker's": updates((update, say) =>
    say(update.fill === null ? update : { ...update, fill: { ...update.fill, isMaker: true } }),
  ),
  "mixes the symbols": updates((update, say) =>
    say({ ...update, symbolId: B, fill: update.fill === null ? null : { ...update.fill, symbolId: B } }),
  ),
  "tells stops' trades under the venue's own id": updates((update, say) =>
    say(update.status === "triggered" ? { ...update, clientOrderId: "x-child" } : update),
  ),
  "loses ends": updates((update, say) => {
    if (!isEnd(update)) say(update);
  }),
  "speaks on after an end": updates((update, say) => {
    say(update);
    if (isEnd(update)) say({ ...update, status: "new", fill: null });
  }),
  "goes back": updates((update, say) => {
    say(update);
    if (update.fill !== null)
      say({ ...update, cumQtySteps: qtySteps(0), fill: null, status: "partially-filled" });
  }),
  "keeps the venue's own orders to itself": updates((update, say) => {
    if (!update.clientOrderId.startsWith("adl_")) say(update);
  }),
  "gives the venue's own orders our names": updates((update, say) => {
    const rename = (id: string): string => id.replace(/^adl_.*/, "confE1-0");
    const fill =
      update.fill === null ? null : { ...update.fill, clientOrderId: rename(update.fill.clientOrderId) };
    say({ ...update, clientOrderId: rename(update.clientOrderId), fill });
  }),
  "keeps payments to itself": streams(() => ({ onIncome: () => {} })),
  "tells each payment under two ids": streams((listener) => ({
    onIncome: (income) => {
      listener.onIncome(income);
      listener.onIncome({ ...income, incomeId: `${income.incomeId}0` });
    },
  })),
  "never says that the stream is live": streams(() => ({ onStream: () => {} })),
  "goes on telling who has stopped listening": (gateway) =>
    changed(gateway, {
      listen: (listener) => {
        if (listener !== null) gateway.listen(listener);
      },
    }),
  "answers twice": answers((answer) => [answer, answer]),
  "answers nothing": answers(() => []),
  "answers another question": answers((answer) => [{ ...answer, query: { ...answer.query } }]),
  "does not know when it was asked": answers((answer) => [{ ...answer, askedMs: answer.askedMs + 1 }]),
  "knows no position": answers((answer) => [
    answer.type === "positions" ? { ...answer, positions: [] } : answer,
  ]),
  "knows positions without their sign": answers((answer) => [
    answer.type === "positions"
      ? {
          ...answer,
          positions: answer.positions.map((held) => ({ ...held, qtySteps: Math.abs(held.qtySteps) })),
        }
      : answer,
  ]),
  "is a unit off": answers((answer) => [
    answer.type === "wallet" ? { ...answer, walletE8: answer.walletE8 + 1n } : answer,
  ]),
  "leaves a line out": answers((answer) => [
    answer.type === "income" ? { ...answer, rows: answer.rows.slice(1) } : answer,
  ]),
  "leaves a trade out": answers((answer) => [
    answer.type === "trades" ? { ...answer, fills: answer.fills.slice(1) } : answer,
  ]),
  "forgets stops": answers((answer) => [
    answer.type === "open-orders"
      ? { ...answer, orders: answer.orders.filter(({ request }) => request.type !== "stop-market") }
      : answer,
  ]),
  "knows every order": answers((answer) => {
    if (answer.type !== "order" || answer.update !== null) return [answer];
    const { symbolId, clientOrderId } = answer.query as Extract<AccountAnswer["query"], { type: "order" }>;
    const update: OrderUpdate = {
      clientOrderId,
      symbolId,
      status: "new",
      cumQtySteps: qtySteps(0),
      fill: null,
      timeMs: answer.askedMs,
    };
    return [{ ...answer, update }];
  }),
  "knows no order": answers((answer) => [answer.type === "order" ? { ...answer, update: null } : answer]),
  "fails to answer": answers(({ query, askedMs }) => [{ type: "failed", query, askedMs, text: "busy" }]),
};
