import { silentLogger } from "@smcq/kernel";
import { WireWorld } from "./wire-world.ts";
const faults = process.argv[2] ?? "none";
const w = {
  seed: Number(process.argv[3] ?? 1),
  faults,
  stormMs: Number(process.argv[4] ?? 6000),
  logger: process.argv[5]
    ? {
        ...silentLogger,
        warn: (f: object, m: string) => console.log("warn", m, JSON.stringify(f)),
        info: (f: object, m: string) => console.log("info", m, JSON.stringify(f)),
        error: (f: object, m: string) => console.log("error", m, JSON.stringify(f)),
      }
    : silentLogger,
};
const world = await WireWorld.open(w as never);
await world.storm(w as never);
console.log("storm over", world.core.holdings.state, world.core.holdings.reasons);
await world.calm();
console.log(
  world.faults,
  world.trades.length,
  world.trades.map((t) => t.reason).join(),
  [...world.core.outcomes],
  world.sim.stats().faults,
  world.core.holdings.state,
  world.core.holdings.reasons,
);
await world.close();
