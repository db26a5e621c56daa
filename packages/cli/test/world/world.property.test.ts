import { NO_MISCHIEF } from "@smcq/exchange-sim";
import { describe, expect, it } from "vitest";
import { SOUND_DISK } from "./disk.ts";
import { temporaryDataDir } from "../support/recorded-ledger.ts";
import { disproven } from "./proof.ts";
import { campaign } from "./shrink.ts";
import { only, outlive, outliveDetected, stormOf } from "./storm.ts";
import { NOBODY } from "./world.ts";

const SEEDS = 6;
const SEEDS_EACH = 1;
/** Storms that once left something wrong behind. */
const PROVEN = [100, 101, 102, 103, 104, 105];
/** A storm over real bars: symbols, and virtual seconds. */
const DETECTED_SYMBOLS = 24;
const DETECTED_S = 1_200;
const MENDED = [86, 163, 197, 2015, 2799];

describe("a world in virtual time", () => {
  it(`outlives ${SEEDS} storms: no order twice, no position bare, no cent lost`, () => {
    const reasons = new Set<string>();
    const faults = campaign(0, SEEDS, (outlived) => {
      for (const reason of outlived.reasons) reasons.add(reason);
      return [];
    });
    expect(faults).toEqual([]);
    expect([...reasons].sort()).toEqual(["adl", "external", "operator", "stop", "target", "unguarded"]);
  });

  it.each(PROVEN)("proves storm %i from its journal: chain, tables, replay, every fill and cent", (seed) => {
    const storm = stormOf(seed);
    // Of one process: a run's journal replays from its beginning.
    const { world, faults } = outlive({ ...storm, others: { ...storm.others, kills: 0 } });
    expect([...faults, ...disproven(world, temporaryDataDir())]).toEqual([]);
  });

  it("outlives a storm over real bars whose setups an inline cluster finds", async () => {
    const { world, faults, trades } = await outliveDetected(stormOf(1), DETECTED_SYMBOLS, DETECTED_S);
    expect([...faults, ...disproven(world, temporaryDataDir())]).toEqual([]);
    expect(trades).toBeGreaterThan(3);
  });

  it.each(MENDED)("outlives storm %i, which was too much once", (seed) => {
    expect(outlive(stormOf(seed)).faults).toEqual([]);
  });

  it("is the same world under the same seed, and another one under another", () => {
    const first = outlive(stormOf(3)).record;
    expect(outlive(stormOf(3)).record).toBe(first);
    expect(outlive(stormOf(5)).record).not.toBe(first);
  });

  it("trades by its plan where nothing goes wrong", () => {
    const calm = [0, 1, 2, 3].map((seed) => outlive({ seed, mischief: NO_MISCHIEF, others: NOBODY }));
    expect(calm.flatMap(({ faults }) => faults)).toEqual([]);
    // A jump beyond the stop before it could be placed is no fault.
    const reasons = new Set(calm.flatMap((one) => one.reasons));
    expect([...reasons]).toEqual(expect.arrayContaining(["stop", "target"]));
  });

  it.each([
    ["EX01, EX03 done, and nobody says so", { doneUntold: 0.2 }],
    ["EX02 never arrived", { neverArrived: 0.2 }],
    ["NW06 carried out late", { late: 0.2 }],
    ["EX17, EX21, EX22 refused", { refused: 0.2 }],
    ["EX29 a stop that is acked is not to be seen", { hiddenStop: 0.2 }],
    ["EX04 the reply comes after the stream", { slowReply: 0.7 }],
    ["EX05, NW07 a word comes twice", { doubled: 0.7 }],
    ["AC12 words overtake each other", { overtaken: 0.5 }],
    ["AC07, EX37 a word never comes", { wordLost: 0.2 }],
    ["AC15, NW08, PR11 an answer fails, or says less than is so", { badAnswer: 0.4 }],
  ] as const)("outlives one fault alone: %s", (_, fault) => {
    for (let seed = 0; seed < SEEDS_EACH; seed++)
      expect(outlive({ seed, mischief: only(fault), others: NOBODY }).faults).toEqual([]);
  });

  it.each([
    ["DK05 the disk is slow", { slow: 0.05 }],
    ["DK01, DK02 the disk refuses", { refused: 0.1 }],
    ["PR02 the ledger's thread dies", { gone: 0.02 }],
  ] as const)("outlives a bad disk alone: %s", (_, faults) => {
    const disk = { ...SOUND_DISK, ...faults };
    for (let seed = 0; seed < SEEDS_EACH; seed++)
      expect(outlive({ seed, mischief: NO_MISCHIEF, others: NOBODY, disk }).faults).toEqual([]);
  });

  it.each([
    ["AC03, AC13 a person closes", { closes: 0.004 }],
    ["AC01 the venue deleverages", { deleverages: 0.003 }],
    ["AC03 a person opens", { opens: 0.003 }],
    ["AC04 money comes and goes", { transfers: 0.005 }],
    ["AC08 funding is paid", { funds: 0.005 }],
    ["EX10 a person takes stops off", { cancelsStops: 0.003 }],
    ["AC05 a person sets another leverage", { setsLeverage: 0.003 }],
    ["AC09 commissions are taken in another asset now and then", { changesFeeAsset: 0.02 }],
    ["EX28 the venue locks the account or a symbol", { locks: 0.003 }],
    ["NW09 the stream is cut", { cutsStream: 0.005 }],
    ["PR01, PR09, PR10 the process is killed and starts again", { kills: 0.004 }],
  ] as const)("outlives others in the account alone: %s", (_, deed) => {
    for (let seed = 0; seed < SEEDS_EACH; seed++)
      expect(outlive({ seed, mischief: NO_MISCHIEF, others: { ...NOBODY, ...deed } }).faults).toEqual([]);
  });
});
