/** ccxt, unified calls alone but for the raw lines that it has no word for. It reads amounts as doubles, ids as text. */
import ccxt from "ccxt";
import { INTERVALS, main, settings, until } from "./session.mjs";

const { rest, ws, key, secret, symbol: venueSymbol } = settings();

const exchange = new ccxt.pro.binanceusdm({
  apiKey: key,
  secret,
  options: { fetchCurrencies: false, fetchMargins: false, watchTrades: { name: "aggTrade" } },
});
const swap = (urls, from, to) => {
  for (const [name, url] of Object.entries(urls))
    if (typeof url === "string") urls[name] = url.replace(from, to);
};
swap(exchange.urls.api, "https://fapi.binance.com", rest);
swap(exchange.urls.api.ws, "wss://fstream.binance.com", ws);
await exchange.loadHttpProxyAgent();
await exchange.loadMarkets();
const { symbol } = exchange.markets_by_id[venueSymbol].find(({ swap: isSwap }) => isSwap);

const STATUSES = { open: "NEW", closed: "FILLED", canceled: "CANCELED" };
let isOpen = true;

const orderOf = (order) => ({
  orderId: order.id,
  clientOrderId: order.clientOrderId,
  status: STATUSES[order.status],
  qty: order.amount,
  price: order.triggerPrice || order.price,
  filled: order.filled,
});

/** Calls `watch` again and again until the session is over. */
async function follow(watch) {
  while (isOpen)
    try {
      await watch();
    } catch (error) {
      if (isOpen) throw error;
    }
}

await main({
  id: (name) => `ccxt-${name}`,
  async market() {
    const { precision } = exchange.market(symbol);
    return { symbol: venueSymbol, tickSize: String(precision.price), stepSize: String(precision.amount) };
  },
  klines: (limit) => exchange.fetchOHLCV(symbol, "1m", undefined, limit),
  price: async () => (await exchange.fetchTicker(symbol)).last,
  async listen({ onOrder, onKline, onTrade, onQuote }) {
    const loops = [
      async () => {
        for (const order of await exchange.watchOrders(symbol)) onOrder(orderOf(order));
      },
      ...INTERVALS.map((interval) => async () => {
        for (const [openTime, , , , close] of await exchange.watchOHLCV(symbol, interval))
          onKline({ symbol: venueSymbol, interval, openTime, close });
      }),
      async () => {
        for (const { price, amount } of await exchange.watchTrades(symbol))
          onTrade({ symbol: venueSymbol, price, qty: amount });
      },
      async () => {
        const quotes = Object.values(await exchange.watchBidsAsks([symbol]));
        for (const { bid, ask } of quotes) onQuote({ symbol: venueSymbol, bid, ask });
      },
      async () => {
        await exchange.watchPositions([symbol]);
      },
      async () => {
        await exchange.watchMyTrades(symbol);
      },
      async () => {
        await exchange.watchBalance();
      },
    ];
    for (const watch of loops)
      void follow(watch).catch((error) => process.stderr.write(`${error.stack}\n`, () => process.exit(1)));
    // Its own words do not say when a socket stands: a quote is proof of one, the private one is waited for.
    const isLive = () =>
      Object.entries(exchange.clients).some(
        ([url, { isConnected }]) => url.includes("listenKey=") && isConnected,
      );
    await until(isLive, "the private socket");
  },
  setMarginType: (marginType) => exchange.setMarginMode(marginType.toLowerCase(), symbol),
  setLeverage: (leverage) => exchange.setLeverage(leverage, symbol),
  async settings() {
    const { longLeverage, marginMode } = await exchange.fetchLeverage(symbol);
    return { leverage: longLeverage, marginType: marginMode };
  },
  async takeMarket(side, qty, { id, isReduceOnly }) {
    const params = { clientOrderId: id, ...(isReduceOnly ? { reduceOnly: true } : {}) };
    return orderOf(
      await exchange.createOrder(symbol, "market", side.toLowerCase(), Number(qty), undefined, params),
    );
  },
  async placeLimit(side, qty, price, clientOrderId) {
    const params = { clientOrderId };
    return orderOf(
      await exchange.createOrder(symbol, "limit", side.toLowerCase(), Number(qty), Number(price), params),
    );
  },
  async placeStop(side, qty, triggerPrice, clientOrderId) {
    const params = { clientOrderId, stopLossPrice: Number(triggerPrice), reduceOnly: true };
    return orderOf(
      await exchange.createOrder(symbol, "market", side.toLowerCase(), Number(qty), undefined, params),
    );
  },
  order: async (clientOrderId) => orderOf(await exchange.fetchOrder(undefined, symbol, { clientOrderId })),
  cancel: async (clientOrderId) => orderOf(await exchange.cancelOrder(undefined, symbol, { clientOrderId })),
  stopOrder: async (clientOrderId) =>
    orderOf(await exchange.fetchOrder(undefined, symbol, { clientOrderId, trigger: true })),
  cancelStop: (clientOrderId) => exchange.cancelOrder(undefined, symbol, { clientOrderId, trigger: true }),
  async balance() {
    const { info, USDT } = await exchange.fetchBalance();
    return { wallet: info.totalWalletBalance, available: USDT.free };
  },
  async positions() {
    const positions = await exchange.fetchPositions([symbol]);
    return positions.map(({ side, contracts, entryPrice, liquidationPrice }) => ({
      symbol: venueSymbol,
      qty: (side === "short" ? -1 : 1) * Number(contracts),
      entryPrice,
      liquidationPrice,
    }));
  },
  openOrders: async () => (await exchange.fetchOpenOrders(symbol)).map(orderOf),
  openStops: async () =>
    (await exchange.fetchOpenOrders(symbol, undefined, undefined, { trigger: true })).map(orderOf),
  async trades() {
    const trades = await exchange.fetchMyTrades(symbol);
    return trades.map((trade) => ({
      tradeId: trade.id,
      orderId: trade.order,
      side: trade.side.toUpperCase(),
      price: trade.price,
      qty: trade.amount,
      fee: trade.fee.cost,
      time: trade.timestamp,
    }));
  },
  async income() {
    const entries = await exchange.fetchLedger("USDT");
    return entries.map(({ info }) => ({
      incomeId: info.tranId,
      type: info.incomeType,
      amount: info.income,
      tradeId: info.tradeId,
    }));
  },
  async close() {
    isOpen = false;
    await exchange.close();
  },
});
