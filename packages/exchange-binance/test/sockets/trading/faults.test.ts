import { createHmac } from "node:crypto";
import { MINUTE_MS } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayRig, START_MS } from "../../support/gateway-rig.ts";
import { ok, refuse, type Heard } from "../../support/order-venue.ts";
import { API_KEY, API_SECRET, until } from "../../support/trading-bench.ts";

const ORDER = "POST /fapi/v1/order";
const ALGO = "POST /fapi/v1/algoOrder";
const LIST = "GET /fapi/v3/positionRisk";

let rig: GatewayRig;

beforeEach(async () => {
  rig = await GatewayRig.open();
  rig.venue.always(ORDER, ({ values }: Heard) => ack("orderId", values.get("newClientOrderId")));
  rig.venue.always(ALGO, ({ values }: Heard) => ack("algoId", values.get("clientAlgoId")));
  rig.venue.always(LIST, ok([]));
});

afterEach(() => rig.close());

const ack = (idName: string, clientId: string | null) =>
  ok(
    `{"${idName}":8389765739703625592,"${idName === "orderId" ? "clientOrderId" : "clientAlgoId"}":"${clientId}"}`,
  );

describe("an order whose outcome nobody tells", () => {
  it.each([
    ["reset", "reset" as const],
    ["a reply that is cut", "cut" as const],
    ["503 unknown", refuse(0, "Unknown error, please check your request or try again later.", 503)],
    ["-1007", refuse(-1007, "Timeout waiting for response from backend server.", 408)],
    ["-1006", refuse(-1006, "unexpected response", 503)],
    ["a code that nobody knows", refuse(-9999)],
    ["a reply that is no JSON", { status: 200, body: "<html>" }],
    ["a reply without an id", ok({ clientOrderId: "o1" })],
    ["the reply to another order", ok({ orderId: 5, clientOrderId: "other" })],
  ])("is unknown after %s, and is never sent again", async (_, answer) => {
    rig.venue.once(ORDER, answer);
    expect(await rig.submit(rig.order())).toBe("unknown");
    rig.clock.advance(20_000);
    expect(rig.venue.count(ORDER)).toBe(1);
  });

  it("is known not to be sent where no connection stood", async () => {
    const { venue } = rig;
    await venue.close();
    const fresh = await GatewayRig.open();
    await fresh.venue.close();
    const first = await fresh.submit(fresh.order());
    const second = await fresh.submit(fresh.order());
    // The first one may have met a connection that was just being closed.
    expect(["NOT_SENT", "unknown"]).toContain(first);
    expect(second).toBe("NOT_SENT");
    await fresh.close().catch(() => {});
    rig = await GatewayRig.open();
  });
});

