import type { Calibration } from "../lib/calibration.ts";
import type { BenchOptions } from "../lib/options.ts";
import { distributionOf, type PartRecorder } from "../lib/results.ts";
import { mean, median } from "../lib/statistics.ts";
import { short } from "../report/table.ts";
import { type ContenderRun, recordScenario, runScenario, type ScenarioOptions } from "./scenario.ts";
import type { Burst, SessionSetting } from "./session.ts";
import { recordStages } from "./stages.ts";

const SIZES = [50, 300, 600, 1_200, 3_000] as const;
const SHARDS = [1, 2, 4, 8] as const;
/** Symbols of a connection: the product's default, and what docs/performance.md section 1 was measured with. */
const SYMBOLS_PER_CONNECTION = 50;

/** What the threads of the engine's process are, by the names that Node gives them. */
const THREAD_WORDS: Readonly<Record<string, string>> = {
  MainThread: "the coordinator",
  WorkerThread: "shards and scan threads",
  V8Worker: "V8's helpers (garbage, compilation)",
};

/** Closes before measuring: the optimiser is done with the hot path by then. */
const WARM_CLOSES = 36_000;
const WARM_BURSTS_MIN = 20;

/** A contender's setting by what differs. */
export function setting(
  differs: Partial<SessionSetting> & Pick<SessionSetting, "name" | "symbols">,
): SessionSetting {
  return {
    path: "own",
    shards: 2,
    compute: "pool",
    scanThreads: 2,
    symbolsPerConnection: SYMBOLS_PER_CONNECTION,
    tickMs: 5,
    ...differs,
  };
}

interface Extent extends Pick<ScenarioOptions, "rounds" | "burstsPerRound" | "warmMessages"> {
  readonly warmBurstsMax: number;
}

/** Closes, bursts and truth of all scenarios together. */
class Truth {
  closes = 0;
  lost = 0;
  doubled = 0;
  different = 0;

  add({ truth, setting: { path } }: ContenderRun): void {
    if (path !== "own") return;
    this.closes += truth.closes;
    this.lost += truth.lost;
    this.doubled += truth.doubled;
    this.different += truth.different;
  }
}

function placeRow({
  setting: { symbols, shards, compute },
  idle,
  loaded,
}: ContenderRun): (string | number)[] {
  const spread = (bursts: readonly Burst[], pick: (burst: Burst) => number): string => {
    const sample = bursts.map(pick);
    return `${short(median(sample))} (${short(Math.max(...sample))})`;
  };
  const calm = idle.flat();
  const busy = loaded.flat();
  return [
    symbols,
    shards,
    compute,
    spread(calm, ({ burstMs }) => burstMs),
    spread(busy, ({ burstMs }) => burstMs),
    spread(calm, ({ ownMs }) => ownMs),
    spread(busy, ({ ownMs }) => ownMs),
    mean(calm.map(({ cpuUsPerClose }) => cpuUsPerClose)),
    median(calm.map(({ writeMs }) => writeMs)),
  ];
}

class PipelineBench {
  readonly #calibration: Calibration;
  readonly #recorder: PartRecorder;
  readonly #truth = new Truth();

  constructor(calibration: Calibration, recorder: PartRecorder) {
    this.#calibration = calibration;
    this.#recorder = recorder;
  }

  async run(
    title: string,
    contenders: readonly SessionSetting[],
    extent: Extent,
  ): Promise<readonly ContenderRun[]> {
    console.error(`pipeline: ${title}`);
    const fewest = Math.min(...contenders.map(({ symbols }) => symbols));
    const warmBursts = Math.min(
      extent.warmBurstsMax,
      Math.max(WARM_BURSTS_MIN, Math.ceil(WARM_CLOSES / fewest)),
    );
    const runs = await runScenario({ contenders, calibration: this.#calibration, warmBursts, ...extent });
    for (const run of runs) this.#truth.add(run);
    return runs;
  }

  /** Runs contenders and writes their comparisons. */
  async compare(
    id: string,
    title: string,
    contenders: readonly SessionSetting[],
    extent: Extent,
  ): Promise<readonly ContenderRun[]> {
    const runs = await this.run(title, contenders, extent);
    recordScenario(this.#recorder, { id, title }, runs);
    return runs;
  }

  /** Every size with every number of shards, pool and shard paired: one row each. */
  async places(extent: Extent): Promise<void> {
    const rows: (readonly (string | number)[])[] = [];
    for (const symbols of SIZES)
      for (const shards of SHARDS) {
        const place = { symbols, shards };
        const contenders = (["pool", "shard"] as const).map((compute) =>
          setting({ ...place, name: compute, compute }),
        );
        const runs = await this.run(
          `${symbols} symbols, ${shards} shards, pool and shard`,
          contenders,
          extent,
        );
        rows.push(...runs.map(placeRow));
      }
    this.#recorder.table({
      title: "Sizes and shards: medians over all bursts, ms (worst in brackets), and CPU a close, us",
      columns: [
        "symbols",
        "shards",
        "compute",
        "burst",
        "burst, load",
        "own time",
        "own, load",
        "CPU",
        "writes",
      ],
      rows,
    });
  }

  /** The product against its rivals, with the distributions of every stage. */
  async rivals(symbols: number, shards: number, extent: Extent): Promise<void> {
    const names = { symbols, shards };
    const title = `${symbols} symbols, ${shards} shards`;
    const id = `rivals-${symbols}-${shards}`;
    const runs = await this.compare(
      id,
      title,
      [
        setting({ ...names, name: "naive: JSON.parse, objects, stateless rescan of 100", path: "naive" }),
        setting({ ...names, name: "rescan: JSON.parse, typed rescan of 100", path: "rescan" }),
        setting({ ...names, name: "own, pool" }),
        setting({ ...names, name: "own, pool, again (A/A)" }),
        setting({ ...names, name: "own, compute in the shard", compute: "shard" }),
      ],
      extent,
    );
    const own = runs[2];
    if (own === undefined) return;
    const bursts = own.idle.flat();
    recordStages(this.#recorder, `${title}, pool, idle`, bursts);
    this.#recordBursts(id, `${title}, pool`, own);
    this.#recordSame(id, title, runs);
    this.#recordThreads(id, title, bursts);
    this.#recorder.figure({
      id: `${id}-write`,
      title: `${title}: the venue's own writes of a burst, median`,
      unit: "ms",
      value: median(bursts.map(({ writeMs }) => writeMs)),
    });
  }

