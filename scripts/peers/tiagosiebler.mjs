/** `binance` of tiagosiebler. It reads 19-digit ids as doubles: everything here goes by client ids. */
import { USDMClient, WebsocketClient } from "binance";
import { INTERVALS, main, settings, until } from "./session.mjs";

const { rest, ws, key, secret, symbol } = settings();

const client = new USDMClient({ api_key: key, api_secret: secret, baseUrl: rest });
const silent = {
  trace: () => {},
  info: () => {},
  error: (...said) => process.stderr.write(`${said.join(" ")}\n`),
};
const sockets = new WebsocketClient(
  { api_key: key, api_secret: secret, wsUrl: ws, restOptions: { baseUrl: rest } },
  silent,
);

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

async function listen({ onOrder, onKline, onTrade, onQuote }) {
  sockets.on("message", (message) => {
    const { e, o, k } = message;
    if (e === "ORDER_TRADE_UPDATE")
      onOrder({ clientOrderId: o.c, orderId: String(o.i), status: o.X, filled: o.z });
    if (e === "ALGO_UPDATE")
      onOrder({ clientOrderId: o.caid, orderId: String(o.aid), status: o.X, filled: "0" });
    if (e === "kline") onKline({ symbol: k.s, interval: k.i, openTime: k.t, close: k.c });
    if (e === "aggTrade") onTrade({ symbol: message.s, price: message.p, qty: message.q });
    if (e === "bookTicker") onQuote({ symbol: message.s, bid: message.b, ask: message.a });
  });
  let open = 0;
  sockets.on("open", () => open++);
  const name = symbol.toLowerCase();
  const klines = INTERVALS.map((interval) => `${name}@kline_${interval}`);
  void sockets.subscribe([...klines, `${name}@aggTrade`, `${name}@bookTicker`], "usdm");
  await sockets.subscribeUsdFuturesUserDataStream();
  // Market, public and private.
  await until(() => open === 3, "three sockets");
}

await main({
  id: (name) => `${client.getOrderIdPrefix()}-${name}`,
  listen,
  async market() {
    const { symbols } = await client.getExchangeInfo();
    const { filters } = symbols.find((row) => row.symbol === symbol);
    const filter = (type) => filters.find(({ filterType }) => filterType === type);
    return { symbol, tickSize: filter("PRICE_FILTER").tickSize, stepSize: filter("LOT_SIZE").stepSize };
  },
  async klines(limit) {
    const rows = await client.getKlines({ symbol, interval: "1m", limit });
    return rows.map((row) => row.slice(0, 6));
  },
  price: async () => Number((await client.getSymbolPriceTickerV2({ symbol })).price),
  setMarginType: (marginType) => client.setMarginType({ symbol, marginType }),
  setLeverage: (leverage) => client.setLeverage({ symbol, leverage }),
  async settings() {
    const [{ leverage, marginType }] = await client.getFuturesSymbolConfig({ symbol });
    return { leverage, marginType };
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
    return orderOf(await client.submitNewOrder({ ...order, ...reduceOnly }));
  },
  async placeLimit(side, quantity, price, newClientOrderId) {
    const order = { symbol, side, type: "LIMIT", timeInForce: "GTC", quantity, price, newClientOrderId };
    return orderOf(await client.submitNewOrder(order));
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
    return stopOf(await client.submitNewAlgoOrder({ ...order, reduceOnly: "true" }));
  },
  order: async (id) => orderOf(await client.getOrder({ symbol, origClientOrderId: id })),
  cancel: async (id) => orderOf(await client.cancelOrder({ symbol, origClientOrderId: id })),
  stopOrder: async (id) => stopOf(await client.getAlgoOrder({ clientAlgoId: id })),
  cancelStop: (id) => client.cancelAlgoOrder({ clientAlgoId: id }),
  async balance() {
    const rows = await client.getBalanceV3();
    const { balance, availableBalance } = rows.find(({ asset }) => asset === "USDT");
    return { wallet: balance, available: availableBalance };
  },
  async positions() {
    const rows = await client.getPositionsV3({ symbol });
    return rows.map((row) => ({
      symbol: row.symbol,
      qty: row.positionAmt,
      entryPrice: row.entryPrice,
      liquidationPrice: row.liquidationPrice,
    }));
  },
  openOrders: async () => (await client.getAllOpenOrders({ symbol })).map(orderOf),
  openStops: async () => (await client.getOpenAlgoOrders({ symbol })).map(stopOf),
  async trades() {
    const rows = await client.getAccountTrades({ symbol });
    return rows.map((row) => ({
      tradeId: String(row.id),
      orderId: String(row.orderId),
      side: row.side,
      price: row.price,
      qty: row.qty,
      fee: row.commission,
      time: row.time,
    }));
  },
  async income() {
    const rows = await client.getIncomeHistory();
    return rows.map((row) => ({
      incomeId: String(row.tranId),
      type: row.incomeType,
      amount: row.income,
      tradeId: String(row.tradeId),
    }));
  },
  async close() {
    sockets.closeAll(true);
  },
});
