import type { OperatorWord, ScoredCandidate } from "@smcq/engine";
import type { TradingLimit } from "@smcq/exchange";
import { Brackets, parseScriptedFault, venueRulesAround } from "@smcq/exchange-sim";
import { e8ToNumber, MINUTE_MS, parseE8, present, symbolId } from "@smcq/kernel";
import type { Step } from "./scenario.ts";
import type { Market, Stage } from "./stage.ts";

/** Does what a step says. */
export function carryOut(step: Step, stage: Stage): void {
  const { at: _at, ...rest } = step;
  if (step.fault !== undefined) stage.script.add(parseScriptedFault(rest));
  else doDeed(step, stage);
  stage.drain();
}

function doDeed(step: Step, stage: Stage): void {
  const { exchange, clock } = stage;
  const nowMs = clock.nowMs();
  const market = present(
    stage.markets[numberOf(step, "symbol", 0)],
    "Invariant: the scenario has the symbol",
  );
  const { id } = market;
  const deed = step.do ?? "";
  switch (deed) {
    case "signal":
      signal(step, market, stage);
      return;
    case "person-buys":
    case "person-sells":
      stage.place({
        symbolId: id,
        side: deed === "person-buys" ? 1 : -1,
        qtyE8: e8Of(step, "qty"),
        ...(typeof step["id"] === "string" ? { clientOrderId: step["id"] } : {}),
      });
      return;
    case "person-rests":
      stage.place({
        symbolId: id,
        side: step["side"] === "sell" ? -1 : 1,
        qtyE8: e8Of(step, "qty"),
        type: "LIMIT",
        priceE8: e8Of(step, "price"),
      });
      return;
    case "market-takes":
      exchange.takeWaiting(id, step["side"] === "sell" ? -1 : 1, e8Of(step, "qty"), nowMs);
      return;
    case "person-stops":
      personStops(step, market, stage);
      return;
    case "person-cancels":
      personCancels(step, market, stage);
      return;
    case "person-sets-leverage":
      exchange.setLeverage(id, numberOf(step, "leverage", 1), nowMs);
      return;
    case "transfer":
      exchange.transfer(e8Of(step, "amount"), nowMs);
      return;
    case "funding":
      exchange.fund(id, e8Of(step, "rate"), nowMs);
      return;
    case "deleverage":
      exchange.deleverage(id, e8Of(step, "qty"), nowMs);
      return;
    case "venue-rules":
      changeRules(step, market, stage);
      return;
    case "venue-trades":
      exchange.setTrading(id, step["isTrading"] === true);
      return;
    case "venue-rejects-firing":
      exchange.setFiringRejected(id, step["isRejected"] === true);
      return;
    case "venue-fees": {
      const [takerRatio, makerRatio] = [numberOf(step, "taker", 0), numberOf(step, "maker", 0)];
      exchange.setFees(id, { takerRatio, makerRatio });
      return;
    }
    case "venue-fee-asset": {
      const isUsdt = step["price"] === undefined;
      exchange.setFeeAsset(isUsdt ? null : { asset: String(step["asset"]), priceE8: e8Of(step, "price") });
      return;
    }
    case "venue-limits":
      exchange.setLimits([limitOf(step, nowMs)]);
      return;
    case "volume":
      exchange.setVolume(id, e8Of(step, "volume"));
      return;
    case "tell-rules":
      stage.tellRules(id, market.symbol, exchange.rules(id));
      return;
    case "cut-stream":
      stage.gateway.cut(numberOf(step, "forS", 1) * 1_000);
      return;
    case "step-clock":
      stage.skewMs += numberOf(step, "ms", 0);
      return;
    case "operator":
      stage.say(String(step["word"]) as OperatorWord);
      return;
    case "calm":
      stage.script.clear();
      return;
    default:
      throw new Error(`"${deed}" is no deed`);
  }
}

function limitOf(step: Step, nowMs: number): TradingLimit {
  return {
    symbolId: step["symbol"] === undefined ? null : symbolId(numberOf(step, "symbol", 0)),
    indicator: step["symbol"] === undefined ? "TMV" : "UFR",
    value: numberOf(step, "value", 0),
    triggerValue: 0.995,
    isLocked: step["isLocked"] === true,
    untilMs: step["untilS"] === undefined ? null : nowMs + numberOf(step, "untilS", 0) * 1_000,
  };
}