  #recordBursts(id: string, title: string, run: ContenderRun): void {
    const naming = { group: `${title}: bursts`, unit: "ms" };
    const idle = run.idle.flat();
    const loaded = run.loaded.flat();
    for (const [suffix, text, sample] of [
      ["burst", "burst, idle", idle.map(({ burstMs }) => burstMs)],
      ["burst-load", "burst, under load", loaded.map(({ burstMs }) => burstMs)],
      ["own", "own time, idle", idle.map(({ ownMs }) => ownMs)],
      ["own-load", "own time, under load", loaded.map(({ ownMs }) => ownMs)],
    ] as const)
      this.#recorder.distribution(
        distributionOf(sample, { ...naming, id: `${id}-${suffix}-all`, title: text }),
      );
  }

  /** Which threads the CPU time of a close goes to. */
  #recordThreads(id: string, title: string, bursts: readonly Burst[]): void {
    for (const name of bursts[0]?.cpuUsByThread.keys() ?? []) {
      const value = mean(bursts.map((burst) => burst.cpuUsByThread.get(name) ?? 0));
      if (value < 0.01) continue;
      this.#recorder.figure({
        id: `${id}-cpu-${name}`,
        title: `${title}, pool: CPU a close of ${THREAD_WORDS[name] ?? name}`,
        unit: "us",
        value,
      });
    }
  }

  /** The product against itself: what the protocol's own noise is. */
  #recordSame(id: string, title: string, runs: readonly ContenderRun[]): void {
    const [first, second] = [runs[2], runs[3]];
    if (first === undefined || second === undefined) return;
    const ratio = (cost: (run: ContenderRun, round: number) => number): number =>
      median(first.idle.map((_, round) => cost(second, round) / cost(first, round)));
    this.#recorder.figure({
      id: `${id}-same-cpu`,
      title: `${title}: A/A, CPU a close`,
      unit: "(0.9..1.1)",
      value: ratio((run, round) => mean((run.idle[round] ?? []).map(({ cpuUsPerClose }) => cpuUsPerClose))),
    });
    this.#recorder.figure({
      id: `${id}-same-burst`,
      title: `${title}: A/A, burst`,
      unit: "(0.9..1.1)",
      value: ratio((run, round) => median((run.idle[round] ?? []).map(({ burstMs }) => burstMs))),
    });
  }

  recordTruth(): void {
    const { closes, lost, doubled, different } = this.#truth;
    this.#recorder.check({
      id: "closes-counted",
      title: "Every close raised one signal, none lost, none doubled",
      isHeld: closes > 0 && lost === 0 && doubled === 0,
      detail: `${closes} closes, ${lost} lost, ${doubled} doubled`,
    });
    this.#recorder.check({
      id: "scores-equal",
      title: "Side, score and all features equal the one-thread reference bit for bit",
      isHeld: different === 0,
      detail: `${closes} closes, ${different} different`,
    });
  }
}

/** The whole way from the venue's frame to the coordinator's signal (docs/performance.md G1, G1b, G1c, G2, G5, G9). */
export async function runPipeline(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const bench = new PipelineBench(calibration, recorder);
  if (options.isQuick) {
    await bench.rivals(300, 2, { rounds: 3, burstsPerRound: 5, warmBurstsMax: 40, warmMessages: 20_000 });
  } else {
    const full = { rounds: 7, burstsPerRound: 16, warmBurstsMax: 100, warmMessages: 100_000 };
    const brief = { rounds: 5, burstsPerRound: 6, warmBurstsMax: 100, warmMessages: 100_000 };
    for (const shards of [2, 8]) await bench.rivals(600, shards, full);
    await runGrowth(bench, full);
    await runWrites(bench, brief);
    await bench.places(brief);
  }
  bench.recordTruth();
  recorder.note(
    "The venue runs in a process of its own on the same machine, frames encoded beforehand, one write a connection and burst unless said; 50 symbols a connection; steady updates one write a frame, in groups every 5 ms.",
  );
}

/** Ten times the symbols (docs/performance.md G5). */
async function runGrowth(bench: PipelineBench, extent: Extent): Promise<void> {
  const contenders = [300, 3_000].map((symbols) => setting({ name: `${symbols} symbols`, symbols }));
  await bench.compare("growth", "Ten times the symbols, 2 shards, pool", contenders, {
    ...extent,
    burstsPerRound: 8,
  });
}

/** What the granularity of the venue's writes does (docs/performance.md section 5, point 7). */
async function runWrites(bench: PipelineBench, extent: Extent): Promise<void> {
  const contenders = [
    setting({ name: "one write a connection", symbols: 600 }),
    setting({ name: "one write a frame", symbols: 600, isFramePerWrite: true }),
  ];
  await bench.compare(
    "writes",
    "Granularity of the venue's writes, 600 symbols, 2 shards",
    contenders,
    extent,
  );
}
