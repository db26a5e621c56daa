import { silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { outliveOnTheWire } from "../wire/wire-world.ts";

/** What goes wrong on the wire, each by itself: a title for people, and the venue's knobs for it. Times are the venue's. */
const WEATHERS: readonly (readonly [title: string, faults: string])[] = [
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
  ["EX11 conditional orders have moved to another path", "EX11=0.3"],
  ["EX12 no conditional order is taken any more", "EX12=0.3"],
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
  ["NW01, NW02 sockets are closed, and reset when they come again", "NW01=0.5,NW02=20s"],
  ["NW03 a connection is half-open", "NW03=0.5:30s"],
  ["NW06 answers are slow", "NW06=300ms:700ms"],
  ["NW08 REST is dead, the stream lives", "NW08=30s:10s"],
  ["NW09 the stream is dead, REST lives", "NW09=30s:10s"],
  ["NW10 everything is dead", "NW10=20s:20s"],
  ["NW11 connections are cut one by one", "NW11=20s:2s"],
  ["NW12 all connections are reset at once", "NW12=20s"],
];
const STORM_MS = 5_000;

describe("the engine's order side on real sockets, each fault by itself", () => {
  it.concurrent.each(WEATHERS)("on the wire: %s", async (_, faults) => {
    const { faults: found } = await outliveOnTheWire({
      seed: 1,
      faults,
      stormMs: STORM_MS,
      logger: silentLogger,
    });
    expect(found).toEqual([]);
  });
});
