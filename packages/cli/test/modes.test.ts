import { M1_SCALP } from "@smcq/features";
import { type EngineConfig, loadConfig } from "@smcq/config";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { modeOf } from "../src/modes/mode-of.ts";
import type { Ports } from "../src/modes/ports.ts";
import { enginePayload, newSimulatedKey } from "../src/modes/engine-payload.ts";

const scaled = { type: "scaled", speed: 60, anchorVenueMs: 1_000, anchorWallMs: 2_000 } as const;

const key = newSimulatedKey();

function portsOf(mode: EngineConfig["mode"], flags: Readonly<Record<string, unknown>> = {}): Ports {
  const loaded = loadConfig({ env: {}, flags: { mode, shards: 3, seed: 9, ...flags } });
  const simulated = mode === "sim" ? { port: 1, clock: scaled, key } : null;
  const payload = enginePayload(loaded, M1_SCALP, simulated);
  return modeOf(payload.config).ports(payload);
}

function giveKeys(): void {
  vi.stubEnv("BINANCE_API_KEY", "k".repeat(64));
  vi.stubEnv("BINANCE_API_SECRET", "s".repeat(64));
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe("a mode", () => {
  it("sim has a venue of its own beside it, runs at its clock and scores by the heuristic", () => {
    const { config } = loadConfig({
      env: {},
      flags: { seed: 9, speed: 60, "sim.symbols": 20, "sim.faults": "MD04=0.1" },
    });
    expect(modeOf(config).venueProcess?.(key)).toMatchObject({
      seed: 9,
      speed: 60,
      symbols: 20,
      faults: "MD04=0.1",
      trading: { keys: [{ ...key, type: "hmac" }], equity: "10000.00000000" },
    });
    expect(modeOf(config).accountFolder).toBe("var/venue");
    const ports = portsOf("sim");
    expect(ports).toMatchObject({ name: "sim", clockSpec: scaled, scorer: "heuristic" });
    expect(ports.banner).toBe(
      "smc-quant engine, mode sim (simulated venue on loopback, 60 times as fast as life)",
    );
    expect(ports.feed).toMatchObject({ seed: 9, shards: 3, feed: { wsBaseUrl: "ws://127.0.0.1:1" } });
  });

  it("paper has none, runs at the machine's clock and scores by the shipped model", () => {
    const { config } = loadConfig({ env: {}, flags: { mode: "paper" } });
    expect(modeOf(config)).toMatchObject({ venueProcess: null, accountFolder: null });
    const ports = portsOf("paper");
    expect(ports).toMatchObject({ name: "paper", clockSpec: { type: "system" }, scorer: "shipped-model" });
    expect(ports.banner).toBe(
      "smc-quant engine, mode paper (the real venue's market data, a simulated account)",
    );
    expect(ports.feed.feed.wsBaseUrl).toMatch(/binance/);
  });

  it("gives ports of the same shape whichever it is", () => {
    const shape = (ports: Ports): string[] =>
      Object.entries(ports)
        .map(([name, port]) => `${name} ${typeof port}`)
        .toSorted();
    expect(shape(portsOf("sim"))).toEqual(shape(portsOf("paper")));
    giveKeys();
    expect(shape(portsOf("live"))).toEqual(shape(portsOf("paper")));
  });

  it.each(["demo", "live"] as const)(
    "%s takes its key out of the environment and refuses the unproven",
    (mode) => {
      giveKeys();
      expect(portsOf(mode)).toMatchObject({ name: mode, isTrading: true, refusesUnproven: true });
      expect(portsOf(mode).isAccountShared).toBe(true);
      expect([process.env["BINANCE_API_KEY"], process.env["BINANCE_API_SECRET"]]).toEqual([
        undefined,
        undefined,
      ]);
      giveKeys();
      expect(portsOf(mode, { "risk.allowUnproven": "true" }).refusesUnproven).toBe(false);
      // Market data need no key.
      expect(portsOf(mode).name).toBe(mode);
      for (const simulated of ["sim", "paper"] as const)
        expect(portsOf(simulated)).toMatchObject({ refusesUnproven: false, isAccountShared: false });
    },
  );
});
