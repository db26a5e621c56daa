/** The official SDK. */
import { DerivativesTradingUsdsFutures } from "@binance/derivatives-trading-usds-futures";
import { INTERVALS, main, settings } from "./session.mjs";

const { rest, ws, key, secret, symbol } = settings();

const sdk = new DerivativesTradingUsdsFutures({
  configurationRestAPI: { apiKey: key, apiSecret: secret, basePath: rest, timeout: 10_000 },
  configurationWebsocketStreams: { wsURL: ws },
});

/** The body of a reply. */
async function ask(reply) {
  return await (await reply).data();
}

const orderOf = (row) => ({
  orderId: String(row.orderId),
  clientOrderId: row.clientOrderId,
  status: row.status,
  qty: row.origQty,
  price: row.price,
  filled: row.executedQty,
});

const stopOf = (row) => ({
  orderId: String(row.algoId),
  clientOrderId: row.clientAlgoId,
  status: row.algoStatus,
  qty: row.quantity,
  price: row.triggerPrice,
  filled: "0",
});

let streams;

async function listen({ onOrder, onKline, onTrade, onQuote }) {
  const { listenKey } = await ask(sdk.restAPI.startUserDataStream());
  streams = await sdk.websocketStreams.connect();
  streams.userData(listenKey).on("message", ({ e, o }) => {
    if (e === "ORDER_TRADE_UPDATE")
      onOrder({ clientOrderId: o.c, orderId: String(o.i), status: o.X, filled: o.z });
    if (e === "ALGO_UPDATE")
      onOrder({ clientOrderId: o.caid, orderId: String(o.aid), status: o.X, filled: "0" });
  });
  for (const interval of INTERVALS)
    streams
      .klineCandlestickStreams({ symbol: symbol.toLowerCase(), interval })
      .on("message", ({ k }) => onKline({ symbol: k.s, interval: k.i, openTime: k.t, close: k.c }));
  streams
    .aggregateTradeStreams({ symbol: symbol.toLowerCase() })
    .on("message", ({ s, p, q }) => onTrade({ symbol: s, price: p, qty: q }));
  streams
    .individualSymbolBookTickerStreams({ symbol: symbol.toLowerCase() })
    .on("message", ({ s, b, a }) => onQuote({ symbol: s, bid: b, ask: a }));
}

await main({
  id: (name) => `sdk-${name}`,
  listen,
  async market() {
    const { symbols } = await ask(sdk.restAPI.exchangeInformation());
    const { filters } = symbols.find((row) => row.symbol === symbol);
    const filter = (type) => filters.find(({ filterType }) => filterType === type);
    return { symbol, tickSize: filter("PRICE_FILTER").tickSize, stepSize: filter("LOT_SIZE").stepSize };
  },
  async klines(limit) {
    const rows = await ask(sdk.restAPI.klineCandlestickData({ symbol, interval: "1m", limit }));
    return rows.map((row) => row.slice(0, 6));
  },
  price: async () => Number((await ask(sdk.restAPI.symbolPriceTickerV2({ symbol }))).price),
  setMarginType: (marginType) => ask(sdk.restAPI.changeMarginType({ symbol, marginType })),
  setLeverage: (leverage) => ask(sdk.restAPI.changeInitialLeverage({ symbol, leverage })),
  async settings() {
    const [{ leverage, marginType }] = await ask(sdk.restAPI.symbolConfiguration({ symbol }));
    return { leverage: Number(leverage), marginType };
  },
  async takeMarket(side, quantity, { id, isReduceOnly }) {
    const reduceOnly = isReduceOnly ? { reduceOnly: "true" } : {};
    const order = {
      symbol,
      side,
      type: "MARKET",
      quantity,
      newClientOrderId: id,
      newOrderRespType: "RESULT",
    };
    return orderOf(await ask(sdk.restAPI.newOrder({ ...order, ...reduceOnly })));
  },
  async placeLimit(side, quantity, price, newClientOrderId) {
    const order = { symbol, side, type: "LIMIT", timeInForce: "GTC", quantity, price, newClientOrderId };
    return orderOf(await ask(sdk.restAPI.newOrder(order)));
  },
  async placeStop(side, quantity, triggerPrice, clientAlgoId) {
    const order = {
      algoType: "CONDITIONAL",
      symbol,
      side,
      type: "STOP_MARKET",
      quantity,
      triggerPrice,
      clientAlgoId,
    };
    return stopOf(await ask(sdk.restAPI.newAlgoOrder({ ...order, reduceOnly: "true" })));
  },
  order: async (id) => orderOf(await ask(sdk.restAPI.queryOrder({ symbol, origClientOrderId: id }))),
  cancel: async (id) => orderOf(await ask(sdk.restAPI.cancelOrder({ symbol, origClientOrderId: id }))),
  stopOrder: async (id) => stopOf(await ask(sdk.restAPI.queryAlgoOrder({ clientAlgoId: id }))),
  cancelStop: (id) => ask(sdk.restAPI.cancelAlgoOrder({ clientAlgoId: id })),
  async balance() {
    const rows = await ask(sdk.restAPI.futuresAccountBalanceV3());
    const { balance, availableBalance } = rows.find(({ asset }) => asset === "USDT");
    return { wallet: balance, available: availableBalance };
  },
  async positions() {
    const rows = await ask(sdk.restAPI.positionInformationV3({ symbol }));
    return rows.map((row) => ({
      symbol: row.symbol,
      qty: row.positionAmt,
      entryPrice: row.entryPrice,
      liquidationPrice: row.liquidationPrice,
    }));
  },
  openOrders: async () => (await ask(sdk.restAPI.currentAllOpenOrders({ symbol }))).map(orderOf),
  openStops: async () => (await ask(sdk.restAPI.currentAllAlgoOpenOrders({ symbol }))).map(stopOf),
  async trades() {
    const rows = await ask(sdk.restAPI.accountTradeList({ symbol }));
    return rows.map((row) => ({
      tradeId: String(row.id),
      orderId: String(row.orderId),
      side: row.side,
      price: row.price,
      qty: row.qty,
      fee: row.commission,
      time: Number(row.time),
    }));
  },
  async income() {
    const rows = await ask(sdk.restAPI.getIncomeHistory());
    return rows.map((row) => ({
      incomeId: String(row.tranId),
      type: row.incomeType,
      amount: row.income,
      tradeId: String(row.tradeId),
    }));
  },
  async close() {
    await streams.disconnect();
  },
});
