import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { FEATURE_COUNT, Rng, SystemClock } from "@smcq/kernel";
import {
  attachModels,
  compileLeafMask,
  createModelMemory,
  rawMargins,
  readOnnx,
  toTreeEnsemble,
  traverse,
  writeOnnx,
} from "@smcq/scoring";
import type { ModelMemory } from "@smcq/scoring";
import type { Calibration } from "../lib/calibration.ts";
import type { BenchOptions } from "../lib/options.ts";
import { comparePaired } from "../lib/paired.ts";
import type { Comparison, PartRecorder } from "../lib/results.ts";
import { median, quantile } from "../lib/statistics.ts";
import { OrtRival } from "./ort-rival.ts";
import { freshRows, sampleModels } from "./sample-models.ts";
import type { SampleModel } from "./sample-models.ts";

const clock = new SystemClock();
const BATCHES = [1, 8, 50, 300, 600] as const;
const QUICK_BATCHES = [1, 300] as const;
const QUICK_MODEL = "500x31";
/** Calls of one measurement: at least so many, and for so long. */
const CALLS_MIN = 30;
const MEASURE_MS_MIN = 15;
/** Rows made anew for each measurement; calls walk through them. */
const POOL_ROWS = 4_096;
const TRUTH_ROWS = 2_000;
const ATTACH_THREADS = 20;

/** An engine: scores `count` rows from row `first` of `rows`. */
interface Engine {
  readonly name: string;
  readonly run: (rows: Float32Array, first: number, count: number) => Promise<unknown> | undefined;
}

/** A model ready in all engines. */
interface Bed {
  readonly sample: SampleModel;
  readonly trees: number;
  readonly tableBytes: number;
  readonly compileMs: number;
  readonly engines: readonly [Engine, ...Engine[]];
  /** All engines' margins of the rows, by name. */
  readonly marginsOf: (rows: Float32Array, count: number) => Promise<ReadonlyMap<string, Float64Array>>;
}

async function makeBed(memory: ModelMemory, epoch: number, sample: SampleModel): Promise<Bed> {
  const onnx = writeOnnx(toTreeEnsemble(sample.model), {});
  const startNs = clock.monoNs();
  const { ensemble } = readOnnx(onnx);
  const tables = compileLeafMask(ensemble);
  const compileMs = (clock.monoNs() - startNs) / 1e6;
  memory.install({ epoch, id: sample.name, calibration: { a: 1, b: 0 }, tables });
  const leafMask = attachModels(memory.shared(), 0).model(epoch);
  const ort = await OrtRival.open(onnx);
  const margins = new Float64Array(TRUTH_ROWS);
  const part = (rows: Float32Array, first: number, count: number): Float32Array =>
    rows.subarray(first * FEATURE_COUNT, (first + count) * FEATURE_COUNT);
  return {
    sample,
    trees: tables.trees,
    tableBytes: tables.image.length,
    compileMs,
    engines: [
      { name: "onnxruntime-node", run: async (rows, first, count) => ort.margins(part(rows, first, count)) },
      {
        name: "leaf-mask",
        run: (rows, first, count) => {
          leafMask.margins(part(rows, first, count), count, margins);
          return undefined;
        },
      },
      {
        name: "traversal in JS",
        run: (rows, first, count) => {
          traverse(ensemble, part(rows, first, count), count);
          return undefined;
        },
      },
    ],
    marginsOf: async (rows, count) => {
      const own = new Float64Array(count);
      leafMask.margins(rows, count, own);
      return new Map([
        ["leaf-mask", own],
        ["traversal in JS", traverse(ensemble, rows, count)],
        ["onnxruntime-node", await ort.margins(rows)],
      ]);
    },
  };
}

/** Every engine against the plain walk over the LightGBM text. */
async function checkTruth(bed: Bed, rng: Rng, recorder: PartRecorder): Promise<void> {
  const { model, name } = bed.sample;
  const rows = freshRows(rng, model, TRUTH_ROWS);
  const truth = rawMargins(model, rows, TRUTH_ROWS);
  const different = [...(await bed.marginsOf(rows, TRUTH_ROWS))].map(([engine, margins]) => {
    const count = margins.reduce((sum, margin, row) => sum + Number(!Object.is(margin, truth[row])), 0);
    return { engine, count };
  });
  recorder.check({
    id: `model-equal-${name}`,
    title: `${name}: margins of all engines equal the model's own to the bit`,
    isHeld: different.every(({ count }) => count === 0),
    detail: different.map(({ engine, count }) => `${engine}: ${count} of ${TRUTH_ROWS} differ`).join(", "),
  });
}

