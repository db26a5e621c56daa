import { createPrivateKey, generateKeyPairSync, sign as signWith } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Parameters } from "../../../src/http/parameters.ts";
import type { BinanceSim } from "../../../src/index.ts";
import { Gatekeeper } from "../../../src/trading/rest/auth.ts";
import { KEY, SECRET, sign, startTradingSim, textOf, Trader } from "../../support/trader.ts";

const rsa = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const ed25519 = generateKeyPairSync("ed25519", {
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

let sim: BinanceSim;
let trader: Trader;

beforeAll(async () => {
  sim = await startTradingSim(
    {},
    {
      keys: [
        { key: KEY, type: "hmac", secret: SECRET },
        { key: "rsa-key", type: "rsa", publicKeyPem: rsa.publicKey },
        { key: "ed-key", type: "ed25519", publicKeyPem: ed25519.publicKey },
      ],
    },
  );
  trader = new Trader(sim);
});
afterAll(() => sim.stop());

async function codeOf(path: string, key: string | null = KEY, body?: string): Promise<unknown> {
  const reply = await trader.raw(body === undefined ? "GET" : "POST", path, body, key);
  return reply.status === 200 ? "done" : `${reply.status} ${String(reply.body["code"])}`;
}

function signed(values: Readonly<Record<string, string | number>>): string {
  const payload = textOf(values);
  return `/fapi/v3/balance?${payload}&signature=${sign(payload)}`;
}

describe("signatures", () => {
  it("of the venue's own example (docs/binance.md 4.5) passes", () => {
    const secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9";
    const query =
      "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943";
    const signature = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9";
    const keeper = new Gatekeeper([{ key: KEY, type: "hmac", secret }], 1);
    const check = (text: string): void => {
      const raw = { query: text, body: "", apiKey: KEY };
      keeper.check(raw, "signed", Parameters.read(text), 1_591_702_613_943);
    };
    expect(() => check(`${query}&signature=${signature}`)).not.toThrow();
    expect(() => check(`${query.replace("9000", "9001")}&signature=${signature}`)).toThrow("Signature");
  });

  it("by HMAC, RSA and Ed25519 pass; one that is wrong, missing or not last does not", async () => {
    expect(await codeOf(signed({ timestamp: trader.time }))).toBe("done");
    const payload = textOf({ recvWindow: 5000, timestamp: trader.time });
    const pairs = [
      ["rsa-key", "RSA-SHA256", rsa.privateKey],
      ["ed-key", null, ed25519.privateKey],
    ] as const;
    for (const [key, algorithm, pem] of pairs) {
      const bytes = signWith(algorithm, Buffer.from(payload), createPrivateKey(pem));
      const signature = encodeURIComponent(bytes.toString("base64"));
      expect(await codeOf(`/fapi/v3/balance?${payload}&signature=${signature}`, key)).toBe("done");
      expect(await codeOf(`/fapi/v3/balance?${payload}&signature=${signature}`, KEY)).toBe("400 -1022");
    }
    expect(await codeOf(`/fapi/v3/balance?${payload}`)).toBe("400 -1102");
    const signature = sign(payload);
    expect(await codeOf(`/fapi/v3/balance?signature=${signature}&${payload}`)).toBe("400 -1022");
    expect(await codeOf(`/fapi/v3/balance?${payload}&signature=${signature.replace(/^./, "x")}`)).toBe(
      "400 -1022",
    );
  });

  it("span the query directly followed by the body, wherever the signature stands at an end", async () => {
    const time = textOf({ timestamp: trader.time });
    const order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01";
    const inBody = `${order}&signature=${sign(time + order)}`;
    expect(await codeOf(`/fapi/v1/order?${time}`, KEY, inBody)).toBe("done");
    expect(await codeOf(`/fapi/v1/order?${time}&signature=${sign(time + order)}`, KEY, order)).toBe("done");
    const all = `${order}&${time}`;
    expect(await codeOf("/fapi/v1/order", KEY, `${all}&signature=${sign(all)}`)).toBe("done");
    expect(
      await codeOf(`/fapi/v1/order?${time}`, KEY, `${order}&signature=${sign(`${time}&${order}`)}`),
    ).toBe("400 -1022");
  });

  it("are made over percent-encoded UTF-8: a symbol that is not ASCII is asked for so", async () => {
    const { status, body } = await trader.call("GET", "v1/symbolConfig", { symbol: "币安人生USDT" });
    expect([status, body[0]?.["symbol"]]).toEqual([200, "币安人生USDT"]);
  });
});

describe("keys and time", () => {
  it("a key that is missing, malformed or unknown is refused before anything else", async () => {
    const path = signed({ timestamp: trader.time });
    expect(await codeOf(path, null)).toBe("401 -2014");
    expect(await codeOf(path, "no key")).toBe("401 -2014");
    expect(await codeOf(path, "other")).toBe("401 -2015");
    expect(await codeOf("/fapi/v1/listenKey", null, "")).toBe("401 -2014");
  });

  it("a timestamp is at most recvWindow old and less than a second ahead", async () => {
    expect(await codeOf(signed({ recvWindow: 2000 }))).toBe("400 -1102");
    expect(await codeOf(signed({ timestamp: trader.time - 6000 }))).toBe("400 -1021");
    expect(await codeOf(signed({ timestamp: trader.time - 6000, recvWindow: 60_000 }))).toBe("done");
    expect(await codeOf(signed({ timestamp: trader.time + 60_000 }))).toBe("400 -1021");
    expect(await codeOf(signed({ timestamp: trader.time + 100 }))).toBe("done");
    expect(await codeOf(signed({ timestamp: trader.time, recvWindow: 60_001 }))).toBe("400 -1131");
    expect(await codeOf(signed({ timestamp: "now" }))).toBe("400 -1100");
  });

  it("faster than life a request has 250 ms of the wall's time at least", () => {
    const check = (speed: number, ageMs: number): void => {
      const query = `recvWindow=5000&timestamp=${1_000_000 - ageMs}`;
      const keeper = new Gatekeeper([{ key: KEY, type: "hmac", secret: SECRET }], speed);
      const text = `${query}&signature=${sign(query)}`;
      keeper.check({ query: text, body: "", apiKey: KEY }, "signed", Parameters.read(text), 1_000_000);
    };
    expect(() => check(1, 5000)).not.toThrow();
    expect(() => check(1, 5001)).toThrow("recvWindow");
    expect(() => check(30, 7500)).not.toThrow();
    expect(() => check(30, 7501)).toThrow("recvWindow");
  });

  it("what docs/venue.md lists is there, what it says is not is a 404", async () => {
    const pageUrl = new URL("../../../../../docs/venue.md", import.meta.url);
    const [, served = ""] = readFileSync(pageUrl, "utf8").split("## What is served");
    const page = served.split("## Clients")[0] ?? "";
    const isKnown = async (method: string, path: string) =>
      (await trader.raw(method, `/fapi/${path}`)).body["code"] !== -5000;
    const listed = page
      .split("\n")
      .filter((line) => /^\| (?:GET|POST|PUT|DELETE)/.test(line))
      .flatMap((line) => {
        const [, methods = "", paths = ""] = line.split("|");
        const each = [...paths.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);
        return each.flatMap((path) => methods.split(",").map((method) => [method.trim(), path] as const));
      });
    expect(listed.length).toBeGreaterThan(50);
    for (const [method, path] of listed)
      expect([method, path, await isKnown(method, path)]).toEqual([method, path, true]);
    const absent = [...page.matchAll(/`(GET|POST) (v1\/[^`]+)`/g)];
    expect(absent.length).toBeGreaterThan(5);
    for (const [, method = "", path = ""] of absent)
      expect([method, path, await isKnown(method, path)]).toEqual([method, path, false]);
  });

  it("what it does not know is answered as the venue would, counted, and stands in the book of requests", async () => {
    const before = sim.stats().unexpected;
    expect(await codeOf("/fapi/v1/orders")).toBe("404 -5000");
    expect(await codeOf(signed({ timestamp: trader.time, colour: "red" }))).toBe("400 -1104");
    expect(await codeOf("/fapi/v1/time?a=1&a=2")).toBe("400 -1101");
    const { unexpected, unexpectedSamples } = sim.stats();
    expect(unexpected).toBe(before + 2);
    expect(unexpectedSamples).toContain("GET /fapi/v3/balance with colour");
    expect(sim.trading?.requests().at(-1)).toMatchObject({
      method: "GET",
      path: "/fapi/v1/time",
      query: "a=1&a=2",
      body: "",
      apiKey: KEY,
      status: 400,
      reply: '{"code":-1101,"msg":"Duplicate values for parameter \'a\' detected."}',
    });
  });
});

describe("options", () => {
  it("are refused with every fault named, as one sentence", async () => {
    await expect(
      startTradingSim(
        {},
        {
          keys: [
            { key: "a b", type: "hmac", secret: "" },
            { key: "x", type: "rsa", publicKeyPem: ed25519.publicKey },
          ],
          equity: "-1",
          leverage: 0,
          prices: "held",
          fees: { takerRatio: 1, makerRatio: 0 },
        },
      ),
    ).rejects.toThrow(
      /trading.keys\[0\].key must be.*keys\[0\].secret must be.*keys\[1\].publicKeyPem is no key of type rsa.*trading.equity must.*trading.fees.takerRatio must.*trading.leverage must/,
    );
  });
});

describe("a key's rights", () => {
  const read = async (of: Trader): Promise<unknown> => {
    const payload = textOf({ timestamp: of.time });
    return (await of.raw("GET", `/sapi/v1/account/apiRestrictions?${payload}&signature=${sign(payload)}`))
      .body;
  };

  it("are futures alone, from listed addresses, or as the venue is told", async () => {
    const harmless = {
      enableWithdrawals: false,
      permitsUniversalTransfer: false,
      enableInternalTransfer: false,
    };
    expect(await read(trader)).toMatchObject({ ...harmless, enableFutures: true, ipRestrict: true });
    const mighty = await startTradingSim(
      {},
      { rights: { withdrawals: true, futures: false, isIpRestricted: false } },
    );
    const rights = await read(new Trader(mighty));
    await mighty.stop();
    expect(rights).toMatchObject({ enableWithdrawals: true, enableFutures: false, ipRestrict: false });
    await expect(startTradingSim({}, { rights: { withdrawal: true } as object })).rejects.toThrow(
      "trading.rights.withdrawal",
    );
  });

  it("are told to whoever signs", async () => {
    expect(await codeOf("/sapi/v1/account/apiRestrictions")).toBe("400 -1102");
  });
});
