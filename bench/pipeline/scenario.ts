import { SystemClock } from "@smcq/kernel";
import type { Calibration } from "../lib/calibration.ts";
import { comparisonOf } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import { mean, median } from "../lib/statistics.ts";
import { type Burst, Session, type SessionSetting } from "./session.ts";

const clock = new SystemClock();

/** Updates a symbol and second of the load that a burst comes on top of. */
export const LOAD_PER_SYMBOL = 4;
/** Wall ms from the start of the load to the first burst. */
const LOAD_LEAD_MS = 150;
const WARM_RATE = 25_000;
/** Rounds that the machine spoilt are measured again at most so often. */
const TRIES_MAX = 3;

export interface ScenarioOptions {
  /** Each has a venue and an engine of its own, alive during all rounds; the first is the baseline. */
  readonly contenders: readonly SessionSetting[];
  readonly rounds: number;
  readonly burstsPerRound: number;
  readonly warmBursts: number;
  readonly warmMessages: number;
  readonly calibration: Calibration;
}

/** Bursts of one contender: idle, and on top of the steady load; round by round. */
export interface ContenderRun {
  readonly setting: SessionSetting;
  readonly idle: readonly (readonly Burst[])[];
  readonly loaded: readonly (readonly Burst[])[];
  /** Warm bursts included. */
  readonly truth: {
    readonly closes: number;
    readonly lost: number;
    readonly doubled: number;
    readonly different: number;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

class Runner {
  readonly session: Session;
  readonly idle: Burst[][] = [];
  readonly loaded: Burst[][] = [];
  readonly truth = { closes: 0, lost: 0, doubled: 0, different: 0 };

  constructor(session: Session) {
    this.session = session;
  }

  async bursts(count: number): Promise<Burst[]> {
    const bursts: Burst[] = [];
    for (let index = 0; index < count; index++) {
      const burst = await this.session.burst();
      this.truth.closes += burst.closes;
      this.truth.lost += burst.truth?.lost ?? Math.max(0, burst.closes - burst.rows.count);
      this.truth.doubled += burst.truth?.doubled ?? Math.max(0, burst.rows.count - burst.closes);
      this.truth.different += burst.truth?.different ?? 0;
      bursts.push(burst);
    }
    return bursts;
  }

  async loadedBursts(count: number): Promise<Burst[]> {
    const { venue, setting } = this.session;
    await venue.steady(LOAD_PER_SYMBOL * setting.symbols);
    await pause(LOAD_LEAD_MS);
    const bursts = await this.bursts(count);
    await venue.steady(0);
    return bursts;
  }

  async warm(bursts: number, messages: number): Promise<void> {
    const { venue } = this.session;
    const before = (await this.session.counters()).messages;
    await venue.steady(WARM_RATE);
    const deadlineNs = clock.monoNs() + ((4 * messages) / WARM_RATE) * 1e9;
    while ((await this.session.counters()).messages - before < messages && clock.monoNs() < deadlineNs)
      await pause(100);
    await venue.steady(0);
    await this.bursts(bursts);
  }
}

/** Measures contenders in turn, round by round, idle and under load. */
export async function runScenario(options: ScenarioOptions): Promise<readonly ContenderRun[]> {
  const runners: Runner[] = [];
  try {
    for (const setting of options.contenders) runners.push(new Runner(await Session.open(setting)));
    for (const runner of runners) await runner.warm(options.warmBursts, options.warmMessages);
    for (let round = 0; round < options.rounds; round++) await runRound(runners, round, options);
  } finally {
    await Promise.all(runners.map((runner) => runner.session.close()));
  }
  return runners.map(({ session, idle, loaded, truth }) => ({
    setting: session.setting,
    idle,
    loaded,
    truth,
  }));
}

async function runRound(runners: readonly Runner[], round: number, options: ScenarioOptions): Promise<void> {
  const inTurn = runners.map((_, turn) => runners[(turn + round) % runners.length] as Runner);
  const measured = await options.calibration.around(async () => {
    const found = new Map<Runner, { idle: Burst[]; loaded: Burst[] }>();
    for (const runner of inTurn)
      found.set(runner, { idle: await runner.bursts(options.burstsPerRound), loaded: [] });
    for (const runner of inTurn)
      found.get(runner)?.loaded.push(...(await runner.loadedBursts(options.burstsPerRound)));
    return found;
  }, TRIES_MAX);
  for (const [runner, { idle, loaded }] of measured) {
    runner.idle.push(idle);
    runner.loaded.push(loaded);
  }
}

/** Writes a scenario's comparisons: burst idle and loaded, own time, CPU a close. */
export function recordScenario(
  recorder: PartRecorder,
  naming: { readonly id: string; readonly title: string },
  runs: readonly ContenderRun[],
): void {
  const compare = (id: string, title: string, unit: string, cost: (run: ContenderRun) => number[]): void =>
    recorder.compare(
      comparisonOf({
        id: `${naming.id}-${id}`,
        title: `${naming.title}: ${title}`,
        unit,
        sameAgainstSame: Number.NaN,
        costs: runs.map((run) => ({ name: run.setting.name, rounds: cost(run) })),
      }),
    );
  const each = (rounds: readonly (readonly Burst[])[], pick: (burst: Burst) => number): number[] =>
    rounds.map((bursts) => median(bursts.map(pick)));
  compare("burst", "burst, idle", "ms", (run) => each(run.idle, ({ burstMs }) => burstMs));
  compare("burst-load", `burst on top of ${LOAD_PER_SYMBOL} updates/s a symbol`, "ms", (run) =>
    each(run.loaded, ({ burstMs }) => burstMs),
  );
  compare("own", "last closing frame read to last signal, idle", "ms", (run) =>
    each(run.idle, ({ ownMs }) => ownMs),
  );
  compare("cpu", "CPU of the engine's process a close, idle", "us", (run) =>
    run.idle.map((bursts) => mean(bursts.map(({ cpuUsPerClose }) => cpuUsPerClose))),
  );
}
