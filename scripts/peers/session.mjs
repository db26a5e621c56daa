/**
 * The one trading session that every foreign client runs, and what it tells of it: one line of JSON on stdout, of the form
 * in `report.ts`. A client of another kind is a few methods over its own calls; nothing here knows the venue's wire.
 */

const DEADLINE_MS = 60_000;
const KLINES = 5;
/** Of the klines that are followed. */
export const INTERVALS = ["1m", "5m"];
const NOTIONAL = 2_000;
const LEVERAGE = 5;
/** Shares of the price: what rests waits there, inside the venue's bounds and far from anything that trades. */
const LIMIT_RATIO = 0.97;
const STOP_RATIO = 0.96;

/** Where to trade, from the environment that the test or a person gives. */
export function settings() {
  const { SMCQ_REST, SMCQ_WS, SMCQ_KEY, SMCQ_SECRET, SMCQ_SYMBOL = "BTCUSDT" } = process.env;
  if (!SMCQ_REST || !SMCQ_WS || !SMCQ_KEY || !SMCQ_SECRET)
    throw new Error("SMCQ_REST, SMCQ_WS, SMCQ_KEY and SMCQ_SECRET say where to trade");
  return { rest: SMCQ_REST, ws: SMCQ_WS, key: SMCQ_KEY, secret: SMCQ_SECRET, symbol: SMCQ_SYMBOL };
}

/** Awaits a condition, a minute at most. */
export async function until(condition, what) {
  const untilMs = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error(`waited a minute for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** Runs the session, prints the report and ends the process. */
export async function main(client) {
  try {
    const report = await runSession(client);
    await client.close();
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${error?.stack ?? JSON.stringify(error)}\n`, () => process.exit(1));
  }
}

async function runSession(client) {
  const market = await client.market();
  const klines = await client.klines(KLINES);
  const heard = { events: [], klines: new Map(), quotes: [], trades: [] };
  await client.listen({
    onOrder: (event) => heard.events.push(event),
    onKline: (kline) => heard.klines.set(kline.interval, kline),
    onTrade: (trade) => heard.trades.push(trade),
    onQuote: (quote) => heard.quotes.push(quote),
  });
  await client.setMarginType("ISOLATED");
  await client.setLeverage(LEVERAGE);
  const replies = await trade(client, market, client.id);
  const exit = await client.order(client.id("exit"));
  // Six orders, each told when it is new; two of them cancelled, two of them filled.
  const isDone = (name, status) =>
    heard.events.some(
      ({ clientOrderId, status: told }) => clientOrderId === client.id(name) && told === status,
    );
  const ends = {
    entry: "FILLED",
    limit1: "CANCELED",
    limit2: "NEW",
    stop1: "CANCELED",
    stop2: "NEW",
    exit: "FILLED",
  };
  await until(
    () => Object.entries(ends).every(([name, status]) => isDone(name, status)),
    `the stream's words (${JSON.stringify(heard.events)})`,
  );
  await until(
    () => heard.klines.size === INTERVALS.length && heard.quotes.length > 0 && heard.trades.length > 0,
    "klines, quotes and trades",
  );
  return {
    market,
    klines,
    settings: await client.settings(),
    replies: { ...replies, exit },
    balance: await client.balance(),
    positions: await client.positions(),
    openOrders: await client.openOrders(),
    openStops: await client.openStops(),
    trades: await client.trades(),
    income: await client.income(),
    readMs: Date.now(),
    events: heard.events,
    streamedKlines: INTERVALS.map((interval) => heard.klines.get(interval)),
    quote: heard.quotes[0],
    trade: heard.trades[0],
  };
}

/** A position of which half is closed, a limit order and a stop that stay, and one of each that is cancelled. */
async function trade(client, market, id) {
  const price = await client.price();
  const qty = floorTo(NOTIONAL / price, market.stepSize);
  const half = floorTo(Number(qty) / 2, market.stepSize);
  const limit = floorTo(price * LIMIT_RATIO, market.tickSize);
  const stop = floorTo(price * STOP_RATIO, market.tickSize);
  const entry = await client.takeMarket("BUY", qty, { id: id("entry"), isReduceOnly: false });
  await client.placeLimit("BUY", half, limit, id("limit1"));
  const resting = await client.order(id("limit1"));
  const cancelled = await client.cancel(id("limit1"));
  await client.placeLimit("BUY", half, limit, id("limit2"));
  await client.placeStop("SELL", half, stop, id("stop1"));
  const waiting = await client.stopOrder(id("stop1"));
  await client.cancelStop(id("stop1"));
  const cancelledStop = await client.stopOrder(id("stop1"));
  await client.placeStop("SELL", half, stop, id("stop2"));
  await client.takeMarket("SELL", half, { id: id("exit"), isReduceOnly: true });
  return { entry, resting, cancelled, waiting, cancelledStop };
}

/** Down to a multiple of a decimal step, as the text that the venue takes. */
function floorTo(value, step) {
  const places = (String(step).split(".")[1] ?? "").replace(/0+$/, "").length;
  return (Math.floor(value / Number(step) + 1e-9) * Number(step)).toFixed(places);
}
