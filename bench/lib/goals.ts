import type { Comparison, ContenderResult, Distribution, PartResult } from "./results.ts";

/**
 * One goal of docs/performance.md 4 against this run. `reported`: the goal's own rival (Python) is not run here, so the
 * ratio to the in-run rivals stands for itself (docs/decisions.md 34).
 */
export interface GoalLine {
  readonly id: string;
  readonly goal: string;
  readonly measured: string;
  readonly verdict: "met" | "missed" | "reported";
}

/** Finds things of a run by id; parts that were not run have none. */
class Run {
  readonly #parts: readonly PartResult[];

  constructor(parts: readonly PartResult[]) {
    this.#parts = parts;
  }

  comparison(id: RegExp | string): Comparison | undefined {
    return this.#parts.flatMap((part) => part.comparisons).find((comparison) => isId(id, comparison.id));
  }

  distribution(id: RegExp | string): Distribution | undefined {
    return this.#parts
      .flatMap((part) => part.distributions)
      .find((distribution) => isId(id, distribution.id));
  }

  figure(id: string): number | undefined {
    return this.#parts.flatMap((part) => part.figures).find((figure) => figure.id === id)?.value;
  }

  isHeld(id: string): boolean | undefined {
    return this.#parts.flatMap((part) => part.checks).find((check) => check.id === id)?.isHeld;
  }
}

const isId = (wanted: RegExp | string, id: string): boolean =>
  typeof wanted === "string" ? wanted === id : wanted.test(id);
const verdictOf = (isMet: boolean): GoalLine["verdict"] => (isMet ? "met" : "missed");
const digits = (value: number | undefined, count = 2): string => (value ?? Number.NaN).toFixed(count);

/** A contender against the two rivals of its comparison, by their medians of round-by-round ratios. */
function against(comparison: Comparison, own: ContenderResult | undefined): string {
  const rescan = comparison.contenders[1];
  const overRescan = (own?.ratio.median ?? Number.NaN) / (rescan?.ratio.median ?? Number.NaN);
  return `${digits(own?.cost.median)} ${comparison.unit} = ${digits(own?.ratio.median)} of naive, ${digits(overRescan)} of typed rescan`;
}

function burstGoals(run: Run): GoalLine[] {
  const lines: GoalLine[] = [];
  const burst2 = run.comparison(/^rivals-\d+-2-burst$/u);
  const load2 = run.comparison(/^rivals-\d+-2-burst-load$/u);
  const own2 = run.distribution(/^rivals-\d+-2-own-all$/u);
  if (burst2 !== undefined && load2 !== undefined && own2 !== undefined) {
    const { p50, p99 } = own2.quantiles;
    lines.push({
      id: "G1",
      goal: "2 shards, pool: own time p50 <= 2 ms, p99 <= 6 ms; <= 1/4 of batched Python (not run)",
      measured: `own time p50 ${digits(p50)} ms, p99 ${digits(p99)} ms; burst ${against(burst2, burst2.contenders[2])}; under load ${against(load2, load2.contenders[2])}`,
      verdict: verdictOf(p50 <= 2 && p99 <= 6),
    });
  }
  const burst8 = run.comparison(/^rivals-\d+-8-burst$/u);
  if (burst8 !== undefined)
    lines.push({
      id: "G1b",
      goal: "8 shards, pool: <= 1/3 of batched Python (not run)",
      measured: `burst ${against(burst8, burst8.contenders[2])}`,
      verdict: "reported",
    });
  if (burst2 !== undefined)
    lines.push({
      id: "G1c",
      goal: "compute in the shard: <= 1/5 of batched Python (not run)",
      measured: `burst ${against(burst2, burst2.contenders[4])}`,
      verdict: "reported",
    });
  const cpu2 = run.comparison(/^rivals-\d+-2-cpu$/u);
  if (cpu2 !== undefined)
    lines.push({
      id: "G2",
      goal: "CPU <= 5.5 us a close with 2 shards",
      measured: `pool ${against(cpu2, cpu2.contenders[2])}; in the shard ${digits(cpu2.contenders[4]?.cost.median)} us`,
      verdict: verdictOf((cpu2.contenders[2]?.cost.median ?? Infinity) <= 5.5),
    });
  return lines;
}

