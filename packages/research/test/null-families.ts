import { Rng } from "@smcq/kernel";
import { type DailyResults, maxT } from "@smcq/research";

export interface FamilyOptions {
  readonly families: number;
  readonly variants: number;
  readonly days: number;
  readonly draws: number;
  readonly seed: number;
}

/**
 * Share of families of variants without an edge of which one shows a corrected lower bound above 0. Their days share a
 * market: half of what a day brings is the same for all variants.
 */
export function nullFamilies({ families, variants, days, draws, seed }: FamilyOptions): number {
  const rng = new Rng(seed);
  let passed = 0;
  for (let family = 0; family < families; family++) {
    const market = Array.from({ length: days }, () => rng.normal());
    const found = Array.from({ length: variants }, (): DailyResults => {
      const counts = market.map(() => 1 + rng.int(9));
      const sums = market.map((own, day) => (counts[day] as number) * 0.3 * (own + rng.normal()));
      return { days: market.map((_, day) => day), counts, sums };
    });
    const { variants: corrected } = maxT(found, { blockDays: 1, seed: family, unseen: 0, draws });
    if (corrected.some((own) => own !== null && own.lower > 0)) passed++;
  }
  return passed / families;
}