/** Compares the engines on batches of `count` rows; `samples` gets every single call, us. */
async function compareBatch(
  bed: Bed,
  count: number,
  setting: { readonly options: BenchOptions; readonly calibration: Calibration; readonly rng: Rng },
): Promise<{ readonly comparison: Comparison; readonly samples: ReadonlyMap<string, number[]> }> {
  const { options, calibration, rng } = setting;
  const samples = new Map(bed.engines.map(({ name }) => [name, [] as number[]]));
  const contenderOf = ({ name, run }: Engine): { name: string; measure: () => Promise<number> } => ({
    name,
    measure: async () => {
      const rows = freshRows(rng, bed.sample.model, POOL_ROWS);
      const calls: number[] = [];
      const startNs = clock.monoNs();
      for (let first = 0; calls.length < CALLS_MIN || clock.monoNs() - startNs < MEASURE_MS_MIN * 1e6;) {
        const beforeNs = clock.monoNs();
        const pending = run(rows, first, count);
        // Engines without a promise are not made to wait for one.
        if (pending !== undefined) await pending;
        calls.push((clock.monoNs() - beforeNs) / 1e3);
        first = first + 2 * count > POOL_ROWS ? 0 : first + count;
      }
      samples.get(name)?.push(...calls);
      return median(calls);
    },
  });
  const [baseline, ...others] = bed.engines;
  const comparison = await comparePaired({
    id: `model-${bed.sample.name}-${count}`,
    title: `${bed.sample.name}, a batch of ${count}`,
    unit: "us a batch",
    rounds: options.rounds,
    calibration,
    contenders: [contenderOf(baseline), ...others.map(contenderOf)],
  });
  return { comparison, samples };
}

/** Attaching in threads that have just begun, against the models as they stand. */
async function benchAttach(memory: ModelMemory, recorder: PartRecorder): Promise<void> {
  const attachMs: number[] = [];
  const firstScoreMs: number[] = [];
  for (let thread = 0; thread < ATTACH_THREADS; thread++) {
    const worker = new Worker(new URL("attach.worker.ts", import.meta.url), { workerData: memory.shared() });
    const exited = once(worker, "exit");
    const [{ attachNs, firstScoreNs }] = (await once(worker, "message")) as [
      { readonly attachNs: number; readonly firstScoreNs: number },
    ];
    attachMs.push(attachNs / 1e6);
    firstScoreMs.push(firstScoreNs / 1e6);
    await exited;
  }
  const figure = (id: string, title: string, value: number): void =>
    recorder.figure({ id, title, unit: "ms", value });
  figure("model-attach", `Attach of a new thread, median of ${ATTACH_THREADS}`, median(attachMs));
  figure(
    "model-attach-max",
    `Attach of a new thread, the longest of ${ATTACH_THREADS}`,
    Math.max(...attachMs),
  );
  figure("model-first-score", "First row scored in a new thread, median", median(firstScoreMs));
}

/** docs/model.md section 8: leaf-mask against ONNX Runtime and a traversal in JS, over sizes of model and batch. */
export async function runModel(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const rng = new Rng(20_261_120).fork("rows");
  const memory = createModelMemory({ lanes: 2 });
  const rows: (string | number)[][] = [];
  const models = sampleModels().filter(({ name }) => !options.isQuick || name === QUICK_MODEL);
  for (const [index, sample] of models.entries()) {
    const bed = await makeBed(memory, index + 1, sample);
    await checkTruth(bed, rng, recorder);
    recorder.note(
      `${sample.name}: tables ${(bed.tableBytes / 1e6).toFixed(2)} MB, read and compiled from ONNX in ${bed.compileMs.toFixed(0)} ms.`,
    );
    for (const count of options.isQuick ? QUICK_BATCHES : BATCHES) {
      const { comparison, samples } = await compareBatch(bed, count, { options, calibration, rng });
      recorder.compare(comparison);
      for (const { name, cost, ratio } of comparison.contenders)
        rows.push([
          sample.name,
          count,
          name,
          cost.median,
          quantile(samples.get(name) ?? [], 0.99),
          (cost.median * 1e3) / (count * bed.trees),
          1 / ratio.median,
          `${(1 / ratio.max).toFixed(1)}..${(1 / ratio.min).toFixed(1)}`,
        ]);
    }
  }
  recorder.table({
    title:
      "Scorers: times of a batch, and how many times faster than ONNX Runtime (median, min..max over rounds)",
    columns: ["model", "rows", "engine", "p50 us", "p99 us", "ns/row/tree", "x ORT", "min..max"],
    rows,
  });
  await benchAttach(memory, recorder);
}
