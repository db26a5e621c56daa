export interface KlineFields {
  readonly symbol: string;
  readonly t: number;
  readonly E?: number;
  readonly o: string;
  readonly h: string;
  readonly l: string;
  readonly c: string;
  readonly v: string;
  readonly x: boolean;
}

/** A combined kline frame in the venue's order of keys (docs/binance.md 2.1). */
export function klineText(fields: KlineFields): string {
  const { symbol, t, o, h, l, c, v, x } = fields;
  const eventMs = fields.E ?? (x ? t + 62_000 : t + 31_858);
  return (
    `{"stream":"${symbol.toLowerCase()}@kline_1m","data":{"e":"kline","E":${eventMs},"s":"${symbol}",` +
    `"k":{"t":${t},"T":${t + 59_999},"s":"${symbol}","i":"1m","f":8132503391,"L":8132505633,` +
    `"o":"${o}","c":"${c}","h":"${h}","l":"${l}","v":"${v}","n":2239,"x":${x},` +
    `"q":"9615538.66780","V":"48.488","Q":"4068722.10360","B":"0"}}}`
  );
}