/** A setup of the bar that has just closed, at the present price, half a percent from its invalidation. */
function signal(step: Step, market: Market, stage: Stage): void {
  const { id, symbol } = market;
  const side = step["side"] === "short" ? -1 : 1;
  const bid = e8ToNumber(stage.lastE8(market));
  const nowMs = stage.clock.nowMs() + stage.skewMs;
  const { tickSize } = stage.exchange.rules(id).trading;
  const candidate: ScoredCandidate = {
    symbol,
    symbolId: id,
    side,
    setup: 1,
    openTimeMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS,
    score: numberOf(step, "score", 0.7),
    features: new Float32Array(12),
    scorerId: "heuristic-1",
    challenger: null,
    invalidationPrice: bid * (1 - side * 0.005),
    atr: bid * 0.005,
    medianTurnover: 1e9,
    exchangeMs: nowMs,
    isRestConfirmed: false,
    times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
  };
  stage.inbox.put({ type: "quotes", quotes: [{ symbolId: id, bid, ask: bid + tickSize }] });
  stage.inbox.put({ type: "candidates", shardId: id, candidates: [candidate] });
}

function personStops(step: Step, { id }: Market, stage: Stage): void {
  const qtyE8 = step["qty"] === undefined ? 0n : e8Of(step, "qty");
  const heldE8 = stage.heldE8(id);
  for (let number = 0; number < numberOf(step, "count", 1); number++) {
    const reply = stage.exchange.placeAlgo(
      {
        symbolId: id,
        clientAlgoId: `web_stop_${stage.clock.nowMs()}_${number}`,
        side: heldE8 < 0n ? 1 : -1,
        type: "STOP_MARKET",
        triggerPriceE8: e8Of(step, "price"),
        priceE8: 0n,
        timeInForce: "GTC",
        qtyE8,
        isClosePosition: qtyE8 === 0n,
        isReduceOnly: qtyE8 > 0n,
        workingType: "CONTRACT_PRICE",
        isPriceProtected: false,
        selfTradePrevention: "EXPIRE_MAKER",
      },
      stage.clock.nowMs(),
    );
    if (reply.type === "refused") stage.faults.push(`a person's stop was refused: ${reply.error.text}`);
  }
}

/** What rests of ours, or of that person; the venue's own doing looks the same. */
function personCancels(step: Step, { id }: Market, { exchange, clock }: Stage): void {
  const nowMs = clock.nowMs();
  const isOwn = (clientId: string): boolean => clientId.startsWith("scen");
  if (step["what"] === "targets") {
    for (const { symbolId, clientOrderId } of exchange.openOrders())
      if (symbolId === id && isOwn(clientOrderId)) exchange.cancel(id, clientOrderId, nowMs);
    return;
  }
  for (const { symbolId, clientAlgoId } of exchange.openAlgos())
    if (symbolId === id && isOwn(clientAlgoId) === (step["what"] === "stops"))
      exchange.cancelAlgo(id, clientAlgoId, nowMs);
}

function changeRules(step: Step, { id }: Market, { exchange }: Stage): void {
  const rules = exchange.rules(id);
  const { marketMaxQty, takeBound, maintenance } = step as Readonly<Record<string, string | undefined>>;
  const lowered =
    marketMaxQty === undefined
      ? rules
      : { ...rules, ...lotsOf(venueRulesAround({ ...rules.trading, marketMaxQty: Number(marketMaxQty) })) };
  exchange.setRules(id, {
    ...lowered,
    ...(takeBound === undefined ? {} : { marketTakeBoundE8: parseE8(takeBound) }),
    ...(maintenance === undefined
      ? {}
      : { brackets: new Brackets([["0", "100000000", maintenance, "0", "20"]]) }),
  });
}

function lotsOf({ marketLot, trading }: ReturnType<typeof venueRulesAround>) {
  return { marketLot, trading };
}

function numberOf(step: Step, name: string, otherwise: number): number {
  const value = step[name];
  return typeof value === "number" ? value : otherwise;
}

function e8Of(step: Step, name: string): bigint {
  return parseE8(String(step[name]));
}
