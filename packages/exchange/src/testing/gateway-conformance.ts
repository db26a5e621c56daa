import { assert, qtySteps } from "@smcq/kernel";
import type { OrderRequest } from "../trading/orders.ts";
import type { RiskApproved } from "../trading/approved.ts";
import type { ConformanceCase } from "./feed-trial.ts";
import type { GatewayHarness } from "./gateway-harness.ts";
import { GatewayTrial } from "./gateway-trial.ts";

export interface GatewayConformanceOptions {
  /** Builds a fresh gateway over a fresh venue. */
  readonly create: () => GatewayHarness | Promise<GatewayHarness>;
}

type Body = (trial: GatewayTrial) => Promise<void>;

const CASES: Readonly<Record<string, Body>> = {
  "takes a market order and tells its trades until it is filled": async (trial) => {
    const order = trial.market(1, trial.steps());
    await trial.acked(order);
    assert(trial.record.statusOf(order.clientOrderId) === "filled", "Invariant: a market order is filled");
    const steps = trial.record.filledSteps(order.clientOrderId);
    assert(steps === order.qtySteps, `Invariant: its trades add up to it (${steps} of ${order.qtySteps})`);
    for (const { isMaker } of trial.record.fillsOf(order.clientOrderId))
      assert(!isMaker, "Invariant: a market order is a taker");
    await trial.assertAgrees();
  },
  "takes no order without the seal of risk": async (trial) => {
    const value = trial.market(1, trial.steps());
    let hasThrown = false;
    try {
      trial.harness.gateway.submit({ value } as unknown as RiskApproved<OrderRequest>, () => {});
    } catch {
      hasThrown = true;
    }
    await trial.harness.settle();
    assert(hasThrown, "Invariant: a forged order is broken code");
    await trial.assertAgrees();
    assert(trial.record.updates.length === 0, "Invariant: a forged order never leaves");
  },
  "gives every order an id of its own": async (trial) => {
    const ids = new Set<string>();
    for (let count = 0; count < 3; count++)
      ids.add(await trial.acked(trial.limit(1, trial.steps(), -10 - count)));
    ids.add(await trial.acked(trial.stop(-1, trial.steps(), -50)));
    assert(ids.size === 4, "Invariant: no two orders have one id");
  },
  "takes a client id once while its order lives": async (trial) => {
    const order = trial.limit(1, trial.steps(), -20);
    await trial.acked(order);
    const again = await trial.submit({ ...order, qtySteps: qtySteps(order.qtySteps + 1) });
    trial.assertRefused(again, "DUPLICATE_ID");
    const { orders } = await trial.ask({ type: "open-orders" });
    assert(
      orders.length === 1 && orders[0]?.request.qtySteps === order.qtySteps,
      "Invariant: the first one rests",
    );
  },
  "lets a limit order wait, and fills it at its price when the market goes through it": async (trial) => {
    const order = trial.limit(1, trial.steps(), -10);
    await trial.acked(order);
    assert(trial.record.statusOf(order.clientOrderId) === "new", "Invariant: it is told that it waits");
    await trial.move(-9);
    assert(trial.record.statusOf(order.clientOrderId) === "new", "Invariant: it waits for its price");
    await trial.move(-5);
    assert(trial.record.statusOf(order.clientOrderId) === "filled", "Invariant: it is filled");
    for (const { isMaker, priceTicks } of trial.record.fillsOf(order.clientOrderId))
      assert(isMaker && priceTicks === order.priceTicks, "Invariant: a maker gets its own price");
    await trial.assertAgrees();
  },
  "takes an order back, once, and tells its end": async (trial) => {
    const order = trial.limit(1, trial.steps(), -10);
    await trial.acked(order);
    const taken = await trial.cancel(order);
    assert(taken.type === "acked", "Invariant: an order that waits can be taken back");
    assert(trial.record.statusOf(order.clientOrderId) === "canceled", "Invariant: its end is told");
    const { orders } = await trial.ask({ type: "open-orders" });
    assert(orders.length === 0, "Invariant: it waits no more");
    trial.assertRefused(await trial.cancel(order), "UNKNOWN_ORDER");
    await trial.move(-30);
    assert(trial.record.filledSteps(order.clientOrderId) === 0, "Invariant: it is never filled");
    await trial.assertAgrees();
  },
  "refuses to cancel what never was": async (trial) => {
    trial.assertRefused(await trial.cancel(trial.limit(1, trial.steps(), -10)), "UNKNOWN_ORDER");
    trial.assertRefused(await trial.cancel(trial.stop(1, trial.steps(), 10)), "UNKNOWN_ORDER");
  },
  "lets IOC take what is there and never wait": async (trial) => {
    const taker = trial.limit(1, trial.steps(), 20, { timeInForce: "IOC" });
    await trial.acked(taker);
    assert(
      trial.record.filledSteps(taker.clientOrderId) === taker.qtySteps,
      "Invariant: IOC takes what it meets",
    );
    for (const { priceTicks } of trial.record.fillsOf(taker.clientOrderId))
      assert(priceTicks <= taker.priceTicks, "Invariant: a limit order never pays more than it said");
    const away = trial.limit(1, trial.steps(), -20, { timeInForce: "IOC" });
    const outcome = await trial.submit(away);
    assert(
      outcome.type === "refused" || trial.record.hasEnded(away.clientOrderId),
      "Invariant: IOC does not wait",
    );
    const { orders } = await trial.ask({ type: "open-orders" });
    assert(orders.length === 0, "Invariant: nothing waits");
    await trial.assertAgrees();
  },
  "lets GTX wait only where it takes nothing": async (trial) => {
    const order = trial.limit(1, trial.steps(), 20, { timeInForce: "GTX" });
    const outcome = await trial.submit(order);
    if (outcome.type === "acked")
      assert(trial.record.hasEnded(order.clientOrderId), "Invariant: post-only that would take ends");
    else trial.assertRefused(outcome, "POST_ONLY_REJECT");
    assert(trial.record.fills(order.symbolId).length === 0, "Invariant: post-only takes nothing");
    const maker = trial.limit(1, trial.steps(), -20, { timeInForce: "GTX" });
    await trial.acked(maker);
    assert(trial.record.statusOf(maker.clientOrderId) === "new", "Invariant: post-only waits");
  },
  "lets a stop wait beside the book and fires it as a market order under its own id": async (trial) => {
    const entry = trial.market(1, trial.steps());
    await trial.acked(entry);
    const stop = trial.stop(-1, entry.qtySteps, -20);
    await trial.acked(stop);
    assert(
      trial.record.statusOf(stop.clientOrderId) === "new",
      "Invariant: a stop is told as soon as it stands",
    );
    const { orders } = await trial.ask({ type: "open-orders" });
    const [waiting] = orders;
    assert(
      orders.length === 1 &&
        waiting?.request.type === "stop-market" &&
        waiting.request.triggerTicks === stop.triggerTicks,
      "Invariant: the stop is among what waits",
    );
    await trial.move(-19);
    assert(trial.record.filledSteps(stop.clientOrderId) === 0, "Invariant: it waits for its price");
    await trial.move(-2);
    assert(
      trial.record.filledSteps(stop.clientOrderId) === stop.qtySteps,
      "Invariant: it has closed the position",
    );
    assert(
      trial.record.statusOf(stop.clientOrderId) === "finished",
      "Invariant: its end is told as an algo order's",
    );
    for (const { isMaker } of trial.record.fillsOf(stop.clientOrderId))
      assert(!isMaker, "Invariant: a stop is a taker");
    await trial.assertAgrees();
    assert((await trial.statedSteps(stop.symbolId)) === 0, "Invariant: flat");
  },
  "fires the stop of a short when the price rises": async (trial) => {
    const entry = trial.market(-1, trial.steps());
    await trial.acked(entry);
    const stop = trial.stop(1, entry.qtySteps, 20);
    await trial.acked(stop);
    await trial.move(-30);
    assert(trial.record.filledSteps(stop.clientOrderId) === 0, "Invariant: a fall is no rise");
    await trial.move(55);
    assert(trial.record.statusOf(stop.clientOrderId) === "finished", "Invariant: it has fired");
    await trial.assertAgrees();
  },
  "refuses a stop that would fire at once": async (trial) => {
    const entry = trial.market(1, trial.steps());
    await trial.acked(entry);
    await trial.refused(trial.stop(-1, entry.qtySteps, 5), "WOULD_TRIGGER");
    assert((await trial.statedSteps(entry.symbolId)) === entry.qtySteps, "Invariant: the position stands");
  },
  "keeps stops and orders apart: each is taken back as what it is": async (trial) => {
    const stop = trial.stop(-1, trial.steps(), -20);
    const order = trial.limit(1, trial.steps(), -20);
    await trial.acked(stop);
    await trial.acked(order);
    trial.assertRefused(await trial.cancel(stop, false), "UNKNOWN_ORDER");
    trial.assertRefused(await trial.cancel(order, true), "UNKNOWN_ORDER");
    assert((await trial.ask({ type: "open-orders" })).orders.length === 2, "Invariant: both wait");
    assert((await trial.cancel(stop)).type === "acked", "Invariant: the stop is taken back");
    assert(trial.record.statusOf(stop.clientOrderId) === "canceled", "Invariant: its end is told");
  },
  "lets what only reduces close and never open": async (trial) => {
    const steps = trial.steps();
    await trial.refused(trial.market(-1, steps, { isReduceOnly: true }), "REDUCE_ONLY_REJECT");
    const entry = trial.market(1, steps);
    await trial.acked(entry);
    await trial.refused(trial.market(1, steps, { isReduceOnly: true }), "REDUCE_ONLY_REJECT");
    const exit = trial.market(-1, 3 * steps, { isReduceOnly: true });
    const outcome = await trial.submit(exit);
    assert(outcome.type !== "unknown", "Invariant: its outcome is known");
    const left = await trial.statedSteps(entry.symbolId);
    assert(
      left === 0 || (outcome.type === "refused" && left === steps),
      "Invariant: it closes, or is refused",
    );
    await trial.assertAgrees();
  },
  "cuts or ends a waiting order that only reduces when the position is gone": async (trial) => {
    const steps = trial.steps();
    await trial.acked(trial.market(1, steps));
    await trial.acked(trial.limit(-1, steps, 20, { isReduceOnly: true, role: "target" }));
    await trial.acked(trial.market(-1, steps, { isReduceOnly: true }));
    await trial.move(30);
    assert((await trial.statedSteps(trial.symbol().symbolId)) === 0, "Invariant: nothing is opened by it");
    await trial.assertAgrees();
  },
  "refuses quantities beyond the symbol's rules": async (trial) => {
    const { rules } = trial.symbol();
    await trial.refused(trial.market(1, 0), "LOT_SIZE", "MARKET_LOT_SIZE");
    const most = Math.floor(rules.marketMaxQty / rules.stepSize);
    await trial.refused(trial.market(1, most + 1), "MARKET_LOT_SIZE", "LOT_SIZE");
    const tiny = trial.market(1, rules.minQtySteps);
    const price = trial.harness.lastTicks(tiny.symbolId) * rules.tickSize;
    if (tiny.qtySteps * rules.stepSize * price < rules.minNotional) await trial.refused(tiny, "MIN_NOTIONAL");
  },
  "refuses what the account cannot pay": async (trial) => {
    const { rules } = trial.symbol();
    const most = Math.floor(rules.marketMaxQty / rules.stepSize);
    const wanted = Math.min(most, 100_000 * trial.steps());
    await trial.refused(trial.market(1, wanted), "MARGIN_INSUFFICIENT", "LEVERAGE_NOTIONAL");
    await trial.assertAgrees();
  },
  "sets the leverage, tells of it, and refuses what the brackets do not have": async (trial) => {
    const { symbolId } = trial.symbol();
    assert((await trial.setLeverage(7)).type === "acked", "Invariant: a leverage of 7 is taken");
    assert(trial.record.leverages.at(-1) === `${symbolId}:7`, "Invariant: a new leverage is told");
    const { settings } = await trial.ask({ type: "settings", symbolId });
    assert(settings.leverage === 7 && settings.notionalMaxE8 > 0n, "Invariant: and is what the venue says");
    trial.assertRefused(await trial.setLeverage(1_000), "SETTING_REFUSED", "LEVERAGE_NOTIONAL");
    const after = await trial.ask({ type: "settings", symbolId });
    assert(after.settings.leverage === 7, "Invariant: a refusal changes nothing");
  },
  "sets the margin type where nothing is held, and says so": async (trial) => {
    const { symbolId } = trial.symbol();
    assert((await trial.setMarginType("isolated")).type === "acked", "Invariant: isolated is taken");
    assert(
      (await trial.setMarginType("isolated")).type === "acked",
      "Invariant: what it has already is acked",
    );
    const { settings } = await trial.ask({ type: "settings", symbolId });
    assert(settings.marginType === "isolated", "Invariant: and is what the venue says");
    await trial.acked(trial.market(1, trial.steps()));
    trial.assertRefused(await trial.setMarginType("cross"), "SETTING_REFUSED");
    await trial.assertAgrees();
  },
  "keeps two symbols apart": async (trial) => {
    const first = trial.market(1, trial.steps(0), { index: 0 });
    const second = trial.market(-1, trial.steps(1), { index: 1 });
    await trial.acked(first);
    await trial.acked(second);
    await trial.assertAgrees();
    assert((await trial.statedSteps(first.symbolId)) === first.qtySteps, "Invariant: the first is long");
    assert(
      (await trial.statedSteps(second.symbolId)) === -Number(second.qtySteps),
      "Invariant: the second is short",
    );
  },
  "answers about an order as it is, and of one that never was that there is none": async (trial) => {
    const order = trial.limit(1, trial.steps(), -10);
    const stop = trial.stop(-1, order.qtySteps, -20);
    const { symbolId, clientOrderId } = order;
    const ask = async (id: string, isAlgo: boolean) =>
      (await trial.ask({ type: "order", symbolId, clientOrderId: id, isAlgo })).update;
    assert((await ask(clientOrderId, false)) === null, "Invariant: nobody knows it yet");
    await trial.acked(order);
    await trial.acked(stop);
    assert((await ask(clientOrderId, false))?.status === "new", "Invariant: it waits");
    assert((await ask(clientOrderId, true)) === null, "Invariant: an order is no stop");
    assert((await ask(stop.clientOrderId, true))?.status === "new", "Invariant: the stop waits");
    await trial.move(-15);
    const filled = await ask(clientOrderId, false);
    assert(filled?.status === "filled" && filled.cumQtySteps === order.qtySteps, "Invariant: it is filled");
    await trial.cancel(stop);
    assert((await ask(stop.clientOrderId, true))?.status === "canceled", "Invariant: the stop has ended");
  },
  "books funding once, to who holds": async (trial) => {
    const { symbolId } = trial.symbol();
    await trial.acked(trial.market(1, trial.steps()));
    await trial.harness.act({ type: "funding", symbolId, ratio: 0.001 });
    await trial.harness.settle();
    const [income, ...others] = trial.record.incomes;
    assert(income !== undefined && others.length === 0, "Invariant: one payment is told");
    assert(
      income.type === "funding" && income.symbolId === symbolId,
      "Invariant: it is the symbol's funding",
    );
    assert(income.amountE8 < 0n, "Invariant: a long pays a positive rate");
    await trial.assertAgrees();
  },
  "tells of money that comes and goes": async (trial) => {
    for (const amountE8 of [700_000_000n, -200_000_000n])
      await trial.harness.act({ type: "transfer", amountE8 });
    await trial.harness.settle();
    const told = trial.record.incomes.map(
      ({ type, amountE8, symbolId }) => `${type} ${amountE8} ${symbolId}`,
    );
    assert(
      told.join() === "transfer 700000000 null,transfer -200000000 null",
      `Invariant: both are told (${told.join()})`,
    );
    await trial.assertAgrees();
  },
  "tells of what the venue closes by itself, under an id that is not ours": async (trial) => {
    const entry = trial.market(1, trial.steps());
    await trial.acked(entry);
    await trial.harness.act({ type: "deleverage", symbolId: entry.symbolId });
    await trial.harness.settle();
    const foreign = trial.record
      .fills(entry.symbolId)
      .filter((fill) => fill.clientOrderId !== entry.clientOrderId);
    assert(foreign.length > 0, "Invariant: its trades are told");
    for (const { clientOrderId } of foreign)
      assert(clientOrderId.startsWith("adl_autoclose"), "Invariant: their id says what they are");
    assert((await trial.statedSteps(entry.symbolId)) === 0, "Invariant: flat");
    await trial.assertAgrees();
  },
  "tells nobody who has stopped listening": async (trial) => {
    await trial.acked(trial.market(1, trial.steps()));
    trial.harness.stream.listen(null);
    const { words } = trial.record;
    await trial.acked(trial.market(-1, trial.steps(), { isReduceOnly: true }));
    assert(trial.record.words === words, "Invariant: not a word after that");
  },
};

async function runCase(options: GatewayConformanceOptions, body: Body): Promise<void> {
  const harness = await options.create();
  try {
    assert(harness.symbols.length >= 2, "Invariant: the harness has two symbols");
    const trial = new GatewayTrial(harness);
    await body(trial);
    await harness.settle();
    const [fault] = trial.record.faults;
    assert(fault === undefined, `Invariant: nothing that is told breaks a law (${fault})`);
    assert(trial.record.words > 0, "Invariant: the stream says that it is live");
  } finally {
    harness.stream.listen(null);
    await harness.dispose();
  }
}

/**
 * The cases that every gateway with its account stream and account data passes, free of any test framework:
 * `for (const { name, run } of gatewayConformance(options)) it(name, run)`.
 */
export function gatewayConformance(options: GatewayConformanceOptions): readonly ConformanceCase[] {
  return Object.entries(CASES).map(([name, body]) => ({ name, run: () => runCase(options, body) }));
}
