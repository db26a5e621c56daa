import type { Venue } from "../venue.ts";
import { costs, type Endpoint } from "./endpoint.ts";
import { KlinesReply, klinesWeight, readKlinesRequest, readLimit } from "./klines.ts";

/** The market's own calls: they need no key. */
export function marketEndpoints(venue: Venue): readonly Endpoint[] {
  const klines = new KlinesReply(venue);
  const call = { access: "public", kind: "market", parameters: [], weight: costs(1) } as const;
  return [
    { ...call, name: "GET /fapi/v1/ping", handle: () => ({}) },
    { ...call, name: "GET /fapi/v1/time", handle: ({ nowMs }) => ({ serverTime: nowMs }) },
    // Whatever symbol it is asked for, the whole document comes.
    {
      ...call,
      name: "GET /fapi/v1/exchangeInfo",
      parameters: ["symbol"],
      handle: () => Buffer.from(venue.document()),
    },
    {
      ...call,
      name: "GET /fapi/v1/klines",
      parameters: ["symbol", "interval", "startTime", "endTime", "limit"],
      weight: (parameters) => klinesWeight(readLimit(parameters.search())),
      handle: ({ parameters, nowMs }) => klines.body(readKlinesRequest(venue, parameters.search()), nowMs),
    },
  ];
}
