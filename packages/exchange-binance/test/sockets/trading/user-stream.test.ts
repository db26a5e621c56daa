import { MINUTE_MS } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../support/gateway-rig.ts";
import { ok, refuse, type Heard } from "../../support/order-venue.ts";
import { until } from "../../support/trading-bench.ts";

const KEY = "POST /fapi/v1/listenKey";
const KEEP = "PUT /fapi/v1/listenKey";
const HOUR_MS = 60 * MINUTE_MS;

let rig: GatewayRig;

beforeEach(async () => {
  rig = await GatewayRig.open();
});

afterEach(() => rig.close());

/** A trade of an order, told as the venue does; `o` changes single fields. */
const trade = (c: string, o: object = {}): object => ({
  e: "ORDER_TRADE_UPDATE",
  T: 5,
  E: 5,
  o: {
    s: "ACHUSDT",
    c,
    S: "BUY",
    q: "100",
    x: "TRADE",
    X: "FILLED",
    i: 7,
    l: "100",
    z: "100",
    L: "0.005",
    N: "USDT",
    n: "0.1",
    T: 5,
    t: 3,
    m: false,
    si: 0,
    ...o,
  },
});

const lastSocket = () => rig.venue.sockets.at(-1)?.socket;

describe("the account's stream", () => {
  it("begins with the word that it is live, under a key of its own and with every event by name", async () => {
    expect(rig.listener.words).toEqual(["live"]);
    expect(rig.venue.sockets.map(({ url }) => url)).toEqual([
      `/private/ws?listenKey=${rig.venue.listenKey}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/ALGO_UPDATE/` +
        "ACCOUNT_CONFIG_UPDATE/MARGIN_CALL/listenKeyExpired",
    ]);
    rig.venue.tell(trade("a"));
    expect(await rig.told(2)).toEqual(["live", "a filled 100 fee 10000000"]);
  });

  it("tells the same word again when it comes twice (EX05)", async () => {
    rig.venue.tell(trade("a"));
    rig.venue.tell(trade("a"));
    await rig.told(3);
    expect(rig.listener.updates[0]).toEqual(rig.listener.updates[1]);
  });

  it("says that words may be lost when it ends, and comes again", async () => {
    lastSocket()?.terminate();
    expect((await rig.told(2)).at(-1)).toBe("lost");
    await rig.live();
    expect(await rig.told(3)).toEqual(["live", "lost", "live"]);
    rig.venue.tell(trade("a"));
    await rig.told(4);
  });

  it("waits longer and longer where it cannot stand, and goes on trying", async () => {
    rig.venue.always(KEY, refuse(-1000, "no", 500));
    lastSocket()?.terminate();
    await rig.told(2);
    await until(() => {
      rig.clock.advance(1_000);
      return rig.venue.count(KEY) >= 7;
    }, "seven tries");
    rig.venue.always(KEY, ok({ listenKey: "anotherListenKey" }));
    await until(() => {
      rig.clock.advance(1_000);
      return rig.gateway.stats.isStreamLive;
    }, "the stream");
    expect(rig.listener.words).toEqual(["live", "lost", "live"]);
  });

  /** Time goes on by so much, and the keep-alive that it makes due has been answered. */
  const keepAlive = async (ms: number, count: number): Promise<void> => {
    const timers = rig.clock.pendingCount;
    rig.clock.advance(ms);
    await until(() => rig.venue.count(KEEP) === count && rig.clock.pendingCount >= timers, "a keep-alive");
  };

  it("keeps its key alive every half hour", async () => {
    // From then on it is taken for healthy: no timer but those of the key and of the day.
    rig.clock.advance(MINUTE_MS);
    await keepAlive(29 * MINUTE_MS, 1);
    await keepAlive(30 * MINUTE_MS, 2);
    await keepAlive(30 * MINUTE_MS, 3);
    rig.clock.advance(29 * MINUTE_MS);
    expect(rig.venue.count(KEEP)).toBe(3);
    expect(rig.listener.words).toEqual(["live"]);
  });

  it("repeats a keep-alive that nobody answers each minute, and begins again after three, before the key ends", async () => {
    rig.venue.always(KEEP, refuse(-1000, "no", 500));
    rig.clock.advance(MINUTE_MS);
    await keepAlive(29 * MINUTE_MS, 1);
    await keepAlive(MINUTE_MS, 2);
    rig.clock.advance(MINUTE_MS);
    await rig.told(2);
    await rig.live();
    expect(rig.listener.words).toEqual(["live", "lost", "live"]);
    expect(rig.venue.count(KEY)).toBe(2);
  });

  it("takes a new key and a new socket when a keep-alive finds the key dead (-1125)", async () => {
    rig.venue.once(KEEP, refuse(-1125, "This listenKey does not exist."));
    rig.venue.listenKey = "listenKeyCanary0002";
    rig.clock.advance(30 * MINUTE_MS);
    await rig.told(2);
    await rig.live();
    expect(rig.venue.sockets.at(-1)?.url).toContain("listenKeyCanary0002");
    expect(rig.listener.words).toEqual(["live", "lost", "live"]);
  });

  it("begins again when its key expires, and not for another one's (AC07)", async () => {
    rig.venue.tell({ e: "listenKeyExpired", E: "1699596037418", listenKey: "another" });
    rig.venue.tell(trade("a"));
    expect(await rig.told(2)).toEqual(["live", "a filled 100 fee 10000000"]);
    rig.venue.tell({ e: "listenKeyExpired", E: 5, listenKey: rig.venue.listenKey });
    rig.venue.listenKey = "listenKeyCanary0003";
    await rig.told(3);
    await rig.live();
    expect((await rig.told(4)).slice(2)).toEqual(["lost", "live"]);
  });

  it("hands over before its day is over, without a gap and without a word about it (NW02)", async () => {
    rig.clock.advance(23 * HOUR_MS + 1);
    await until(() => rig.gateway.stats.connects === 2 && rig.venue.sockets.length === 2, "a second socket");
    await until(() => rig.venue.sockets[0]?.socket.readyState === 3, "the end of the first one");
    rig.venue.tell(trade("a"));
    expect(await rig.told(2)).toEqual(["live", "a filled 100 fee 10000000"]);
  });

  it("is taken for mute when nothing is told of an order 5 s after its ack (AC07)", async () => {
    const ack = ({ values }: Heard) => ok({ orderId: 5, clientOrderId: values.get("newClientOrderId") });
    rig.venue.always("POST /fapi/v1/order", ack);
    rig.venue.tell(trade("early"));
    await rig.told(2);
    await rig.submit(rig.order("entry", "early"));
    rig.clock.advance(6_000);
    await rig.submit(rig.order("entry", "heard"));
    rig.venue.tell(trade("heard"));
    await rig.told(3);
    rig.clock.advance(6_000);
    expect(rig.listener.words).not.toContain("lost");
    await rig.submit(rig.order("entry", "unheard"));
    rig.clock.advance(5_001);
    expect(rig.listener.words.at(-1)).toBe("lost");
    rig.venue.always("DELETE /fapi/v1/listenKey", ok({}));
    await rig.live();
    expect(rig.listener.words.at(-1)).toBe("live");
    // As long as the old key lives, the venue would give it out again.
    const calls = rig.venue.heard
      .filter(({ path }) => path === "/fapi/v1/listenKey")
      .map(({ method }) => method);
    expect(calls).toEqual(["POST", "DELETE", "POST"]);
  });

  it("begins again after a word that nobody can read: it may have been a trade", async () => {
    rig.venue.tell(trade("a", { z: "1e3" }));
    await rig.told(2);
    await rig.live();
    expect(await rig.told(3)).toEqual(["live", "lost", "live"]);
    expect(rig.gateway.stats.bad).toBe(1);
  });

  it("counts what is not ours, and tells nothing of it", async () => {
    rig.venue.tell({ ...trade("a"), st: 2 });
    rig.venue.tell(trade("b", { s: "OTHERUSDT" }));
    rig.venue.tell({ e: "NEW_KIND" });
    rig.venue.tell(trade("c"));
    expect(await rig.told(2)).toEqual(["live", "c filled 100 fee 10000000"]);
    expect(rig.gateway.stats).toMatchObject({ notOurs: 1, unknownSymbols: 1, unknownEvents: 1, words: 4 });
  });

  it("tells nobody who has stopped listening, and whoever listens next that it is live", async () => {
    rig.gateway.listen(null);
    rig.venue.tell(trade("a"));
    await until(() => rig.gateway.stats.words === 1, "the word");
    rig.gateway.listen(rig.listener);
    expect(rig.listener.words).toEqual(["live", "live"]);
  });
});