describe("an order that the venue does not know", () => {
  it("may be on its way still while it waits, and until its receive window is over (EX02, EX21)", async () => {
    rig.venue.always("GET /fapi/v1/order", refuse(-2013));
    rig.venue.once(
      ORDER,
      refuse(-1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", 429),
    );
    await rig.submit(rig.order());
    const exit = rig.begin(rig.order("exit", "x1"));
    const { symbolId } = rig.order();
    const asked = (): ReturnType<typeof rig.ask> =>
      rig.ask({ type: "order", symbolId, clientOrderId: "x1", isAlgo: false });
    rig.clock.advance(8_000);
    expect((await asked()).type).toBe("failed");
    rig.venue.once(ORDER, "reset");
    rig.clock.advance(2_000);
    await until(() => exit.length > 0, "the exit");
    expect(exit).toEqual(["unknown"]);
    rig.clock.advance(5_000);
    expect((await asked()).type).toBe("failed");
    rig.clock.advance(1_000);
    expect(await asked()).toMatchObject({ type: "order", update: null });
  });
});

describe("what is signed", () => {
  it("is exactly what is sent, a symbol in UTF-8 included", async () => {
    rig.venue.always("GET /fapi/v1/symbolConfig", ok([]));
    const parameters = { symbol: "币安人生USDT", odd: "a b!'()*&=" };
    await rig.gateway.rest.send({ method: "GET", path: "/fapi/v1/symbolConfig", parameters, weight: 5 });
    await rig.submit(rig.order());
    for (const { query, body } of rig.venue.heard.slice(-2)) {
      const sent = query === "" ? body : query;
      const [payload = "", signature] = sent.split("&signature=");
      expect(createHmac("sha256", API_SECRET).update(payload, "latin1").digest("hex")).toBe(signature);
    }
    const asked = rig.venue.heard.at(-2);
    expect(asked?.query).toMatch(
      /^symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&odd=a%20b%21%27%28%29%2A%26%3D&recv/,
    );
    expect(asked?.apiKey).toBe(API_KEY);
  });
});

describe("a gateway that is closed", () => {
  it("leaves no timer, sends nothing, and has forgotten its keys", async () => {
    rig.venue.once(ORDER, "hang");
    const pending = rig.begin(rig.order());
    rig.venue.tell({ e: "ACCOUNT_UPDATE", T: 5, a: { m: "DEPOSIT", B: [{ a: "USDT", bc: "5" }] } });
    await until(() => rig.gateway.stats.untold === 1 && rig.venue.count(ORDER) === 1, "things on their way");
    await rig.gateway.close();
    await rig.rest.close();
    expect(rig.clock.pendingCount).toBe(0);
    expect(await rig.submit(rig.order("exit"))).toBe("NOT_SENT");
    expect((await rig.ask({ type: "wallet" })).type).toBe("failed");
    expect(pending).toEqual(["unknown"]);
    expect(rig.venue.count(ORDER)).toBe(1);
  });
});

describe("an exit", () => {
  it("waits behind no question that nobody answers", async () => {
    rig.venue.always(LIST, "hang");
    for (let count = 0; count < 20; count++) rig.gateway.ask({ type: "positions" }, () => {});
    expect(await rig.submit(rig.order("exit"))).toMatch(/^acked/);
  });
});

describe("ids of 19 digits", () => {
  it("come back with all their digits (EX25)", async () => {
    expect(await rig.submit(rig.order())).toBe("acked 8389765739703625592");
    expect(await rig.submit(rig.stop())).toBe("acked 8389765739703625592");
  });
});

describe("a request refused for its time", () => {
  it("measures the clock and goes once more under the same id (CL01)", async () => {
    rig.venue.aheadMs = 7_000;
    rig.venue.once(ORDER, refuse(-1021));
    expect(await rig.submit(rig.order())).toMatch(/^acked/);
    const [first, second] = rig.venue.heard.filter(({ path }) => path === "/fapi/v1/order");
    expect(second?.values.get("newClientOrderId")).toBe(first?.values.get("newClientOrderId"));
    expect(Number(second?.values.get("timestamp"))).toBe(rig.clock.nowMs() + 7_000);
    expect(rig.rest.offset.offsetMs()).toBe(7_000);
  });

  it.each([-1021, -5028])("is told as not sent when %d comes twice", async (code) => {
    rig.venue.always(ORDER, refuse(code));
    expect(await rig.submit(rig.order())).toBe("NOT_SENT");
    expect(rig.venue.count(ORDER)).toBe(2);
  });

  it("is asked for again when it is only read, three times at most", async () => {
    for (let refused = 1; refused <= 3; refused++) rig.venue.once(LIST, refuse(-1021));
    expect((await rig.ask({ type: "positions" })).type).not.toBe("failed");
    rig.venue.always(LIST, refuse(-5028));
    expect((await rig.ask({ type: "positions" })).type).toBe("failed");
    expect(rig.venue.count(LIST)).toBe(8);
  });

  it("waits no longer than its limit for a clock that nobody tells", async () => {
    rig.venue.always("GET /fapi/v1/time", "hang");
    rig.venue.always(ORDER, refuse(-1021));
    expect(await rig.submit(rig.order("exit"))).toBe("NOT_SENT");
    expect(rig.venue.count(ORDER)).toBe(2);
  }, 30_000);

  it("is not repeated when it has become too old meanwhile", async () => {
    rig.venue.once(ORDER, () => {
      rig.clock.advance(600);
      return refuse(-1021);
    });
    expect(await rig.submit(rig.order())).toBe("NOT_SENT");
    expect(rig.venue.count(ORDER)).toBe(1);
  });
});

describe("pauses", () => {
  it("429: nothing leaves before the minute ends, and what would leave too late never does (EX19)", async () => {
    rig.venue.once(LIST, refuse(-1003, "too many", 429));
    expect((await rig.ask({ type: "positions" })).type).toBe("failed");
    expect(await rig.submit(rig.order())).toBe("NOT_SENT");
    expect(await rig.submit(rig.order("exit"))).toBe("NOT_SENT");
    expect(rig.venue.count(ORDER)).toBe(0);
    rig.clock.advanceTo(START_MS + MINUTE_MS - 5_000);
    // The minute's end is near enough for what protects.
    const exit = rig.begin(rig.order("exit"));
    expect(await rig.submit(rig.order())).toBe("NOT_SENT");
    rig.clock.advance(6_000);
    await until(() => exit.length > 0, "the exit");
    expect(exit).toEqual(["acked 8389765739703625592"]);
    expect(rig.venue.count(ORDER)).toBe(1);
  });

  it("418: nothing at all leaves until the ban ends (EX20)", async () => {
    const untilMs = START_MS + 100_000;
    rig.venue.once(ORDER, refuse(-1003, `IP banned until ${untilMs}.`, 418));
    expect(await rig.submit(rig.order("exit"))).toBe("TOO_MANY_ORDERS");
    const before = rig.venue.heard.length;
    expect(await rig.submit(rig.order("exit"))).toBe("NOT_SENT");
    expect(await rig.cancel("o1")).toBe("NOT_SENT");
    rig.clock.advanceTo(untilMs - 1);
    expect(rig.venue.heard.length).toBe(before);
    rig.clock.advance(2);
    expect(await rig.submit(rig.order("exit"))).toMatch(/^acked/);
  });

  it("-1015: orders wait for the count's next window, cancels do not (EX21)", async () => {
    rig.venue.once(
      ORDER,
      refuse(-1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", 429),
    );
    rig.venue.always("DELETE /fapi/v1/order", ok({ orderId: 5, clientOrderId: "o1" }));
    expect(await rig.submit(rig.order())).toBe("TOO_MANY_ORDERS");
    const exit = rig.begin(rig.order("exit"));
    expect(await rig.submit(rig.order())).toBe("NOT_SENT");
    expect(await rig.cancel("o1")).toBe("acked 5");
    expect(exit).toEqual([]);
    rig.clock.advance(10_000);
    await until(() => exit.length > 0, "the exit");
    expect(exit[0]).toMatch(/^acked/);
  });

  it.each([
    ["-1008", refuse(-1008, "Request throttled by system-level protection.", 503)],
    ["503 unavailable", { status: 503, body: "Service Unavailable." }],
    ["503 internal", refuse(-1001, "Internal error; unable to process your request. Please try again.", 503)],
    ["403", { status: 403, body: "<html>blocked</html>" }],
  ])("%s: entries rest, exits are exempt (EX22, EX23)", async (_, answer) => {
    rig.venue.once(ORDER, answer);
    expect(await rig.submit(rig.order())).toBe("TOO_MANY_ORDERS");
    expect(await rig.submit(rig.order())).toBe("NOT_SENT");
    expect(await rig.submit(rig.order("exit"))).toMatch(/^acked/);
    expect(await rig.submit(rig.stop())).toMatch(/^acked/);
    rig.clock.advance(60_001);
    expect(await rig.submit(rig.order())).toMatch(/^acked/);
  });

  it("-4061: entries are refused for the position mode, not for the key (AC06)", async () => {
    rig.venue.once(ORDER, refuse(-4061, "Order's position side does not match user's setting."));
    expect(await rig.submit(rig.order())).toBe("POSITION_SIDE");
    expect(await rig.submit(rig.order())).toBe("POSITION_SIDE");
    expect(rig.venue.count(ORDER)).toBe(1);
  });

  it("-2015: a question's answer says that it is for the key (AC10)", async () => {
    rig.venue.once(
      "GET /fapi/v3/balance",
      refuse(-2015, "Invalid API-key, IP, or permissions for action.", 401),
    );
    expect(await rig.ask({ type: "wallet" })).toMatchObject({ type: "failed", refusal: "KEY_REFUSED" });
  });

  it.each([-2015, -1022])(
    "%i: one question's refusal lets entries rest, and says nothing of them",
    async (code) => {
      rig.venue.once("GET /fapi/v3/balance", refuse(code, "words", 401));
      await rig.ask({ type: "wallet" });
      expect(await rig.submit(rig.order())).toBe("NOT_SENT");
      expect(await rig.submit(rig.order("exit"))).toMatch(/^acked/);
      rig.clock.advance(60_001);
      expect(await rig.submit(rig.order())).toMatch(/^acked/);
    },
  );

  it("-2015: entries are refused with the key's name at once, exits are still tried (AC10)", async () => {
    rig.venue.once(ORDER, refuse(-2015, "Invalid API-key, IP, or permissions for action.", 401));
    expect(await rig.submit(rig.order())).toBe("KEY_REFUSED");
    expect(await rig.submit(rig.order())).toBe("KEY_REFUSED");
    expect(rig.venue.count(ORDER)).toBe(1);
    expect(await rig.submit(rig.order("exit"))).toMatch(/^acked/);
  });
});

describe("settings", () => {
  const setLeverage = async (leverage: number): Promise<string> => {
    const told: string[] = [];
    rig.gateway.setLeverage(rig.order().symbolId, leverage, (outcome) => told.push(outcome.type));
    await until(() => told.length > 0, "the leverage");
    return told.join();
  };

  it("is no ack where the venue sets another leverage (EX43)", async () => {
    rig.venue.once(
      "POST /fapi/v1/leverage",
      ok({ symbol: "ACHUSDT", leverage: 5, maxNotionalValue: "1000" }),
    );
    expect(await setLeverage(10)).toBe("refused");
    rig.venue.once(
      "POST /fapi/v1/leverage",
      ok({ symbol: "ACHUSDT", leverage: 10, maxNotionalValue: "1000" }),
    );
    expect(await setLeverage(10)).toBe("acked");
    rig.venue.once("POST /fapi/v1/leverage", ok({}));
    expect(await setLeverage(10)).toBe("unknown");
  });
});
