import { parseE8, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { A, PathVenue } from "../support/path-venue.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 77);
const RUNS = 150;
const WAYS = 6;
const TICK_E8 = 1_000_000n;

/** Orders of all kinds around 100, the same for the same seed; returns the turns that the market then makes, in ticks. */
function prepared(seed: number): { readonly venue: PathVenue; readonly turns: readonly bigint[] } {
  const rng = new Rng(seed);
  const venue = new PathVenue({ wallet: "100000" });
  venue.exchange.setVolume(A, parseE8(String(1 + rng.int(60))));
  const near = (): string => (96 + 8 * rng.next()).toFixed(2);
  if (rng.chance(0.8)) venue.order({ id: "in", side: rng.chance(0.5) ? 1 : -1, qty: String(1 + rng.int(9)) });
  for (let number = 0; number < 8; number++) {
    const id = `o${number}`;
    const side = rng.chance(0.5) ? 1 : -1;
    const qty = String(1 + rng.int(6));
    const isReduceOnly = rng.chance(0.5);
    const workingType = rng.chance(0.3) ? "MARK_PRICE" : "CONTRACT_PRICE";
    if (rng.chance(0.4)) venue.order({ id, side, qty, isReduceOnly, price: near() });
    else if (rng.chance(0.2))
      venue.algo({ id, side, at: near(), isClosePosition: true, isReduceOnly: false });
    else {
      const kind =
        (["STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP", "TAKE_PROFIT"] as const)[rng.int(4)] ?? "STOP";
      const price = kind.endsWith("MARKET") ? {} : { price: near() };
      venue.algo({ id, side, qty, type: kind, at: near(), isReduceOnly, workingType, ...price });
    }
  }
  venue.told();
  const turns = Array.from({ length: WAYS }, () => BigInt(9_500 + rng.int(1_000)) * TICK_E8);
  return { venue, turns };
}

/** Walks to each turn; `next` says where to print next on the way to it. */
function walked(seed: number, isByReach: boolean): readonly string[] {
  const { venue, turns } = prepared(seed);
  for (const lastE8 of turns) {
    const to = { timeMs: (venue.nowMs += 10_000), lastE8, markE8: lastE8 };
    if (isByReach)
      for (let met = venue.exchange.reach(A, to); met !== null; met = venue.exchange.reach(A, to))
        venue.exchange.print(A, met);
    else {
      const from = venue.exchange.lastPrint(A)?.lastE8 ?? 0n;
      const step = from < lastE8 ? TICK_E8 : -TICK_E8;
      for (let at = from; at !== lastE8; at += step)
        venue.exchange.print(A, { timeMs: venue.nowMs - 10_000, lastE8: at, markE8: at });
    }
    venue.exchange.print(A, to);
  }
  return [...venue.told(), venue.held(), venue.wallet];
}

describe("a market that goes from level to level", () => {
  it("does to every order what one does that goes tick by tick", () => {
    let trades = 0;
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const told = walked(seed, true);
      expect(told, `seed ${seed}`).toEqual(walked(seed, false));
      trades += told.filter((line) => line.includes("TRADE")).length;
    }
    expect(trades).toBeGreaterThan(RUNS);
  });
});