describe("a fee in another asset (AC09)", () => {
  const PRICE = "GET /fapi/v1/premiumIndex";

  /** Tells trades of the same fee until one is priced; returns how many that took. */
  async function untilPriced(fee: string): Promise<number> {
    for (let told = 1; ; told++) {
      rig.venue.tell(trade(`p${told}`, { N: "BNB", n: "0.0002", t: 100 + told }));
      const words = await rig.told(2 + told);
      if (words.at(-1) === `p${told} filled 100 fee ${fee}`) return told;
    }
  }

  it("waits for no price: presumed first, then at the asset's mark price, asked once a minute", async () => {
    rig.venue.always(PRICE, ok({ symbol: "BNBUSDT", markPrice: "600.50000000" }));
    rig.venue.tell(trade("a", { N: "BNB", n: "0.0001", t: 1 }));
    // 0.5 USDT at 4.5 in ten thousand.
    expect((await rig.told(2)).at(-1)).toBe("a filled 100 fee 22500");
    expect(rig.listener.updates.at(-1)?.fill?.otherFee).toEqual({ asset: "BNB", amountE8: 10_000n });
    const told = await untilPriced("12010000");
    expect(rig.venue.count(PRICE)).toBe(1);
    rig.venue.tell(trade("b", { t: 2 }));
    // A trade that is told again costs what it cost.
    rig.venue.tell(trade("a", { N: "BNB", n: "0.0001", t: 1 }));
    expect((await rig.told(told + 4)).slice(-2)).toEqual([
      "b filled 100 fee 10000000",
      "a filled 100 fee 22500",
    ]);
    expect(rig.listener.updates.at(-2)?.fill).not.toHaveProperty("otherFee");
    rig.clock.advance(60_001);
    rig.venue.always(PRICE, ok({ symbol: "BNBUSDT", markPrice: "700" }));
    // What was known last holds until the new price is there.
    rig.venue.tell(trade("d", { N: "BNB", n: "0.0001", t: 4 }));
    expect((await rig.told(told + 5)).at(-1)).toBe("d filled 100 fee 6005000");
  });

  it("stays presumed, and its sign its own, where the asset has no price", async () => {
    rig.venue.always(PRICE, refuse(-1121));
    rig.venue.tell(trade("a", { N: "XYZ", n: "0.0001" }));
    rig.venue.tell(trade("b", { N: "XYZ", n: "-0.0001", t: 4, m: true }));
    expect((await rig.told(3)).slice(1)).toEqual(["a filled 100 fee 22500", "b filled 100 fee -9000"]);
  });
});

