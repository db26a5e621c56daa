import { Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceRest } from "../../src/index.ts";
import { loadCredentials } from "../../src/trading.ts";
import { SignedRest } from "../../src/trading/wire/signed-rest.ts";
import { answer, startHttpVenue } from "../support/http-venue.ts";
import type { HttpVenue } from "../support/http-venue.ts";

let venue: HttpVenue;
let publicRest: BinanceRest;
let rest: SignedRest;

beforeEach(async () => {
  venue = await startHttpVenue(answer(200, { balance: "7" }));
  publicRest = new BinanceRest({
    origin: venue.origin,
    clock: new SystemClock(),
    rng: new Rng(1),
    log: silentLogger,
  });
  rest = new SignedRest({
    origin: venue.origin,
    credentials: loadCredentials({
      env: { BINANCE_API_KEY: "k".repeat(64), BINANCE_API_SECRET: "s".repeat(64) },
    }),
    budget: publicRest.budget,
    offset: publicRest.offset,
    serverTime: () => publicRest.serverTime(),
    log: silentLogger,
    onVerdict: () => {},
    onOrderCounts: () => {},
  });
});
afterEach(async () => {
  await rest.close();
  await publicRest.close();
  await venue.close();
});

describe("a signed call that is answered by an odd body", () => {
  it.each(["<html>maintenance</html>", "", '{"balance":'])("%j: a question is asked again", async (body) => {
    venue.script.push(answer(200, body));
    expect(await rest.send({ method: "GET", path: "/fapi/v3/balance", weight: 5 })).toEqual({
      isOk: true,
      body: { balance: "7" },
    });
    expect(venue.requests).toHaveLength(2);
  });

  it.each(["POST", "PUT", "DELETE"] as const)(
    "%s changes something and is never sent twice",
    async (method) => {
      venue.script.push(answer(200, "<html>"));
      expect(await rest.send({ method, path: "/fapi/v1/order", weight: 0 })).toMatchObject({
        isOk: false,
        verdict: { outcome: "unknown" },
      });
      expect(venue.requests).toHaveLength(1);
    },
  );
});
