import { type MischiefSettings, NO_MISCHIEF } from "@smcq/exchange-sim";
import { errorMessage } from "@smcq/kernel";
import { DetectedMarket } from "./detected-market.ts";
import type { DiskFaults } from "./disk.ts";
import { type Others, SETTLE_S, World } from "./world.ts";

/** Everything at once. */
export const STORM: MischiefSettings = {
  doneUntold: 0.05,
  neverArrived: 0.05,
  late: 0.05,
  refused: 0.05,
  hiddenStop: 0.03,
  slowReply: 0.2,
  doubled: 0.2,
  overtaken: 0.1,
  wordLost: 0.05,
  badAnswer: 0.15,
};

export const BUSY_OTHERS: Others = {
  closes: 0.0008,
  deleverages: 0.0003,
  opens: 0.0003,
  transfers: 0.0005,
  funds: 0.0005,
  cancelsStops: 0.0005,
  setsLeverage: 0.0005,
  cutsStream: 0.001,
  kills: 0.0005,
  changesFeeAsset: 0.002,
  locks: 0.0005,
};

export const BAD_DISK: DiskFaults = { slow: 0.002, refused: 0.01, gone: 0.001 };

/** While faults strike, and how long the world then has to come to rest, virtual seconds. */
export const STORM_S = 600;
const CALM_S = 90;
const DOUBT = "REDUCING: account-doubtful";

const RECONCILE_MS = 30_000;

export interface Weather {
  readonly seed: number;
  readonly mischief: MischiefSettings;
  readonly others: Others;
  /** How often the account is looked at while nothing is in doubt, virtual ms; absent: as the settings have it. */
  readonly reconcileMs?: number;
  /** Absent: sound. */
  readonly disk?: DiskFaults;
  /** Names of the only strikes that may happen; absent: whatever chance wants. */
  readonly only?: readonly string[];
  /** How long the storm lasts, virtual seconds; absent: `STORM_S`. */
  readonly stormS?: number;
}

/** What one world came to. */
export interface Outlived {
  readonly seed: number;
  /** What did not hold, with the seed before it; empty when all is well. */
  readonly faults: readonly string[];
  readonly trades: number;
  readonly reasons: readonly string[];
  /** Everything the core said, a line each. */
  readonly record: string;
  /** Names of what went wrong, in order. */
  readonly strikes: readonly string[];
  readonly world: World;
}

/** A storm, then calm, then everything is left: what must hold at each of these points. */
export function outlive(weather: Weather): Outlived {
  const { seed, stormS = STORM_S } = weather;
  return endured(new World({ ...weather, isStrictReduceOnly: seed % 5 === 0 }), seed, stormS);
}

/** The same over real bars, in which the detector itself finds the setups, for so many virtual seconds. */
export async function outliveDetected(weather: Weather, symbols: number, stormS: number): Promise<Outlived> {
  const { seed } = weather;
  // The detector stays with the process that it began with.
  const others = { ...weather.others, kills: 0 };
  const world = new World({ ...weather, others, detected: new DetectedMarket(seed, symbols) });
  await world.watch();
  return endured(world, seed, stormS);
}

function endured(world: World, seed: number, stormS: number): Outlived {
  const found: string[] = [];
  try {
    found.push(...lived(world, stormS));
  } catch (error) {
    found.push(`the core stops: ${errorMessage(error)}`);
  }
  return {
    seed,
    faults: found.map((text) => `seed ${seed}: ${text}`),
    trades: world.trades.length,
    reasons: world.trades.map(({ reason }) => reason),
    record: world.record,
    strikes: world.strikes.happened,
    world,
  };
}

function lived(world: World, stormS: number): readonly string[] {
  world.seconds(stormS);
  world.calm();
  world.seconds(CALM_S - SETTLE_S);
  world.settle();
  // What an account is in doubt for has a reason, and an end with the position it is about.
  const found = world.differences().filter((text) => text !== DOUBT);
  world.say("flatten");
  world.seconds(CALM_S - SETTLE_S);
  world.settle();
  const atTheEnd = world.differences().map((text) => `at the end: ${text}`);
  return [...found, ...world.faults, ...atTheEnd, ...world.left(), ...world.unkept()];
}

/** The storm of a campaign's seed: in every second one no word of the stream is lost, which allows for stricter limits. */
export function stormOf(seed: number): Weather {
  const strange = { seed, others: BUSY_OTHERS, disk: BAD_DISK };
  if (seed % 2 === 0) return { ...strange, mischief: { ...STORM, wordLost: 0 } };
  // Where words of a living stream get lost, nothing tells of them but looking.
  return { ...strange, mischief: STORM, reconcileMs: RECONCILE_MS };
}

/** One fault by itself. */
export function only(fault: Partial<MischiefSettings>): MischiefSettings {
  return { ...NO_MISCHIEF, ...fault };
}