describe("the order of a stop that nobody has told of (EX37)", () => {
  const FIND = "GET /fapi/v1/algoOrder";
  const child = trade("random", { si: 42, X: "FILLED", S: "SELL" });

  it("has its name asked for; what comes behind it waits", async () => {
    const algo = {
      symbol: "ACHUSDT",
      algoId: 42,
      clientAlgoId: "stop",
      algoStatus: "FINISHED",
      updateTime: 5,
    };
    rig.venue.once(FIND, ok(algo));
    rig.venue.tell(child);
    rig.venue.tell(trade("b", { t: 4 }));
    expect((await rig.told(3)).slice(1)).toEqual([
      "stop triggered 100 fee 10000000",
      "b filled 100 fee 10000000",
    ]);
  });

  it("is told under its own where the venue does not tell", async () => {
    rig.venue.once(FIND, refuse(-2013));
    rig.venue.tell(child);
    expect((await rig.told(2)).at(-1)).toBe("random triggered 100 fee 10000000");
  });

  it("is told under its own where the question fails, and what comes behind it is told too", async () => {
    rig.venue.once(FIND, refuse(-1001, "Internal error; unable to process your request.", 503));
    rig.venue.tell(child);
    rig.venue.tell(trade("b", { t: 4 }));
    expect((await rig.told(3)).slice(1)).toEqual([
      "random triggered 100 fee 10000000",
      "b filled 100 fee 10000000",
    ]);
  });

  it("is asked for once, however many trades it has: words behind them wait for one question alone", async () => {
    rig.venue.always(FIND, "hang");
    for (let t = 10; t < 30; t++)
      rig.venue.tell(trade("random", { si: 42, S: "SELL", t, l: "5", z: String(5 * (t - 9)) }));
    rig.venue.tell(trade("b", { t: 4 }));
    const words = await rig.told(22);
    expect(words.at(-1)).toBe("b filled 100 fee 10000000");
    expect(rig.venue.count(FIND)).toBe(1);
  });
});