function steadyGoal(run: Run): GoalLine[] {
  const steady = run.comparison("steady");
  if (steady === undefined) return [];
  const [, two, one] = steady.contenders;
  return [
    {
      id: "G3",
      goal: "steady: one shard thread <= 0.75 of batched Python, two <= 1.2 (not run)",
      measured: `one thread ${digits(one?.cost.median)} us a message = ${digits(one?.ratio.median)} of naive with two; two threads ${digits(two?.cost.median)} us = ${digits(two?.ratio.median)}`,
      verdict: "reported",
    },
  ];
}

function parseGoal(run: Run): GoalLine[] {
  const scan = run.comparison("parse")?.contenders[1];
  if (scan === undefined) return [];
  const isEqual = run.isHeld("parse-equal") ?? false;
  return [
    {
      id: "G4",
      goal: "fields of a frame <= 1/6 of JSON.parse, equal on every frame",
      measured: `1/${digits(1 / scan.ratio.median, 1)}, ${digits(scan.cost.median, 0)} ns a frame, ${isEqual ? "equal" : "NOT equal"}`,
      verdict: verdictOf(scan.ratio.median <= 1 / 6 && isEqual),
    },
  ];
}

function growthGoal(run: Run): GoalLine[] {
  const burst = run.comparison("growth-burst")?.contenders[1];
  const cpu = run.comparison("growth-cpu")?.contenders[1];
  if (burst === undefined || cpu === undefined) return [];
  // 10,000 closes a minute at what one costs with 3,000 symbols.
  const coreRatio = (10_000 * cpu.cost.median) / 60e6;
  return [
    {
      id: "G5",
      goal: "burst(3000)/burst(300) <= 10, us a close not rising, 10,000 symbols under 20 % of a core",
      measured: `x${digits(burst.ratio.median)}; us a close x${digits(cpu.ratio.median)}; closes of 10,000 symbols ${digits(coreRatio * 100)} % of a core (from 3,000, updates in between not included)`,
      verdict: verdictOf(burst.ratio.median <= 10 && cpu.ratio.median <= 1 && coreRatio <= 0.2),
    },
  ];
}

function memoryGoal(run: Run): GoalLine[] {
  const pssMb = run.figure("product-pss");
  const beyond = run.figure("beyond-ring-bytes");
  if (pssMb === undefined || beyond === undefined) return [];
  return [
    {
      id: "G6",
      goal: "<= 190 MB PSS at 600 symbols, 2 shards, pool of 2; <= 12 kB a symbol beyond the rings",
      measured: `${digits(pssMb, 0)} MB (RSS ${digits(run.figure("product-rss"), 0)}, at READY ${digits(run.figure("product-rss-ready"), 0)}, slope ${digits(run.figure("product-rss-slope"))} MB a minute); ${digits(beyond / 1e3)} kB a symbol`,
      verdict: verdictOf(pssMb <= 190 && beyond <= 12_288),
    },
  ];
}

function stallGoal(run: Run): GoalLine[] {
  const pauseMs = run.figure("gc-max");
  if (pauseMs === undefined) return [];
  const isLedgerAlone = run.isHeld("storage-writers");
  const storage = isLedgerAlone === undefined ? "storage not looked at" : "only the ledger's thread wrote";
  return [
    {
      id: "G7",
      goal: "longest GC pause <= 2 ms at 12,000 messages/s; nothing synchronous to disk before a signal is out",
      measured: `${digits(pauseMs)} ms at ${digits(run.figure("gc-rate"), 0)} messages/s; ${isLedgerAlone === false ? "OTHER THREADS WROTE" : storage}`,
      verdict: verdictOf(pauseMs <= 2 && isLedgerAlone !== false),
    },
  ];
}

function truthGoal(run: Run): GoalLine[] {
  const isCounted = run.isHeld("closes-counted");
  const isEqual = run.isHeld("scores-equal");
  if (isCounted === undefined || isEqual === undefined) return [];
  return [
    {
      id: "G9",
      goal: "no close lost or doubled, scores bit-equal",
      measured: isCounted && isEqual ? "none lost, none doubled, all bit-equal" : "FAILED",
      verdict: verdictOf(isCounted && isEqual),
    },
  ];
}

function historyGoal(run: Run): GoalLine[] {
  const rate = run.figure("history-rate");
  if (rate === undefined) return [];
  return [
    {
      id: "G10",
      goal: ">= 1,000,000 bars/s with features; a year of 300 symbols in under 3 minutes",
      measured: `${digits(rate / 1e6)} million bars/s; a year in ${digits(run.figure("history-year"), 0)} s`,
      verdict: verdictOf(rate >= 1e6),
    },
  ];
}

