import type { BarExchange } from "@smcq/exchange-sim";
import { describe, expect, it } from "vitest";
import type { Command, EngineInput } from "../../src/index.ts";
import type { TradingCore } from "../../src/trading/trading-core.ts";
import { START_E8 } from "../support/fixtures.ts";
import { randomRun, VenueRun } from "../support/venue-run.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const RUNS = 240;

/** What is wrong after an event: empty is right. */
function faultsOf(input: EngineInput, commands: readonly Command[], core: TradingCore): readonly string[] {
  const faults: string[] = [];
  const { portfolio, trades } = core.holdings;
  for (const { symbolId, qtySteps } of portfolio.positions()) {
    const trade = trades.get(symbolId);
    if (trade === undefined) faults.push(`${symbolId}: a position without a trade`);
    else if (trade.stop === null || trade.stop.isEnded || trade.stop.qtySteps < qtySteps)
      faults.push(`${symbolId}: held ${qtySteps} without a stop for all of it`);
  }
  const submitted = commands.flatMap((command) =>
    command.type === "submit" ? [`${command.order.value.role} ${command.order.value.symbolId}`] : [],
  );
  if (new Set(submitted).size !== submitted.length) faults.push(`twice in a turn: ${submitted.join()}`);
  if (input.type === "order-update" && input.update.fill !== null) {
    const { symbolId, qtySteps } = input.update.fill;
    const isEntry = trades.get(symbolId)?.entryOrderId === input.update.clientOrderId;
    if (isEntry && !submitted.includes(`stop ${symbolId}`))
      faults.push(`${symbolId}: ${qtySteps} filled without a stop in the same turn`);
  }
  return faults;
}

/** Where the engine's view of the account differs from the venue's own. */
function differences(core: TradingCore, venue: BarExchange): readonly string[] {
  const { portfolio } = core.holdings;
  const ours = portfolio.positions().map(({ symbolId, side, qtySteps }) => `${symbolId}:${side * qtySteps}`);
  const theirs = venue
    .positions()
    .toSorted((a, b) => a.symbolId - b.symbolId)
    .map(({ symbolId, qtySteps }) => `${symbolId}:${qtySteps}`);
  const faults =
    ours.join() === theirs.join() ? [] : [`held ${ours.join()}, the venue says ${theirs.join()}`];
  if (portfolio.walletE8 !== venue.walletE8()) faults.push(`wallet ${portfolio.walletE8}`);
  return faults;
}

describe("the core with the venue in memory, over random bars", () => {
  it(`guards every position at once and agrees with the venue to the last unit (seed ${seed})`, () => {
    const reasons = new Set<string>();
    let trades = 0;
    for (let round = 0; round < RUNS; round++) {
      const faults: string[] = [];
      const options = randomRun(seed + round);
      const run = new VenueRun({
        ...options,
        onTurn: (input, commands, core) => faults.push(...faultsOf(input, commands, core)),
        onDrained: (core, venue) => faults.push(...differences(core, venue)),
      }).run();
      expect(faults, `seed ${seed + round}`).toEqual([]);
      expect(run.venue.positions(), `seed ${seed + round}`).toEqual([]);
      expect(run.core.holdings.trades.size, `seed ${seed + round}`).toBe(0);
      expect(run.core.orders.openCount, `seed ${seed + round}`).toBe(0);
      const pnlE8 = run.trades.reduce((sum, trade) => sum + trade.pnlE8, 0n);
      expect((options.startE8 ?? START_E8) + pnlE8, `seed ${seed + round}`).toBe(run.venue.walletE8());
      trades += run.trades.length;
      for (const { reason } of run.trades) reasons.add(reason);
    }
    expect(trades).toBeGreaterThan(RUNS);
    expect([...reasons]).toEqual(expect.arrayContaining(["stop", "target", "stagnation", "end-of-data"]));
  });

  it(`closes as many trades as it approved, and refuses with a reason otherwise (seed ${seed})`, () => {
    for (let round = 0; round < 40; round++) {
      const run = new VenueRun(randomRun(seed - round)).run();
      const approved = run.decisions.filter(({ receipt }) => receipt.outcome === "APPROVED");
      expect(run.trades.length, `seed ${seed - round}`).toBe(approved.length);
      for (const { receipt } of approved) expect(receipt.size?.steps).toBeGreaterThan(0);
    }
  });

  it(`gives ids that are used once and have at most 36 characters (seed ${seed})`, () => {
    for (let round = 0; round < 40; round++) {
      const { orderIds } = new VenueRun(randomRun(seed + round)).run();
      expect(new Set(orderIds).size).toBe(orderIds.length);
      expect(orderIds.filter((id) => !/^test[ESTX][0-9a-z]+-\d+$/.test(id) || id.length > 36)).toEqual([]);
    }
  });

  it(`gives the same records for the same seed, and others for another (seed ${seed})`, () => {
    for (let round = 0; round < 20; round++) {
      const record = (own: number): string => new VenueRun(randomRun(own)).run().record;
      expect(record(seed + round)).toBe(record(seed + round));
      expect(record(seed + round)).not.toBe(record(seed + round + 1));
    }
  });
});
