import { divRound, e8Text, notionalE8, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { BarVenue, RULES, START_E8 } from "../support/bar-venue.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const RUNS = 200;

/** One random act; prices wander between 90 and 110. */
function act(venue: BarVenue, rng: Rng, id: string): void {
  const side = rng.chance(0.5) ? 1 : -1;
  const steps = 1 + rng.int(60);
  const ticks = 9_000 + rng.int(2_000);
  const price = (): string => e8Text(BigInt(9_000 + rng.int(2_000)) * RULES.tickE8);
  const kind = rng.int(7);
  // In one-way mode an entry against the position would be one that turns it around: risk never makes one.
  if (kind === 0 && (venue.held === 0 || Math.sign(venue.held) === side) && !venue.venue.hasWaiting)
    venue.market({ id, side, steps, isReduceOnly: false });
  else if (kind === 1) venue.market({ id, side, steps, isReduceOnly: true });
  else if (kind === 2) venue.stop({ id, side, steps, ticks });
  else if (kind === 3) venue.target({ id, side, steps, ticks });
  else if (kind === 4) venue.cancel(String(rng.int(Number(id) + 1)), rng.chance(0.5));
  else if (kind === 5) venue.open(rng.chance(0.2) ? null : price());
  else {
    const [low, high] = [9_000 + rng.int(1_000), 10_000 + rng.int(1_000)];
    const open = low + rng.int(high - low + 1);
    const text = (value: number): string => e8Text(BigInt(value) * RULES.tickE8);
    venue.bar(text(open), text(high), text(low));
  }
}

/** The wallet as its fills add up, position by position, in a way of its own. */
function reckon(venue: BarVenue): {
  readonly walletE8: bigint;
  readonly steps: number;
  readonly turns: number;
} {
  let walletE8 = START_E8;
  let steps = 0;
  let costE8 = 0n;
  let turns = 0;
  for (const { fill } of venue.updates) {
    if (fill === null) continue;
    const valueE8 = notionalE8(BigInt(fill.priceTicks) * RULES.tickE8, BigInt(fill.qtySteps) * RULES.stepE8);
    const before = steps;
    steps += fill.side * fill.qtySteps;
    if (before !== 0 && steps !== 0 && Math.sign(before) !== Math.sign(steps)) turns++;
    walletE8 -= fill.feeE8;
    if (before === 0 || Math.sign(before) === fill.side) costE8 += valueE8;
    else {
      const partE8 = divRound(costE8 * BigInt(fill.qtySteps), BigInt(Math.abs(before)));
      walletE8 += BigInt(Math.sign(before)) * (valueE8 - partE8);
      costE8 -= partE8;
    }
  }
  return { walletE8, steps, turns };
}

describe("BarExchange over random orders and bars", () => {
  it(`keeps wallet = start + realised - fees to the last unit and turns no position around (seed ${seed})`, () => {
    let fills = 0;
    for (let run = 0; run < RUNS; run++) {
      const rng = new Rng(seed + run);
      const venue = new BarVenue();
      for (let step = 0; step < 80; step++) act(venue, rng, String(step));
      const { walletE8, steps, turns } = reckon(venue);
      expect(venue.venue.walletE8(), `run ${run}`).toBe(walletE8);
      expect(venue.held, `run ${run}`).toBe(steps);
      expect(turns, `run ${run}`).toBe(0);
      fills += venue.updates.filter(({ fill }) => fill !== null).length;
    }
    expect(fills).toBeGreaterThan(RUNS);
  });

  it(`tells the end of each order once, and nothing behind it (seed ${seed})`, () => {
    for (let run = 0; run < RUNS; run++) {
      const rng = new Rng(seed - run);
      const venue = new BarVenue();
      for (let step = 0; step < 80; step++) act(venue, rng, String(step));
      const ids = venue.updates.map(({ clientOrderId }) => clientOrderId);
      expect(new Set(ids).size, `run ${run}`).toBe(ids.length);
    }
  });

  it(`does the same for the same seed (seed ${seed})`, () => {
    const told = (): string => {
      const rng = new Rng(seed);
      const venue = new BarVenue();
      for (let step = 0; step < 400; step++) act(venue, rng, String(step));
      return venue.told.join("\n");
    };
    expect(told()).toBe(told());
  });
});