describe("a payment", () => {
  const BOOK = "GET /fapi/v1/income";
  const event = (m: string, bc: string): object => ({
    e: "ACCOUNT_UPDATE",
    T: rig.clock.nowMs(),
    a: { m, B: [{ a: "USDT", wb: "10", cw: "10", bc }], P: [] },
  });
  const row = (fields: object): object => ({
    symbol: "ACHUSDT",
    incomeType: "FUNDING_FEE",
    income: "-0.5",
    asset: "USDT",
    time: rig.clock.nowMs(),
    tranId: "8389765739703625592",
    tradeId: "",
    ...fields,
  });
  /** Time goes on until the book has been asked so often. */
  const asked = async (count: number): Promise<void> => {
    await until(() => {
      rig.clock.advance(100);
      return rig.venue.count(BOOK) >= count;
    }, `question ${count}`);
  };

  it("is told under the id of its line, once the account book has it (AC17)", async () => {
    const lines: object[] = [];
    const time = rig.clock.nowMs();
    rig.venue.always(BOOK, () => ok(lines));
    rig.venue.tell(event("FUNDING_FEE", "-0.5"));
    await until(() => rig.gateway.stats.untold === 1, "the event");
    await asked(2);
    expect(rig.listener.words).toEqual(["live"]);
    lines.push(row({ time }), row({ incomeType: "COMMISSION", tranId: 5, tradeId: "9" }));
    await asked(3);
    expect(await rig.told(2)).toEqual(["live", "income FUNDING_FEE-8389765739703625592 funding -50000000"]);
    await until(() => rig.gateway.stats.untold === 0, "the end of it");
    const answer = await rig.ask({ type: "income", sinceMs: rig.clock.nowMs() - 60_000 });
    expect(answer.type === "income" ? answer.rows.map(({ incomeId, type }) => [incomeId, type]) : []).toEqual(
      [
        ["FUNDING_FEE-8389765739703625592", "funding"],
        ["COMMISSION-5", "commission"],
      ],
    );
  });

  it("of before the account was followed is in its wallet already, and not told with a later one", async () => {
    const lines = [
      row({ time: rig.clock.nowMs() - 5_000, tranId: 4 }),
      row({ time: rig.clock.nowMs() + 5_000, tranId: 5, incomeType: "TRANSFER", symbol: "", income: "7" }),
    ];
    rig.venue.always(BOOK, ({ values }) => {
      const sinceMs = Number(values.get("startTime"));
      return ok(lines.filter((line) => (line as { readonly time: number }).time >= sinceMs));
    });
    rig.clock.advance(5_000);
    rig.venue.tell(event("DEPOSIT", "7"));
    await until(() => rig.gateway.stats.untold === 1, "the event");
    await asked(1);
    expect(await rig.told(2)).toEqual(["live", "income TRANSFER-5 transfer 700000000"]);
  });

  it("of several symbols in one event is found by the sum of its lines", async () => {
    rig.venue.always(
      BOOK,
      ok([row({ income: "-0.3" }), row({ income: "-0.2", symbol: "BTCUSDT", tranId: 6 })]),
    );
    rig.venue.tell(event("FUNDING_FEE", "-0.5"));
    await until(() => rig.gateway.stats.untold === 1, "the event");
    await asked(1);
    await rig.told(3);
    await until(() => rig.gateway.stats.untold === 0, "the end of it");
    expect(rig.venue.count(BOOK)).toBe(1);
  });

  it("that has no line is given up after two minutes, and said to be", async () => {
    rig.venue.always(BOOK, ok([]));
    rig.venue.tell(event("ADJUSTMENT", "3"));
    await until(() => rig.gateway.stats.untold === 1, "the event");
    await asked(6);
    await until(() => rig.gateway.stats.untold === 0, "the end of it");
    expect(rig.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });
});
