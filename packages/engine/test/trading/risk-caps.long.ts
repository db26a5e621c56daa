import { describe, expect, it } from "vitest";
import { riskCampaign } from "../support/risk-campaign.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const SEQUENCES = 100_000;

describe("risk and cover over very many random events", () => {
  it(`pass no cap, guard or leave what is held, and repeat themselves (seed ${seed})`, () => {
    const seen = riskCampaign(seed, SEQUENCES);
    expect(seen.approvals).toBeGreaterThan(SEQUENCES);
    expect([...seen.bounds].sort()).toEqual(
      ["direction", "exchange", "gross", "heat", "liquidity", "margin", "margins", "notional", "risk"].sort(),
    );
  });

  it(`do the same with entries that rest (seed ${seed})`, () => {
    for (let round = 0; round < 10; round++) {
      const entry = {
        kind: "limit",
        offsetAtr: round / 10,
        expiryBars: 1 + round * 3,
        feeRatio: 0.0002,
      } as const;
      const seen = riskCampaign(seed + round * 1_000_000, SEQUENCES / 50, entry);
      expect(seen.approvals).toBeGreaterThan(SEQUENCES / 50);
    }
  });
});
