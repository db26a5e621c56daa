import { SystemClock } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { startBinanceSim, type BinanceSim, type BinanceSimOptions } from "../../src/index.ts";
import { Client, eventually, wireBar } from "../support/client.ts";

const open: { close(): Promise<void> }[] = [];

async function start(
  options: BinanceSimOptions,
): Promise<{ sim: BinanceSim; client: Client; names: string[] }> {
  const sim = await startBinanceSim({ clock: "manual", symbols: 50, ...options });
  open.push({ close: () => sim.stop() });
  const client = await new Client(`${sim.wsUrl}/market/stream`).open();
  open.unshift(client);
  const names = sim.market.universe.symbols
    .filter((symbol) => symbol.status === "TRADING")
    .map((one) => one.symbol);
  await client.subscribe(names);
  return { sim, client, names };
}

afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

describe("a market moved by hand", () => {
  it.each(["batched", "frame-per-write"] as const)(
    "closes all symbols at once (%s), every bar true",
    async (burst) => {
      const { sim, client, names } = await start({ burst });
      for (let minute = 2600; minute < 2605; minute++) {
        sim.prepareClose();
        const beforeNs = new SystemClock().monoNs();
        const report = sim.closeNow();
        expect(report).toMatchObject({ minute, frames: names.length });
        expect(report.startNs).toBeGreaterThanOrEqual(beforeNs);
        expect(report.endNs).toBeGreaterThanOrEqual(report.startNs);
        const wanted = (minute - 2599) * names.length;
        await eventually("the burst", () => client.finals().length === wanted);
      }
      for (const name of names.slice(0, 10)) {
        const bars = sim.market.flatBars(sim.market.find(name)!, 2600, 2604);
        expect(client.finals(name).flatMap(wireBar)).toEqual([...bars]);
      }
      const finals = client.finals();
      expect(finals.every((event) => event.E === event.k.T + 1 + 2000)).toBe(true);
      expect(sim.clock.nowMs()).toBe(sim.market.openTimeMs(2605) + 2000);
      expect(sim.stats().finals.regular).toBe(finals.length);
    },
  );

  it("sends forming frames at a steady rate", async () => {
    const { sim, client, names } = await start({});
    const startNs = process.hrtime.bigint();
    sim.steady(5000);
    await eventually("2,500 frames", () => client.texts.length > 2500);
    sim.prepareClose();
    sim.steady(0);
    const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
    expect(client.formings().length).toBeLessThanOrEqual(5000 * (seconds + 0.2));
    expect(client.formings().length / seconds).toBeGreaterThan(2500);
    expect(new Set(client.formings().map((event) => event.s))).toEqual(new Set(names));
    sim.closeNow();
    await eventually("a close after it", () => client.finals().length === names.length);
  });

  it("is refused when time runs by itself", async () => {
    const sim = await startBinanceSim({ symbols: 5 });
    open.push({ close: () => sim.stop() });
    expect(() => sim.closeNow()).toThrow(expect.objectContaining({ code: "SIM_MODE" }));
    expect(() => sim.steady(10)).toThrow(expect.objectContaining({ code: "SIM_MODE" }));
  });
});
