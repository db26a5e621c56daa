import type { VenueSymbol } from "@smcq/exchange-sim";
import type { Hub } from "../ws/hub.ts";

const STREAM = "!contractInfo";
const PERPETUAL_DELIVERY_MS = 4_133_404_800_000;

function broadcast(hub: Hub, data: string): void {
  for (const connection of hub.connections) {
    if (connection.category !== "market" || !connection.streams.has(STREAM)) continue;
    connection.appendText(connection.isCombined ? `{"stream":"${STREAM}","data":${data}}` : data);
  }
}

/** Announces the state of a USD-M symbol (`st` 1). */
export function sendContractInfo(hub: Hub, symbol: VenueSymbol, eventTimeMs: number): void {
  broadcast(
    hub,
    JSON.stringify({
      e: "contractInfo",
      E: eventTimeMs,
      s: symbol.symbol,
      ct: symbol.contractType,
      dt: symbol.deliveryDate,
      ot: symbol.onboardDate,
      cs: symbol.status,
      st: 1,
    }),
  );
}

/** Announces a COIN-M symbol (`st` 2): noise that shares the stream since the merge of both sides. */
export function sendCoinMargined(hub: Hub, eventTimeMs: number): void {
  const event = {
    e: "contractInfo",
    E: eventTimeMs,
    s: "BTCUSD_PERP",
    ct: "PERPETUAL",
    dt: PERPETUAL_DELIVERY_MS,
    ot: 1_597_042_800_000,
    cs: "TRADING",
    st: 2,
  };
  broadcast(hub, JSON.stringify(event));
}

/** Two kline events nobody subscribed to: of an unknown and of a COIN-M symbol (MD16). */
export function strangerKlines(openTimeMs: number, eventTimeMs: number): readonly string[] {
  const numbers = `"i":"1m","f":1,"L":2,"o":"1.0","c":"1.0","h":"1.0","l":"1.0","v":"1","n":2,"x":true,"q":"1","V":"1","Q":"1","B":"0"`;
  return ["NOSUCHUSDT", "BTCUSD_PERP"].map((symbol) => {
    const k = `{"t":${openTimeMs},"T":${openTimeMs + 59_999},"s":"${symbol}",${numbers}}`;
    const tail = symbol === "BTCUSD_PERP" ? `,"st":2` : "";
    const data = `{"e":"kline","E":${eventTimeMs},"s":"${symbol}","k":${k}${tail}}`;
    return `{"stream":"${symbol.toLowerCase()}@kline_1m","data":${data}}`;
  });
}
