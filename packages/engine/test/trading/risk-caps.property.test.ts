import { describe, expect, it } from "vitest";
import { riskCampaign } from "../support/risk-campaign.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

describe("risk and cover over random events, kept in books of their own", () => {
  it(`pass no cap, guard or leave what is held, and repeat themselves (seed ${seed})`, () => {
    const seen = riskCampaign(seed, 400);
    expect(seen.approvals).toBeGreaterThan(400);
    expect(seen.besideOpen).toBeGreaterThan(0);
    expect(seen.besidePartial).toBeGreaterThan(0);
    expect(seen.besideUnknown).toBeGreaterThan(0);
    expect(seen.secondOfBatch).toBeGreaterThan(0);
  });

  it(`do the same with entries that rest, and fill in parts (seed ${seed})`, () => {
    const seen = riskCampaign(seed, 200, { kind: "limit", offsetAtr: 0.2, expiryBars: 3 });
    expect(seen.approvals).toBeGreaterThan(200);
    expect(seen.besidePartial).toBeGreaterThan(0);
    expect(seen.besideUnknown).toBeGreaterThan(0);
    expect(seen.secondOfBatch).toBeGreaterThan(0);
  });
});
