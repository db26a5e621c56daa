import { expect } from "vitest";
import { parseFaults } from "@smcq/exchange-sim";
import { silentLogger } from "@smcq/kernel";
import { outliveOnTheWire, type WireWeather } from "./wire-world.ts";

/** Symbols whose ticks are 1e-7. */
const TINY = [
  "1000SATSUSDT",
  "1MBABYDOGEUSDT",
  "LEVERUSDT",
  "SPELLUSDT",
  "1000PEPEUSDT",
  "DOGSUSDT",
] as const;
/** Of the venue's time: more than the receive window, which the simulated venue stretches by its speed. */
export const CLOCK_STEP_MS = 90_000;

/** Twice the time between two looks at positions and orders: what no word tells is found by then. */
const CHECK_MS = 60_000;

/** Ahead of a delivery: less than positions are left before it. */
const DELIVERY_MS = 100 * 60_000;

/** A title, which begins with the faults, the venue's knobs for it, and what else is so in the world. */
export type Weather = readonly [title: string, faults: string, world?: Partial<WireWeather>];

/** What goes wrong on the wire, each by itself: a title for people, and the venue's knobs for it. Times are the venue's. Titles begin with the faults. */
export const WEATHERS: readonly Weather[] = [
  ["nothing goes wrong", "none"],
  ["EX01 an order is carried out, and nobody hears", "EX01=0.3"],
  ["EX01, NW06 an order is carried out seconds late, and nobody hears", "EX01=0.3:0:3s"],
  ["EX02 an order never arrives", "EX02=0.3"],
  ["EX03 an order is carried out, and answered with -1007", "EX03=0.3"],
  ["EX04 an order's events come before its reply", "EX04=0.5:0:2s"],
  ["EX05, AC16 the account's words come twice", "EX05=0.5"],
  ["EX06 a market order is filled in part, and its rest expires", "EX06=0.5"],
  ["EX07 a market order is filled in 20 pieces", "EX07=0.5"],
  ["EX08 a stop would fire at once", "EX08=0.3"],
  ["EX09 a stop is rejected when it fires", "EX09=0.5"],
  ["EX10 a person cancels stops", "EX10=0.5:0:2s"],
  ["EX11 conditional orders have moved to another path", "EX11=0.7"],
  ["EX12 no conditional order is taken any more", "EX12=0.7"],
  ["EX13 an order that only reduces is refused", "EX13=0.3"],
  ["EX14 a market order finds no price inside its band", "EX14=0.5"],
  ["EX15 filters have changed", "EX15=0.3"],
  ["EX17 the margin is not enough", "EX17=0.5"],
  ["EX19 calls meet 429", "EX19=0.05"],
  ["EX20 the address is banned", "EX20=20s:20s"],
  ["EX21 an order is one too many", "EX21=0.3"],
  ["EX22 503, unknown and carried out", "EX22=0.3:0:1"],
  ["EX22 503, unknown and not carried out", "EX22=0.3:0:2"],
  ["EX22 503, the service is unavailable", "EX22=0.3:0:3"],
  ["EX22 503, an internal error", "EX22=0.3:0:4"],
  ["EX23 the venue is overloaded", "EX23=0.5"],
  ["EX24 an order is filled while it is being cancelled", "EX24=0.5"],
  ["EX27 order entry is paused", "EX27=20s:20s"],
  ["EX28 the venue's indicators are locked", "EX28=20s:20s"],
  ["EX29 an acked order is not found for a while", "EX29=0.5:0:3s"],
  ["EX30 nobody tells of a stop's outcome", "EX30=0.4"],
  ["EX31 no stop can be placed", "EX31=15s:40s"],
  ["EX32 the venue cancels stops", "EX32=0.5:0:5s:1"],
  ["EX32 the venue cancels stops without a word", "EX32=0.5:0:5s:2", { unseenMs: CHECK_MS }],
  ["EX33 no room beside a target, and the stop is rejected when it fires", "EX33=15s:20s"],
  ["EX34 the market order of an exit is filled in part", "EX34=0.5:0:1"],
  ["EX34 the market order of an exit is refused", "EX34=0.5:0:2"],
  ["EX36 a market order meets a person's order", "EX36=0.4"],
  ["EX37 the words of a stop that fires come in any order, twice or never", "EX37=10s:15s"],
  ["EX38 an order that was filled is told as expired", "EX38=0.2:0:20s"],
  ["EX39 the largest quantity of a market order falls below a position", "EX39=15s:20s"],
  ["EX40 the smallest ticks of the venue", "none", { names: TINY }],
  ["EX41 no stop with a quantity is taken", "EX41=0.5"],
  ["EX41 no form of a stop is taken", "EX41=0.3:0:1"],
  ["EX42, EX07 orders in 20 pieces, at 60 orders in 10 s", "EX42=0.7:0:60"],
  ["EX43 a leverage is set, and nobody tells", "EX43=0.7:0:1"],
  ["EX43 a leverage is not set, and nobody tells", "EX43=0.7:0:2"],
  ["EX43 a leverage is refused", "EX43=0.7:0:3"],
  ["EX43 another leverage is set", "EX43=0.7:0:4"],
  ["AC01 the venue deleverages", "AC01=15s:20s"],
  ["AC02 the venue liquidates", "AC02=20s:60s"],
  ["AC03, AC13 a person sells a part", "AC03=15s:20s"],
  ["AC04 money comes and goes", "AC04=15s:20s"],
  ["AC05 a person sets another leverage", "AC05=15s:20s:7"],
  ["AC06 hedge mode is switched on", "AC06=40s"],
  ["AC07 the private stream's key expires", "AC07=15s:25s:0"],
  ["AC07, PR16 the private stream goes silent", "AC07=15s:1h:1"],
  ["AC08, AC17 funding is paid again and again", "AC08=15s:15s"],
  ["AC09 commissions are paid in BNB", "AC09=0.1"],
  ["AC10 the key is refused", "AC10=30s:20s"],
  ["AC11 another program orders on the account", "AC11=15s:20s"],
  ["AC12 the position comes before its order, which comes late or never", "AC12=0.5:0:1500ms"],
  ["AC13 a person closes a part, and the target is cancelled", "AC13=15s:20s"],
  ["AC14 a person drags a stop nearer", "AC14=15s:15s:1"],
  ["AC14 a person drags a stop away", "AC14=15s:15s:2"],
  ["AC14 a person's stop closes all", "AC14=15s:15s:3"],
  ["AC15 the balance reads 0", "AC15=15s:40s:10s:1"],
  ["AC15 the balance reads half", "AC15=15s:40s:10s:2"],
  ["AC15 money comes, and its row late", "AC15=15s:25s:10s:3"],
  ["AC17 funding is told after the exit", "AC17=15s:25s:90s"],
  ["AC18 target and stop fill in one second, and are readable later", "AC18=15s:25s:40s"],
  ["AC19 a position is closed and opened again in one millisecond", "AC19=15s:20s"],
  ["AC20 liquidation comes to lie inside the stop", "AC20=15s:20s", { marginType: "isolated" }],
  ["PR11, AC12 fills are readable 6 s late", "PR11=1:0:6s,AC12=0.7:0:1500ms"],
  ["PR12 positions are told late, as they were", "PR12=0.5:0:800ms"],
  ["PR13 a position of an unknown symbol", "PR13=0.5:0:1"],
  ["PR13 entry prices of 0", "PR13=0.5:0:2"],
  ["PR13 a conditional order of an unknown type", "PR13=0.5:0:3"],
  ["PR16 stream and positions are old", "PR16=20s:60s"],
  ["NW01, NW02 sockets are closed, and reset when they come again", "NW01=0.5,NW02=20s"],
  ["NW03 a connection is half-open", "NW03=0.5:30s"],
  ["NW06 answers are slow", "NW06=300ms:700ms"],
  ["NW08 REST is dead, the stream lives", "NW08=30s:10s"],
  ["NW09 the stream is dead, REST lives", "NW09=30s:10s"],
  ["NW10 everything is dead", "NW10=20s:20s"],
  ["NW11 connections are cut one by one", "NW11=20s:2s"],
  ["NW12 all connections are reset at once", "NW12=20s"],
  ["MD19 the delivery of what is held is announced", "none", { deliveryMs: DELIVERY_MS }],
  ["CL01 the machine's clock is set forward", "none", { clockStepMs: CLOCK_STEP_MS }],
  ["CL01 the machine's clock is set back", "none", { clockStepMs: -CLOCK_STEP_MS }],
];
const STORM_MS = 4_000;

/** Plays a weather, and looks whether it struck and what it broke. */
export async function outlives([, faults, world = {}]: Weather): Promise<void> {
  const { faults: found, struck } = await outliveOnTheWire({
    seed: 1,
    faults,
    stormMs: STORM_MS,
    logger: silentLogger,
    ...world,
  });
  expect(found).toEqual([]);
  // What never struck shows nothing.
  for (const id of parseFaults(faults).keys()) expect(struck[id]).toBeGreaterThan(0);
}
