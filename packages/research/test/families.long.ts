import { expect, it } from "vitest";
import { nullFamilies } from "./null-families.ts";

it("lets at most 5 % of families of 2,000 null variants show an edge", () => {
  const share = nullFamilies({ families: 120, variants: 2_000, days: 130, draws: 300, seed: 20 });
  console.log(`families of 2,000 null variants that pass: ${(100 * share).toFixed(1)} %`);
  expect(share).toBeLessThanOrEqual(0.05);
});
