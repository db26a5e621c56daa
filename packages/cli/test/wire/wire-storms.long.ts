import { parseFaults } from "@smcq/exchange-sim";
import { silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { campaignOnTheWire, SEEDS } from "./wire-world.ts";

/** Everything that chance may bring, lightly. A symbol that the venue deleverages rests for half an hour: once a storm. */
const STORM =
  "EX01=0.03,EX02=0.03,EX03=0.03,EX04=0.1,EX05=0.2,EX06=0.1,EX07=0.1,EX08=0.03,EX09=0.1,EX10=0.05,EX13=0.03,EX14=0.05,EX17=0.03," +
  "EX21=0.02,EX22=0.03,EX23=0.05,EX24=0.2,EX29=0.05:0:3s,AC01=25s:10m,AC03=35s:50s,AC04=15s:40s,AC05=45s:60s:7,AC07=50s:70s:0,AC08=30s:60s,NW06=50ms:200ms";
/** Most of a storm is waiting: so many go on at once. */
const AT_ONCE = 6;
const STORM_MS = 15_000;

it(`outlives ${SEEDS} storms on the wire, of everything at once`, async () => {
  const storm = { faults: STORM, stormMs: STORM_MS, logger: silentLogger, mayMiss: true };
  const { faults, trades, struck } = await campaignOnTheWire(AT_ONCE, (seed) => ({ seed, ...storm }));
  expect(faults).toEqual([]);
  // An engine that rightly holds back gives some faults no occasion; in all storms together each strikes.
  expect([...parseFaults(STORM).keys()].filter((id) => (struck.get(id) ?? 0) === 0)).toEqual([]);
  expect(trades).toBeGreaterThan(10 * SEEDS);
});
