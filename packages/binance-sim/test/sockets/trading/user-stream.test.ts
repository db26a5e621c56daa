import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { Client, eventually } from "../../support/client.ts";
import { startTradingSim, Trader } from "../../support/trader.ts";

let sim: BinanceSim;
let trader: Trader;

beforeEach(async () => {
  sim = await startTradingSim();
  trader = new Trader(sim);
});
afterEach(() => sim.stop());

async function key(): Promise<string> {
  return String((await trader.raw("POST", "/fapi/v1/listenKey")).body["listenKey"]);
}

describe("the private stream", () => {
  it.each([
    "/private/ws?listenKey=",
    "/private/ws/",
    "/private/stream?streams=",
    "/private/stream?listenKey=",
  ])("is served under %s", async (path) => {
    const client = await trader.listen(path);
    await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.hears(4);
    const isCombined = path.includes("stream");
    expect(client.texts[0]?.startsWith('{"stream":"')).toBe(isCombined);
    expect(trader.events().map(({ e }) => e)).toContain("ACCOUNT_UPDATE");
  });

  it("tells of the events that were asked for alone", async () => {
    const path = `/private/ws?listenKey=${await key()}&events=ORDER_TRADE_UPDATE/ACCOUNT_CONFIG_UPDATE`;
    const client = await new Client(sim.wsUrl + path).open();
    await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.call("POST", "v1/leverage", { symbol: "BTCUSDT", leverage: 7 });
    await eventually("the leverage", () =>
      client.texts.some((text) => text.includes("ACCOUNT_CONFIG_UPDATE")),
    );
    const names = client.texts.map((text) => String((JSON.parse(text) as { e: string }).e));
    expect(names).toEqual(["ORDER_TRADE_UPDATE", "ORDER_TRADE_UPDATE", "ACCOUNT_CONFIG_UPDATE"]);
    expect(client.texts.at(-1)).toContain('"ac":{"s":"BTCUSDT","l":7}');
  });

  it("opens and stays silent under an unknown key, another category or no category", async () => {
    const own = await key();
    const paths = ["/private/ws?listenKey=other", `/ws/${own}`, `/market/ws/${own}`];
    const silent = await Promise.all(paths.map((path) => new Client(sim.wsUrl + path).open()));
    await trader.listen();
    await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.hears(4);
    expect(silent.map(({ texts }) => texts.length)).toEqual([0, 0, 0]);
  });

  it("has one key: POST gives it again, PUT keeps it, DELETE ends it, and PUT then is -1125", async () => {
    const own = await key();
    expect(await key()).toBe(own);
    expect((await trader.raw("PUT", "/fapi/v1/listenKey")).body).toEqual({ listenKey: own });
    // Many clients name the key, in the query or in the body.
    expect((await trader.raw("PUT", `/fapi/v1/listenKey?listenKey=${own}`)).body).toEqual({ listenKey: own });
    expect((await trader.raw("DELETE", "/fapi/v1/listenKey", `listenKey=${own}`)).body).toEqual({});
    expect((await trader.raw("PUT", "/fapi/v1/listenKey")).body["code"]).toBe(-1125);
    expect(await key()).not.toBe(own);
  });

  it("says that its key has expired, and nothing more", async () => {
    const client = await trader.listen();
    sim.trading?.expireListenKey();
    await trader.hears(1);
    expect(trader.events()[0]).toMatchObject({ e: "listenKeyExpired" });
    const other = new Trader(sim);
    await other.listen();
    await other.order({ side: "BUY", quantity: "0.01" });
    await other.hears(4);
    expect(client.texts).toHaveLength(1);
    other.stream?.ws.terminate();
  });

  it("tells of money that comes, of funding without positions, and of what the venue closes by itself", async () => {
    await trader.order({ side: "BUY", quantity: "0.01" });
    await trader.listen();
    sim.trading?.transfer(-10_000_000_000n);
    sim.trading?.fund("BTCUSDT", "0.001");
    sim.trading?.deleverage("BTCUSDT");
    await trader.hears(4);
    expect(trader.story()).toEqual([
      "ACCOUNT WITHDRAW",
      "ACCOUNT FUNDING_FEE",
      "ACCOUNT ORDER",
      "ORDER CALCULATED FILLED",
    ]);
    const [paid, funded, , forced] = trader.events();
    expect(paid?.a).toMatchObject({ B: [{ a: "USDT", bc: "-100" }], P: [] });
    expect(funded?.a).toMatchObject({ S: "BTCUSDT", P: [] });
    expect(String(forced?.o["c"])).toMatch(/^adl_autoclose/);
    const forces = await trader.call("GET", "v1/forceOrders", { autoCloseType: "ADL" });
    expect(forces.body).toHaveLength(1);
  });

  it("tells of a liquidation by its client id, and the account owes nothing", async () => {
    await trader.call("POST", "v1/marginType", { symbol: "BTCUSDT", marginType: "ISOLATED" });
    await trader.order({ side: "BUY", quantity: "0.05" });
    const last = Number(sim.trading?.positions()[0]?.entryPriceE8) / 1e8;
    await trader.listen();
    sim.trading?.move("BTCUSDT", (last * 0.9).toFixed(1));
    await trader.hears(3);
    expect(trader.story().slice(0, 2)).toEqual(["ACCOUNT ORDER", "ORDER CALCULATED FILLED"]);
    expect(String(trader.events("ORDER_TRADE_UPDATE")[0]?.o["c"])).toMatch(/^autoclose-\d{19}$/);
    expect(sim.trading?.positions()).toEqual([]);
  });
});
