import type { DecisionRecord } from "@smcq/engine";
import { Rng, symbolId } from "@smcq/kernel";
import { expect, it } from "vitest";
import { DecisionLog } from "../src/offline/backtest/decision-log.ts";

const OUTCOMES = ["APPROVED", "SCORE_LOW", "SYMBOL_BLOCKED", "MAX_POSITIONS"] as const;

function decisions(seed: number, count: number): readonly DecisionRecord[] {
  const rng = new Rng(seed);
  return Array.from({ length: count }, (_, number) => {
    const outcome = OUTCOMES[rng.int(OUTCOMES.length)];
    const size = rng.chance(0.5) ? { boundBy: `bound ${rng.int(3)}`, steps: rng.int(1_000_000) } : null;
    return {
      timeMs: 1_770_000_000_000 + number * 60_000,
      symbolId: symbolId(rng.int(600)),
      symbol: "",
      side: rng.chance(0.5) ? 1 : -1,
      setup: 1,
      score: rng.next(),
      receipt: { outcome, size },
    } as DecisionRecord;
  });
}

it("a log of decisions gives back what was put in, and keeps in full the approved and the first of each refusal", () => {
  for (let seed = 0; seed < 20; seed++) {
    const made = decisions(seed, 7_000 * (seed % 3) + seed);
    const log = new DecisionLog();
    for (const decision of made) log.add(decision);
    expect(log.length).toBe(made.length);
    expect([...log]).toEqual(
      made.map(({ timeMs, symbolId: id, side, score, receipt: { outcome, size } }) => ({
        timeMs,
        symbolId: id,
        side,
        score,
        outcome,
        boundBy: size?.boundBy ?? "",
        steps: size?.steps ?? 0,
      })),
    );
    const refused = made.filter(({ receipt }) => receipt.outcome !== "APPROVED");
    expect(log.approved).toEqual(made.filter(({ receipt }) => receipt.outcome === "APPROVED"));
    expect(log.firstRefusals).toEqual(
      refused.filter(
        ({ receipt }, at) => refused.findIndex((one) => one.receipt.outcome === receipt.outcome) === at,
      ),
    );
  }
});
