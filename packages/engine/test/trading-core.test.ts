import { parseE8 } from "@smcq/kernel";
import { RISK_BOUNDS, type RiskParameters } from "@smcq/risk";
import { M1_SCALP } from "@smcq/strategy";
import { describe, expect, it } from "vitest";
import { Engine } from "../src/index.ts";
import { PROTOCOL } from "./support/fixtures.ts";

const BOUNDS = Object.entries(RISK_BOUNDS);
const highest = Object.fromEntries(BOUNDS.map(([name, [, max]]) => [name, max])) as unknown as RiskParameters;

function engineWith(more: Partial<RiskParameters>): Engine {
  return new Engine({
    scoreMin: 0.6,
    decisionWindowNs: 5e6,
    signalAgeMsMax: 60_000,
    trading: {
      engineId: "smcq",
      startWalletE8: parseE8("10000"),
      risk: { ...highest, ...more },
      protocol: PROTOCOL,
      plan: M1_SCALP,
      isVenueRemote: true,
      isSlippageMeasured: true,
      wordFloorMs: 0,
      refusesUnproven: false,
    },
  });
}

describe("an engine that trades", () => {
  it("takes risk settings at their compiled bounds", () => {
    expect(engineWith({}).trading).not.toBeNull();
  });

  it.each(BOUNDS)("is not made with %s beyond its compiled bound, or as no number", (name, [, max]) => {
    for (const value of [max * 1.001, Number.NaN])
      expect(() => engineWith({ [name]: value })).toThrow(
        expect.objectContaining({ code: "CONFIG_RISK_BOUND" }),
      );
  });
});
