import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BinanceSim } from "../../../src/index.ts";
import { startTradingSim, Trader } from "../../support/trader.ts";

let folder: string;
const sims: BinanceSim[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-kept-"));
});
afterEach(async () => {
  for (const sim of sims.splice(0)) await sim.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startTradingSim>[1] = {}): Promise<BinanceSim> {
  const sim = await startTradingSim({ symbols: 8 }, { folder, ...options });
  sims.push(sim);
  return sim;
}

describe("a venue with a folder", () => {
  it("has its account again when it is started again, prices that were held too", async () => {
    const first = await start();
    expect(first.accountText).toBe("a new account begins");
    first.trading?.move("BTCUSDT", "90000");
    const trader = new Trader(first);
    await trader.order({ side: "BUY", quantity: "0.010", newClientOrderId: "a" });
    await trader.algo({ side: "SELL", quantity: "0.010", triggerPrice: "89000", clientAlgoId: "s" });
    const [wallet, positions] = [first.trading?.walletE8(), first.trading?.positions()];
    const leftMs = first.clock.nowMs();
    await first.stop();
    const second = await start();
    expect(second.accountText).toContain("the account goes on");
    expect(second.trading?.walletE8()).toBe(wallet);
    expect(second.trading?.positions()).toEqual(positions);
    expect(second.clock.nowMs()).toBeGreaterThanOrEqual(Math.floor(leftMs));
    second.trading?.move("BTCUSDT", "88900");
    expect(second.trading?.positions()).toEqual([]);
    const { body } = await new Trader(second).call("GET", "v1/algoOrder", { clientAlgoId: "s" });
    expect(body["algoStatus"]).toBe("FINISHED");
    expect(statSync(join(folder, "account.jsonl")).mode & 0o777).toBe(0o600);
  });

  it("keeps a symbol that was listed on the way, with what is held of it", async () => {
    const first = await start();
    first.list("NEWUSDT");
    first.trading?.move("NEWUSDT", "90000");
    await new Trader(first).order({ symbol: "NEWUSDT", side: "BUY", quantity: "0.010" });
    const positions = first.trading?.positions();
    expect(positions).toHaveLength(1);
    await first.stop();
    const second = await start();
    expect(second.trading?.positions()).toEqual(positions);
  });

  it("refuses what is no folder", async () => {
    folder = join(folder, "file");
    writeFileSync(folder, "");
    await expect(start()).rejects.toMatchObject({
      code: "SIM_ACCOUNT",
      message: expect.stringContaining(`${folder} can be no account's folder`) as string,
    });
  });

  it("waits for the one that still has the folder", async () => {
    const first = await start();
    const later = start();
    await new Trader(first).call("POST", "v1/leverage", { symbol: "BTCUSDT", leverage: 3 });
    await first.stop();
    const { body } = await new Trader(await later).call("GET", "v1/symbolConfig", { symbol: "BTCUSDT" });
    expect(body[0]?.["leverage"]).toBe(3);
  });
});
