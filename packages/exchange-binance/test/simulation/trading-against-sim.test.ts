import type { OrderRequest, Outcome } from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { GatewayTrial } from "@smcq/exchange/testing";
import { Rng } from "@smcq/kernel";
import { expect, it } from "vitest";
import { seed } from "../support/seed.ts";
import { openTradingBench } from "../support/trading-bench.ts";
import { tradingHarness } from "../support/trading-harness.ts";

/** Faults of single orders and words; none that stops everything for minutes. */
const FAULTS =
  "EX01=0.05,EX02=0.05,EX03=0.05,EX04=0.2:99:30ms,EX05=0.2,EX06=0.1,EX07=0.1,EX08=0.05,EX09=0.1,EX13=0.05," +
  "EX14=0.05,EX15=0.05,EX17=0.05,EX22=0.05,EX24=0.2";
const STEPS = 120;

/** A random step of somebody who trades; what it sends is counted by what became of it. */
class Campaign {
  readonly trial: GatewayTrial;
  readonly outcomes = new Map<string, Outcome[]>();
  readonly #rng: Rng;
  readonly #sent: OrderRequest[] = [];

  constructor(trial: GatewayTrial, rng: Rng) {
    this.trial = trial;
    this.#rng = rng;
  }

  async step(): Promise<void> {
    const rng = this.#rng;
    const { trial } = this;
    const { gateway } = trial.harness;
    const side = rng.chance(0.5) ? 1 : -1;
    const steps = trial.steps() * (1 + rng.int(3));
    const choice = rng.int(10);
    if (choice < 3) this.#submit(trial.market(side, steps));
    else if (choice < 4) this.#submit(trial.market(side, steps, { isReduceOnly: true }));
    else if (choice < 6) this.#submit(trial.limit(side, steps, -side * rng.int(30)));
    else if (choice < 7) this.#submit(trial.stop(side, steps, side * (1 + rng.int(30))));
    else if (choice < 8) {
      const order = this.#sent[rng.int(this.#sent.length + 1)];
      if (order === undefined) return;
      const { symbolId, clientOrderId, type } = order;
      gateway.cancel({ symbolId, clientOrderId, isAlgo: type === "stop-market" }, () => {});
    } else await trial.move(rng.int(41) - 20);
  }

  #submit(order: OrderRequest): void {
    this.trial.record.expect(order);
    this.#sent.push(order);
    const outcomes: Outcome[] = [];
    this.outcomes.set(order.clientOrderId, outcomes);
    this.trial.harness.gateway.submit(approve(order), (outcome) => outcomes.push(outcome));
  }
}

it.each([seed, seed + 1, seed + 2])(
  "what is told, and what is answered, agree to the last unit after a hundred random orders and faults (seed %d)",
  async (from) => {
    const bench = await openTradingBench("ed25519", { seed: from });
    try {
      const trial = new GatewayTrial(tradingHarness(bench));
      const campaign = new Campaign(trial, new Rng(from));
      bench.sim.setFaults(FAULTS);
      for (let step = 0; step < STEPS; step++) await campaign.step();
      bench.sim.setFaults("none");
      await bench.settle();
      await trial.assertAgrees();
      expect(trial.record.faults).toEqual([]);
      const ended = [...campaign.outcomes];
      expect(ended.filter(([, outcomes]) => outcomes.length !== 1)).toEqual([]);
      const refused = ended.filter(([, [outcome]]) => outcome?.type === "refused");
      expect(refused.filter(([id]) => trial.record.statusOf(id) !== null)).toEqual([]);
      const types = new Set(ended.map(([, [outcome]]) => outcome?.type));
      expect(types).toEqual(new Set(["acked", "refused", "unknown"]));
    } finally {
      await bench.dispose();
    }
  },
);