function storeGoal(run: Run): GoalLine[] {
  const [year, memory] = [run.figure("store-year"), run.figure("store-memory")];
  if (year === undefined || memory === undefined) return [];
  return [
    {
      id: "G13",
      goal: "smcq scan of a stored year of 300 symbols in under 3 minutes on two cores, in under 600 MB",
      measured: `a year in ${digits(year, 0)} s; ${digits(memory, 0)} MB`,
      verdict: verdictOf(year < 180 && memory < 600),
    },
  ];
}

function tradingGoals(run: Run): GoalLine[] {
  const [rate, passMs] = [run.figure("backtest-scan-rate"), run.figure("backtest-pass-bar")];
  const core = run.distribution("core-signal");
  if (rate === undefined || passMs === undefined || core === undefined) return [];
  return [
    {
      id: "G11",
      goal: "backtest: scan >= 1,000,000 bars/s a thread; trading pass of a month of 300 symbols <= 2 s",
      measured: `${digits(rate / 1e6)} million bars/s; ${digits(passMs / 1e3)} s`,
      verdict: verdictOf(rate >= 1e6 && passMs <= 2_000),
    },
    {
      id: "G12",
      goal: "review and fold in the core, 50 positions open: p99 <= 200 us",
      measured: `p50 ${digits(core.quantiles.p50)} us, p99 ${digits(core.quantiles.p99)} us`,
      verdict: verdictOf(core.quantiles.p99 <= 200),
    },
    ...orderGoals(run),
  ];
}

function orderGoals(run: Run): GoalLine[] {
  const [signal, stop] = [run.distribution("wire-signal"), run.distribution("wire-stop")];
  const sync = run.distribution("wire-sync");
  if (signal === undefined || stop === undefined || sync === undefined) return [];
  const told = ({ quantiles: { p50, p99 } }: Distribution): string =>
    `p50 ${digits(p50 / 1e3)} ms, p99 ${digits(p99 / 1e3)} ms`;
  return [
    {
      id: "G12b",
      goal: "scored signal -> order frame written, fsync included: p99 <= 2 ms",
      measured: `${told(signal)} (of it the disk, 4 KiB synced in place: ${told(sync)})`,
      verdict: verdictOf(signal.quantiles.p99 <= 2_000),
    },
    {
      id: "G12c",
      goal: "fill event -> stop resting, on loopback with the venue's own time: p99 <= 50 ms",
      measured: told(stop),
      verdict: verdictOf(stop.quantiles.p99 <= 50_000),
    },
  ];
}

/** docs/model.md section 8: the scorer against ONNX Runtime on 500 trees of 31 leaves. */
function modelGoals(run: Run): GoalLine[] {
  const [one, many] = [run.comparison("model-500x31-1"), run.comparison("model-500x31-300")];
  const leafMaskOne = one?.contenders[1];
  const leafMaskMany = many?.contenders[1];
  const attachMs = run.figure("model-attach");
  if (leafMaskOne === undefined || leafMaskMany === undefined || attachMs === undefined) return [];
  const nsPerRowTree = (leafMaskMany.cost.median * 1e3) / (300 * 500);
  return [
    {
      id: "G8",
      goal: "leaf-mask >= 8x onnxruntime-node at 300 rows, >= 12x at 1 row (500x31); attach <= 1 ms",
      measured: `${digits(1 / leafMaskMany.ratio.median, 1)}x at 300, ${digits(1 / leafMaskOne.ratio.median, 1)}x at 1; ${digits(nsPerRowTree)} ns a row and tree; attach ${digits(attachMs)} ms`,
      verdict: verdictOf(
        leafMaskMany.ratio.median <= 1 / 8 && leafMaskOne.ratio.median <= 1 / 12 && attachMs <= 1,
      ),
    },
  ];
}

/** Judges what was run against the goals that can be judged from it. */
export function judge(parts: readonly PartResult[]): GoalLine[] {
  const run = new Run(parts);
  return [
    burstGoals,
    steadyGoal,
    parseGoal,
    growthGoal,
    memoryGoal,
    stallGoal,
    truthGoal,
    historyGoal,
    storeGoal,
    tradingGoals,
    modelGoals,
  ].flatMap((goals) => goals(run));
}
