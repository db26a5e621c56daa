import { expect } from "vitest";
import { type EntryPlan, MARKET_ENTRY } from "@smcq/strategy";
import { RandomEvents } from "./random-events.ts";
import { type Witnessed, witnessed } from "./risk-witness.ts";

const ACTIONS = 90;

/** Runs random sequences from `seed` on, each twice; throws at the first fault with its seed. */
export function riskCampaign(seed: number, sequences: number, entry: EntryPlan = MARKET_ENTRY): Witnessed {
  const seen = witnessed();
  const again = witnessed();
  for (let own = seed; own < seed + sequences; own++) {
    const run = new RandomEvents(own, seen, entry).run(ACTIONS);
    if (run.witness.faults.length > 0) expect(run.witness.faults, `seed ${own}`).toEqual([]);
    const { record } = new RandomEvents(own, again, entry).run(ACTIONS);
    if (record !== run.record) expect(record, `seed ${own}`).toBe(run.record);
  }
  return seen;
}
